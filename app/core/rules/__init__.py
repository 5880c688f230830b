"""The second half of a decision, rule by rule: do what the state calls for.

A rule sees the state, one task and the time, and nothing of what happened: whether an event
came late or twice, it cannot tell and cannot mind. It moves and asks in one breath, so that
having asked it has nothing left to ask.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

from app.core.commands import (
    CancelWorkflowRun,
    LookUpWorkflowRun,
    OrchestrationCommand,
    RemoveTag,
    SetTimer,
)
from app.core.events import AttemptId
from app.core.expressions import ExpressionError, evaluate_condition
from app.core.legs.context import values_for
from app.core.legs.dispatching import begin_attempt, expand
from app.core.legs.matrix import MatrixError
from app.core.legs.outcome import awaits_outputs, ended, fail
from app.core.legs.refs import is_sha, short_lived_tag
from app.core.legs.watching import TIMED, deadline, due_look_up, next_moment
from app.core.limits import CANCEL_GRACE
from app.core.moves import LegStatus, OrchestrationStatus, TaskStatus
from app.core.state import Leg, Orchestration, Reason, Task
from app.core.values import RepositoryName, TaskName

Commands: TypeAlias = tuple[OrchestrationCommand, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is so now, and what to do about it."""

    state: Orchestration
    commands: Commands = ()


Rule: TypeAlias = Callable[[Orchestration, TaskName, datetime], Decision]

ACTIVE = frozenset(
    {
        LegStatus.DISPATCHING,
        LegStatus.QUEUED,
        LegStatus.RUNNING,
        LegStatus.HELD,
        LegStatus.CANCELLING,
    }
)
"""A leg that takes a place among `max-parallel`."""


def begin_ready(state: Orchestration, name: TaskName, now: datetime) -> Decision:
    """Begin a waiting task once all it needs has ended well; else skip it."""
    task = state.tasks[name]
    if task.status is not TaskStatus.WAITING:
        return Decision(state=state)
    if state.status is OrchestrationStatus.CANCELLING:
        return _end(state, name, TaskStatus.CANCELLED, state.reason, now)
    needs = [(need, state.tasks[need]) for need in state.plan.definition.tasks[name].needs]
    # One failed need settles it, whatever the others are still doing.
    for need, needed in needs:
        if needed.has_ended and needed.result != "success":
            why = f"it needs {need}, which {PAST[needed.status]}"
            reason = Reason(code="need-not-met", message=why)
            return _end(state, name, TaskStatus.SKIPPED, reason, now)
    if not all(needed.has_ended for _, needed in needs):
        return Decision(state=state)
    return _begin(state, name, now)


PAST = {
    TaskStatus.FAILED: "failed",
    TaskStatus.CANCELLED: "was cancelled",
    TaskStatus.SKIPPED: "was skipped",
}


def _begin(state: Orchestration, name: TaskName, now: datetime) -> Decision:
    definition = state.plan.definition.tasks[name]
    try:
        values = values_for(state, name, now)
        if definition.condition and not evaluate_condition(definition.condition, values):
            why = f"its condition does not hold: {definition.condition.source}"
            reason = Reason(code="condition-false", message=why)
            return _end(state, name, TaskStatus.SKIPPED, reason, now)
        legs = expand(definition, values)
    except ExpressionError as error:
        reason = Reason(code="expression-failed", message=str(error))
        return _end(state, name, TaskStatus.FAILED, reason, now)
    except MatrixError as error:
        reason = Reason(code="bad-matrix", message=str(error))
        return _end(state, name, TaskStatus.FAILED, reason, now)
    task = replace(
        state.tasks[name].to(TaskStatus.RUNNING),
        legs={leg.key: leg for leg in legs},
        is_matrix=definition.strategy is not None,
        started_at=now,
    )
    return Decision(state=state.with_task(name, task))


def _end(
    state: Orchestration,
    name: TaskName,
    status: TaskStatus,
    reason: Reason | None,
    now: datetime,
) -> Decision:
    task = replace(state.tasks[name].to(status, reason), ended_at=now)
    return Decision(state=state.with_task(name, task))


