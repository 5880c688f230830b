"""How a wave fails: what runs is stopped, what succeeded is rolled back, what is left is not.

Nothing new of the task begins. Legs that run are cancelled, since what follows is to undo
them; one that succeeds nevertheless is rolled back like the others. The task ends only after
the roll-back has.
"""

from datetime import datetime

from app.core.copying import replace
from app.core.legs.context import is_left
from app.core.legs.undoing import passed_over
from app.core.legs.waves import (
    OTHER_FAILED,
    legs_to_roll_back,
    open_checks,
    open_rollbacks,
)
from app.core.moves import LegStatus, TaskStatus
from app.core.naming import rollback_of
from app.core.rules.beginning import LEFT
from app.core.rules.ending import IDLE
from app.core.state import Leg, Orchestration, Reason, Task, WaveProgress, WaveStatus
from app.core.values import TaskName

NEVER_BEGUN = (WaveStatus.WAITING, WaveStatus.ASKING)
BEGUN = (WaveStatus.RUNNING, WaveStatus.BAKING)
UNDONE = (WaveStatus.FAILED, WaveStatus.STOPPED)


def to_fail(state: Orchestration, name: TaskName, wave: str, reason: Reason) -> Orchestration:
    """Let a wave fail, and with it all that have not ended."""
    task = state.tasks[name]
    why = Reason(code=OTHER_FAILED, message=f"the wave {wave} failed: {reason.message}")
    waves = {each: _with(progress, why) for each, progress in task.waves.items()}
    waves[wave] = replace(task.waves[wave], status=WaveStatus.FAILING, reason=reason)
    return state.with_task(name, replace(task, waves=waves))


def _with(progress: WaveProgress, why: Reason) -> WaveProgress:
    if progress.status in NEVER_BEGUN:
        return replace(progress, status=WaveStatus.STOPPED, reason=why)
    if progress.status in BEGUN:
        return replace(progress, status=WaveStatus.FAILING, reason=why)
    return progress


def fall(state: Orchestration, name: TaskName, now: datetime) -> Orchestration:
    """Take the failing waves of a task to their end, if there are any."""
    task = state.tasks[name]
    failing = [each for each, progress in task.waves.items() if _is_failing(progress)]
    if not failing:
        return _stop_stragglers(state, name)
    stopped = _stop_legs(task, task.waves[failing[0]].reason)
    if stopped is not task:
        state = state.with_task(name, stopped)
    if open_checks(state, name) or not all(leg.has_ended for leg in stopped.legs.values()):
        return state
    for wave in failing:
        state = _roll_back(state, name, wave, now)
    return state if open_rollbacks(state, name) else _ended(state, name, None)


def _stop_stragglers(state: Orchestration, name: TaskName) -> Orchestration:
    """Let nothing begin of a wave that is over: somebody re-ran a leg of it, which failed."""
    task = state.tasks[name]
    for leg in task.legs.values():
        wave = task.waves.get(leg.wave)
        if leg.status in IDLE and wave is not None and wave.status in UNDONE:
            task = task.with_leg(leg.to(LegStatus.CANCELLED, wave.reason))
    return state if task is state.tasks[name] else state.with_task(name, task)


def _is_failing(progress: WaveProgress) -> bool:
    return progress.status is WaveStatus.FAILING


def _stop_legs(task: Task, reason: Reason | None) -> Task:
    """Stop all legs: skip those whose wave never came, cancel the others."""
    for leg in task.legs.values():
        if leg.has_ended or leg.status is LegStatus.CANCELLING:
            continue
        wave = task.waves.get(leg.wave)
        why = reason if wave is None else wave.reason
        if leg.status not in IDLE:
            task = task.with_leg(leg.to(LegStatus.CANCELLING, why))
        elif wave is not None and wave.status is WaveStatus.STOPPED:
            task = task.with_leg(leg.to(LegStatus.SKIPPED, why))
        else:
            task = task.with_leg(leg.to(LegStatus.CANCELLED, why))
    return task


def _roll_back(state: Orchestration, name: TaskName, wave: str, now: datetime) -> Orchestration:
    """Begin the roll-back of a failing wave, once."""
    progress = state.tasks[name].waves[wave]
    if progress.rolled_back_at is not None:
        return state
    legs = tuple(legs_to_roll_back(state, name, wave))
    task = state.tasks[name]
    begun = replace(progress, rolled_back_at=now)
    state = state.with_task(name, replace(task, waves={**task.waves, wave: begun}))
    if not legs:
        return state
    undoing = rollback_of(name, wave)
    known = state.tasks.get(undoing)
    before = known.legs if known is not None else {}
    rollback = Task(
        status=TaskStatus.RUNNING,
        legs={
            **{key: passed_over(leg) for key, leg in before.items()},
            **{leg.key: _fresh(leg, before.get(leg.key)) for leg in legs},
        },
        is_matrix=True,
        started_at=now,
    )
    return state.with_task(undoing, rollback)


def _fresh(leg: Leg, known: Leg | None) -> Leg:
    """Return a leg of a roll-back; numbers of attempts are never used twice."""
    attempts = known.attempts if known is not None else ()
    return Leg(key=leg.key, matrix=leg.matrix, attempts=attempts, spent=len(attempts))


def stop_waves(state: Orchestration, name: TaskName) -> Orchestration:
    """End the waves of a task that is to stop, once nothing of it is under way."""
    task = state.tasks[name]
    if open_checks(state, name) or open_rollbacks(state, name):
        return state
    if not all(leg.has_ended for leg in task.legs.values()):
        return state
    return _ended(state, name, LEFT if is_left(state, name) else task.skip or state.reason)


def _ended(state: Orchestration, name: TaskName, reason: Reason | None) -> Orchestration:
    """End each wave that is still open: a failing one failed, any other was stopped."""
    task = state.tasks[name]
    waves = dict(task.waves)
    for wave, progress in task.waves.items():
        if _is_failing(progress):
            why = _with_rollback(state, name, wave, progress)
            waves[wave] = replace(progress, status=WaveStatus.FAILED, reason=why)
        elif progress.is_open:
            waves[wave] = replace(progress, status=WaveStatus.STOPPED, reason=reason)
    return state.with_task(name, replace(task, waves=waves))


def _with_rollback(
    state: Orchestration, name: TaskName, wave: str, progress: WaveProgress
) -> Reason | None:
    """Say why a wave failed, and whether its roll-back did, too: somebody has to look."""
    rollback = state.tasks.get(rollback_of(name, wave))
    reason = progress.reason
    if rollback is None or rollback.started_at != progress.rolled_back_at:
        return reason
    if rollback.is_passed or reason is None:
        return reason
    return replace(reason, message=f"{reason.message}; its roll-back did not succeed")
