"""Laws about waves: one after the other, when people say so, and no further than is allowed."""

from app.core.commands import DispatchWorkflow, RerunWorkflowRun
from app.core.definition import Strategy, Wave
from app.core.legs.waves import (
    is_bad,
    is_let_on,
    is_passed,
    is_stopped,
    legs_in,
    open_checks,
    open_rollbacks,
)
from app.core.moves import LegStatus, OrchestrationStatus
from app.core.naming import definition_of, is_check, is_following, origin_of, wave_checked_by
from app.core.rules import ACTIVE, Decision
from app.core.rules.ending import IDLE
from app.core.state import Orchestration, Task, WaveProgress, WaveStatus
from app.core.values import LegKey, TaskName

_W = WaveStatus
BEGUN = (_W.RUNNING, _W.BAKING, _W.PASSED)


def check(before: Orchestration, decision: Decision) -> None:
    """Assert the laws about waves."""
    after = decision.state
    for name, task in after.tasks.items():
        if task is before.tasks.get(name):
            continue
        if is_check(name):
            _check_is_wanted(after, name)
        strategy = definition_of(after.plan.definition, name).strategy
        if task.waves and strategy is not None:
            for wave in strategy.waves:
                _check_wave(task, wave, task.waves[wave.name])
            _check_task(after, name, task)
    for command in decision.commands:
        if isinstance(command, DispatchWorkflow | RerunWorkflowRun):
            _check_turn(after, command.attempt.task, command.attempt.leg)


def _check_wave(task: Task, wave: Wave, progress: WaveProgress) -> None:
    legs = legs_in(task, wave.name)
    if progress.status in (_W.BAKING, _W.PASSED):
        assert all(leg.has_ended for leg in legs), f"{wave.name} is over, and runs"
    if progress.status in (_W.FAILED, _W.STOPPED):
        going = [leg for leg in legs if not leg.has_ended]
        # What people run again on GitHub goes its way.
        assert all(leg.attempts and leg.attempt.is_rerun for leg in going), "over, and runs"
    if progress.status is _W.PASSED:
        assert sum(map(is_bad, legs)) <= wave.max_failures, f"{wave.name} passed too easily"
    if progress.status in BEGUN and wave.approval is not None and legs:
        assert is_let_on(wave.approval, progress.gate), f"{wave.name} began unasked"
    asked = [
        leg
        for leg in legs
        if leg.status in ACTIVE and not (leg.attempts and leg.attempt.is_rerun)
    ]
    assert len(asked) <= (wave.max_parallel or len(asked)), f"{wave.name}: `max-parallel`"


def _check_task(after: Orchestration, name: TaskName, task: Task) -> None:
    is_failing = any(each.status is _W.FAILING for each in task.waves.values())
    idle = [leg.key for leg in task.legs.values() if leg.status in IDLE]
    assert not (is_failing and idle), f"{name} fails, and {idle} may yet begin"
    followers = (*open_checks(after, name), *open_rollbacks(after, name))
    if task.has_ended:
        assert not followers, f"{name} has ended, and {followers} have not"
        assert not any(each.is_open for each in task.waves.values()), f"{name}: open waves"
        return
    is_held = after.paused is not None or after.status is not OrchestrationStatus.RUNNING
    is_baking = any(each.status is _W.BAKING for each in task.waves.values())
    if is_baking and not (is_held or followers or is_stopped(after, name)):
        assert task.timer is not None, f"{name} bakes for ever"


def _check_is_wanted(after: Orchestration, name: TaskName) -> None:
    """A check of a wave that does not bake is stopped at once."""
    going = [leg for leg in after.tasks[name].legs.values() if not leg.has_ended]
    wave = after.tasks[origin_of(name)].waves[wave_checked_by(name)]
    is_stopping = all(leg.status is LegStatus.CANCELLING for leg in going)
    assert wave.status is _W.BAKING or is_stopping, f"{name} is of no use, and goes on"


def _check_turn(after: Orchestration, name: TaskName, leg: LegKey) -> None:
    """A leg begins when its wave's turn has come; what was re-run on GitHub waits for none."""
    strategy = definition_of(after.plan.definition, name).strategy
    if is_following(name) or strategy is None or not strategy.waves:
        return
    task = after.tasks[name]
    wave = task.legs[leg].wave
    if not wave or task.waves[wave].is_again:
        return
    behind = [each for each in _before(strategy, wave) if not _is_done(task.waves[each])]
    assert not behind, f"{name} ({leg}) begins before {behind} have passed"
    assert task.waves[wave].status in (_W.RUNNING, _W.FAILING), f"{wave} has not begun"


def _before(strategy: Strategy, wave: str) -> list[str]:
    names = [each.name for each in strategy.waves]
    return names[: names.index(wave)]


def _is_done(progress: WaveProgress) -> bool:
    return is_passed(progress) or progress.is_again
