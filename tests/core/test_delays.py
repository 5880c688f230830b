"""Stories of what GitHub puts off: it is told until when, and is no news once it is done."""

from datetime import timedelta

from app.core.events import DispatchDelayed
from app.core.moves import LegStatus
from app.core.rules import Decision
from app.core.summary import summarise_check
from app.core.telling.waiting import why_leg
from app.core.values import TaskName
from tests.kit import build
from tests.kit.build import REQUESTED, START, accepted, after, attempt, plan

DELAYED = DispatchDelayed(
    at=START,
    attempt=attempt("build"),
    until=START + timedelta(minutes=65),
    message="GitHub's rate limit: GitHub asked us to wait",
)


def said(decision: Decision) -> str:
    """Return why the first task is not running."""
    leg = build.leg(decision.state, "build")
    return why_leg(decision.state, TaskName("build"), leg)


def test_what_is_put_off_says_until_when_and_why() -> None:
    """It stands on the check, and nothing else follows from it."""
    begun = after(plan("build"), REQUESTED)
    delayed = after(begun, DELAYED)

    assert "delayed until" in said(delayed)
    assert "10:05 UTC by GitHub's rate limit" in said(delayed)
    assert "delayed until" in summarise_check(delayed.state).summary
    assert delayed.commands == ()
    assert after(delayed, DELAYED) == Decision(state=delayed.state)


def test_once_it_is_done_it_is_no_longer_put_off() -> None:
    """What is told late of an attempt that GitHub has taken changes nothing."""
    taken = after(plan("build"), REQUESTED, DELAYED, accepted("build"))

    assert build.leg(taken.state, "build").status is LegStatus.QUEUED
    assert "delayed" not in said(taken)
    assert after(taken, DELAYED) == Decision(state=taken.state)
