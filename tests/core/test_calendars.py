"""Calendars: when they are open, when that changes, and why; also where clocks jump."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.calendars import (
    HORIZON,
    Calendar,
    Span,
    is_open,
    moment,
    next_change,
    next_opening,
    why_closed,
)
from app.core.parse import read_document
from app.core.policies.calendars import read_calendars, read_weekly
from app.core.reading.reader import Reader

BERLIN = ZoneInfo("Europe/Berlin")


def calendar(text: str) -> Calendar:
    """Read one calendar that must be right, written in one line."""
    reader = Reader()
    node = read_document(f"it: {{timezone: Europe/Berlin, {text}}}", reader)
    assert node is not None
    found = read_calendars(reader, node)
    assert reader.problems == []
    return found["it"]


def at(text: str) -> datetime:
    """Read a moment on Berlin's clock."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


def wall(moment_: datetime | None) -> str:
    """Write a moment on Berlin's clock."""
    return moment_.astimezone(BERLIN).strftime("%a %m-%d %H:%M") if moment_ else "never"


HOLIDAYS = (
    "closed: [{from: 2026-12-20T00:00, to: 2027-01-03T00:00, why: Holidays}, "
    "{weekly: 'Fri 16:00 - Mon 08:00', why: Weekend}]"
)
TUESDAYS = "open: [{weekly: 'Tue 20:00 - Tue 23:00'}]"


@pytest.mark.parametrize(
    ("text", "when", "why", "opens"),
    [
        (HOLIDAYS, "2026-11-25T12:00", "", "Wed 11-25 12:00"),
        (HOLIDAYS, "2026-11-27T16:00", "Weekend", "Mon 11-30 08:00"),
        (HOLIDAYS, "2026-11-30T07:59", "Weekend", "Mon 11-30 08:00"),
        (HOLIDAYS, "2026-11-30T08:00", "", "Mon 11-30 08:00"),
        # The holidays end on a Sunday, when it is closed for another reason.
        (HOLIDAYS, "2026-12-22T12:00", "Holidays", "Mon 01-04 08:00"),
        (HOLIDAYS, "2027-01-02T12:00", "Weekend", "Mon 01-04 08:00"),
        (TUESDAYS, "2026-11-24T21:00", "", "Tue 11-24 21:00"),
        (TUESDAYS, "2026-11-24T23:00", "it is open only Tue 20:00 - Tue 23:00", None),
        (
            TUESDAYS + ", closed: [{from: 2026-11-24T00:00, to: 2026-11-25T00:00}]",
            "2026-11-24T21:00",
            "it is closed from 2026-11-24 00:00 to 2026-11-25 00:00",
            "Tue 12-01 20:00",
        ),
        ("closed: [{weekly: 'Sun 22:00 - Sun 23:00'}]", "2026-11-29T22:30", None, None),
    ],
)
def test_a_calendar_says_when_and_why(
    text: str, when: str, why: str | None, opens: str | None
) -> None:
    """It is open except in its closed windows, or only in its open ones less the closed."""
    known = calendar(text)
    now = at(when)

    assert is_open(known, now) is (why == "")
    assert why is None or why_closed(known, now) == why
    assert opens is None or wall(next_opening(known, now)) == opens


def test_a_calendar_that_does_not_open_within_the_horizon_never_does() -> None:
    """A closing for two years has no next opening, nor has one that never changes."""
    closed = calendar("closed: [{from: 2026-01-01T00:00, to: 2028-01-01T00:00}]")
    both = calendar(
        "open: [{weekly: 'Tue 20:00 - Tue 23:00'}], closed: [{weekly: 'Tue 19:00 - Tue 23:30'}]"
    )

    assert next_opening(closed, at("2026-02-01T00:00")) is None
    assert next_opening(both, at("2026-02-01T00:00")) is None
    assert next_change(calendar(HOLIDAYS), at("2026-11-25T12:00")) == at("2026-11-27T16:00")


