"""Calendars: when work may begin, as values, and the pure questions that can be asked of them.

A calendar without `open` is open except when one of its `closed` windows holds; with `open`
it is closed except in those, less the closed ones. A window holds from its beginning up to,
and without, its end. How calendars are written is in docs/policy.md, how they are read in
`app.core.policies`; what an orchestration does while one is closed is not said here.

Wall clocks are changed twice a year. A time that exists twice is taken so that the calendar
is rather closed: a closing begins at the first and ends at the second, an opening the other
way round. A time that does not exist is the moment at which the clocks jump over it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

HORIZON = timedelta(days=400)
"""How far ahead an opening is looked for: a year, and whoever plans it in time."""

MINUTES_OF_WEEK = 7 * 24 * 60
_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A window that comes once; its ends are moments, not times of a wall clock."""

    starts: datetime
    ends: datetime
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weekly:
    """A window that comes every week, in minutes since Monday 00:00 on the calendar's clock.

    It goes over the end of the week where it ends before it starts. `text` is how it was
    written.
    """

    starts: int
    ends: int
    text: str
    why: str = ""


Window: TypeAlias = Span | Weekly


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """When something may begin; `timezone` is a name of the IANA database."""

    name: str
    timezone: str
    closed: tuple[Window, ...] = ()
    open: tuple[Window, ...] = ()


@dataclass(frozen=True, slots=True)
class _Spell:
    """A window as it falls once, as moments in UTC."""

    starts: datetime
    ends: datetime
    why: str

    def holds(self, at: datetime) -> bool:
        return self.starts <= at < self.ends


@dataclass(frozen=True, slots=True)
class _Stretch:
    """The spells of a calendar that touch a stretch of time."""

    closed: tuple[_Spell, ...]
    open: tuple[_Spell, ...]
    is_limited: bool

    def is_open(self, at: datetime) -> bool:
        if any(spell.holds(at) for spell in self.closed):
            return False
        return not self.is_limited or any(spell.holds(at) for spell in self.open)


def is_open(calendar: Calendar, at: datetime) -> bool:
    """Tell whether work may begin at a moment."""
    return _stretch(calendar, at, at).is_open(at)


def next_change(calendar: Calendar, at: datetime) -> datetime | None:
    """Return when the calendar next opens or closes, after `at` and within `HORIZON`."""
    is_now = is_open(calendar, at)
    since = at
    # A week at a time: the next change is rarely far, and the year behind it costs nothing.
    while since < at + HORIZON:
        until = min(since + _WEEK, at + HORIZON)
        stretch = _stretch(calendar, since, until)
        spells = (*stretch.closed, *stretch.open)
        edges = {edge for spell in spells for edge in (spell.starts, spell.ends)}
        for edge in sorted(edges):
            if since < edge <= until and stretch.is_open(edge) is not is_now:
                return edge
        since = until
    return None


def next_opening(calendar: Calendar, at: datetime) -> datetime | None:
    """Return when work may begin: `at` itself if it may, `None` if not within `HORIZON`."""
    return at if is_open(calendar, at) else next_change(calendar, at)


def why_closed(calendar: Calendar, at: datetime) -> str:
    """Say for people why the calendar is closed at a moment; nothing where it is open."""
    stretch = _stretch(calendar, at, at)
    holding = [spell for spell in stretch.closed if spell.holds(at)]
    if holding:
        # Of several, the one that lasts longest: the others' ends would open nothing.
        return max(holding, key=lambda spell: spell.ends).why
    if stretch.is_open(at):
        return ""
    windows = " and ".join(_said(window, calendar) for window in calendar.open)
    return f"{calendar.name} is open only {windows}"


def moment(wall: datetime, zone: ZoneInfo, *, is_late: bool) -> datetime:
    """Return in UTC when a wall clock shows a time; `is_late` takes the later of two."""
    first = wall.replace(tzinfo=zone, fold=0)
    second = wall.replace(tzinfo=zone, fold=1)
    early, late = first.astimezone(UTC), second.astimezone(UTC)
    if early <= late:
        return late if is_late else early
    # In a gap the two stand before and behind the jump: find it, to the second.
    before, after = late, early
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=int((after - before).total_seconds()) // 2)
        if middle.astimezone(zone).replace(tzinfo=None) < wall:
            before = middle
        else:
            after = middle
    return after


def _stretch(calendar: Calendar, since: datetime, until: datetime) -> _Stretch:
    zone = ZoneInfo(calendar.timezone)
    return _Stretch(
        closed=_spells(calendar.closed, calendar, zone, since, until),
        open=_spells(calendar.open, calendar, zone, since, until),
        is_limited=bool(calendar.open),
    )


def _spells(
    windows: tuple[Window, ...],
    calendar: Calendar,
    zone: ZoneInfo,
    since: datetime,
    until: datetime,
) -> tuple[_Spell, ...]:
    found: list[_Spell] = []
    for window in windows:
        why = window.why or f"{calendar.name} is closed {_said(window, calendar)}"
        if isinstance(window, Span):
            found.append(_Spell(window.starts, window.ends, why))
        else:
            is_closing = windows is calendar.closed
            found += _weeks(window, zone, since, until, is_closing=is_closing, why=why)
    return tuple(spell for spell in found if spell.starts <= until and since <= spell.ends)


def _weeks(
    window: Weekly,
    zone: ZoneInfo,
    since: datetime,
    until: datetime,
    *,
    is_closing: bool,
    why: str,
) -> Iterator[_Spell]:
    local = since.astimezone(zone).replace(tzinfo=None)
    midnight = datetime(local.year, local.month, local.day)  # noqa: DTZ001 - a wall clock's
    monday = midnight - timedelta(days=local.weekday()) - _WEEK
    length = (window.ends - window.starts) % MINUTES_OF_WEEK
    # From the week before, whose window may not be over, to that in which the stretch ends.
    for week in range((until - since) // _WEEK + 4):
        start = monday + week * _WEEK + timedelta(minutes=window.starts)
        end = start + timedelta(minutes=length)
        yield _Spell(
            moment(start, zone, is_late=not is_closing),
            moment(end, zone, is_late=is_closing),
            why,
        )


def _said(window: Window, calendar: Calendar) -> str:
    if isinstance(window, Weekly):
        return window.text
    zone = ZoneInfo(calendar.timezone)
    starts, ends = (
        each.astimezone(zone).strftime("%Y-%m-%d %H:%M")
        for each in (window.starts, window.ends)
    )
    return f"from {starts} to {ends}"
