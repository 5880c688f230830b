"""Rules about how a task begins: once what it needs allows it, and people do."""

from collections.abc import Mapping
from datetime import datetime

from app.core.copying import replace
from app.core.definition import TaskDefinition
from app.core.expressions import ExpressionError, evaluate_condition
from app.core.legs.context import is_held, is_left, values_for
from app.core.legs.dispatching import expand
from app.core.legs.matrix import MatrixError
from app.core.legs.waves import assigned, fresh_waves
from app.core.moves import LegStatus, OrchestrationStatus, TaskStatus
from app.core.naming import definition_of, sibling, visit_holder, visit_of
from app.core.rules.decision import Decision
from app.core.rules.joining import standing
from app.core.state import Leg, Orchestration, Reason, Task
from app.core.values import LegKey, TaskName


def begin_ready(state: Orchestration, name: TaskName, now: datetime) -> Decision | None:
    """Begin a waiting task once what it needs allows it; else skip it."""
    task = state.tasks[name]
    if task.status is not TaskStatus.WAITING:
        return None
    if state.status is OrchestrationStatus.CANCELLING:
        return _end(state, name, TaskStatus.CANCELLED, state.reason, now)
    if is_left(state, name):
        return _end(state, name, TaskStatus.CANCELLED, LEFT, now)
    if task.skip is not None:
        return skip(state, name, task.skip, now)
    if not may_begin(state, name):
        return None
    definition = definition_of(state.plan.definition, name)
    needs = [(need, state.tasks[sibling(name, need)]) for need in definition.needs]
    found = standing(definition.join, needs)
    if isinstance(found, Reason):
        return _end(state, name, TaskStatus.SKIPPED, found, now)
    if found == "wait":
        return None
    return _begin(state, name, definition, now)


LEFT = Reason(code="state-left", message="the state that it belongs to was left")
GONE = Reason(code="leg-gone", message="the matrix has no such combination any more")


def may_begin(state: Orchestration, name: TaskName) -> bool:
    """Tell whether anything new may begin: it runs, is not paused, and has its places."""
    if state.status is not OrchestrationStatus.RUNNING or is_held(state):
        return False
    visit = visit_of(name)
    if visit is None:
        return True
    seat = state.seats.get(visit_holder(*visit))
    machine = state.plan.definition.machine
    assert machine is not None, "only a machine has visits"
    needs_seat = machine.states[visit[0]].concurrency is not None
    return not needs_seat or (seat is not None and seat.granted_at is not None)


def _begin(
    state: Orchestration, name: TaskName, definition: TaskDefinition, now: datetime
) -> Decision:
    strategy = definition.strategy
    try:
        # Most tasks have neither, and then nobody reads the values.
        is_read = definition.condition is not None or strategy is not None
        values = values_for(state, name, now) if is_read else {}
        if definition.condition and not evaluate_condition(definition.condition, values):
            why = f"its condition does not hold: {definition.condition.source}"
            reason = Reason(code="condition-false", message=why)
            return _end(state, name, TaskStatus.SKIPPED, reason, now)
        legs = expand(definition, values)
        if strategy is not None and strategy.waves:
            legs = assigned(strategy, legs, values)
    except ExpressionError as error:
        reason = Reason(code="expression-failed", message=str(error))
        return _end(state, name, TaskStatus.FAILED, reason, now)
    except MatrixError as error:
        reason = Reason(code="bad-matrix", message=str(error))
        return _end(state, name, TaskStatus.FAILED, reason, now)
    task = state.tasks[name]
    begun = replace(
        task,
        status=task.becoming(TaskStatus.RUNNING),
        legs=_again(task.legs, {leg.key: leg for leg in legs}),
        waves=fresh_waves(strategy, task.waves) if strategy is not None else {},
        is_matrix=strategy is not None,
        escalated=0,
        is_stale=False,
        reason=None,
        started_at=now,
        ended_at=None,
    )
    return Decision(state=state.with_task(name, begun))


def _again(known: Mapping[LegKey, Leg], fresh: Mapping[LegKey, Leg]) -> Mapping[LegKey, Leg]:
    """Keep the attempts of earlier tries: their numbers and markers are never used twice."""
    if not known:
        return fresh
    gone = {key: _gone(leg) for key, leg in known.items() if key not in fresh}
    legs = {key: replace(leg, wave="") for key, leg in gone.items()}
    for key, leg in fresh.items():
        was = known.get(key)
        legs[key] = (
            leg if was is None else replace(again(was), matrix=leg.matrix, wave=leg.wave)
        )
    return legs


def _gone(leg: Leg) -> Leg:
    """Return a leg that the matrix has no more: what succeeded is kept, to be undone."""
    if leg.status is LegStatus.SUCCEEDED:
        return leg
    return again(leg).to(LegStatus.SKIPPED, GONE)


def again(leg: Leg) -> Leg:
    """Return a leg that has ended as it is before another try that people asked for."""
    return replace(
        leg.to(LegStatus.PENDING),
        reason=None,
        is_tolerated=False,
        outputs={},
        gate=None,
        rest_until=None,
        spent=len(leg.attempts),
    )


def skip(state: Orchestration, name: TaskName, reason: Reason, now: datetime) -> Decision:
    """Skip a task because somebody said so; what needs it takes it for passed."""
    task = replace(state.tasks[name].to(TaskStatus.SKIPPED, reason), is_tolerated=True)
    task = replace(task, ended_at=now, timer=None, skip=None, question=None)
    return Decision(state=state.with_task(name, task))


def _end(
    state: Orchestration,
    name: TaskName,
    status: TaskStatus,
    reason: Reason | None,
    now: datetime,
) -> Decision:
    task: Task = replace(
        state.tasks[name].to(status, reason),
        ended_at=now,
        timer=None,
        is_stale=False,
        skip=None,
    )
    return Decision(state=state.with_task(name, task))
