"""Time for the rehearsal: one clock, and the agenda of what will happen by itself.

The model never sleeps. It writes what should happen later into the agenda, and whoever
drives the rehearsal (a test in virtual time, a background task in real time) asks for what
is due.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

EPOCH = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


class Clock(Protocol):
    """Whatever can say what time it is, in UTC."""

    def now(self) -> datetime:
        """Return the present moment."""
        ...


class WallClock:
    """The time of the machine."""

    def now(self) -> datetime:
        """Return the present moment."""
        return datetime.now(UTC)  # noqa: TID251 - this is the Clock that the ban points to


@dataclass(slots=True)
class VirtualClock:
    """A time that moves only when it is told to."""

    moment: datetime = EPOCH

    def now(self) -> datetime:
        """Return the present moment."""
        return self.moment

    def advance_to(self, moment: datetime) -> None:
        """Move on to a later moment. An earlier one changes nothing."""
        self.moment = max(self.moment, moment)


@dataclass(slots=True)
class Agenda:
    """What will happen by itself, ordered by when and then by who asked first."""

    _entries: list[tuple[datetime, int, Callable[[], None]]] = field(default_factory=list)
    _count: int = 0
    on_add: Callable[[], None] = lambda: None

    def add(self, due: datetime, action: Callable[[], None]) -> None:
        """Let `action` happen at `due`."""
        self._count += 1
        heapq.heappush(self._entries, (due, self._count, action))
        self.on_add()

    @property
    def next_due(self) -> datetime | None:
        """When the next thing happens, if anything will."""
        return self._entries[0][0] if self._entries else None

    def pop_due(self, now: datetime) -> Callable[[], None] | None:
        """Take out the first thing that is due at `now`, if there is one."""
        if not self._entries or self._entries[0][0] > now:
            return None
        return heapq.heappop(self._entries)[2]
