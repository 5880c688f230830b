"""Laws about how things begin: only when needs, people, places and calendars allow it."""

from app.core.actions import Agent, Approval, Wait
from app.core.commands import (
    DispatchWorkflow,
    MakeReport,
    PerformOperation,
    RerunWorkflowRun,
    StartChild,
)
from app.core.definition import Join, TaskDefinition
from app.core.events import (
    AttemptId,
    CancelRequested,
    Event,
    OutputsReported,
    ResumeRequested,
    SeatGranted,
    WorkflowRunObserved,
)
from app.core.expressions import evaluate_condition
from app.core.legs.context import values_for
from app.core.limits import PASSAGE_FRESH
from app.core.moves import LegStatus, OrchestrationStatus, TaskStatus
from app.core.naming import WHOLE, definition_of, is_following, leg_holder, sibling
from app.core.record import record
from app.core.rules import Decision
from app.core.state import Attempt, Leg, Orchestration, Task
from app.core.values import LegKey, TaskName

STARTS = DispatchWorkflow | RerunWorkflowRun | PerformOperation | StartChild | MakeReport
_O = OrchestrationStatus


def check(before: Orchestration, event: Event, decision: Decision) -> None:
    """Assert the laws about how things begin."""
    after = decision.state
    asked = _check_one_start_an_attempt(before, event, decision)
    recorded = record(before, event)
    for attempt in asked:
        _check_may_begin(before, event, after, attempt.task)
        leg = after.tasks[attempt.task].legs[attempt.leg]
        _check_is_let_through(recorded, event, after, attempt.task, leg)
        _check_tries(after, attempt.task, leg)
        _check_fail_fast(recorded, attempt.task)
    for name, task in after.tasks.items():
        if _has_begun(before.tasks.get(name), task, event):
            _check_needs(after, name, event)
        for key, leg in task.legs.items():
            if leg.gate is not None and _opens(before, name, key, leg):
                _check_may_begin(before, event, after, name)


def _check_one_start_an_attempt(
    before: Orchestration, event: Event, decision: Decision
) -> tuple[AttemptId, ...]:
    """Each attempt that we begin is asked for exactly once; re-runs by people never."""
    asked = [each for each in decision.commands if isinstance(each, STARTS)]
    fresh: dict[AttemptId, Attempt] = {}
    for name, task in decision.state.tasks.items():
        for key, leg in task.legs.items():
            known = len(_known(before, name, key))
            for attempt in leg.attempts[known:]:
                fresh[AttemptId(task=name, leg=key, number=attempt.number)] = attempt
    for each in asked:
        assert each.attempt in fresh, f"{each.key} is no new attempt, or asked for twice"
        attempt = fresh.pop(each.attempt)
        assert attempt.asked_at == event.at, "asked for when it begins"
        assert isinstance(each, RerunWorkflowRun) == attempt.is_rerun
        if not isinstance(each, RerunWorkflowRun | MakeReport):
            assert each.marker == attempt.marker, "it carries its marker"
    for where, attempt in fresh.items():
        assert attempt.is_rerun, f"{where} was never asked for"
        assert isinstance(event, WorkflowRunObserved | OutputsReported), "nobody has seen it"
        assert event.run_attempt == attempt.run_attempt, "as far as it was seen"
    return tuple(each.attempt for each in asked)


def _known(state: Orchestration, name: TaskName, key: LegKey) -> tuple[Attempt, ...]:
    task = state.tasks.get(name)
    leg = task.legs.get(key) if task is not None else None
    return leg.attempts if leg is not None else ()


def _opens(before: Orchestration, name: TaskName, key: LegKey, leg: Leg) -> bool:
    """Tell whether a gate of the definition, and not an agent's review, has just opened."""
    action = definition_of(before.plan.definition, name).action
    if leg.status is not LegStatus.AWAITING or not isinstance(action, Approval | Wait):
        return False
    task = before.tasks.get(name)
    known = task.legs.get(key) if task is not None else None
    return known is None or known.status is not LegStatus.AWAITING


