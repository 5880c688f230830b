"""A wave that bakes: when its checks are due, whether they hold, and when it has held.

A round of checks is one leg for each leg of the wave that succeeded. Rounds come every
`every`, one after the other, and the last one at the end of the bake: a wave passes on what
is so then.
"""

from collections.abc import Iterator
from datetime import datetime

from app.core.definition import BakeCheck, Wave
from app.core.expressions import ExpressionError, evaluate_condition
from app.core.legs.context import is_held, values_for
from app.core.legs.waves import is_stopped, open_checks
from app.core.moves import LegStatus, OrchestrationStatus
from app.core.naming import check_of, definition_of, is_check, origin_of
from app.core.state import Leg, Orchestration, Reason, WaveProgress, WaveStatus
from app.core.values import JsonObject, LegKey, TaskName


def end_of_bake(wave: Wave, progress: WaveProgress) -> datetime:
    """Return when a wave has baked for long enough."""
    assert progress.baking_since is not None, "it bakes since some moment"
    return progress.baking_since + wave.bake


def due_round(check: BakeCheck, wave: Wave, progress: WaveProgress) -> datetime | None:
    """Return when the next round of checks is due; `None` once the last one has begun."""
    end = end_of_bake(wave, progress)
    last = progress.checked_at
    if last is not None and last >= end:
        return None
    assert progress.baking_since is not None, "it bakes since some moment"
    return min((last or progress.baking_since) + check.every, end)


def failed_checks(
    state: Orchestration, name: TaskName, wave: str, progress: WaveProgress
) -> dict[LegKey, Leg]:
    """Return what failed in the rounds of this bake so far, by the leg that it is about."""
    rounds = range(progress.checks_before + 1, progress.checks + 1)
    return {
        leg.key: leg
        for number in rounds
        for leg in state.tasks[check_of(name, wave, number)].legs.values()
        if leg.has_ended and leg.status is not LegStatus.SUCCEEDED
    }


def why_not_passed(
    state: Orchestration, name: TaskName, leg: Leg, outputs: JsonObject, now: datetime
) -> Reason | None:
    """Say why a check that ended well does not pass; an error in `pass-when` is a no, too."""
    if not is_check(name):
        return None
    strategy = definition_of(state.plan.definition, origin_of(name)).strategy
    assert strategy is not None, "only a matrix has waves"
    assert strategy.bake_check is not None, "a round of checks is of a check"
    passing = strategy.bake_check.pass_when
    seen = {f"outputs.{key}": value for key, value in outputs.items()}
    try:
        if evaluate_condition(passing, {**values_for(state, name, now, leg.matrix), **seen}):
            return None
        why = f"`pass-when` does not hold: {passing.source}"
    except ExpressionError as error:
        why = f"`pass-when` has no value: {error}"
    return Reason(code="check-failed", message=why)


def moments(state: Orchestration, name: TaskName) -> Iterator[datetime]:
    """Find the moments at which a wave of a task has baked, or is to be checked."""
    task = state.tasks[name]
    strategy = definition_of(state.plan.definition, name).strategy
    if strategy is None or not task.waves or is_stopped(state, name):
        return
    for wave in strategy.waves:
        progress = task.waves[wave.name]
        if progress.status is not WaveStatus.BAKING:
            continue
        if strategy.bake_check is None:
            yield end_of_bake(wave, progress)
            continue
        due = due_round(strategy.bake_check, wave, progress)
        # What is paused goes on when somebody says so; a round under way tells when it ends.
        is_going = state.status is OrchestrationStatus.RUNNING and not is_held(state)
        if due is not None and is_going and not open_checks(state, name):
            yield due
