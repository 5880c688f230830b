"""Stories about calendars as orchestrations know them: asked, frozen, reviewed, opened."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from app.core.calendar_state import (
    FREEZES_MAX,
    CalendarAsked,
    CalendarDecision,
    CalendarFrozen,
    CalendarLeft,
    CalendarReviewed,
    CalendarState,
    decide_calendar,
    members,
    opening,
    why,
)
from app.core.calendars import Calendar, Span
from app.core.values import Holder, OrchestrationId

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
EVENING = NOON + timedelta(hours=8)
STATE = CalendarState(organization="acme", name="production-freeze")
OPEN = Calendar(name="production-freeze", timezone="UTC")
UNKNOWN = "acme has no calendar production-freeze"


def closed_until(moment: datetime) -> Calendar:
    return replace(OPEN, closed=(Span(starts=NOON, ends=moment, why="Holidays"),))


def asked(name: str = "a", at: datetime = NOON) -> CalendarAsked:
    return CalendarAsked(at=at, orchestration=OrchestrationId(name), holder=Holder("build/"))


def said(decision: CalendarDecision) -> list[tuple[str, bool, datetime | None, str]]:
    return [(who, it.is_open, it.opens_at, it.why) for who, it in decision.told]


def test_an_open_calendar_says_so() -> None:
    """Whoever asks while it is open is answered, and nothing is remembered."""
    decision = decide_calendar(STATE, OPEN, asked())

    assert said(decision) == [("a", True, None, "")]
    assert (decision.state, decision.timer) == (STATE, None)


def test_a_closed_calendar_tells_all_when_it_opens() -> None:
    """All who wait share one timer, and are told again when it elapses."""
    calendar = closed_until(EVENING)
    first = decide_calendar(STATE, calendar, asked("a"))
    second = decide_calendar(first.state, calendar, asked("b"))
    early = decide_calendar(second.state, calendar, CalendarReviewed(at=NOON))
    opened = decide_calendar(second.state, calendar, CalendarReviewed(at=EVENING))

    assert said(first) == [("a", False, EVENING, "Holidays")]
    assert (first.timer, second.timer) == (EVENING, None)
    assert (said(early), early.state) == ([], second.state)
    assert said(opened) == [("a", True, None, ""), ("b", True, None, "")]
    assert opened.state == STATE


def test_whoever_calls_it_by_a_fuller_name_is_answered_by_that() -> None:
    """An orchestration of another organisation."""
    event = CalendarAsked(
        at=NOON,
        orchestration=OrchestrationId("1"),
        holder=Holder("deploy/"),
        called="acme/freeze",
    )
    decision = decide_calendar(CalendarState(organization="acme", name="freeze"), OPEN, event)
    [(_, told)] = decision.told

    assert told.calendar == "acme/freeze"


def test_asking_twice_waits_once() -> None:
    """A holder that asks again is answered again, and told once when it opens."""
    calendar = closed_until(EVENING)
    first = decide_calendar(STATE, calendar, asked())
    second = decide_calendar(first.state, calendar, asked())

    assert said(second) == said(first)
    assert second.state == first.state


def test_an_unknown_calendar_is_closed() -> None:
    """It fails shut and says why; once somebody defines it, those who wait go on."""
    shut = decide_calendar(STATE, UNKNOWN, asked())
    defined = decide_calendar(shut.state, OPEN, CalendarReviewed(at=EVENING))

    assert said(shut) == [("a", False, None, UNKNOWN)]
    assert shut.timer is None
    assert said(defined) == [("a", True, None, "")]


def test_a_policy_that_changes_is_news() -> None:
    """Another opening is told to those who wait, and waited for; removed, it is shut."""
    waits = decide_calendar(STATE, closed_until(EVENING), asked()).state
    later = EVENING + timedelta(days=1)
    moved = decide_calendar(waits, closed_until(later), CalendarReviewed(at=NOON))
    gone = decide_calendar(moved.state, UNKNOWN, CalendarReviewed(at=NOON))

    assert (said(moved), moved.timer) == ([("a", False, later, "Holidays")], later)
    assert (said(gone), gone.timer) == ([("a", False, None, UNKNOWN)], None)


def test_somebody_may_close_it_by_hand() -> None:
    """A freeze closes an open calendar until its moment, and says who and why."""
    freeze = CalendarFrozen(at=NOON, until=EVENING, by="mona", because="the site is down")
    frozen = decide_calendar(STATE, OPEN, freeze).state
    shut = decide_calendar(frozen, OPEN, asked())
    opened = decide_calendar(shut.state, OPEN, CalendarReviewed(at=EVENING))

    reason = "mona closed production-freeze until 2026-11-25 20:00 UTC: the site is down"
    assert said(shut) == [("a", False, EVENING, reason)]
    assert shut.timer == EVENING
    assert said(opened) == [("a", True, None, "")]
    assert opened.state == STATE


def test_a_freeze_and_the_policy_add_up() -> None:
    """It opens where neither closes it; of several freezes the last to end counts."""
    state = STATE
    for hours in (1, 3, 2):
        until = NOON + timedelta(hours=hours)
        freeze = CalendarFrozen(at=NOON, until=until, by="mona", because="")
        state = decide_calendar(state, OPEN, freeze).state

    assert opening(state, OPEN, NOON) == NOON + timedelta(hours=3)
    assert opening(state, closed_until(EVENING), NOON) == EVENING
    assert why(state, OPEN, NOON) == "mona closed production-freeze until 2026-11-25 15:00 UTC"


def test_a_freeze_may_be_lifted() -> None:
    """A moment that has passed ends all freezes, and those who wait are told."""
    freeze = CalendarFrozen(at=NOON, until=EVENING, by="mona", because="")
    state = decide_calendar(STATE, OPEN, freeze).state
    state = decide_calendar(state, OPEN, asked()).state
    lift = CalendarFrozen(at=NOON, until=NOON, by="hubot", because="")

    assert said(decide_calendar(state, OPEN, lift)) == [("a", True, None, "")]


def test_a_freeze_while_others_wait_is_news() -> None:
    """Those who wait for the policy's opening are told that somebody moved it."""
    waits = decide_calendar(STATE, closed_until(NOON + timedelta(hours=1)), asked()).state
    freeze = CalendarFrozen(at=NOON, until=EVENING, by="mona", because="")
    decision = decide_calendar(waits, closed_until(NOON + timedelta(hours=1)), freeze)

    assert [opens for _, _, opens, _ in said(decision)] == [EVENING]
    assert decision.timer == EVENING


def test_freezes_are_bounded() -> None:
    """However many there are, the ones that last longest are kept."""
    state = STATE
    for minutes in range(1, FREEZES_MAX + 5):
        until = NOON + timedelta(minutes=minutes)
        freeze = CalendarFrozen(at=NOON, until=until, by="mona", because="")
        state = decide_calendar(state, OPEN, freeze).state

    assert len(state.freezes) == FREEZES_MAX
    assert opening(state, OPEN, NOON) == NOON + timedelta(minutes=FREEZES_MAX + 4)


def test_an_end_is_no_longer_waited_for() -> None:
    """An orchestration that ended is forgotten."""
    calendar = closed_until(EVENING)
    state = decide_calendar(STATE, calendar, asked("a")).state
    state = decide_calendar(state, calendar, asked("b")).state
    left = CalendarLeft(at=NOON, orchestration=OrchestrationId("a"))

    assert members(decide_calendar(state, calendar, left).state) == {"b"}
