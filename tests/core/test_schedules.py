"""Stories about schedules: ticks in their time zones, missed ones, changed definitions."""

from datetime import UTC, datetime, timedelta

import pytest

from app.core.definition import Schedule
from app.core.schedules import (
    COUNTED_MAX,
    Due,
    ScheduleDecision,
    ScheduleElapsed,
    ScheduleRead,
    ScheduleState,
    decide_schedule,
    next_tick,
    problem_of,
)

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
STATE = ScheduleState(repository_id=1, definition="nightly")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def entry(cron: str, timezone: str = "UTC") -> Schedule:
    return Schedule(cron=cron, timezone=timezone, inputs={})


def read(*entries: Schedule, at: datetime = NOON) -> ScheduleState:
    """Return the state after a definition was read for the first time."""
    return decide_schedule(STATE, ScheduleRead(at=at, schedules=entries)).state


def elapsed(state: ScheduleState, at: datetime) -> ScheduleDecision:
    return decide_schedule(state, ScheduleElapsed(at=at))


@pytest.mark.parametrize(
    ("after", "ticks"),
    [
        # Berlin's clocks go forward on 29 March 2026 at 02:00, back on 25 October at 03:00.
        ("2026-03-28T00:00", ["2026-03-28T01:30", "2026-03-29T01:00", "2026-03-30T00:30"]),
        ("2026-10-24T00:00", ["2026-10-24T00:30", "2026-10-25T00:30", "2026-10-26T01:30"]),
    ],
)
def test_a_night_comes_once_whatever_the_clocks_do(after: str, ticks: list[str]) -> None:
    """What is left out by the clocks comes right after; what comes twice is taken once."""
    found, moment = [], utc(after)
    for _ in ticks:
        following = next_tick("30 2 * * *", "Europe/Berlin", moment)
        assert following is not None
        moment = following
        found.append(moment)

    assert found == [utc(tick) for tick in ticks]


def test_a_tick_starts_something_and_the_next_is_waited_for() -> None:
    """One timer for all entries; each ticks by itself, and says which it is."""
    state = read(entry("0 13 * * *"), entry("0 14 * * *"))
    early = elapsed(state, NOON)
    first = elapsed(state, NOON + timedelta(hours=1))
    second = elapsed(first.state, NOON + timedelta(hours=2))

    assert state.timer == NOON + timedelta(hours=1)
    assert (early.ticks, early.state) == ((), state)
    assert [(it.index, it.is_started, it.missed) for it in first.ticks] == [(0, True, 0)]
    assert [(it.index, it.due) for it in second.ticks] == [(1, NOON + timedelta(hours=2))]
    assert (first.timer, second.timer) == (
        NOON + timedelta(hours=2),
        NOON + timedelta(hours=25),
    )


def test_what_was_missed_is_reported_and_not_made_up_for() -> None:
    """After a long night nothing starts, and it is said how many ticks there were."""
    state = read(entry("0 * * * *"))
    [tick] = elapsed(state, NOON + timedelta(hours=5, minutes=30)).ticks

    assert (tick.is_started, tick.missed) == (False, 5)
    assert tick.missed_since == NOON + timedelta(hours=1)
    assert tick.due == NOON + timedelta(hours=5)


def test_hardly_late_is_not_missed() -> None:
    """Of several recent ticks the last starts something; the others are reported."""
    state = read(entry("*/5 * * * *"))
    [tick] = elapsed(state, NOON + timedelta(minutes=17)).ticks

    assert (tick.is_started, tick.missed) == (True, 2)
    assert tick.due == NOON + timedelta(minutes=15)


def test_a_very_long_absence_is_not_counted_to_its_end() -> None:
    """Missed ticks are counted up to a bound, and the last one still starts something."""
    state = read(entry("* * * * *"))
    [tick] = elapsed(state, NOON + timedelta(days=30)).ticks

    assert (tick.is_started, tick.missed) == (True, COUNTED_MAX)
    assert tick.due == NOON + timedelta(days=30)


def test_a_definition_that_says_the_same_changes_nothing() -> None:
    """Read again while a tick is overdue, the tick is still to come."""
    state = read(entry("0 13 * * *"))
    again = ScheduleRead(at=NOON + timedelta(hours=3), schedules=(entry("0 13 * * *"),))

    assert decide_schedule(state, again) == ScheduleDecision(state=state)


def test_a_definition_that_changes_is_followed() -> None:
    """A new entry counts from now on; one that is gone ticks no more."""
    state = read(entry("0 13 * * *"))
    changed = decide_schedule(state, ScheduleRead(at=NOON, schedules=(entry("30 12 * * *"),)))
    gone = decide_schedule(changed.state, ScheduleRead(at=NOON, schedules=()))

    assert changed.timer == NOON + timedelta(minutes=30)
    assert (gone.state, gone.timer) == (STATE, None)


def test_some_schedules_never_tick() -> None:
    """One that names a day that never comes is waited for by nobody."""
    never = "0 0 */29 2 MON#5"
    state = ScheduleState(
        repository_id=1,
        definition="nightly",
        entries=(Due(cron=never, timezone="UTC", due=None),),
    )

    assert next_tick(never, "UTC", NOON) is None
    assert elapsed(state, NOON) == ScheduleDecision(state=state)


@pytest.mark.parametrize(
    ("cron", "timezone", "said"),
    [
        ("0 0 * * *", "Europe/Berlin", None),
        ("0 0 * *", "UTC", "not five fields"),
        ("* 0 0 * * *", "UTC", "not five fields"),
        ("61 * * * *", "UTC", "Bad minute"),
        ("0 0 31 2 *", "UTC", "Bad day-of-month"),
        ("0 0 * * *", "Mars/Olympus", "no time zone"),
        ("0 0 * * *", "../secret", "no time zone"),
    ],
)
def test_a_wrong_schedule_is_said_to_be(cron: str, timezone: str, said: str | None) -> None:
    """What is wrong is said in words; nothing that people write makes us stumble."""
    found = problem_of(cron, timezone)

    assert found is None if said is None else said in (found or "")
