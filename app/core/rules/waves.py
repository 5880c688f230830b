"""The rule that takes a task's waves on: asked for, begun, baked, passed, one after the other.

A wave begins when all before it have passed and, where it has an `approval`, people said so.
Once more than `max-failures` of its legs have failed, or their checks, it fails at once
(`failing`). One whose legs have ended bakes, and passes when its bake is over and the last
round of its checks, begun at the end of the bake, has held.
"""

from datetime import datetime

from app.core.copying import replace
from app.core.definition import Strategy, Wave
from app.core.legs.baking import due_round, end_of_bake, failed_checks
from app.core.legs.waves import (
    has_ended,
    is_bad,
    is_let_on,
    is_passed,
    is_stopped,
    legs_in,
    open_checks,
    open_rollbacks,
)
from app.core.moves import LegStatus, TaskStatus
from app.core.naming import check_of, definition_of
from app.core.rules.beginning import may_begin
from app.core.rules.decision import Decision
from app.core.rules.failing import fall, stop_waves, to_fail
from app.core.state import Gate, Leg, Orchestration, Reason, Task, WaveStatus
from app.core.values import LegKey, TaskName


def advance_waves(state: Orchestration, name: TaskName, now: datetime) -> Decision | None:
    """Take each wave of a task as far as it may go."""
    task = state.tasks[name]
    if not task.waves or task.status is not TaskStatus.RUNNING:
        return None
    if is_stopped(state, name):
        state = stop_waves(state, name)
    else:
        strategy = definition_of(state.plan.definition, name).strategy
        assert strategy is not None, "only a matrix has waves"
        for wave in strategy.waves:
            # One that holds nothing up is begun and passed in one breath.
            for _ in WaveStatus:
                state = _advance(state, name, strategy, wave, now)
        state = fall(state, name, now)
    followers = (*open_checks(state, name), *open_rollbacks(state, name))
    return Decision(state=state, also=followers)


def _advance(
    state: Orchestration, name: TaskName, strategy: Strategy, wave: Wave, now: datetime
) -> Orchestration:
    match state.tasks[name].waves[wave.name].status:
        case WaveStatus.WAITING:
            return _begin(state, name, strategy, wave, now)
        case WaveStatus.ASKING:
            return _answer(state, name, wave)
        case WaveStatus.RUNNING:
            return _run(state, name, wave, now)
        case WaveStatus.BAKING:
            return _bake(state, name, strategy, wave, now)
        case _:
            return state


def _begin(
    state: Orchestration, name: TaskName, strategy: Strategy, wave: Wave, now: datetime
) -> Orchestration:
    """Begin a wave, or ask for its approval first, once those before it have passed."""
    task = state.tasks[name]
    place = strategy.waves.index(wave)
    before, rest = strategy.waves[:place], strategy.waves[place:]
    if not may_begin(state, name):
        return state
    if not all(is_passed(task.waves[each.name]) for each in before):
        return state
    # A wave without legs is asked about all the same while others come behind it.
    if wave.approval is None or not any(legs_in(task, each.name) for each in rest):
        return _to(state, name, wave, WaveStatus.RUNNING)
    gate = Gate(opened_at=now)
    asking = replace(task.waves[wave.name], status=WaveStatus.ASKING, gate=gate)
    return state.with_task(name, replace(task, waves={**task.waves, wave.name: asking}))


def _answer(state: Orchestration, name: TaskName, wave: Wave) -> Orchestration:
    gate, approval = state.tasks[name].waves[wave.name].gate, wave.approval
    assert gate is not None, "its approval is asked for"
    assert approval is not None, "its approval is asked for"
    if not gate.choice:
        return state
    if not is_let_on(approval, gate):
        why = f"rejected by {gate.by}" + (f": {gate.reason}" if gate.reason else "")
        return to_fail(state, name, wave.name, Reason(code="rejected", message=why))
    return _to(state, name, wave, WaveStatus.RUNNING) if may_begin(state, name) else state


