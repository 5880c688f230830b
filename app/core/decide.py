"""The decision: given what is so and what has happened, what is so now, and what to do.

Two steps. `record` writes the fact into the state and asks for nothing. Then `settle`
applies the rules, which look only at the state, until none of them has anything left to do.
A rule cannot tell whether an event came late or twice, and so it cannot mind.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from app.core.commands import OrchestrationCommand, SetTimer, WriteCheck, WriteComment
from app.core.events import Event
from app.core.graph import dependents
from app.core.moves import OrchestrationStatus, TaskStatus
from app.core.record import record
from app.core.rules import RULES, Decision
from app.core.state import Orchestration, Reason
from app.core.values import TaskName


def decide(state: Orchestration, event: Event) -> Decision:
    """Take in one event and decide what follows from it.

    Total and deterministic: any event is welcome in any state, and the same two arguments
    always give the same answer.
    """
    recorded = record(state, event)
    if recorded is state and not is_overdue(state, event.at):
        return Decision(state=state)
    decision = settle(recorded, event.at, _touched(state, recorded))
    begun = _timer_of_all(state, decision.state)
    written = _writes(state, decision.state)
    return Decision(
        state=replace(decision.state, events=state.events + 1),
        commands=(*decision.commands, *begun, *written),
    )


def settle(state: Orchestration, now: datetime, touched: Iterable[TaskName]) -> Decision:
    """Apply every rule to every task that may be concerned, until nothing changes.

    Work is in proportion to what changes, not to the size of the plan: a task is looked at
    again when it changed, and when something it needs has ended.
    """
    commands: list[OrchestrationCommand] = []
    state, agenda = _expire(state, now, deque(touched))
    # A task changes status at most twice and a leg at most eight times, and only a change
    # puts anything back on the agenda: the loop ends.
    while agenda:
        name = agenda.popleft()
        before = state.tasks[name]
        for rule in RULES:
            decision = rule(state, name, now)
            state = decision.state
            commands.extend(decision.commands)
        after = state.tasks[name]
        if after is not before:
            agenda.append(name)
        if after.has_ended and not before.has_ended:
            agenda.extend(dependents(state.plan.definition, name))
    return Decision(state=_finish(state, now), commands=tuple(commands))


def is_overdue(state: Orchestration, now: datetime) -> bool:
    """Tell whether the orchestration's own time is over and nobody has said so yet."""
    is_running = state.status is OrchestrationStatus.RUNNING
    return is_running and state.deadline is not None and now >= state.deadline


def _touched(before: Orchestration, after: Orchestration) -> Iterable[TaskName]:
    if before.status is not after.status:
        return tuple(after.tasks)
    return tuple(name for name, task in after.tasks.items() if before.tasks[name] is not task)


def _expire(
    state: Orchestration, now: datetime, agenda: deque[TaskName]
) -> tuple[Orchestration, deque[TaskName]]:
    """Cancel the whole orchestration once its time is over."""
    if not is_overdue(state, now):
        return state, agenda
    minutes = int(state.plan.definition.timeout.total_seconds() // 60)
    why = f"the orchestration took more than {minutes} minutes (`timeout-minutes`)"
    state = state.to(OrchestrationStatus.CANCELLING, Reason(code="timed-out", message=why))
    return state, deque(state.tasks)


def _finish(state: Orchestration, now: datetime) -> Orchestration:
    """End the orchestration once all its tasks have ended."""
    if state.has_ended or not all(task.has_ended for task in state.tasks.values()):
        return state
    failed = [
        name
        for name, task in state.tasks.items()
        if task.status is TaskStatus.FAILED and not task.is_tolerated
    ]
    cancelled = any(task.status is TaskStatus.CANCELLED for task in state.tasks.values())
    if state.reason is not None and state.reason.code == "timed-out":
        state = state.to(OrchestrationStatus.FAILED)
    elif failed:
        why = f"{', '.join(failed)} failed"
        reason = state.reason or Reason(code="task-failed", message=why)
        state = state.to(OrchestrationStatus.FAILED, reason)
    elif cancelled:
        reason = state.reason or Reason(code="task-cancelled", message="a task was cancelled")
        state = state.to(OrchestrationStatus.CANCELLED, reason)
    else:
        state = replace(state.to(OrchestrationStatus.SUCCEEDED), reason=None)
    return replace(state, ended_at=now)


def _timer_of_all(before: Orchestration, after: Orchestration) -> tuple[SetTimer, ...]:
    if before.deadline is not None or after.deadline is None or after.has_ended:
        return ()
    return (SetTimer(task=None, due=after.deadline),)


def _writes(
    before: Orchestration, after: Orchestration
) -> tuple[WriteCheck | WriteComment, ...]:
    """Ask for what people read to be brought up to the state, where that may have changed."""
    if before.tasks is after.tasks and before.status is after.status:
        return ()
    report_to = after.plan.definition.report_to
    cause = after.plan.cause
    writes: list[WriteCheck | WriteComment] = []
    if report_to.check and cause.sha:
        writes.append(WriteCheck())
    has_comment = cause.pull_request is not None and report_to.comment != "never"
    if has_comment and (
        report_to.comment == "always" or _milestone(before) != _milestone(after)
    ):
        writes.append(WriteComment())
    return tuple(writes)


def _milestone(state: Orchestration) -> tuple[object, ...]:
    """Return what must change for the comment to be edited: beginnings and ends."""
    return (state.status, *(task.status for task in state.tasks.values()))