def test_a_window_over_the_end_of_the_week_goes_on() -> None:
    """Saturday to Tuesday is one window, seen from each of its days."""
    known = calendar("closed: [{weekly: 'Saturday 10:00 - Tue 10:00'}]")

    days = ("28", "29", "30")
    assert [is_open(known, at(f"2026-11-{day}T12:00")) for day in days] == [False] * 3
    assert not is_open(known, at("2026-12-01T09:59"))
    assert is_open(known, at("2026-12-01T10:00"))


def test_an_hour_that_comes_twice_is_rather_closed() -> None:
    """On 25 October 2026 it is twice half past two: closings take both, openings neither."""
    closed = calendar("closed: [{weekly: 'Sun 02:30 - Sun 02:45'}]")
    opened = calendar("open: [{weekly: 'Sun 02:30 - Sun 04:00'}]")
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)

    assert [is_open(closed, first + timedelta(minutes=m)) for m in (-1, 0, 60, 74, 75)] == [
        True, False, False, False, True,
    ]  # fmt: skip
    assert [is_open(opened, first + timedelta(minutes=m)) for m in (0, 59, 60, 150)] == [
        False, False, True, False,
    ]  # fmt: skip


def test_an_hour_that_does_not_come_is_the_jump() -> None:
    """On 29 March 2026 clocks go from two to three: half past two is that moment."""
    jump = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    known = calendar("closed: [{weekly: 'Sun 02:30 - Sun 06:00'}]")
    empty = calendar("open: [{weekly: 'Sun 02:10 - Sun 02:50'}]")

    assert moment(datetime(2026, 3, 29, 2, 30), BERLIN, is_late=True) == jump  # noqa: DTZ001
    assert is_open(known, jump - timedelta(seconds=1))
    assert not is_open(known, jump)
    assert next_opening(empty, jump) == at("2026-04-05T02:10")


def test_a_day_that_a_country_leaves_out_is_a_jump_too() -> None:
    """Samoa had no 30 December 2011."""
    apia = ZoneInfo("Pacific/Apia")
    known = moment(datetime(2011, 12, 30, 12), apia, is_late=False)  # noqa: DTZ001

    assert known == datetime(2011, 12, 30, 10, tzinfo=UTC)


_MINUTES = st.integers(0, 7 * 24 - 1)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def _weekly(starts: int, ends: int) -> str:
    one, other = (f"{_DAYS[each // 24]} {each % 24:02}:00" for each in (starts, ends))
    return f"{one} - {other}"


@given(
    st.lists(st.tuples(_MINUTES, _MINUTES).filter(lambda pair: pair[0] != pair[1]), max_size=3),
    st.lists(st.tuples(_MINUTES, _MINUTES).filter(lambda pair: pair[0] != pair[1]), max_size=3),
    st.integers(0, 366 * 48),
)
def test_the_next_change_is_the_first_moment_that_differs(
    closed: list[tuple[int, int]], opened: list[tuple[int, int]], half_hours: int
) -> None:
    """Looking every half hour finds no change that the calendar did not foretell."""
    windows = [
        tuple(filter(None, (read_weekly(_weekly(*pair)) for pair in pairs)))
        for pairs in (closed, opened)
    ]
    known = Calendar(name="it", timezone="Europe/Berlin", closed=windows[0], open=windows[1])
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=30 * half_hours)
    change = next_change(known, now)

    is_now = is_open(known, now)
    step = timedelta(minutes=30)
    seen = (now + step * each for each in range(1, 2 * 24 * 8))
    first = next((each for each in seen if is_open(known, each) is not is_now), None)
    if change is None or change > now + timedelta(days=7):
        assert first is None or first == change
    else:
        assert first == change


