"""Carries a dispatch out, at most once.

Before a dispatch that an earlier try may have made already, the workflow run is looked for. A
dispatch is made again only once it is known that there is none; where nobody can tell, it is
refused and says why.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from app.core.commands import DispatchWorkflow
from app.core.events import DispatchAccepted, DispatchRefused, Event
from app.core.hearing.heard import WorkflowRunFacts
from app.core.hearing.observing import observed
from app.github import dispatching
from app.github.client import Access, Client
from app.github.dispatching import Dispatcher, Sought
from app.github.errors import (
    ForbiddenError,
    GitHubError,
    NotFoundError,
    PermissionMissingError,
    RefusedError,
    UnavailableError,
    UnprocessableError,
)
from app.ports import Carried, Clock, Errand, Outcome, Postponed

# How long GitHub may take to show a workflow run that it has accepted.
SETTLED_AFTER: Final = timedelta(seconds=60)
TRIES_REMEMBERED_MAX: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Try:
    """The last try of one dispatch in this process: which one it was, and how it went."""

    number: int
    at: datetime
    may_have_started: bool
    outcome: Carried | None = None


class Starter:
    """Dispatches, and remembers how each dispatch that is under way has gone so far."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._clock = client.clock
        self._dispatcher = Dispatcher(client)
        self._opened_at = self._clock.now()
        self._tries: OrderedDict[str, _Try] = OrderedDict()

    def begin(self, command: DispatchWorkflow, errand: Errand) -> None:
        """Note that this try begins, and that nothing has been sent in it.

        Of a try in between, only another process knows: what was noted before is no proof
        then, and stays as it is.
        """
        earlier = self._tries.get(command.marker)
        is_last = earlier is not None and earlier.number == errand.tries - 1
        is_harmless = is_last and earlier is not None and not earlier.may_have_started
        if errand.tries == 1 or is_harmless:
            self._remember(command, errand, may_have_started=False)

    async def look(
        self, command: DispatchWorkflow, errand: Errand, access: Access
    ) -> Outcome | None:
        """Look for what an earlier try did. None means that the dispatch may be made."""
        earlier = self._tries.get(command.marker)
        if earlier is not None and earlier.outcome is not None:
            # It was done, and could not be saved.
            return earlier.outcome
        if earlier is not None and earlier.number == errand.tries:
            return None
        is_last = earlier is not None and earlier.number == errand.tries - 1
        outcome = await self._look(command, errand, access, earlier if is_last else None)
        if outcome is None:
            self._remember(command, errand, may_have_started=False)
        return outcome

    async def _look(
        self, command: DispatchWorkflow, errand: Errand, access: Access, earlier: _Try | None
    ) -> Outcome | None:
        # A list shows what was so when it was asked for, however long the answer took.
        asked_at = self._clock.now()
        found = await dispatching.look_up(
            self._client,
            access,
            workflow=command.workflow,
            ref=command.ref,
            marker=command.marker,
            since=errand.first_tried_at,
        )
        if isinstance(found, WorkflowRunFacts):
            now = self._clock.now()
            # Its status may be a new word of GitHub's; that it was accepted is known anyway.
            event: Event = observed(command.attempt, found, now) or DispatchAccepted(
                at=now, attempt=command.attempt, workflow_run_id=found.id, url=found.url
            )
            return Carried(events=(event,))
        # A try that this process does not know of was made by one that is gone: before this
        # one began, or by another replica while it held the lease.
        held_until = errand.held_until or errand.first_tried_at
        first = max(errand.first_tried_at, held_until, self._opened_at)
        last = earlier.at if earlier else first
        settled_at = last + SETTLED_AFTER
        if asked_at < settled_at:
            why = "it is not yet known whether an earlier try started the workflow"
            return Postponed(why=why, until=settled_at)
        if found is Sought.NOT_THERE:
            return None
        return refused(
            self._clock,
            command,
            "dispatch-outcome-unknown",
            "GitHub did not say whether it took the dispatch, and the workflow runs of "
            f"{command.repository} do not show which one is ours. Look there first. To let "
            "Signalbox find out by itself, declare the input `signalbox` in the workflow and "
            "put [${{ inputs.signalbox }}] into its run-name.",
        )

    async def dispatch(
        self, command: DispatchWorkflow, errand: Errand, access: Access
    ) -> Outcome:
        """Dispatch now. Whether it has been done already is `look`'s to tell, before."""
        self._remember(command, errand, may_have_started=True)
        try:
            started = await self._dispatcher.dispatch(
                access,
                workflow=command.workflow,
                ref=command.ref,
                inputs=command.inputs,
                marker=command.marker,
            )
        except PermissionMissingError:
            self._remember(command, errand, may_have_started=False)
            raise
        except RefusedError as error:
            self._remember(command, errand, may_have_started=False)
            return refused(self._clock, command, *explain(command, error))
        except UnavailableError as error:
            self._remember(command, errand, may_have_started=error.effect_unknown)
            if not error.effect_unknown:
                raise
            return Postponed(why=error.message, until=self._clock.now() + SETTLED_AFTER)
        except GitHubError:
            self._remember(command, errand, may_have_started=False)
            raise
        accepted = DispatchAccepted(
            at=self._clock.now(),
            attempt=command.attempt,
            workflow_run_id=started.workflow_run_id,
            url=started.url,
        )
        outcome = Carried(events=(accepted,))
        self._remember(command, errand, may_have_started=True, outcome=outcome)
        return outcome

    def _remember(
        self,
        command: DispatchWorkflow,
        errand: Errand,
        *,
        may_have_started: bool,
        outcome: Carried | None = None,
    ) -> None:
        self._tries[command.marker] = _Try(
            number=errand.tries,
            at=self._clock.now(),
            may_have_started=may_have_started,
            outcome=outcome,
        )
        self._tries.move_to_end(command.marker)
        while len(self._tries) > TRIES_REMEMBERED_MAX:
            self._tries.popitem(last=False)


