"""Rules about how legs and tasks end: by themselves, too late, or because they must."""

from dataclasses import dataclass
from datetime import datetime

from app.core.actions import Agent
from app.core.commands import RemoveTag
from app.core.copying import replace
from app.core.definition import Handling, TaskDefinition
from app.core.events import Conclusion
from app.core.legs.agents import branch_to_measure
from app.core.legs.context import is_left
from app.core.legs.gates import OPEN, close_gate, overdue_gate
from app.core.legs.outcome import awaits_outputs, ended, lacks_jobs
from app.core.legs.refs import is_sha, short_lived_tag
from app.core.legs.watching import TIMED, deadline, why_overdue
from app.core.legs.waves import (
    is_allowed,
    is_check_wanted,
    stopped_wave,
    why_wave_failed,
)
from app.core.moves import LegStatus, OrchestrationStatus, TaskStatus
from app.core.naming import definition_of, is_check, is_following, leg_holder, origin_of
from app.core.rules.beginning import LEFT, skip
from app.core.rules.decision import Commands, Decision
from app.core.rules.queueing import tell_queue
from app.core.state import Gate, Leg, Orchestration, Reason, Task
from app.core.values import RepositoryName, TaskName

STARTED = frozenset(
    {
        LegStatus.DISPATCHING,
        LegStatus.QUEUED,
        LegStatus.RUNNING,
        LegStatus.HELD,
        LegStatus.CANCELLING,
    }
)
"""Something was asked for, and its end has not been heard."""
IDLE = frozenset({LegStatus.PENDING, LegStatus.BLOCKED, LegStatus.RESTING, LegStatus.AWAITING})
"""Nothing is under way anywhere: it may end at once."""


def conclude_legs(state: Orchestration, name: TaskName, now: datetime) -> Decision | None:
    """End each leg whose workflow run has, once its outputs are there or will not come."""
    task = state.tasks[name]
    for leg in task.legs.values():
        if leg.status not in STARTED or not leg.attempts or leg.attempt.ended_at is None:
            continue
        if leg.attempt.conclusion is None or _is_unclear(state, name, leg, now):
            continue
        task = task.with_leg(ended(state, name, leg))
    return _if_changed(state, name, task)


def _is_unclear(state: Orchestration, name: TaskName, leg: Leg, now: datetime) -> bool:
    return (
        awaits_outputs(state, name, leg.attempt, now)
        or lacks_jobs(state, name, leg.attempt)
        or branch_to_measure(state, name, leg.attempt) is not None
    )


def close_gates(state: Orchestration, name: TaskName, now: datetime) -> Decision:
    """End each leg whose gate was decided, whose calendar opened, or whose time is over."""
    task = state.tasks[name]
    for leg in task.legs.values():
        if leg.status is not LegStatus.AWAITING or leg.gate is None:
            continue
        passages = state.passages.get(leg_holder(name, leg.key), ())
        if passages and all(each.is_open for each in passages):
            leg = replace(leg, gate=replace(leg.gate, choice=OPEN))
        closed = close_gate(state, name, leg, now)
        if closed.status is LegStatus.AWAITING:
            closed = overdue_gate(state, name, closed, now)
        if closed is not leg:
            task = task.with_leg(closed)
    decision = _changed(state, name, task)
    told = tell_queue(decision.state, name, state.tasks[name])
    return replace(decision, commands=told) if told else decision


def stop_legs(state: Orchestration, name: TaskName, now: datetime) -> Decision | None:
    """Stop all legs when the whole is cancelled, the state was left, or one failed fast."""
    task = state.tasks[name]
    if task.status not in (TaskStatus.RUNNING, TaskStatus.ASKING):
        return None
    reason = _why_to_stop(state, name, task)
    if reason is None:
        return None
    for leg in task.legs.values():
        if leg.status in IDLE:
            task = task.with_leg(leg.to(LegStatus.CANCELLED, reason))
        elif not leg.has_ended and leg.status is not LegStatus.CANCELLING:
            task = task.with_leg(leg.to(LegStatus.CANCELLING, reason))
    return _if_changed(state, name, task)


def _why_to_stop(state: Orchestration, name: TaskName, task: Task) -> Reason | None:
    if state.status is OrchestrationStatus.CANCELLING:
        return state.reason
    if is_left(state, name):
        return LEFT
    if task.skip is not None:
        return task.skip
    if is_following(name) and state.tasks[origin_of(name)].skip is not None:
        return state.tasks[origin_of(name)].skip
    if is_check(name) and not is_check_wanted(state, name, origin_of(name)):
        return UNWANTED
    strategy = definition_of(state.plan.definition, name).strategy
    if strategy is None or not strategy.fail_fast or strategy.waves:
        return None
    failed = next((leg for leg in task.legs.values() if is_failed(leg)), None)
    if failed is None:
        return None
    return Reason(code="fail-fast", message=f"{name} ({failed.key}) failed")


UNWANTED = Reason(code="check-unwanted", message="its wave does not bake any more")


def is_failed(leg: Leg) -> bool:
    """Tell whether a leg failed and nothing tolerates it."""
    return leg.status is LegStatus.FAILED and not leg.is_tolerated


def stop_overdue(state: Orchestration, name: TaskName, now: datetime) -> Decision | None:
    """Cancel each workflow run, call or child that takes too long, or that never starts."""
    task = state.tasks[name]
    definition = definition_of(state.plan.definition, name)
    for leg in task.legs.values():
        if leg.status not in TIMED or leg.attempt.ended_at is not None:
            continue
        if deadline(leg.attempt, definition) <= now:
            reason = why_overdue(leg.attempt, definition)
            task = task.with_leg(leg.to(LegStatus.CANCELLING, reason))
    return _if_changed(state, name, task)


