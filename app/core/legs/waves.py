"""Waves: which leg goes in which, and what can be read off the state about them.

What follows from a wave (each round of its bake check, its roll-back) is a task of its own,
named after the wave (`core.naming`).
"""

from collections.abc import Iterator, Mapping, Sequence

from app.core.actions import Approval
from app.core.copying import replace
from app.core.definition import Strategy
from app.core.expressions import evaluate_condition
from app.core.legs.context import is_left
from app.core.moves import LegStatus, OrchestrationStatus
from app.core.naming import check_of, definition_of, rollback_of, wave_checked_by
from app.core.state import (
    WAVE_ENDED,
    Gate,
    Leg,
    Orchestration,
    Reason,
    Task,
    WaveProgress,
    WaveStatus,
)
from app.core.values import Json, JsonObject, LegKey, TaskName


def assigned(strategy: Strategy, legs: Sequence[Leg], values: JsonObject) -> tuple[Leg, ...]:
    """Give each leg its wave. Raises `ExpressionError` where a `when` has no value.

    The conditions choose first. What none of them claims is dealt out by `percent`, in the
    order of the matrix; the last wave takes the rest.
    """
    claims = {leg.key: _claim(strategy, leg, values) for leg in legs}
    rest = [key for key, wave in claims.items() if not wave]
    dealt = {key: _deal(strategy, place, len(rest)) for place, key in enumerate(rest)}
    return tuple(replace(leg, wave=claims[leg.key] or dealt[leg.key]) for leg in legs)


def _claim(strategy: Strategy, leg: Leg, values: JsonObject) -> str:
    cell: Mapping[str, Json] = {f"matrix.{name}": value for name, value in leg.matrix.items()}
    for wave in strategy.waves:
        if wave.condition and evaluate_condition(wave.condition, {**values, **cell}):
            return wave.name
    return ""


def _deal(strategy: Strategy, place: int, count: int) -> str:
    # Rounded up, so that a few legs are enough for the first wave to have one.
    fitting = (
        wave.name
        for wave in strategy.waves
        if wave.percent is not None and place * 100 < wave.percent * count
    )
    return next(fitting, strategy.waves[-1].name)


def fresh_waves(
    strategy: Strategy, known: Mapping[str, WaveProgress]
) -> dict[str, WaveProgress]:
    """Return waves that have not begun; the rounds of checks go on being counted."""
    return {wave.name: _anew(known.get(wave.name)) for wave in strategy.waves}


def _anew(known: WaveProgress | None) -> WaveProgress:
    return WaveProgress(checks=known.checks if known is not None else 0)


def tried_again(task: Task) -> Task:
    """Let each wave begin again that did not pass, or of which a leg is tried again."""
    waves = {
        name: wave if is_passed(wave) and has_ended(task, name) else _anew(wave)
        for name, wave in task.waves.items()
    }
    return replace(task, waves=waves)


def goes_on(strategy: Strategy | None, task: Task, name: str) -> Task:
    """Let a wave go on of which somebody re-ran a workflow run on GitHub.

    It is judged once all of its legs have ended: the others may have failed before. A wave
    that has not begun is not begun thereby, nor one that people have not let on: what was
    re-run goes its way, and the wave stays as it is.
    """
    progress = task.waves.get(name)
    if progress is None or progress.status not in (*WAVE_ENDED, WaveStatus.BAKING):
        return task
    assert strategy is not None, "only a matrix has waves"
    approval = next(wave.approval for wave in strategy.waves if wave.name == name)
    if approval is not None and not is_let_on(approval, progress.gate):
        return task
    again = replace(
        _anew(progress), gate=progress.gate, status=WaveStatus.RUNNING, is_again=True
    )
    return replace(task, waves={**task.waves, name: again})


def is_let_on(approval: Approval, gate: Gate | None) -> bool:
    """Tell whether people let a wave begin."""
    return gate is not None and bool(gate.choice) and not approval.is_no(gate.choice)


def is_passed(wave: WaveProgress) -> bool:
    """Tell whether a wave came to a good end."""
    return wave.status is WaveStatus.PASSED


def legs_in(task: Task, wave: str) -> tuple[Leg, ...]:
    """Return the legs of one wave, in the order of the matrix."""
    return tuple(leg for leg in task.legs.values() if leg.wave == wave)


def has_ended(task: Task, wave: str) -> bool:
    """Tell whether all legs of a wave have ended."""
    return all(leg.has_ended for leg in legs_in(task, wave))


def is_bad(leg: Leg) -> bool:
    """Tell whether a leg counts against `max-failures`: it ended, not well, not tolerated."""
    return leg.has_ended and leg.status is not LegStatus.SUCCEEDED and not leg.is_tolerated