def refused(clock: Clock, command: DispatchWorkflow, code: str, message: str) -> Carried:
    """Return the outcome of a dispatch that will not happen."""
    event = DispatchRefused(at=clock.now(), attempt=command.attempt, code=code, message=message)
    return Carried(events=(event,))


def explain(command: DispatchWorkflow, error: RefusedError) -> tuple[str, str]:
    """Return the reason code of a refused dispatch, and what to do about it."""
    said = error.message
    where = f"{command.workflow} in {command.repository}"
    if isinstance(error, UnprocessableError):
        for wording, code, remedy in _REMEDIES:
            if wording in said.lower():
                return code, f"{said}. {remedy.format(where=where, ref=command.ref)}"
        return "dispatch-refused", f"GitHub refused to start {where}: {said}"
    if isinstance(error, NotFoundError):
        return (
            "workflow-not-found",
            f"GitHub finds no workflow {where}. It must be on the default branch, and "
            "Signalbox must be installed on that repository.",
        )
    if isinstance(error, ForbiddenError) and "disabled" in said.lower():
        return (
            "workflow-disabled",
            f"{where} is disabled: {said}. Enable it in the Actions tab.",
        )
    return "dispatch-refused", f"GitHub refused to start {where}: {said}"


# GitHub's wordings, in lower case, with our code and the remedy.
_REMEDIES: Final = (
    (
        "does not have 'workflow_dispatch'",
        "not-dispatchable",
        "Add `workflow_dispatch` to `on` of {where}, on the ref {ref}.",
    ),
    (
        "unexpected inputs",
        "unexpected-inputs",
        "Declare them under `on.workflow_dispatch.inputs` of {where}, "
        "or take them out of `with`.",
    ),
    ("required input", "input-missing", "Give it under `with`."),
    ("no ref found", "ref-not-found", "There must be a branch or tag {ref} beside {where}."),
    ("object does not exist", "ref-not-found", "There must be a commit {ref} beside {where}."),
    ("provided value", "bad-input", "Give it a value that {where} declares."),
    ("you may only define up to", "too-many-inputs", "Hand some over together in {where}."),
    ("disabled workflow", "workflow-disabled", "Enable {where} in the Actions tab."),
)