def test_a_window_of_a_freeze_can_be_added() -> None:
    """What `/freeze until` says is one more span."""
    now = at("2026-11-25T12:00")
    freeze = Span(starts=now, ends=now + timedelta(hours=2), why="The database is moving")
    known = Calendar(name="it", timezone="UTC", closed=(freeze,))

    assert why_closed(known, now) == "The database is moving"
    assert next_opening(known, now) == now + timedelta(hours=2)
    assert next_change(known, now + timedelta(hours=2)) is None
    assert timedelta(days=366) < HORIZON


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[]", "wrong-type"),
        ("{it: yes}", "wrong-type"),
        ("{it: {closed: [{weekly: 'Fri 16:00 - Mon 08:00'}]}}", "missing-key"),
        ("{it: {timezone: UTC}}", "missing-key"),
        ("{a/b: {timezone: UTC, open: [{weekly: 'Fri 16:00 - Mon 08:00'}]}}", "wrong-value"),
        ("{it: {timezone: 5, open: [{weekly: 'Fri 16:00 - Mon 08:00'}]}}", "wrong-type"),
        ("{it: {timezone: Mars, open: [{weekly: 'Fri 16:00 - Mon 08:00'}]}}", "wrong-value"),
        ("{it: {timezone: ../UTC, open: [{weekly: 'Fri 16:00 - Mon 08:00'}]}}", "wrong-value"),
        ("{it: {timezone: Europe, open: [{weekly: 'Fri 16:00 - Mon 08:00'}]}}", "wrong-value"),
        ("{it: {timezone: UTC, closed: yes}}", "wrong-type"),
        ("{it: {timezone: UTC, closed: []}}", "wrong-value"),
        ("{it: {timezone: UTC, closed: [5]}}", "wrong-type"),
        ("{it: {timezone: UTC, closed: [{weekly: 5}]}}", "wrong-type"),
        ("{it: {timezone: UTC, closed: [{weekly: 'Fri - Mon'}]}}", "wrong-value"),
        ("{it: {timezone: UTC, closed: [{weekly: 'Frx 16:00 - Mon 08:00'}]}}", "wrong-value"),
        ("{it: {timezone: UTC, closed: [{weekly: 'Mon 08:00 - Mon 08:00'}]}}", "wrong-value"),
        ("{it: {timezone: UTC, closed: [{weekly: 'Mon 24:00 - Tue 08:00'}]}}", "wrong-value"),
        ("{it: {timezone: UTC, closed: [{why: x}]}}", "missing-key"),
        ("{it: {timezone: UTC, closed: [{from: 2026-01-01T00:00}]}}", "missing-key"),
        ("{it: {timezone: UTC, closed: [{from: 2026, to: 2027}]}}", "wrong-type"),
        ("{it: {timezone: UTC, closed: [{from: soon, to: 2027-01-01}]}}", "wrong-value"),
        ("{it: {timezone: UTC, closed: [{from: 0001-01-01, to: 2027-01-01}]}}", "wrong-value"),
        ("{it: {timezone: UTC, closed: [{from: 2027-01-01, to: 2026-01-01}]}}", "wrong-value"),
        (
            "{it: {timezone: UTC, closed: [{weekly: 'Fri 16:00 - Mon 08:00', from: x}]}}",
            "conflicting-keys",
        ),
        ("{it: {timezone: UTC, shut: [], open: [{weekly: 'Fri 16:00 - Sat 08:00'}]}}",
         "unknown-key"),
        ("{it: {timezone: UTC, closed: [" + "{from: a, to: b}, " * 51 + "]}}", "too-many"),
        ("{" + "".join(f"c{each}: {{}}, " for each in range(51)) + "}", "too-many"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_calendar_is_a_problem_with_its_remedy(text: str, code: str) -> None:
    """Nothing is guessed: what is not understood is refused with what to write instead."""
    reader = Reader()
    node = read_document(text, reader)
    assert node is not None
    read_calendars(reader, node)

    assert reader.problems[0].code == code
    assert reader.problems[0].hint


def test_a_moment_may_have_an_offset() -> None:
    """A moment with `Z` or an offset is that moment, whatever the zone."""
    known = calendar("closed: [{from: 2026-12-20T00:00Z, to: '2026-12-20T03:00:00+02:00'}]")

    assert known.closed[0] == Span(
        starts=datetime(2026, 12, 20, tzinfo=UTC), ends=datetime(2026, 12, 20, 1, tzinfo=UTC)
    )
