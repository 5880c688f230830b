"""What is asked about workflow runs that are there: cancel, look up, run again, list the jobs.

Each comes back as an event of the attempt that the workflow run belongs to. To start one is
`starter`'s. Nothing here can be done twice: to cancel again changes nothing, and before a
re-run whose outcome is not known the number of the run's attempt tells whether it was made.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias

from app.core.commands import (
    CancelWorkflowRun,
    ListJobs,
    LookUpWorkflowRun,
    MeasureChange,
    RerunWorkflowRun,
)
from app.core.events import (
    AttemptId,
    ChangeMeasured,
    DispatchRefused,
    JobsListed,
    RerunAccepted,
    WorkflowRunMissed,
)
from app.core.hearing.heard import WorkflowRunFacts
from app.core.hearing.observing import observed
from app.core.plan import Origin
from app.core.values import RepositoryName
from app.github import dispatching, repositories
from app.github.budget import Urgency
from app.github.client import Access, Client
from app.github.consents import Consents
from app.github.errors import (
    ConflictError,
    ForbiddenError,
    NotFoundError,
    PermissionMissingError,
    RefusedError,
)
from app.github.finding import Finder
from app.ports import Carried, Errand

Judge: TypeAlias = Callable[[], Awaitable[Carried | None]]
"""Says what a policy has against it, if anything."""

log = logging.getLogger(__name__)

# More than GitHub can list counts as more than any limit allows.
COUNTLESS: Final = 1_000_000


class Follower:
    """Carries out what concerns workflow runs that have been started."""

    def __init__(self, client: Client, consents: Consents, finder: Finder) -> None:
        self._finder = finder
        self._client = client
        self._clock = client.clock
        self._consents = consents

    async def cancel(self, command: CancelWorkflowRun, errand: Errand) -> Carried:
        """Cancel; say how it ended where it has done so by itself."""
        number = command.workflow_run_id
        try:
            access = await self._access(command.repository, errand, Urgency.DECISION)
            try:
                await dispatching.cancel_workflow_run(
                    self._client, access, number, force=command.force
                )
            except ConflictError:
                # It has ended by itself.
                run = await dispatching.get_workflow_run(self._client, access, number)
                return self._observed(command.attempt, run)
        except NotFoundError:
            return self._missed(command.attempt)
        return Carried()

    async def look_up(self, command: LookUpWorkflowRun, errand: Errand) -> Carried:
        """Find a workflow run by its id, or else by its marker; and where it waits for us."""
        found: WorkflowRunFacts | dispatching.Sought
        try:
            access = await self._access(command.repository, errand, Urgency.SWEEP)
            if command.workflow_run_id is not None:
                found = await dispatching.get_workflow_run(
                    self._client, access, command.workflow_run_id
                )
            else:
                found = await dispatching.look_up(
                    self._client,
                    access,
                    workflow=command.workflow,
                    ref=command.ref,
                    marker=command.marker,
                    since=command.since,
                )
        except NotFoundError:
            return self._missed(command.attempt)
        if not isinstance(found, WorkflowRunFacts):
            return self._missed(command.attempt)
        observed = self._observed(command.attempt, found)
        if found.status != "waiting" or errand.state is None:
            return observed
        asked = await self._finder.asked(errand.state, command.attempt, found, access)
        return Carried(events=(*observed.events, *asked))

    async def rerun(self, command: RerunWorkflowRun, errand: Errand, judge: Judge) -> Carried:
        """Run the failed jobs again; `command.run_attempt` is the one that failed.

        What an earlier try did is found before it is judged whether it may be done.
        """
        number = command.workflow_run_id
        try:
            access = await self._access(command.repository, errand, Urgency.DECISION)
            if errand.tries > 1:
                run = await dispatching.get_workflow_run(self._client, access, number)
                if run.run_attempt > command.run_attempt:
                    return self._observed(command.attempt, run)
            if (objected := await judge()) is not None:
                return objected
            try:
                await dispatching.rerun_failed_jobs(self._client, access, number)
            except PermissionMissingError:
                raise
            except ForbiddenError as error:
                run = await dispatching.get_workflow_run(self._client, access, number)
                if run.run_attempt > command.run_attempt:
                    # A person was faster, in the Actions tab.
                    return self._observed(command.attempt, run)
                return self._refused(command.attempt, *_explain(command, error))
        except PermissionMissingError:
            raise
        except RefusedError as error:
            return self._refused(command.attempt, *_explain(command, error))
        event = RerunAccepted(at=self._clock.now(), attempt=command.attempt)
        return Carried(events=(event,))

    async def list_jobs(self, command: ListJobs, errand: Errand) -> Carried:
        """List the jobs of one run attempt; none where they cannot be seen.

        So a job that must have succeeded has not, where nobody can tell.
        """
        jobs: Mapping[str, str] = {}
        try:
            access = await self._access(command.repository, errand, Urgency.DECISION)
            jobs = await dispatching.list_jobs(
                self._client, access, command.workflow_run_id, command.run_attempt
            )
        except PermissionMissingError:
            raise
        except RefusedError as error:
            log.warning("jobs of %s: %s", command.attempt, error)
        event = JobsListed(
            at=self._clock.now(),
            attempt=command.attempt,
            run_attempt=command.run_attempt,
            jobs=jobs,
        )
        return Carried(events=(event,))

    async def measure_change(self, command: MeasureChange, errand: Errand) -> Carried:
        """Measure a branch against the default branch; what cannot be measured is countless."""
        files = lines = COUNTLESS
        paths: tuple[str, ...] = ()
        try:
            access = await self._access(command.repository, errand, Urgency.DECISION)
            base = await self._consents.default_branch(access)
            found = await repositories.compare(self._client, access, base, command.branch)
            paths = found.paths
            if found.is_complete:
                files, lines = found.count, found.lines
        except PermissionMissingError:
            raise
        except RefusedError as error:
            log.warning("change of %s: %s", command.attempt, error)
        event = ChangeMeasured(
            at=self._clock.now(), attempt=command.attempt, files=files, lines=lines, paths=paths
        )
        return Carried(events=(event,))

    async def _access(
        self, repository: RepositoryName, errand: Errand, urgency: Urgency
    ) -> Access:
        return await self._consents.access_to(repository, _origin(errand), urgency)

    def _observed(self, attempt: AttemptId, run: WorkflowRunFacts) -> Carried:
        event = observed(attempt, run, self._clock.now())
        # A status that GitHub has made up since says nothing yet.
        return Carried(events=(event,) if event is not None else ())

    def _missed(self, attempt: AttemptId) -> Carried:
        return Carried(events=(WorkflowRunMissed(at=self._clock.now(), attempt=attempt),))

    def _refused(self, attempt: AttemptId, code: str, message: str) -> Carried:
        event = DispatchRefused(
            at=self._clock.now(), attempt=attempt, code=code, message=message
        )
        return Carried(events=(event,))


def _explain(command: RerunWorkflowRun, error: RefusedError) -> tuple[str, str]:
    """Return the reason code of a refused re-run, and what to do about it."""
    where = f"the workflow run {command.workflow_run_id} of {command.repository}"
    if isinstance(error, NotFoundError):
        return (
            "workflow-run-lost",
            f"GitHub knows no {where.removeprefix('the ')} any more, or Signalbox is not "
            "installed there. Let the retry have `scope: all`, which dispatches anew.",
        )
    # https://docs.github.com/en/actions/how-tos/manage-workflow-runs/re-run-workflows-and-jobs
    # "You can re-run a workflow or jobs in a workflow up to 30 days after the initial run."
    if any(word in error.message.lower() for word in ("month", "days", "too old", "expired")):
        return (
            "rerun-too-old",
            f"GitHub does not run {where} again any more: {error.message}. Retry the task "
            "itself, which dispatches anew.",
        )
    return (
        "rerun-refused",
        f"GitHub does not run the failed jobs of {where} again: {error.message}. Look there, "
        "or retry the task itself, which dispatches anew.",
    )


def _origin(errand: Errand) -> Origin:
    assert errand.state is not None, "a command of an orchestration comes with its state"
    return errand.state.plan.origin
