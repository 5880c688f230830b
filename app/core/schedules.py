"""Schedules: when a definition starts by the clock, and what was missed meanwhile.

One small state for each definition that has any, with its own pure decision. A tick that we
come to late, because nobody was there, is reported and not made up for: a night's worth of
ticks at once helps nobody. Only one that is hardly late still starts something, and of
several such only the last.

Cron is read as Debian's cron reads it, on the clock of the schedule's time zone: what is to
be at an hour that a change of clocks leaves out comes right after it, and what is to be at an
hour that comes twice comes once; an hour or minute that starts with `*` follows real time.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TypeAlias, assert_never
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from app.core.definition import Schedule

FIELDS = 5
LATE_MAX = timedelta(minutes=15)
"""How late a tick may come and still count: a restart is no reason to skip a night's work."""
COUNTED_MAX = 1_000
"""Missed ticks that are counted: beyond that nobody wants to know exactly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """One entry of `on.schedule`, and when it ticks next; never, if `due` is `None`."""

    cron: str
    timezone: str
    due: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleState:
    """All entries of one definition; `timer` is the moment that is waited for."""

    repository_id: int
    definition: str
    entries: tuple[Due, ...] = ()
    timer: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRead:
    """The definition was read and says this; nothing, where it is gone."""

    at: datetime
    schedules: tuple[Schedule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleElapsed:
    """A moment came that was waited for."""

    at: datetime


ScheduleEvent: TypeAlias = ScheduleRead | ScheduleElapsed


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """One entry ticked at `due`: it starts something, unless it came too late.

    `missed` counts the ticks that start nothing, of which the first was to be at
    `missed_since`.
    """

    index: int
    cron: str
    timezone: str
    due: datetime
    is_started: bool
    missed: int = 0
    missed_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleDecision:
    """What is so now, what ticked, and when to look again."""

    state: ScheduleState
    ticks: tuple[Tick, ...] = ()
    timer: datetime | None = None


def problem_of(cron: str, timezone: str) -> str | None:
    """Say what is wrong with a schedule, if anything."""
    if len(cron.split()) != FIELDS:
        return f"`{cron}` has not five fields: minute, hour, day, month, day of the week"
    try:
        ZoneInfo(timezone)
    except (KeyError, ValueError, OSError):
        return f"`{timezone}` is no time zone of the IANA database, as `Europe/Berlin` is"
    try:
        CronSim(cron, datetime(2000, 1, 1, tzinfo=UTC))
    # It takes some apart with `assert`, and others by leaving a list empty.
    except (CronSimError, AssertionError, ValueError) as error:
        return f"`{cron}` is no schedule: {error}" if str(error) else f"`{cron}` is no schedule"
    return None


def next_tick(cron: str, timezone: str, after: datetime) -> datetime | None:
    """Return the first tick after a moment; `None` if there is none in fifty years."""
    wall = after.astimezone(ZoneInfo(timezone))
    try:
        return next(CronSim(cron, wall)).astimezone(UTC)
    except StopIteration:
        return None


def decide_schedule(state: ScheduleState, event: ScheduleEvent) -> ScheduleDecision:
    """Take in one event, and say what ticked."""
    match event:
        case ScheduleRead():
            return _with_timer(replace(state, entries=_entries(state, event)))
        case ScheduleElapsed():
            found = [_elapse(index, it, event.at) for index, it in enumerate(state.entries)]
            entries = tuple(entry for entry, _ in found)
            decision = _with_timer(replace(state, entries=entries))
            ticks = tuple(tick for _, tick in found if tick is not None)
            return replace(decision, ticks=ticks)
        case _:
            assert_never(event)


def _entries(state: ScheduleState, event: ScheduleRead) -> tuple[Due, ...]:
    """Return the entries as they are now; those that were there go on as they are."""
    known = {(it.cron, it.timezone): it for it in state.entries}
    return tuple(
        known.get((it.cron, it.timezone))
        or Due(
            cron=it.cron,
            timezone=it.timezone,
            due=next_tick(it.cron, it.timezone, event.at),
        )
        for it in event.schedules
    )


def _elapse(index: int, entry: Due, at: datetime) -> tuple[Due, Tick | None]:
    if entry.due is None or entry.due > at:
        return entry, None
    ticks = [entry.due]
    # Ends: each is later than the one before, and after that many we stop counting.
    while len(ticks) <= COUNTED_MAX:
        following = next_tick(entry.cron, entry.timezone, ticks[-1])
        if following is None or following > at:
            break
        ticks.append(following)
    last = _last_before(entry, ticks[-1], at)
    is_started = at - last <= LATE_MAX
    missed = len(ticks) - is_started
    tick = Tick(
        index=index,
        cron=entry.cron,
        timezone=entry.timezone,
        due=last,
        is_started=is_started,
        missed=missed,
        missed_since=ticks[0] if missed else None,
    )
    return replace(entry, due=next_tick(entry.cron, entry.timezone, at)), tick


def _last_before(entry: Due, counted: datetime, at: datetime) -> datetime:
    """Return the last tick up to a moment; the last that was counted, if that is recent."""
    recent = at - LATE_MAX
    if counted >= recent:
        return counted
    last = counted
    following = next_tick(entry.cron, entry.timezone, recent)
    # At most one a minute, so a quarter of an hour holds few.
    while following is not None and following <= at:
        last = following
        following = next_tick(entry.cron, entry.timezone, following)
    return last


def _with_timer(state: ScheduleState) -> ScheduleDecision:
    due = min((it.due for it in state.entries if it.due is not None), default=None)
    if due == state.timer:
        return ScheduleDecision(state=state)
    return ScheduleDecision(state=replace(state, timer=due), timer=due)
