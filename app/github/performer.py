"""Carries each command of the core to GitHub and brings back what came of it.

Straight through: what is to be done stands in the command, what is allowed is judged by
`core.policy`, what is written is rendered by `core.summary`. A refusal by GitHub is an event or
a finding; everything that may pass is `Postponed`.
"""

import asyncio
from dataclasses import replace
from functools import partial
from typing import Final, assert_never

from app.core.absence import Absence
from app.core.chores import (
    AnswerRequests,
    CheckDefinitions,
    Chore,
    ConcludeOrphan,
    DisownComment,
    FindPullRequest,
    JudgeRequests,
    ListChangedFiles,
    ListInstallations,
    ListRepositories,
    ReadRepository,
    ReportPolicy,
)
from app.core.commands import (
    CancelWorkflowRun,
    Command,
    ConcludeCheck,
    DispatchWorkflow,
    ListJobs,
    LookUpWorkflowRun,
    MeasureChange,
    Notify,
    PerformOperation,
    RemoveTag,
    RerunWorkflowRun,
    SetTimer,
    WriteCheck,
    WriteComment,
    WriteIssue,
)
from app.core.dispatchable import Fault
from app.core.environment_commands import AnswerEnvironment, ReportEnvironment
from app.core.events import DispatchRefused, Surface, SurfaceRefused, TimerElapsed
from app.core.gate_commands import AnswerVote, SurveyGate
from app.core.hearing.findings import RepositoryRead
from app.core.legs.ruling import environment_of, object_to_dispatch
from app.core.policy import consent_to_dispatch, consent_to_write
from app.core.state import Orchestration, Reason
from app.github import dispatching
from app.github.answering import Clerk
from app.github.budget import Urgency
from app.github.chores import Chores
from app.github.client import Access, Client
from app.github.consents import Consents
from app.github.environments import Gatekeeper
from app.github.errors import (
    AwayError,
    GitHubError,
    NotFoundError,
    PermissionMissingError,
    RateLimitedError,
    RefusedError,
    RepositoryAwayError,
)
from app.github.finding import Finder
from app.github.following import Follower
from app.github.known_environments import KnownEnvironments
from app.github.leaving import under_lease
from app.github.notifying import Herald, Webhooks
from app.github.operations import Operator
from app.github.orphans import Orphanage
from app.github.preflight import Preflight
from app.github.pulls import find_pull_request
from app.github.reporting import Reporter, access_to_cause
from app.github.rulings import Rulings
from app.github.starting import SETTLED_AFTER, Starter, explain, refused
from app.github.surveying import Surveyor
from app.github.templates import Templates
from app.github.workflow_files import WorkflowFiles
from app.ports import Carried, Errand, Outcome, Postponed

# After that the dispatch is given up for now, and looked for before it is made again.
DISPATCH_SECONDS_MAX: Final = 40


