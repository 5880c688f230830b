"""What is waited for elsewhere: places in concurrency groups, and calendars."""

from dataclasses import dataclass
from datetime import datetime

from app.core.values import LockKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """A place in a concurrency group, asked for or held.

    `position` counts from 1 those that wait; `ahead` says who holds or goes before.
    """

    lock: LockKey
    asked_at: datetime
    granted_at: datetime | None = None
    position: int = 0
    ahead: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """What a calendar last said: open, or closed until about when, and why."""

    calendar: str
    asked_at: datetime
    told_at: datetime | None = None
    is_open: bool = False
    opens_at: datetime | None = None
    why: str = ""