def _check_may_begin(
    before: Orchestration, event: Event, after: Orchestration, name: TaskName
) -> None:
    """Nothing begins at the end, while paused, or before the whole has its place."""
    if name.endswith("~undo"):
        # Undoing does not wait for whoever paused it: it is what brings the whole to its end.
        assert after.status is _O.COMPENSATING, "what succeeded is undone at the end"
        return
    assert before.status not in (_O.CANCELLING, _O.COMPENSATING), "nothing begins at the end"
    assert after.status is _O.RUNNING, f"{name} begins while it is {after.status}"
    assert not isinstance(event, CancelRequested), "a cancellation begins nothing"
    is_resumed = isinstance(event, ResumeRequested)
    assert before.paused is None or is_resumed, f"{name} begins while paused"
    if before.status is _O.BLOCKED and after.plan.definition.concurrency is not None:
        is_granted = isinstance(event, SeatGranted) and event.holder == WHOLE
        assert is_granted, f"{name} begins before the whole has its place"


def _check_is_let_through(
    recorded: Orchestration, event: Event, after: Orchestration, name: TaskName, leg: Leg
) -> None:
    """What holds a leg back has let it go: its place, and each calendar a moment ago."""
    holder = leg_holder(name, leg.key)
    if definition_of(after.plan.definition, name).concurrency is not None:
        seat = after.seats.get(holder)
        assert seat is not None, f"{name} begins without its place"
        assert seat.granted_at is not None, f"{name} begins before it has its place"
    if is_following(name):
        return
    passages = {each.calendar: each for each in recorded.passages.get(holder, ())}
    for calendar in after.plan.definition.freeze:
        assert calendar in passages, f"{name} does not ask {calendar}"
        told = passages[calendar]
        assert told.is_open, f"{name} begins while {calendar} is closed"
        assert told.told_at is not None
        assert event.at - told.told_at <= PASSAGE_FRESH, f"{calendar} may have closed"


def _check_tries(after: Orchestration, name: TaskName, leg: Leg) -> None:
    """Nothing is tried more often than `retry` says, what people asked for left out."""
    tries = len(leg.attempts) - leg.spent
    assert tries >= 1, "an attempt counts"
    definition = definition_of(after.plan.definition, name)
    most = definition.retry.max_attempts if definition.retry is not None else 1
    if isinstance(definition.action, Agent):
        most = max(most, definition.action.invalid_retries + 1)
    assert tries <= most, f"{name}: try {tries} of {most}"


def _check_fail_fast(recorded: Orchestration, name: TaskName) -> None:
    task = recorded.tasks.get(name)
    strategy = definition_of(recorded.plan.definition, name).strategy
    if task is None or task.status is TaskStatus.WAITING or strategy is None:
        return
    if strategy.fail_fast and not strategy.waves:
        failed = [leg.key for leg in task.legs.values() if is_failed(leg)]
        assert not failed, f"{name}: with `fail-fast` nothing begins after {failed}"


def is_failed(leg: Leg) -> bool:
    """Tell whether a leg failed and nothing tolerates it."""
    return leg.status is LegStatus.FAILED and not leg.is_tolerated


def _has_begun(was: Task | None, now: Task, event: Event) -> bool:
    """Tell whether a task has left waiting, to do something."""
    if was is not None and was.status is not TaskStatus.WAITING:
        return False
    is_idle = now.status in (TaskStatus.WAITING, TaskStatus.SKIPPED, TaskStatus.CANCELLED)
    return not is_idle and now.started_at == event.at


def _check_needs(after: Orchestration, name: TaskName, event: Event) -> None:
    """A task begins when its join and its condition allow it."""
    definition = definition_of(after.plan.definition, name)
    if is_following(name):
        return
    needs = [after.tasks[sibling(name, need)] for need in definition.needs]
    assert _is_met(definition, needs), f"{name} begins before its needs allow it"
    if definition.condition is not None and all(need.has_ended for need in needs):
        values = values_for(after, name, event.at)
        # What began and ended at once may have failed on its condition.
        if after.tasks[name].legs:
            assert evaluate_condition(definition.condition, values), f"{name} and its `if`"


def _is_met(definition: TaskDefinition, needs: list[Task]) -> bool:
    ended = [need for need in needs if need.has_ended]
    match definition.join:
        case Join.ALL:
            return len(ended) == len(needs) and all(need.is_passed for need in needs)
        case Join.NONE_FAILED:
            bad = [n for n in ended if not n.is_passed and n.status is not TaskStatus.SKIPPED]
            return len(ended) == len(needs) and not bad
        case Join.ALL_DONE:
            return len(ended) == len(needs)
        case Join.ANY:
            return bool(ended) or not needs
        case Join.ONE_SUCCESS:
            return any(need.is_passed for need in ended) or not needs