def conclude_legs(state: Orchestration, name: TaskName, now: datetime) -> Decision:
    """End each leg whose workflow run has, once its outputs are there or will not come."""
    task = state.tasks[name]
    for leg in task.legs.values():
        if leg.has_ended or not leg.attempts or leg.attempt.ended_at is None:
            continue
        if not awaits_outputs(state, name, leg.attempt, now):
            task = task.with_leg(ended(state, name, leg))
    return Decision(state=state if task is state.tasks[name] else state.with_task(name, task))


def stop_legs(state: Orchestration, name: TaskName, now: datetime) -> Decision:
    """Stop all legs when the whole is cancelled, or when one failed and `fail-fast` holds."""
    task = state.tasks[name]
    if task.status is not TaskStatus.RUNNING:
        return Decision(state=state)
    strategy = state.plan.definition.tasks[name].strategy
    failed = next(
        (leg for leg in task.legs.values() if _failed(leg)),
        None,
    )
    if state.status is OrchestrationStatus.CANCELLING:
        reason = state.reason
    elif failed is not None and strategy is not None and strategy.fail_fast:
        reason = Reason(code="fail-fast", message=f"{name} ({failed.key}) failed")
    else:
        return Decision(state=state)
    for leg in task.legs.values():
        if leg.status is LegStatus.PENDING:
            task = task.with_leg(leg.to(LegStatus.CANCELLED, reason))
        elif not leg.has_ended and leg.status is not LegStatus.CANCELLING:
            task = task.with_leg(leg.to(LegStatus.CANCELLING, reason))
    return Decision(state=state.with_task(name, task))


def _failed(leg: Leg) -> bool:
    return leg.status is LegStatus.FAILED and not leg.is_tolerated


def stop_overdue(state: Orchestration, name: TaskName, now: datetime) -> Decision:
    """Cancel each workflow run that runs for too long, or that never starts."""
    task = state.tasks[name]
    limit = state.plan.definition.tasks[name].timeout
    for leg in task.legs.values():
        if leg.status not in TIMED or leg.attempt.ended_at is not None:
            continue
        due, reason = deadline(leg.attempt, limit)
        if due <= now:
            task = task.with_leg(leg.to(LegStatus.CANCELLING, reason))
    return Decision(state=state if task is state.tasks[name] else state.with_task(name, task))


def dispatch_legs(state: Orchestration, name: TaskName, now: datetime) -> Decision:
    """Dispatch pending legs, as many at once as `max-parallel` allows."""
    task = state.tasks[name]
    if task.status is not TaskStatus.RUNNING:
        return Decision(state=state)
    strategy = state.plan.definition.tasks[name].strategy
    places = strategy.max_parallel if strategy and strategy.max_parallel else len(task.legs)
    places -= sum(leg.status in ACTIVE for leg in task.legs.values())
    commands: list[OrchestrationCommand] = []
    for leg in task.legs.values():
        if leg.status is not LegStatus.PENDING or places <= 0:
            continue
        try:
            leg, command = begin_attempt(state, name, leg, now)
        except ExpressionError as error:
            reason = Reason(code="expression-failed", message=str(error))
            task = task.with_leg(fail(state, name, leg, reason, now))
            # Whether the others may still begin is for `stop_legs` to say first.
            break
        commands.append(command)
        task = task.with_leg(leg)
        places -= 1
    if task is state.tasks[name]:
        return Decision(state=state)
    return Decision(state=state.with_task(name, task), commands=tuple(commands))


def cancel_workflow_runs(state: Orchestration, name: TaskName, now: datetime) -> Decision:
    """Ask GitHub to cancel what we want cancelled: once politely, and once by force."""
    task = state.tasks[name]
    commands: list[OrchestrationCommand] = []
    for leg in task.legs.values():
        if leg.status is not LegStatus.CANCELLING or leg.attempt.workflow_run_id is None:
            continue
        attempt = leg.attempt
        if attempt.ended_at is not None:
            continue
        if attempt.cancel_asked_at is None:
            attempt = replace(attempt, cancel_asked_at=now)
        elif attempt.force_asked_at is None and attempt.cancel_asked_at + CANCEL_GRACE <= now:
            attempt = replace(attempt, force_asked_at=now)
        else:
            continue
        task = task.with_leg(leg.with_attempt(attempt))
        commands.append(
            CancelWorkflowRun(
                attempt=AttemptId(task=name, leg=leg.key, number=attempt.number),
                repository=RepositoryName(attempt.repository),
                workflow_run_id=leg.attempt.workflow_run_id,
                force=attempt.force_asked_at is not None,
            )
        )
    if task is state.tasks[name]:
        return Decision(state=state)
    return Decision(state=state.with_task(name, task), commands=tuple(commands))


