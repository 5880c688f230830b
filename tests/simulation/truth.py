"""Belief against truth: what the state says, and what the world really did."""

from app.core.events import Conclusion
from app.core.legs.outcome import GOOD, read_outputs
from app.core.moves import LegStatus
from app.core.state import Attempt, Leg, Orchestration
from app.core.values import TaskName
from tests.kit.world import Run, World

UNTOLD = frozenset({"not-found", "withdrawn", "expression-failed", "bad-matrix"})
"""Reasons for which a leg failed without a workflow run."""


def check_truth(state: Orchestration, world: World) -> None:
    """Assert that nothing was dispatched twice or unasked, and each leg ended as it did."""
    asked = {
        attempt.marker
        for task in state.tasks.values()
        for leg in task.legs.values()
        for attempt in leg.attempts
    }
    assert set(world.dispatches) <= asked, "nothing was dispatched that nobody asked for"
    twice = [marker for marker, count in world.dispatches.items() if count > 1]
    assert not twice, "no workflow is dispatched twice for one attempt"
    for name, task in state.tasks.items():
        for leg in task.legs.values():
            check_leg(state, name, leg, world)


def check_leg(state: Orchestration, name: TaskName, leg: Leg, world: World) -> None:
    """Assert that one leg ended as its workflow run did."""
    run = world.find(leg.attempt.marker) if leg.attempts else None
    if run is None:
        never = leg.status is LegStatus.CANCELLED
        code = leg.reason.code if leg.reason else ""
        assert never or code in UNTOLD, f"{name} is {leg.status} ({code}) without any run"
        return
    attempt = leg.attempt
    assert attempt.workflow_run_id == run.id, f"{name} does not know its workflow run"
    conclusion = run.ends.get(attempt.run_attempt)
    assert conclusion is not None, f"{name} ended, and its workflow run goes on"
    assert attempt.conclusion is conclusion, f"{name} is believed {attempt.conclusion}"
    expected = _expected(state, name, attempt, conclusion, run)
    assert (leg.status is LegStatus.SUCCEEDED) == expected, f"{name}: {leg.reason}"
    if conclusion not in GOOD and conclusion is not Conclusion.CANCELLED:
        assert leg.status is LegStatus.FAILED, f"{name} ended {conclusion}"


def _expected(
    state: Orchestration, name: TaskName, attempt: Attempt, conclusion: Conclusion, run: Run
) -> bool:
    if conclusion not in GOOD:
        return False
    told = run.reports.get(attempt.run_attempt, {})
    _, faults = read_outputs(state.plan.definition.tasks[name].outputs, told)
    return not faults