def finish_task(state: Orchestration, name: TaskName, now: datetime) -> Decision | None:
    """End a task once all its legs have, or ask people what to do about it."""
    task = state.tasks[name]
    if task.status not in (TaskStatus.RUNNING, TaskStatus.ASKING):
        return None
    legs = task.legs.values()
    if not all(leg.has_ended for leg in legs) or any(
        each.is_open for each in task.waves.values()
    ):
        return None
    definition = definition_of(state.plan.definition, name)
    if task.skip is not None and state.status is not OrchestrationStatus.CANCELLING:
        decision = skip(state, name, task.skip, now)
        return Decision(state=decision.state, commands=_tags(task))
    end = _end_of(task, definition)
    if _asks(state, name, definition, end):
        question = task.question or Gate(opened_at=now)
        asking = task
        if task.status is not TaskStatus.ASKING:
            asking = replace(task.to(TaskStatus.ASKING), timer=None)
        asking = replace(asking, question=question, reason=end.reason)
        return None if asking == task else Decision(state=state.with_task(name, asking))
    task = replace(
        task,
        status=task.becoming(end.status),
        reason=end.reason,
        is_tolerated=end.is_tolerated,
        is_warned=end.is_warned,
        skip=None,
        ended_at=now,
        timer=None,
    )
    return Decision(state=state.with_task(name, task), commands=_tags(task))


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How the legs of a task say that it ended."""

    status: TaskStatus
    reason: Reason | None = None
    is_tolerated: bool = False
    is_warned: bool = False


def _end_of(task: Task, definition: TaskDefinition) -> End:
    legs = task.legs.values()
    if (reason := why_wave_failed(task)) is not None:
        is_tolerated = definition.on_failure is Handling.CONTINUE
        return End(status=TaskStatus.FAILED, reason=reason, is_tolerated=is_tolerated)
    if (stopped := stopped_wave(task)) is not None:
        return End(status=TaskStatus.CANCELLED, reason=stopped.reason)
    allowed = {leg.key for leg in legs if is_allowed(task, leg)}
    failed = [leg for leg in legs if leg.status is LegStatus.FAILED or leg.key in allowed]
    cancelled = [
        leg for leg in legs if leg.status is LegStatus.CANCELLED and leg.key not in allowed
    ]
    is_late = bool(failed) and all(_is_timed_out(leg) for leg in failed)
    if is_late and definition.on_timeout.then == "skip" and not cancelled:
        return End(status=TaskStatus.SKIPPED, reason=_of_all(task, failed), is_tolerated=True)
    if failed:
        tolerated = [leg for leg in failed if leg.is_tolerated or leg.key in allowed]
        is_tolerated = len(tolerated) == len(failed) and not cancelled
        is_tolerated = is_tolerated and definition.on_warning is not Handling.FAIL
        return End(
            status=TaskStatus.FAILED,
            reason=_of_all(task, failed),
            is_tolerated=is_tolerated or definition.on_failure is Handling.CONTINUE,
            is_warned=is_tolerated,
        )
    if cancelled:
        return End(status=TaskStatus.CANCELLED, reason=_of_all(task, cancelled))
    is_warned = any(
        leg.attempts and leg.attempt.conclusion is Conclusion.NEUTRAL for leg in legs
    )
    if is_warned and definition.on_warning is Handling.FAIL:
        reason = Reason(code="warned", message="it ended neutral (`on-warning: fail`)")
        return End(status=TaskStatus.FAILED, reason=reason)
    return End(status=TaskStatus.SUCCEEDED, is_warned=is_warned)


def _asks(state: Orchestration, name: TaskName, definition: TaskDefinition, end: End) -> bool:
    """Tell whether people are to choose before the task ends."""
    question = state.tasks[name].question
    if state.status is not OrchestrationStatus.RUNNING or is_left(state, name):
        return False
    if question is not None and question.choice:
        return False
    if end.is_warned and definition.on_warning is Handling.ASK:
        return True
    if end.status is not TaskStatus.FAILED or end.is_tolerated:
        return False
    return definition.on_failure is Handling.ASK or _asks_about_output(definition, end)


def _asks_about_output(definition: TaskDefinition, end: End) -> bool:
    action = definition.action
    is_invalid = end.reason is not None and end.reason.code == "invalid-output"
    return isinstance(action, Agent) and action.invalid_then == "ask" and is_invalid


def _is_timed_out(leg: Leg) -> bool:
    return leg.reason is not None and leg.reason.code in ("timed-out", "never-started")


def _of_all(task: Task, legs: list[Leg]) -> Reason | None:
    """Return the one reason, or for a matrix the first with a count of its like."""
    first = legs[0].reason
    if first is None or not task.is_matrix:
        return first
    count = f"{len(legs)} of {len(task.legs)} did not succeed"
    message = f"{count}; the first is {legs[0].key}: {first.message}"
    return Reason(code=first.code, message=message)


def _tags(task: Task) -> Commands:
    return tuple(
        RemoveTag(
            repository=RepositoryName(attempt.repository), tag=short_lived_tag(attempt.marker)
        )
        for leg in task.legs.values()
        for attempt in leg.attempts
        if is_sha(attempt.ref) and not attempt.is_rerun
    )


def _if_changed(state: Orchestration, name: TaskName, task: Task) -> Decision | None:
    return None if task is state.tasks[name] else Decision(state=state.with_task(name, task))


def _changed(state: Orchestration, name: TaskName, task: Task) -> Decision:
    return _if_changed(state, name, task) or Decision(state=state)