def _run(state: Orchestration, name: TaskName, wave: Wave, now: datetime) -> Orchestration:
    """Fail a wave of which too many legs have, or let it bake once all have ended."""
    task = state.tasks[name]
    progress = task.waves[wave.name]
    is_over = has_ended(task, wave.name)
    bad = _bad_legs(task, wave)
    # Where somebody re-ran one of its legs, the others may have failed before.
    if len(bad) > wave.max_failures and (is_over or not progress.is_again):
        return to_fail(state, name, wave.name, _too_many(task, wave, bad))
    # A check of what was before may still be stopping.
    if not is_over or open_checks(state, name):
        return state
    if not wave.bake or not _good_legs(task, wave):
        return _to(state, name, wave, WaveStatus.PASSED)
    baking = replace(
        progress,
        status=WaveStatus.BAKING,
        baking_since=now,
        checked_at=None,
        checks_before=progress.checks,
    )
    return state.with_task(name, replace(task, waves={**task.waves, wave.name: baking}))


def _bake(
    state: Orchestration, name: TaskName, strategy: Strategy, wave: Wave, now: datetime
) -> Orchestration:
    """Check a wave that bakes when that is due, and let it pass once it has held."""
    task = state.tasks[name]
    progress = task.waves[wave.name]
    bad = {**_bad_legs(task, wave), **failed_checks(state, name, wave.name, progress)}
    if len(bad) > wave.max_failures:
        return to_fail(state, name, wave.name, _too_many(task, wave, bad))
    if strategy.bake_check is None:
        is_over = now >= end_of_bake(wave, progress)
        return _to(state, name, wave, WaveStatus.PASSED) if is_over else state
    if open_checks(state, name):
        return state
    due = due_round(strategy.bake_check, wave, progress)
    if due is None:
        return _to(state, name, wave, WaveStatus.PASSED)
    if due > now or not may_begin(state, name):
        return state
    return _check(state, name, wave, now)


def _check(state: Orchestration, name: TaskName, wave: Wave, now: datetime) -> Orchestration:
    """Begin a round of checks: one for each leg of the wave that succeeded."""
    task = state.tasks[name]
    progress = task.waves[wave.name]
    checked = replace(progress, checks=progress.checks + 1, checked_at=now)
    legs = {leg.key: Leg(key=leg.key, matrix=leg.matrix) for leg in _good_legs(task, wave)}
    check = Task(status=TaskStatus.RUNNING, legs=legs, is_matrix=True, started_at=now)
    task = replace(task, waves={**task.waves, wave.name: checked})
    state = state.with_task(name, task)
    return state.with_task(check_of(name, wave.name, checked.checks), check)


def _good_legs(task: Task, wave: Wave) -> tuple[Leg, ...]:
    legs = legs_in(task, wave.name)
    return tuple(leg for leg in legs if leg.status is LegStatus.SUCCEEDED)


def _bad_legs(task: Task, wave: Wave) -> dict[LegKey, Leg]:
    return {leg.key: leg for leg in legs_in(task, wave.name) if is_bad(leg)}


def _too_many(task: Task, wave: Wave, bad: dict[LegKey, Leg]) -> Reason:
    """Say how many failed, how many may, and why the first did."""
    first = next(iter(bad.values()))
    why = f": {first.reason.message}" if first.reason is not None else ""
    count = len(legs_in(task, wave.name))
    message = (
        f"{len(bad)} of {count} failed, and {wave.max_failures or 'none'} may "
        f"(`max-failures`); the first is {first.key}{why}"
    )
    return Reason(code="too-many-failures", message=message)


def _to(state: Orchestration, name: TaskName, wave: Wave, status: WaveStatus) -> Orchestration:
    task = state.tasks[name]
    moved = replace(task.waves[wave.name], status=status)
    return state.with_task(name, replace(task, waves={**task.waves, wave.name: moved}))
