"""Stories about waits: for some time, until a moment or a calendar, for something to happen."""

from typing import Any

import pytest

from app.core.commands import AskCalendar, DispatchWorkflow, SetTimer
from app.core.events import CancelRequested, PauseRequested, SkipRequested
from app.core.moves import LegStatus, TaskStatus
from app.core.plan import Cause, Plan
from app.core.values import TaskName
from tests.kit.build import later
from tests.kit.stage import Stage, graph, happening, pull
from tests.kit.states import on, story

WAITING, DONE = LegStatus.AWAITING, LegStatus.SUCCEEDED


GO = {"dispatch": "acme/go/.github/workflows/run.yml@main"}


def waiting(wait: dict[str, Any], *, cause: Cause | None = None) -> Plan:
    """Make a graph of one wait and a task that needs it."""
    return graph({"hold": {"wait": wait}, "go": {"needs": ["hold"], **GO}}, cause=cause)


# For some time.


def test_a_wait_for_some_time_ends_by_itself() -> None:
    """It costs one timer, and what needs it begins when it is over."""
    stage = Stage.of(waiting({"for": "90m"}))
    before = stage.leg("hold").status
    stage.wait(minutes=90)

    assert before is WAITING
    assert later(minutes=90) in [each.due for each in stage.asked(SetTimer)]
    assert stage.leg("hold").status is DONE
    assert len(stage.asked(DispatchWorkflow)) == 1


def test_a_wait_can_be_cancelled_and_skipped() -> None:
    """Nothing is under way, so it ends at once."""
    cancelled, skipped = (Stage.of(waiting({"for": "90m"})) for _ in range(2))
    cancelled.tell(CancelRequested(at=cancelled.now, by="mona", reason=""))
    hold = TaskName("hold")
    skipped.tell(SkipRequested(at=skipped.now, task=hold, by="mona", reason="no time"))

    assert cancelled.status("hold") is TaskStatus.CANCELLED
    assert skipped.status("hold") is TaskStatus.SKIPPED
    assert len(skipped.asked(DispatchWorkflow)) == 1


# Until a moment.


@pytest.mark.parametrize(
    ("until", "minutes", "code"),
    [
        ("2026-11-23T10:00:00Z", 60, ""),
        ("2026-11-23T12:00:00+02:00", 60, ""),
        ("2026-11-23T08:00:00Z", 0, ""),
        ("2026-11-25T08:00:00Z", 120, "timed-out"),
    ],
)
def test_a_moment_is_reached_by_the_clock(until: str, minutes: int, code: str) -> None:
    """One that is past is reached at once; one beyond `max` never is."""
    stage = Stage.of(waiting({"until": until, "max": "2h"}))
    stage.wait(minutes=minutes)

    assert stage.task("hold").has_ended
    assert stage.code("hold") == code


@pytest.mark.parametrize(("at", "code"), [("2026-11-23T10:00:00Z", ""), ("never", "timed-out")])
def test_until_may_be_an_expression(at: str, code: str) -> None:
    """What comes out is a moment or the name of a calendar; an unknown one does not open."""
    cause = happening("push", {"at": at})
    plan = waiting({"until": "${{ event.at }}", "max": "2h"}, cause=cause)
    stage = Stage.of(plan, closed={"never"})
    stage.wait(hours=2)

    assert stage.code("hold") == code


@pytest.mark.parametrize("payload", [{"at": 12}, {}])
def test_until_without_a_value_fails(payload: dict[str, int]) -> None:
    """Neither a moment nor a name: it fails and does not wait for nothing."""
    cause = happening("push", payload)
    stage = Stage.of(waiting({"until": "${{ event.at }}", "max": "2h"}, cause=cause))

    assert stage.code("hold") == "expression-failed"


# Until a calendar opens.


def test_an_open_calendar_is_no_wait() -> None:
    """It is asked, and when it says that it is open the wait is over."""
    stage = Stage.of(waiting({"until": "windows", "max": "7d"}))

    assert [each.calendar for each in stage.asked(AskCalendar)] == ["windows"]
    assert stage.leg("hold").status is DONE
    assert stage.state.passages == {}


def test_a_closed_calendar_is_waited_for_and_not_for_ever() -> None:
    """It says by itself when it opens; after `max` it has not come in time."""
    in_time, too_late = (
        Stage.of(waiting({"until": "windows", "max": "7d"}), closed={"windows"})
        for _ in range(2)
    )
    in_time.open("windows")
    too_late.wait(days=7)

    assert in_time.leg("hold").status is DONE
    assert too_late.code("hold") == "timed-out"
    assert too_late.state.passages == {}


