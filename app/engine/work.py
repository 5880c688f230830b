"""One batch in the making: events per orchestration, and everything they lead to."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from app.core.chores import CheckDefinitions, Chore, ListChangedFiles
from app.core.commands import (
    LEVELS,
    CancelWorkflowRun,
    DispatchWorkflow,
    LookUpWorkflowRun,
    OrchestrationCommand,
    RemoveTag,
    SetTimer,
    WriteCheck,
    WriteComment,
)
from app.core.decide import decide
from app.core.events import DispatchAccepted, Event, OrchestrationRequested, WorkflowRunObserved
from app.core.plan import Plan
from app.core.state import Orchestration, new_orchestration
from app.core.values import OrchestrationId
from app.ports import Batch, Dispatched, JournalEntry, NewCommand, Saved

DECISION: Final = 0
STATUS: Final = 5
SWEEP: Final = 9
"""Decisions before status before sweeps."""

PRIORITIES: Final[Mapping[type[OrchestrationCommand] | type[Chore], int]] = {
    DispatchWorkflow: DECISION,
    CancelWorkflowRun: DECISION,
    SetTimer: DECISION,
    ListChangedFiles: DECISION,
    WriteCheck: STATUS,
    WriteComment: STATUS,
    CheckDefinitions: STATUS,
    LookUpWorkflowRun: SWEEP,
    RemoveTag: SWEEP,
}
"""What is not named is a sweep."""

STATUS_SPACING: Final = timedelta(seconds=1)
"""At most one write a second to any one surface."""

READ_SPACING: Final = timedelta(seconds=5)
"""At most one reading of the same repository or installation in this time."""


class Work:
    """Collects what one transaction is to save."""

    def __init__(self, *, now: datetime, owner: str, lease: timedelta) -> None:
        self.now = now
        self.batch = Batch()
        self._owner = owner
        self._lease_until = now + lease
        self._events: dict[OrchestrationId, list[Event]] = {}
        self._plans: dict[OrchestrationId, Plan] = {}

    @property
    def concerned(self) -> Sequence[OrchestrationId]:
        """The orchestrations that have to be loaded, in the order they were named."""
        return tuple(self._events)

    def add(self, orchestration: OrchestrationId, event: Event) -> None:
        """Let an orchestration take an event in."""
        self._events.setdefault(orchestration, []).append(event)

    def start(self, plan: Plan, by: str) -> None:
        """Start an orchestration, unless it was started already."""
        self._plans.setdefault(plan.id, plan)
        self.add(plan.id, OrchestrationRequested(at=self.now, by=by))

    def ask(self, chores: Iterable[Chore]) -> None:
        """Ask for chores."""
        for each in chores:
            self.batch.commands.append(chore(each, subject_of(each), self.now))

    def decide(self, saved: Mapping[OrchestrationId, Saved]) -> None:
        """Take every event in, and put into the batch whatever follows."""
        for id_, events in self._events.items():
            known = saved.get(id_)
            plan = self._plans.get(id_)
            if known is not None:
                before, version = known.state, known.version
            elif plan is not None:
                before, version = new_orchestration(plan), 0
            else:
                continue
            after = before
            for event in events:
                after = self._decide(after, event)
            if after is not before:
                self.batch.states.append(Saved(state=after, version=version + 1))

    def _decide(self, before: Orchestration, event: Event) -> Orchestration:
        decision = decide(before, event)
        after = decision.state
        if after is before:
            return before
        self.batch.journal.append(
            JournalEntry(orchestration_id=after.id, seq=after.events, event=event)
        )
        for command in decision.commands:
            self.batch.commands.append(self._command(after.id, command))
            if isinstance(command, DispatchWorkflow):
                self.batch.dispatched.append(
                    Dispatched(
                        marker=command.marker,
                        orchestration_id=after.id,
                        attempt=command.attempt,
                        workflow_run_id=None,
                    )
                )
        if isinstance(event, DispatchAccepted | WorkflowRunObserved):
            self._correlate(before, after, event)
        return after

    def _correlate(
        self,
        before: Orchestration,
        after: Orchestration,
        event: DispatchAccepted | WorkflowRunObserved,
    ) -> None:
        """Note to whom a workflow run belongs, once that is known; wake what waited for it."""
        was, now = before.leg(event.attempt), after.leg(event.attempt)
        if was is None or now is None:
            return
        known = now.attempt.workflow_run_id
        if known is None or known == was.attempt.workflow_run_id:
            return
        self.batch.dispatched.append(
            Dispatched(
                marker=now.attempt.marker,
                orchestration_id=after.id,
                attempt=event.attempt,
                workflow_run_id=known,
            )
        )
        self.batch.wake_workflow_runs.append(known)

    def _command(self, subject: OrchestrationId, command: OrchestrationCommand) -> NewCommand:
        priority = PRIORITIES[type(command)]
        if isinstance(command, SetTimer):
            return NewCommand(
                subject=subject, command=command, due=command.due, priority=priority
            )
        if isinstance(command, LEVELS):
            return NewCommand(
                subject=subject,
                command=command,
                due=self.now,
                priority=priority,
                spacing=STATUS_SPACING,
            )
        # Saved as claimed: who saves it carries it at once, and needs no second commit. A
        # crash in between leaves a lease with one try, so that the next life looks first.
        return NewCommand(
            subject=subject,
            command=command,
            due=self.now,
            priority=priority,
            lease_owner=self._owner,
            lease_until=self._lease_until,
        )


def chore(command: Chore, subject: str, now: datetime) -> NewCommand:
    """Make a chore a command that is due now."""
    return NewCommand(
        subject=subject,
        command=command,
        due=now,
        priority=PRIORITIES.get(type(command), SWEEP),
        spacing=READ_SPACING,
    )


def subject_of(command: Chore) -> str:
    """Name the row of things that a chore belongs to."""
    repository = getattr(command, "repository_id", None)
    if repository is not None:
        return f"repository/{repository}"
    installation = getattr(command, "installation_id", None)
    return "app" if installation is None else f"installation/{installation}"
