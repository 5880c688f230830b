"""Stories about places in concurrency groups, and about calendars that are closed."""

from typing import Any

import pytest

from app.core.commands import AskCalendar, AskSeat, DispatchWorkflow, LeaveSeat
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
)
from tests.kit.said import (
    LOCK,
    granted,
    lost,
    paused,
    queued,
    resumed,
    retried,
    told,
)

L = LegStatus
LAB = {"concurrency": {"group": "lab", "limit": 2, "priority": 3, "queue": "latest"}}
FROZEN = {"freeze": ["freeze"]}


# A task's place.


def test_a_leg_asks_for_its_place_before_it_begins() -> None:
    """It says who asks, how many fit, how urgent it is, and who gives way."""
    decision = begun(plan("build", build=LAB))
    ask = asked(decision, AskSeat)[0]

    assert build.legs(decision.state, "build") == {"": L.BLOCKED}
    assert (ask.lock, ask.limit, ask.priority, ask.queue) == (LOCK, 2, 3, "latest")
    assert ask.who == "train #1 build"


def test_a_granted_place_lets_it_begin_and_its_end_gives_it_back() -> None:
    """The place is held from before the dispatch to the end of the workflow run."""
    goes = begun(plan("build", build=LAB), granted("build"))
    over = after(goes, ended("build"))

    assert keys(goes.commands) == ["dispatch/build/1"]
    assert asked(over, LeaveSeat) == [LeaveSeat(holder=build_holder(), lock=LOCK)]


def build_holder() -> Any:
    return granted("build").holder


def test_a_full_group_says_who_is_ahead() -> None:
    """What it says is kept for people, until the place is there."""
    waits = begun(plan("build", build=LAB), queued("build", 2))
    moves = after(waits, queued("build", 1))
    goes = after(moves, granted("build"))

    assert waits.state.seats[build_holder()].position == 2
    assert waits.state.seats[build_holder()].ahead == "a #1"
    assert moves.state.seats[build_holder()].position == 1
    assert goes.state.seats[build_holder()].position == 0


def test_a_place_is_granted_once() -> None:
    """What a group says late, twice, or of another group changes nothing."""
    waits = begun(plan("build", build=LAB), queued("build"))
    goes = after(waits, granted("build"))

    assert after(waits, queued("build")) == Decision(state=waits.state)
    assert after(goes, granted("build")) == Decision(state=goes.state)
    assert after(goes, queued("build")) == Decision(state=goes.state)
    assert after(waits, granted("build", lock="repository/1/other")) == Decision(
        state=waits.state
    )
    assert after(waits, granted("nothing")) == Decision(state=waits.state)


def test_who_waits_and_is_cancelled_stops_waiting() -> None:
    """Nothing has begun: it ends at once."""
    over = begun(plan("build", build=LAB), cancelled())

    assert over.state.status is OrchestrationStatus.CANCELLED
    assert len(asked(over, LeaveSeat)) == 1


def test_a_place_is_kept_between_two_attempts() -> None:
    """It is given back when the leg has ended, and not when an attempt has."""
    retry = {"retry": {"max-attempts": 2, "backoff": {"initial": "30s"}}}
    rests = begun(
        plan("build", build={**LAB, **retry}), granted("build"), ended("build", "failure")
    )
    second = after(rests, elapsed("build", later(minutes=1)))

    assert asked(rests, LeaveSeat) == []
    assert keys(second.commands) == ["dispatch/build/2"]


def test_each_leg_has_a_place_of_its_own() -> None:
    """A group may be named by the leg."""
    strategy = {"strategy": {"matrix": {"n": ["a", "b"]}}}
    group = {"concurrency": "lab-${{ matrix.n }}"}
    decision = begun(plan("test", test={**strategy, **group}))

    assert [each.lock for each in asked(decision, AskSeat)] == [
        "repository/1/lab-a",
        "repository/1/lab-b",
    ]


@pytest.mark.parametrize(
    "concurrency",
    [
        {"group": "${{ needs.size.outputs.name }}"},
        {"group": "lab", "priority": "${{ needs.size.outputs.rank }}"},
    ],
)
def test_a_group_without_a_name_fails_the_leg(concurrency: dict[str, Any]) -> None:
    """Where a group or a priority has no value, nothing begins."""
    size = {"outputs": {"name": {"type": "string"}, "rank": {"type": "integer"}}}
    known = plan("size; test: size", size=size, test={"concurrency": concurrency})
    decision = begun(known, ended("size"), elapsed("size", later(minutes=1)))

    assert build.code(decision.state, "test") == "expression-failed"
    assert asked(decision, AskSeat) == []


def test_a_priority_is_a_whole_number() -> None:
    """What comes out as anything else fails the leg."""
    size = {"outputs": {"found": {"type": "object"}}}
    rank = {"concurrency": {"group": "lab", "priority": "${{ needs.size.outputs.found.rank }}"}}
    known = plan("size; test: size", size=size, test=rank)
    decision = begun(known, reported("size", {"found": {"rank": "high"}}), ended("size"))
    reason = decision.state.tasks[build.attempt("test").task].reason

    assert reason is not None
    assert reason.message == "the priority came out as 'high'; it must be an integer"


@pytest.mark.parametrize("name", ["", "x" * 201])
def test_a_group_has_a_name_of_bounded_length(name: str) -> None:
    """What comes out empty or too long is a failure."""
    known = plan(
        "test",
        whole={"inputs": {"group": {"type": "string"}}},
        inputs={"group": name},
        test={"concurrency": "${{ inputs.group }}"},
    )

    assert build.code(begun(known).state, "test") == "expression-failed"


