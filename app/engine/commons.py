"""What orchestrations share, within one batch: locks, calendars and schedules.

Each is loaded before it is told anything, and what becomes of it is put into the batch.
"""

import json
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Final, TypeAlias

import structlog

from app.core.calendar_state import (
    CalendarAsked,
    CalendarFrozen,
    CalendarLeft,
    CalendarReviewed,
    CalendarState,
    decide_calendar,
)
from app.core.calendars import Calendar
from app.core.events import Event
from app.core.hearing.asking import TICK
from app.core.locks import AllSeatsLeft, Lock, SeatAsked, SeatLeft, decide_lock
from app.core.schedules import (
    ScheduleElapsed,
    ScheduleRead,
    ScheduleState,
    Tick,
    decide_schedule,
)
from app.core.shared import CALENDAR, SCHEDULE, Shared, is_idle, members_of, new_shared
from app.core.values import OrchestrationId
from app.engine.letters import SharedEvent, ToOrchestration
from app.engine.rows import timer
from app.ports import Batch, Delivery, SavedShared, SharedChange, Store

CalendarOf: TypeAlias = Callable[[str, str], Calendar | str]
"""What the policy of an organization says of a calendar, or why it says nothing."""
MICROSECONDS: Final = 1_000_000

log = structlog.get_logger(__name__)


class Commons:
    """Locks, calendars and schedules as they are now in one batch."""

    def __init__(self, *, now: datetime, batch: Batch, calendar_of: CalendarOf) -> None:
        self._now = now
        self._batch = batch
        self._calendar_of = calendar_of
        self._loaded: dict[str, SavedShared | None] = {}
        self._states: dict[str, Shared] = {}

    async def fetch(self, subjects: Collection[str], store: Store) -> None:
        """Load those of these that are not at hand."""
        if missing := [each for each in subjects if each not in self._loaded]:
            found = await store.shared(missing)
            self._loaded.update({each: found.get(each) for each in missing})

    def take(self, subject: str, event: SharedEvent) -> list[ToOrchestration]:
        """Take an event in; return what is to be told to whom."""
        before = self._state(subject)
        match before, event:
            case Lock(), SeatAsked() | SeatLeft() | AllSeatsLeft():
                after, answers = decide_lock(before, event)
                self._states[subject] = after
                return [_letter(*answer) for answer in answers]
            case (
                CalendarState(),
                CalendarAsked() | CalendarLeft() | CalendarFrozen() | CalendarReviewed(),
            ):
                calendar = self._calendar_of(before.organization, before.name)
                told = decide_calendar(before, calendar, event)
                self._states[subject] = told.state
                self._set_timer(subject, told.timer)
                return [_letter(*answer) for answer in told.told]
            case ScheduleState(), ScheduleRead() | ScheduleElapsed():
                ticked = decide_schedule(before, event)
                self._states[subject] = ticked.state
                self._set_timer(subject, ticked.timer)
                for tick in ticked.ticks:
                    self._tick(before, tick)
                return []
        raise AssertionError(f"{type(event).__name__} is nothing for {subject}")

    def elapsed(self, subject: str, at: datetime) -> SharedEvent:
        """Return the event that a timer of one of these is."""
        assert subject.startswith((CALENDAR, SCHEDULE)), f"{subject} sets no timers"
        is_calendar = subject.startswith(CALENDAR)
        return CalendarReviewed(at=at) if is_calendar else ScheduleElapsed(at=at)

    def shared_by(self, id_: OrchestrationId) -> list[str]:
        """Return the names of all at hand that an orchestration has a share in."""
        return [name for name, state in self._states.items() if id_ in members_of(state)]

    def close(self) -> None:
        """Put what has changed into the batch."""
        for subject, state in sorted(self._states.items()):
            saved = self._loaded[subject]
            kept = None if is_idle(state) else state
            if kept == (saved.state if saved else None):
                continue
            # Versions of states that were dropped must not come again: whoever decided on
            # one of them would not be found out.
            fresh = int(self._now.timestamp() * MICROSECONDS)
            before = members_of(saved.state) if saved else frozenset()
            after = members_of(state)
            self._batch.shared.append(
                SharedChange(
                    subject=subject,
                    state=kept,
                    version=saved.version + 1 if saved else fresh,
                    was=saved.version if saved else 0,
                    joined=after - before,
                    left=before - after,
                )
            )

    def _state(self, subject: str) -> Shared:
        if subject not in self._states:
            saved = self._loaded[subject]
            return saved.state if saved is not None else new_shared(subject)
        return self._states[subject]

    def _set_timer(self, subject: str, due: datetime | None) -> None:
        if due is not None:
            self._batch.commands.append(timer(subject, due))

    def _tick(self, state: ScheduleState, tick: Tick) -> None:
        """Deliver a tick to ourselves, so that it is seen, and starts something, once."""
        if tick.missed:
            log.warning(
                "schedule missed",
                definition=state.definition,
                cron=tick.cron,
                timezone=tick.timezone,
                count=tick.missed,
                since=tick.missed_since,
            )
        body = {
            "repository_id": state.repository_id,
            "definition": state.definition,
            "index": tick.index,
            "cron": tick.cron,
            "timezone": tick.timezone,
            "due": tick.due.isoformat(),
            "is_started": tick.is_started,
            "missed": tick.missed,
            "missed_since": tick.missed_since.isoformat() if tick.missed_since else None,
        }
        name = f"{state.repository_id}-{state.definition}-{tick.index}"
        self._batch.arrivals.append(
            Delivery(
                id=f"tick-{name}-{tick.due.isoformat()}",
                event=TICK,
                body=json.dumps(body, sort_keys=True).encode(),
                received_at=self._now,
            )
        )


def _letter(id_: OrchestrationId, event: Event) -> ToOrchestration:
    return ToOrchestration(id=id_, event=event)
