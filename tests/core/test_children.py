"""Stories about child orchestrations: started, followed, cancelled, and ended."""

from typing import Any

import pytest

from app.core.commands import CancelChild, StartChild
from app.core.moves import LegStatus, OrchestrationStatus
from app.core.rules import Decision
from app.core.values import OrchestrationId
from tests.kit import build
from tests.kit.build import (
    accepted,
    after,
    asked,
    begun,
    cancelled,
    elapsed,
    ended,
    keys,
    later,
    plan,
    refused,
)
from tests.kit.said import CHILD, child_ended, child_started

L = LegStatus
OTHER: dict[str, Any] = {
    "orchestrate": "acme/other/.github/orchestrations/other.yml@main",
    "with": {"train": "${{ orchestration.number }}"},
}


def test_a_child_is_started_with_its_inputs() -> None:
    """Inputs keep their types: it is no workflow that wants text."""
    decision = begun(plan("go", go=OTHER))
    start = asked(decision, StartChild)[0]

    assert start.target == "acme/other/.github/orchestrations/other.yml@main"
    assert start.inputs == {"train": 1}
    assert start.marker == build.leg(decision.state, "go").attempt.marker


def test_a_child_is_followed_to_its_end() -> None:
    """Its declared outputs are the task's."""
    digest = {"outputs": {"digest": {"type": "string", "required": True}}}
    runs = begun(plan("go; ship: go", go={**OTHER, **digest}), child_started("go"))
    over = after(runs, child_ended("go", outputs={"digest": "d1", "more": 1}))

    assert build.legs(runs.state, "go") == {"": L.RUNNING}
    assert build.leg(runs.state, "go").attempt.summary == "other #1"
    assert build.leg(over.state, "go").outputs == {"digest": "d1"}
    assert keys(over.commands) == ["dispatch/ship/1"]


@pytest.mark.parametrize(
    ("conclusion", "code", "wanted"),
    [
        ("failure", "child-failed", OrchestrationStatus.FAILED),
        ("timed_out", "child-failed", OrchestrationStatus.FAILED),
        ("cancelled", "child-cancelled", OrchestrationStatus.CANCELLED),
    ],
)
def test_a_child_that_ends_badly_is_a_task_that_does(
    conclusion: str, code: str, wanted: OrchestrationStatus
) -> None:
    """Each bad end has its reason."""
    over = begun(plan("go", go=OTHER), child_started("go"), child_ended("go", conclusion))

    assert build.code(over.state, "go") == code
    assert over.state.status is wanted


def test_a_child_without_its_outputs_has_failed() -> None:
    """What is declared must be there."""
    digest = {"outputs": {"digest": {"type": "string", "required": True}}}
    over = begun(plan("go", go={**OTHER, **digest}), child_started("go"), child_ended("go"))

    assert build.code(over.state, "go") == "bad-outputs"


def test_the_end_of_a_child_may_be_heard_first() -> None:
    """What is heard of its beginning afterwards, or twice, changes nothing."""
    over = begun(plan("go; more: go", go=OTHER), child_ended("go"))

    assert build.legs(over.state, "go") == {"": L.SUCCEEDED}
    assert after(over, child_started("go"), child_ended("go", "failure")) == Decision(
        state=over.state
    )


def test_another_child_is_not_ours() -> None:
    """Once it is known who it is, nobody else ends for it."""
    runs = begun(plan("go", go=OTHER), child_started("go"))

    assert after(runs, child_started("go")) == Decision(state=runs.state)
    assert after(runs, child_ended("go", child=OrchestrationId("x"))) == Decision(
        state=runs.state
    )


def test_a_child_that_cannot_be_started_fails_its_task() -> None:
    """For instance because its repository does not consent."""
    over = begun(plan("go", go=OTHER), refused("go", code="no-consent"))

    assert build.code(over.state, "go") == "no-consent"


def test_a_cancelled_parent_cancels_its_child() -> None:
    """It waits for the child's end, and asks once."""
    stops = begun(plan("go", go=OTHER), child_started("go"), cancelled(why="wrong"))
    over = after(stops, child_ended("go", "cancelled"))

    assert asked(stops, CancelChild) == [
        CancelChild(child=CHILD, reason="cancelled by mona: wrong")
    ]
    assert not stops.state.has_ended
    assert over.state.status is OrchestrationStatus.CANCELLED


def test_a_child_may_begin_while_it_is_cancelled() -> None:
    """It is cancelled as soon as it is known."""
    stops = begun(plan("go", go=OTHER), cancelled())
    known = after(stops, child_started("go"))

    assert asked(stops, CancelChild) == []
    assert len(asked(known, CancelChild)) == 1


def test_a_child_that_takes_too_long_is_cancelled() -> None:
    """It is never forced: it has its own grace for what runs in it, and then has failed."""
    runs = begun(plan("go", go={**OTHER, "timeout-minutes": 60}), child_started("go"))
    late = after(runs, elapsed("go", later(hours=1)))
    later_still = after(late, elapsed("go", later(hours=2)))
    over = after(late, child_ended("go", "cancelled", at=later(hours=2)))

    assert len(asked(late, CancelChild)) == 1
    assert asked(later_still, CancelChild) == []
    assert build.code(over.state, "go") == "timed-out"


def test_a_target_that_is_no_definition_fails_the_task() -> None:
    """What comes out of an expression must name one."""
    known = plan(
        "go",
        whole={"inputs": {"where": {"type": "string"}}},
        inputs={"where": "no where"},
        go={"orchestrate": "acme/${{ inputs.where }}/.github/orchestrations/other.yml"},
    )

    assert build.code(begun(known).state, "go") == "expression-failed"


def test_what_has_a_workflow_run_has_no_child() -> None:
    """And the other way round: nonsense changes nothing."""
    going = begun(plan("build; go; gate", go=OTHER, gate={"wait": {"for": "1h"}}))

    for event in (child_started("build"), accepted("go"), ended("go"), refused("gate")):
        assert after(going, event) == Decision(state=going.state)