# A place that is lost.


def test_who_waits_gives_up_when_somebody_newer_comes() -> None:
    """With `queue: latest` only the newest keeps waiting."""
    decision = begun(plan("build", build=LAB), lost("build"))

    assert build.code(decision.state, "build") == "superseded"
    assert decision.state.status is OrchestrationStatus.CANCELLED


def test_who_holds_is_cancelled_when_somebody_newer_comes() -> None:
    """The place is given back when the workflow run has ended."""
    stops = begun(plan("build", build=LAB), granted("build"), accepted("build"), lost("build"))
    over = after(stops, ended("build", "cancelled"))

    assert keys(stops.commands) == ["cancel/build/1"]
    assert after(stops, lost("build")) == Decision(state=stops.state)
    assert len(asked(over, LeaveSeat)) == 1
    assert build.code(over.state, "build") == "superseded"


def test_the_whole_is_cancelled_when_it_loses_its_place() -> None:
    """Waiting or running, a newer one takes its place, once."""
    waits = begun(plan("build", whole=LAB))
    over = after(waits, lost(""))
    runs = after(waits, granted(""), accepted("build"), lost(""))

    assert over.state.status is OrchestrationStatus.CANCELLED
    assert build.code(over.state) == "superseded"
    assert keys(runs.commands) == ["cancel/build/1"]
    assert after(runs, lost("")) == Decision(state=runs.state)


# The place of the whole.


def test_the_whole_waits_for_its_place() -> None:
    """Nothing begins before, and its end gives it back."""
    waits = begun(plan("build", whole=LAB))
    goes = after(waits, granted(""))
    over = after(goes, ended("build"))

    assert waits.state.status is OrchestrationStatus.BLOCKED
    assert asked(waits, DispatchWorkflow) == []
    assert keys(goes.commands) == ["dispatch/build/1"]
    assert len(asked(over, LeaveSeat)) == 1


def test_what_was_paused_while_it_waited_keeps_its_place() -> None:
    """It begins when it is resumed."""
    held = begun(plan("build", whole=LAB), paused(), granted(""))

    assert asked(held, DispatchWorkflow) == []
    assert keys(after(held, resumed()).commands) == ["dispatch/build/1"]


def test_a_whole_whose_group_has_no_name_fails() -> None:
    """It says why, and nothing begins."""
    known = plan("build", whole={"concurrency": "${{ event.number }}"})
    decision = begun(known)

    assert decision.state.status is OrchestrationStatus.FAILED
    assert build.code(decision.state) == "expression-failed"


# Calendars.


def test_a_dispatch_waits_for_each_calendar() -> None:
    """Closed it waits, without a place and without failing; open it goes."""
    waits = begun(plan("build", whole=FROZEN, build=LAB), told("build", is_open=False))
    asks = after(waits, told("build", is_open=True, at=later(hours=3)))
    goes = after(asks, granted("build", at=later(hours=3)))

    assert build.legs(waits.state, "build") == {"": L.BLOCKED}
    assert waits.commands == ()
    assert len(asked(asks, AskSeat)) == 1
    assert keys(goes.commands) == ["dispatch/build/1"]


def test_all_calendars_must_be_open() -> None:
    """One that is closed is enough to wait; afterwards the others are asked again."""
    known = plan("build", whole={"freeze": ["freeze", "nights"]})
    one = begun(known, told("build", is_open=True))
    both = after(one, told("build", is_open=True, calendar="nights"))
    late = after(one, told("build", is_open=True, calendar="nights", at=later(hours=1)))

    assert one.commands == ()
    assert keys(both.commands) == ["dispatch/build/1"]
    assert len(asked(late, AskCalendar)) == 2
    assert after(one, told("build", is_open=True)) == Decision(state=one.state)


def test_what_a_calendar_said_is_soon_out_of_date() -> None:
    """Whoever had to wait for a place, or was paused, asks again."""
    known = plan("build", whole=FROZEN, build=LAB)
    waits = begun(known, told("build", is_open=True))
    late = after(waits, granted("build", at=later(minutes=2)))
    held = begun(plan("build", whole=FROZEN), paused(), told("build", is_open=True))

    assert keys(late.commands) == ["ask-calendar/freeze/build/"]
    resumed_late = after(held, resumed(at=later(days=1)))
    assert keys(resumed_late.commands) == ["ask-calendar/freeze/build/"]


def test_a_second_try_asks_the_calendar_again() -> None:
    """What was open for the first attempt may be closed for the next."""
    known = plan("build", whole=FROZEN)
    failed = begun(known, told("build", is_open=True), refused("build"))
    asks = after(failed, retried("build"))

    assert keys(asks.commands) == ["ask-calendar/freeze/build/"]
    assert asks.state.passages.keys() == {build_holder()}


def test_who_waits_for_a_calendar_can_be_cancelled() -> None:
    """Nothing is left of its waiting."""
    over = begun(plan("build", whole=FROZEN), told("build", is_open=False), cancelled())

    assert over.state.status is OrchestrationStatus.CANCELLED
    assert over.state.passages == {}


def test_nobody_is_told_of_a_calendar_that_nobody_asked() -> None:
    """An answer for somebody else changes nothing."""
    going = begun(plan("build"))

    assert after(going, told("build", is_open=True)) == Decision(state=going.state)