def is_allowed(task: Task, leg: Leg) -> bool:
    """Tell whether a leg ended badly, and its wave passed all the same."""
    wave = task.waves.get(leg.wave)
    return wave is not None and is_passed(wave) and is_bad(leg)


def why_wave_failed(task: Task) -> Reason | None:
    """Say which wave failed first and why, if one did."""
    failed = [
        (each.reason.code == OTHER_FAILED, name, each.reason)
        for name, each in task.waves.items()
        if each.status is WaveStatus.FAILED and each.reason is not None
    ]
    if not failed:
        return None
    _, name, reason = min(failed, key=lambda each: each[0])
    return Reason(code="wave-failed", message=f"the wave {name} failed: {reason.message}")


def stopped_wave(task: Task) -> WaveProgress | None:
    """Return a wave that did not come to its end because its task was stopped, if any."""
    waves = (each for each in task.waves.values() if each.status is WaveStatus.STOPPED)
    return next(waves, None)


OTHER_FAILED = "other-wave-failed"
"""The reason of a wave that fails or never comes because another one failed."""


def room_in(
    task: Task, strategy: Strategy | None, active: frozenset[LegStatus]
) -> dict[str, int]:
    """Return how many more legs of each wave that has a `max-parallel` may begin."""
    return {
        wave.name: wave.max_parallel
        - sum(leg.status in active for leg in legs_in(task, wave.name))
        for wave in (strategy.waves if strategy is not None else ())
        if wave.max_parallel is not None
    }


def is_stopped(state: Orchestration, name: TaskName) -> bool:
    """Tell whether a task is to come to its end, however far its waves are."""
    is_over = state.status is OrchestrationStatus.CANCELLING
    return is_over or state.tasks[name].skip is not None or is_left(state, name)


def open_checks(state: Orchestration, name: TaskName) -> tuple[TaskName, ...]:
    """Return the rounds of checks that have not ended: of a wave it is the last, if any."""
    rounds = (check_of(name, wave, it.checks) for wave, it in state.tasks[name].waves.items())
    return tuple(each for each in rounds if _is_open(state, each))


def open_rollbacks(state: Orchestration, name: TaskName) -> tuple[TaskName, ...]:
    """Return the roll-backs of a task's waves that have not ended."""
    names = (rollback_of(name, wave) for wave in state.tasks[name].waves)
    return tuple(each for each in names if _is_open(state, each))


def _is_open(state: Orchestration, name: TaskName) -> bool:
    return name in state.tasks and not state.tasks[name].has_ended


def is_check_wanted(state: Orchestration, check: TaskName, origin: TaskName) -> bool:
    """Tell whether the wave that a round of checks is about still bakes."""
    wave = state.tasks[origin].waves.get(wave_checked_by(check))
    return wave is not None and wave.status is WaveStatus.BAKING


def legs_to_roll_back(state: Orchestration, name: TaskName, wave: str) -> Iterator[Leg]:
    """Find the succeeded legs that the roll-back of a wave is for."""
    strategy = definition_of(state.plan.definition, name).strategy
    assert strategy is not None, "only a matrix has waves"
    if strategy.rollback is None:
        return
    is_all = strategy.rollback.scope == "all"
    for leg in state.tasks[name].legs.values():
        is_meant = leg.wave == wave or (is_all and bool(leg.wave))
        if (
            is_meant
            and leg.status is LegStatus.SUCCEEDED
            and not is_rolled_back(state, name, leg)
        ):
            yield leg


def is_rolled_back(state: Orchestration, name: TaskName, leg: Leg) -> bool:
    """Tell whether a roll-back was dispatched for a leg since it succeeded, or is about to."""
    for wave in state.tasks[name].waves:
        rollback = state.tasks.get(rollback_of(name, wave))
        undone = rollback.legs.get(leg.key) if rollback is not None else None
        if undone is not None and (not undone.has_ended or _is_after(undone, leg)):
            return True
    return False


def _is_after(undone: Leg, leg: Leg) -> bool:
    if not undone.attempts or not leg.attempts:
        return False
    ended_at = leg.attempt.ended_at
    return ended_at is not None and undone.attempt.asked_at >= ended_at


def rolled_back(state: Orchestration, name: TaskName) -> frozenset[LegKey]:
    """Return the legs that succeeded and were rolled back since."""
    legs = state.tasks[name].legs.values()
    return frozenset(
        leg.key
        for leg in legs
        if leg.status is LegStatus.SUCCEEDED and is_rolled_back(state, name, leg)
    )
