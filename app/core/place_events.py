"""What is heard from concurrency groups and calendars: places given, queued for, lost.

Part of `app.core.events`, whose union names them.
"""

from dataclasses import dataclass
from datetime import datetime

from app.core.values import Holder, LockKey


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatGranted:
    """A concurrency group has a place for this holder."""

    at: datetime
    holder: Holder
    lock: LockKey


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatQueued:
    """A concurrency group is full; `ahead` says who holds it, for people."""

    at: datetime
    holder: Holder
    lock: LockKey
    position: int
    ahead: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatLost:
    """Somebody newer takes the place: a waiting one gives up, a holding one is cancelled."""

    at: datetime
    holder: Holder
    lock: LockKey
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarTold:
    """A calendar answered: it is open now, or closed until about `opens_at`, and why."""

    at: datetime
    holder: Holder
    calendar: str
    is_open: bool
    opens_at: datetime | None
    why: str
