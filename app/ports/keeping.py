"""What the shell asks of the store beside the work itself: turns, trouble, how things stand.

A turn is something that one process at a time does, now and then. What was set aside waits
for a person to have it tried again or dropped.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol

HEARD_AGAIN_AFTER: Final = timedelta(days=1)
"""A delivery that comes again within it is no younger for it: GitHub's usual doubles cost
nothing, and what is kept a day longer than it may come again is known whenever it does."""


class Kind(StrEnum):
    """What can be set aside."""

    DELIVERY = "delivery"
    COMMAND = "command"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """One thing that could not be done. `id` is a delivery's own, or a command's number.

    `name` is the event or the key of the command, `subject` what the command was for. What
    `is_waiting` is done by itself once something of its subject has been read.
    """

    kind: Kind
    id: str
    name: str
    subject: str
    why: str
    at: datetime
    tries: int = 0
    is_waiting: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Delayed:
    """A command that is put off, until when, and why."""

    subject: str
    name: str
    until: datetime
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """When something is due that one process does, and what the last one left."""

    due: datetime
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How things stand, over all processes: for those who watch.

    `open` counts orchestrations by status; `gate_since` is that of the oldest open gate,
    `due_since` when the oldest command that nobody carries became due.
    """

    open: Mapping[str, int]
    gate_since: datetime | None
    new_deliveries: int
    new_since: datetime | None
    due_since: datetime | None
    set_aside: Mapping[str, int]


class Keeping(Protocol):
    """The part of a store that is not about any one orchestration."""

    # turns
    # Processes whose clocks differ share the store's: `now` tells what the asker's shows.
    async def open_turn(self, name: str, *, due: datetime, note: str, now: datetime) -> None:
        """Let there be a turn, with a first note, unless there is one."""
        ...

    async def take_turn(self, name: str, *, now: datetime, lease: timedelta) -> str | None:
        """Take a turn that is due, for the time of a lease; `None` where it is not due.

        Returns the note that the last one left, or an empty one the first time.
        """
        ...

    async def end_turn(
        self, name: str, *, due: datetime, note: str, now: datetime | None = None
    ) -> None:
        """Say when the next turn is, and leave a note for whoever takes it.

        Without `now` the moment is nobody's but the world's, as one that GitHub named.
        """
        ...

    async def hasten_turn(
        self, name: str, *, due: datetime, now: datetime | None = None
    ) -> None:
        """Let a turn that there is be due earlier."""
        ...

    async def turns(self, kind: str) -> Mapping[str, Turn]:
        """Return all turns whose names begin so."""
        ...

    # deliveries
    async def known_deliveries(self, ids: Collection[str]) -> frozenset[str]:
        """Return those of these ids that there are deliveries of."""
        ...

    async def hear_again(self, ids: Collection[str], *, at: datetime) -> None:
        """Keep deliveries that are known for as long as if they had come in only now.

        To save one that is known does the same. GitHub may deliver again for three days after
        each try, and what was dropped by then would be taken for news.
        """
        ...

    async def heard_at(self, event: str) -> datetime | None:
        """Return when the newest delivery of an event came in that is still kept."""
        ...

    # what was set aside, or put off
    async def set_aside(self, limit: int) -> Sequence[SetAside]:
        """Return what was set aside, the newest first."""
        ...

    async def waiting(self, limit: int) -> Sequence[SetAside]:
        """Return the deliveries that wait for a subject, the newest first."""
        ...

    async def try_again(self, kind: Kind, id_: str, *, now: datetime) -> bool:
        """Let something that was set aside be tried afresh; false if it was not."""
        ...

    async def drop(self, kind: Kind, id_: str) -> bool:
        """Let what was set aside, or waits, be seen no more; false if neither is so."""
        ...

    async def delayed(self, subject: str) -> Sequence[Delayed]:
        """Return the commands of a subject that were put off, and why."""
        ...

    async def hasten(self, subjects: Collection[str], *, due: datetime) -> None:
        """Let what was put off of these subjects be due earlier."""
        ...

    # how things stand
    async def standing(self, now: datetime) -> Standing: ...