# For something to happen.

CLOSED = "pull_request.closed"
MERGED = "event.pull_request.merged"


def test_what_is_waited_for_ends_the_wait() -> None:
    """Other events do not; who caused it is noted."""
    stage = Stage.of(waiting({"event": CLOSED, "for": "7d"}))
    stage.hear("pull_request.reopened", pull("reopened"))
    before = stage.leg("hold").status
    stage.hear(CLOSED, pull("closed"))
    gate = stage.leg("hold").gate

    assert before is WAITING
    assert stage.leg("hold").status is DONE
    assert gate is not None
    assert gate.by == "hubot"


def test_a_condition_that_does_not_hold_or_has_no_value_waits_on() -> None:
    """Only what it describes ends the wait."""
    stage = Stage.of(waiting({"event": CLOSED, "when": MERGED, "for": "7d"}))
    stage.hear(CLOSED, pull("closed"))
    stage.hear(CLOSED, pull("closed", facts={"merged": False}))
    before = stage.leg("hold").status
    stage.hear(CLOSED, pull("closed", facts={"merged": True}))

    assert before is WAITING
    assert stage.leg("hold").status is DONE


def test_what_does_not_happen_in_time_is_a_failure() -> None:
    """The reason says for how long it was waited for."""
    stage = Stage.of(waiting({"event": CLOSED, "for": "7d"}))
    stage.wait(days=7)
    reason = stage.task("hold").reason

    assert reason is not None
    assert (reason.code, reason.message) == (
        "timed-out",
        "what it waits for did not come within 7 days",
    )


def test_one_event_does_not_end_a_wait_that_it_led_to() -> None:
    """Two waits in a row for the same kind of event take two of them."""
    wait = {"wait": {"event": CLOSED, "for": "7d"}}
    stage = Stage.of(graph({"one": wait, "two": {"needs": ["one"], **wait}}))
    stage.hear(CLOSED, pull("closed"))
    between = stage.status("one"), stage.status("two")
    stage.hear(CLOSED, pull("closed"))

    assert between == (TaskStatus.SUCCEEDED, TaskStatus.RUNNING)
    assert stage.status("two") is TaskStatus.SUCCEEDED


def test_a_wait_hears_also_while_paused() -> None:
    """What ends, ends; only what is new does not begin."""
    stage = Stage.of(waiting({"event": CLOSED, "for": "7d"}))
    stage.tell(PauseRequested(at=stage.now, by="mona", reason=""))
    stage.hear(CLOSED, pull("closed"))

    assert stage.leg("hold").status is DONE
    assert stage.asked(DispatchWorkflow) == []


def test_what_has_ended_hears_nothing() -> None:
    """Neither a wait that is over, nor a whole that is."""
    stage = Stage.of(waiting({"event": CLOSED, "for": "7d"}))
    stage.hear(CLOSED, pull("closed"))
    one = stage.state
    stage.hear(CLOSED, pull("closed"))
    two = stage.state
    stage.run("go")
    over = stage.state
    stage.hear(CLOSED, pull("closed"))

    assert one is two
    assert stage.state is over


# As a state of a machine.


def test_a_state_that_waits_is_led_on_when_it_has() -> None:
    """`wait.elapsed` is when what it waits for has come, and not when it has not."""
    ways = [on("wait.elapsed", "done"), on("timeout", "lost")]
    wait = {"until": "windows", "max": "2d"}
    state = {"wait": wait, "transitions": ways, "timeout-minutes": 7200}
    open_, closed = (Stage.of(story(first=state), closed=each) for each in (set(), {"windows"}))
    closed.wait(days=2)

    assert open_.where == "done"
    assert closed.where == "lost"
    assert closed.end == ("failure", "final-state")


def test_a_state_whose_wait_is_skipped_goes_on() -> None:
    """Who skips a wait takes it for over."""
    ways = [on("wait.elapsed", "done"), on("tasks.failed", "lost")]
    stage = Stage.of(story(first={"wait": {"for": "3d"}, "transitions": ways}))
    name = TaskName("first.1.wait")
    stage.tell(SkipRequested(at=stage.now, task=name, by="mona", reason="no time"))

    assert stage.where == "done"