def look_up_silent(state: Orchestration, name: TaskName, now: datetime) -> Decision:
    """Look up each workflow run that has been silent for too long: webhooks get lost."""
    task = state.tasks[name]
    commands: list[OrchestrationCommand] = []
    for leg in task.legs.values():
        if leg.status not in ACTIVE or leg.attempt.ended_at is not None:
            continue
        if (due := due_look_up(leg.attempt)) is None or due > now:
            continue
        attempt = replace(leg.attempt, look_ups=leg.attempt.look_ups + 1, looked_up_at=now)
        task = task.with_leg(leg.with_attempt(attempt))
        commands.append(
            LookUpWorkflowRun(
                attempt=AttemptId(task=name, leg=leg.key, number=attempt.number),
                repository=RepositoryName(attempt.repository),
                workflow=attempt.workflow,
                ref=attempt.ref,
                workflow_run_id=attempt.workflow_run_id,
                marker=attempt.marker,
                since=attempt.asked_at,
                asked_at=now,
            )
        )
    if task is state.tasks[name]:
        return Decision(state=state)
    return Decision(state=state.with_task(name, task), commands=tuple(commands))


def finish_task(state: Orchestration, name: TaskName, now: datetime) -> Decision:
    """End a task once all its legs have ended."""
    task = state.tasks[name]
    if task.status is not TaskStatus.RUNNING:
        return Decision(state=state)
    legs = task.legs.values()
    if not all(leg.has_ended for leg in legs):
        return Decision(state=state)
    failed = [leg for leg in legs if leg.status is LegStatus.FAILED]
    cancelled = [leg for leg in legs if leg.status is LegStatus.CANCELLED]
    if failed:
        is_tolerated = all(leg.is_tolerated for leg in failed) and not cancelled
        status, reason = TaskStatus.FAILED, _of_all(task, failed)
    elif cancelled:
        is_tolerated = False
        status, reason = TaskStatus.CANCELLED, _of_all(task, cancelled)
    else:
        is_tolerated, status, reason = False, TaskStatus.SUCCEEDED, None
    task = replace(task.to(status, reason), is_tolerated=is_tolerated, ended_at=now, timer=None)
    return Decision(state=state.with_task(name, task), commands=_tags(task))


def _of_all(task: Task, legs: list[Leg]) -> Reason | None:
    """Return the one reason, or for a matrix the first with a count of its like."""
    first = legs[0].reason
    if first is None or not task.is_matrix:
        return first
    message = f"{len(legs)} of {len(task.legs)}; first {legs[0].key}: {first.message}"
    return Reason(code=first.code, message=message)


def _tags(task: Task) -> Commands:
    return tuple(
        RemoveTag(
            repository=RepositoryName(attempt.repository), tag=short_lived_tag(attempt.marker)
        )
        for leg in task.legs.values()
        for attempt in leg.attempts
        if is_sha(attempt.ref)
    )


def set_timer(state: Orchestration, name: TaskName, now: datetime) -> Decision:
    """Come back at the next moment at which something about this task may be due."""
    task = state.tasks[name]
    if task.status is not TaskStatus.RUNNING:
        return Decision(state=state)
    due = next_moment(task, state.plan.definition.tasks[name].timeout)
    if due is None or (task.timer is not None and task.timer <= due):
        return Decision(state=state)
    # A timer for a moment that has passed would come back at once, and for ever.
    assert due > now, "what is due now was for an earlier rule to do"
    task = replace(task, timer=due)
    return Decision(state=state.with_task(name, task), commands=(SetTimer(task=name, due=due),))


RULES: tuple[Rule, ...] = (
    begin_ready,
    conclude_legs,
    stop_overdue,
    stop_legs,
    dispatch_legs,
    cancel_workflow_runs,
    look_up_silent,
    finish_task,
    set_timer,
)
"""In the order in which they are applied."""