class GitHubPerformer:
    """Performs commands on GitHub; `ports.Performer` says what is asked of it.

    `pages` is where our pages of orchestrations are, if there are any.
    """

    def __init__(
        self, client: Client, webhooks: Webhooks | None = None, *, pages: str = ""
    ) -> None:
        self._client = client
        self._clock = client.clock
        self._consents = Consents(client)
        self._starter = Starter(client)
        self._files = WorkflowFiles(client)
        self._environments = KnownEnvironments(client)
        self._reporter = Reporter(client, pages)
        finder = Finder(client, self._reporter.own_id)
        self._follower = Follower(client, self._consents, finder)
        self._rulings = Rulings(client)
        self._operator = Operator(client, self._consents, self._rulings, self._reporter.own_id)
        self._herald = Herald(
            client, self._consents, self._reporter.own_id, webhooks or Webhooks()
        )
        self._surveyor = Surveyor(client)
        self._gatekeeper = Gatekeeper(client, self._consents, self._rulings, finder)
        self._clerk = Clerk(client, self._surveyor, self._reporter.own_id)
        self._orphanage = Orphanage(client, self._reporter.own_id)
        self._chores = Chores(
            client,
            self._reporter,
            Templates(client, self._consents),
            Preflight(client, self._consents),
        )

    async def perform(self, command: Command, errand: Errand) -> Outcome:
        """Carry one command out. Raises nothing for what the world does."""
        try:
            with under_lease(errand.is_held):
                return await self._perform(command, errand)
        except RateLimitedError as error:
            why = f"GitHub's rate limit: {error}"
            return Postponed(why=why, until=error.until, is_untried=True)
        except RepositoryAwayError as error:
            reason = Reason(code=Absence.REMOVED, message=error.message)
            return Postponed(
                why=error.message, until=error.until, is_untried=True, pauses=reason
            )
        except AwayError as error:
            return Postponed(why=str(error), until=error.until, is_untried=True)
        except PermissionMissingError as error:
            reason = Reason(code=Absence.FORBIDDEN, message=error.message)
            return Postponed(
                why=error.message, until=error.until, is_untried=True, pauses=reason
            )
        except GitHubError as error:
            return Postponed(why=str(error))

    async def _perform(self, command: Command, errand: Errand) -> Outcome:
        if isinstance(command, Chore):
            return await self._do(command, errand)
        match command:
            case DispatchWorkflow():
                return await self._dispatch(command, errand)
            case CancelWorkflowRun():
                return await self._follower.cancel(command, errand)
            case LookUpWorkflowRun():
                return await self._follower.look_up(command, errand)
            case RemoveTag():
                return await self._remove_tag(command, errand)
            case SetTimer():
                return self._elapsed(command)
            case WriteCheck():
                return await self._write(Surface.CHECK, errand)
            case ConcludeCheck():
                return await self._reporter.conclude_check(_state(errand), command)
            case WriteComment():
                return await self._write(Surface.COMMENT, errand)
            case RerunWorkflowRun():
                return await self._rerun(command, errand)
            case ListJobs():
                return await self._follower.list_jobs(command, errand)
            case MeasureChange():
                return await self._follower.measure_change(command, errand)
            case WriteIssue():
                return await self._reporter.write_issue(_state(errand))
            case PerformOperation():
                return await self._operator.perform(command, errand)
            case Notify():
                return await self._herald.notify(command, errand)
            case AnswerEnvironment() | ReportEnvironment():
                return await self._gatekeeper.carry(command, errand)
            case SurveyGate():
                return await self._surveyor.survey(command, _state(errand))
            case AnswerVote():
                return await self._clerk.carry(command, errand)
            case _:
                assert_never(command)

    async def _do(self, command: Chore, errand: Errand) -> Outcome:
        match command:
            case ListInstallations():
                return await self._chores.list_installations()
            case ListRepositories():
                return await self._chores.list_repositories(command)
            case ReadRepository():
                return await self._read_repository(command, errand)
            case CheckDefinitions():
                return await self._chores.check_definitions(command, errand)
            case ConcludeOrphan() | DisownComment():
                return await self._orphanage.carry(command)
            case ReportPolicy():
                return await self._chores.report_policy(command, errand)
            case FindPullRequest():
                return await find_pull_request(self._client, command)
            case ListChangedFiles():
                return await self._chores.list_changed_files(command)
            case JudgeRequests() | AnswerRequests():
                return await self._clerk.carry(command, errand)
            case _:
                assert_never(command)

    def _elapsed(self, command: SetTimer) -> Carried:
        return Carried(events=(TimerElapsed(at=self._clock.now(), task=command.task),))

    async def _dispatch(self, command: DispatchWorkflow, errand: Errand) -> Outcome:
        try:
            async with asyncio.timeout(DISPATCH_SECONDS_MAX):
                return await self._dispatch_with_consent(command, errand)
        except TimeoutError:
            # `starter` remembers whether it had been sent by then.
            until = self._clock.now() + SETTLED_AFTER
            return Postponed(why="GitHub was too slow to take the dispatch", until=until)

    async def _rerun(self, command: RerunWorkflowRun, errand: Errand) -> Outcome:
        return await self._follower.rerun(
            command, errand, partial(self._objection, command, errand)
        )

    async def _dispatch_with_consent(
        self, command: DispatchWorkflow, errand: Errand
    ) -> Outcome:
        """Look for what an earlier try did, ask whether the target consents, and dispatch.

        What the target would refuse is refused here, with what to do about it.
        """
        plan = _state(errand).plan
        self._starter.begin(command, errand)
        try:
            access = await self._consents.access_to(
                command.repository, plan.origin, Urgency.DECISION
            )
        except NotFoundError:
            message = (
                f"Signalbox is not installed on {command.repository}, or there is no such "
                "repository: install the App there"
            )
            return refused(self._clock, command, "app-not-installed", message)
        try:
            known = await self._starter.look(command, errand, access)
            if known is not None:
                return known
            ref = command.ref or await self._consents.default_branch(access)
            is_own = access.repository_id is not None
            consent = consent_to_dispatch(
                None if is_own else await self._consents.policy(access),
                target=command.repository,
                origin=plan.origin,
                definition=plan.definition.id,
                workflow=command.workflow,
                ref=ref.removeprefix("refs/heads/"),
            )
        except PermissionMissingError:
            raise
        except RefusedError as error:
            return refused(self._clock, command, *explain(command, error))
        if not consent.is_given:
            return refused(self._clock, command, consent.code, consent.message)
        objected = await self._objection(command, errand)
        if objected is not None:
            return objected
        return await self._dispatch_what_is_taken(replace(command, ref=ref), errand, access)

    async def _dispatch_what_is_taken(
        self, command: DispatchWorkflow, errand: Errand, access: Access
    ) -> Outcome:
        """Look at what the target has, and dispatch."""
        try:
            fault = await self._fault(command, errand, access)
        except PermissionMissingError:
            raise
        except RefusedError as error:
            return refused(self._clock, command, *explain(command, error))
        if fault is not None:
            return refused(self._clock, command, fault.code, f"{fault.message}: {fault.hint}")
        return await self._starter.dispatch(command, errand, access)

    async def _fault(
        self, command: DispatchWorkflow, errand: Errand, access: Access
    ) -> Fault | None:
        """Say what the target lacks, if it lacks anything."""
        fault = await self._files.fault(command, access)
        state = _state(errand)
        found = state.leg(command.attempt)
        if fault is not None or found is None:
            return fault
        # That it can be worked out the policy has seen to.
        named = environment_of(state, command.attempt, found, self._clock.now())
        if named is None:
            return None
        return await self._environments.fault(named, command.repository, access)

    async def _objection(
        self, command: DispatchWorkflow | RerunWorkflowRun, errand: Errand
    ) -> Carried | None:
        """Return the outcome where an organisation's policy has something against it."""
        state = _state(errand)
        policies = await self._rulings.policies(
            state.plan.origin.repository, command.repository
        )
        now = self._clock.now()
        objection = object_to_dispatch(
            state, command.attempt, command.repository, policies, now
        )
        if objection is None:
            return None
        event = DispatchRefused(
            at=now,
            attempt=command.attempt,
            code=objection.code,
            message=objection.message,
            calendars=objection.calendars,
        )
        return Carried(events=(event,))

    async def _remove_tag(self, command: RemoveTag, errand: Errand) -> Outcome:
        origin = _state(errand).plan.origin
        try:
            access = await self._consents.access_to(command.repository, origin, Urgency.SWEEP)
            await dispatching.delete_tag(self._client, access, command.tag)
        except NotFoundError:
            # Nor is there a repository to remove it from.
            pass
        return Carried()

    async def _write(self, surface: Surface, errand: Errand) -> Outcome:
        """Write where the repository of the cause lets this definition write."""
        state = _state(errand)
        plan, access = state.plan, access_to_cause(state)
        is_own = plan.cause.repository_id == plan.origin.repository_id
        try:
            consent = consent_to_write(
                None if is_own else await self._consents.policy(access),
                target=plan.origin.repository if is_own else plan.cause.repository,
                origin=plan.origin,
                definition=plan.definition.id,
            )
        except RefusedError as error:
            return self._surface_refused(surface, error.message)
        if not consent.is_given:
            return self._surface_refused(surface, consent.message)
        if surface is Surface.CHECK:
            return await self._reporter.write_check(state, errand)
        return await self._reporter.write_comment(state)

    async def _read_repository(self, command: ReadRepository, errand: Errand) -> Outcome:
        carried = await self._chores.read_repository(command, errand)
        for finding in carried.findings:
            if isinstance(finding, RepositoryRead):
                self._consents.note(finding)
        return carried

    def _surface_refused(self, surface: Surface, message: str) -> Carried:
        event = SurfaceRefused(at=self._clock.now(), surface=surface, message=message)
        return Carried(events=(event,))


def _state(errand: Errand) -> Orchestration:
    assert errand.state is not None, "a command of an orchestration comes with its state"
    return errand.state
