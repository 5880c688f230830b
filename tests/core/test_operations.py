"""Stories about calls to GitHub and reports, and about jobs that are looked at."""

from typing import Any

import pytest

from app.core.commands import ListJobs, MakeReport, PerformOperation
from app.core.events import ChangeMeasured
from app.core.moves import LegStatus, OrchestrationStatus
from app.core.rules import Decision
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
    reported,
    running,
)
from tests.kit.said import listed, performed

L = LegStatus
ISSUE: dict[str, Any] = {
    "github": "issue.create",
    "with": {"repository": "acme/api", "title": "Train ${{ orchestration.number }}"},
    "outputs": {"number": {"type": "integer", "required": True}},
}


def test_a_call_is_made_with_its_arguments() -> None:
    """What it makes carries the marker, so that it is not made twice."""
    decision = begun(plan("tell", tell=ISSUE))
    call = asked(decision, PerformOperation)[0]

    assert call.operation == "issue.create"
    assert call.arguments == {"repository": "acme/api", "title": "Train 1"}
    assert call.marker == build.leg(decision.state, "tell").attempt.marker


def test_what_a_call_gives_back_can_be_read() -> None:
    """Its outputs are checked like any."""
    ship = {"with": {"issue": "${{ needs.tell.outputs.number }}"}}
    good = begun(
        plan("tell; ship: tell", tell=ISSUE, ship=ship), performed("tell", {"number": 7})
    )
    bad = begun(plan("tell", tell=ISSUE), performed("tell"))

    assert keys(good.commands) == ["dispatch/ship/1"]
    assert build.code(bad.state, "tell") == "bad-outputs"


def test_a_refused_call_fails_its_task() -> None:
    """With GitHub's words."""
    over = begun(plan("tell", tell=ISSUE), refused("tell", code="forbidden"))

    assert build.code(over.state, "tell") == "forbidden"


def test_a_call_that_was_made_was_made() -> None:
    """Also if nobody wants it any more: it cannot be taken back."""
    stops = begun(plan("tell", tell=ISSUE), cancelled())
    made = after(stops, performed("tell", {"number": 7}))
    withdrawn = after(stops, refused("tell", code="withdrawn"))

    assert build.legs(stops.state, "tell") == {"": L.CANCELLING}
    assert made.state.status is OrchestrationStatus.SUCCEEDED
    assert withdrawn.state.status is OrchestrationStatus.CANCELLED


def test_a_call_is_heard_of_once() -> None:
    """Twice is once, and a workflow is no call."""
    made = begun(plan("tell; build", tell=ISSUE), performed("tell", {"number": 7}))

    assert after(made, performed("tell", {"number": 8})) == Decision(state=made.state)
    assert after(made, performed("build")) == Decision(state=made.state)


def test_a_report_is_made() -> None:
    """It ends like a call."""
    decision = begun(plan("proof", proof={"report": {"format": ["json"]}}))
    over = after(decision, performed("proof"))

    assert asked(decision, MakeReport)[0].formats == ("json",)
    assert over.state.status is OrchestrationStatus.SUCCEEDED


# Jobs that must have succeeded.

STRICT = {"require-jobs": ["deploy"]}


def test_a_green_run_is_looked_into() -> None:
    """The jobs that matter are asked for before its end is believed."""
    asks = begun(
        plan("build", build=STRICT), running("build"), ended("build", at=later(minutes=9))
    )
    over = after(asks, listed("build", {"deploy": "success"}, at=later(minutes=9)))

    assert len(asked(asks, ListJobs)) == 1
    assert build.legs(asks.state, "build") == {"": L.RUNNING}
    assert over.state.status is OrchestrationStatus.SUCCEEDED


@pytest.mark.parametrize("jobs", [{"deploy": "skipped"}, {"lint": "success"}, {}])
def test_a_green_run_without_the_job_that_matters_has_failed(jobs: dict[str, str]) -> None:
    """A job that was skipped, or is not there, is no success."""
    over = begun(plan("build", build=STRICT), ended("build"), listed("build", jobs))

    assert build.code(over.state, "build") == "job-not-succeeded"


def test_jobs_are_asked_for_once() -> None:
    """And only those of this run attempt are believed, the first time."""
    asks = begun(plan("build", build=STRICT), ended("build"))
    other = listed("build", {"deploy": "success"}, run_attempt=2)

    assert after(asks, other) == Decision(state=asks.state)
    assert asked(after(asks, reported("build", {"a": 1})), ListJobs) == []


def test_jobs_are_listed_before_outputs_are_missed() -> None:
    """A green run that lacks both waits for the answer, and then for its outputs."""
    image = {"outputs": {"image": {"type": "string", "required": True}}}
    asks = begun(plan("build", build={**STRICT, **image}), ended("build"))
    waits = after(asks, listed("build", {"deploy": "success"}))
    twice = after(waits, listed("build", {"deploy": "skipped"}))
    over = after(waits, elapsed("build", later(minutes=1)))

    assert build.legs(waits.state, "build") == {"": L.RUNNING}
    assert twice == Decision(state=waits.state)
    assert build.code(over.state, "build") == "bad-outputs"


def test_a_red_run_is_not_looked_into() -> None:
    """It has failed, whatever its jobs say."""
    over = begun(plan("build", build=STRICT), ended("build", "failure"))

    assert asked(over, ListJobs) == []
    assert over.state.status is OrchestrationStatus.FAILED


def test_a_run_that_was_too_fast_is_not_believed() -> None:
    """`min-duration` guards against green runs that did nothing."""
    least = {"min-duration": "2m"}
    fast = begun(
        plan("build", build=least),
        running("build"),
        ended("build", at=later(minutes=1)),
    )
    fair = begun(
        plan("build", build=least),
        running("build"),
        ended("build", at=later(minutes=2)),
    )

    assert build.code(fast.state, "build") == "too-fast"
    assert fair.state.status is OrchestrationStatus.SUCCEEDED


def test_whoever_deletes_a_run_that_ended_hides_nothing() -> None:
    """A look-up that is answered late does not undo an end that we have heard."""
    asks = begun(plan("build", build=STRICT), accepted("build"), ended("build"))

    assert after(asks, build.missed("build")) == Decision(state=asks.state)


def test_a_branch_is_measured_once() -> None:
    """What is said of it twice, or after people were asked, changes nothing."""
    schema = {
        "type": "object",
        "required": ["branch"],
        "properties": {"branch": {"type": "string"}},
    }
    agent = {
        "agent": "acme/ai/.github/workflows/propose.yml@main",
        "outputs": {"schema": schema},
        "limits": {"max-files": 5},
    }
    asks = begun(
        plan("mend", mend=agent), reported("mend", {"branch": "ai/mend"}), ended("mend")
    )
    small, large = (
        ChangeMeasured(
            at=build.START, attempt=build.attempt("mend"), files=files, lines=1, paths=()
        )
        for files in (1, 99)
    )
    waits = after(asks, small)

    assert build.legs(waits.state, "mend") == {"": L.AWAITING}
    assert after(waits, large) == Decision(state=waits.state)
