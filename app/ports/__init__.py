"""What the engine and the courier need of the world, as protocols.

`store` remembers, `github` performs; both are handed in by `main`, and tests hand in
others that pass the same contract suite. Nothing here does anything.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, TypeAlias

from app.core.audit import Chain
from app.core.commands import Command
from app.core.events import Event
from app.core.hearing.findings import Finding
from app.core.interests import Interest
from app.core.state import Orchestration, Reason
from app.core.values import OrchestrationId
from app.ports.keeping import Keeping as Keeping
from app.ports.stored import Batch as Batch
from app.ports.stored import Catalogue as Catalogue
from app.ports.stored import ClaimedCommand as ClaimedCommand
from app.ports.stored import Conflict as Conflict
from app.ports.stored import Correlation as Correlation
from app.ports.stored import Delivery as Delivery
from app.ports.stored import DeliveryDone as DeliveryDone
from app.ports.stored import DeliveryStatus as DeliveryStatus
from app.ports.stored import Dispatched as Dispatched
from app.ports.stored import JournalEntry as JournalEntry
from app.ports.stored import KnownDefinition as KnownDefinition
from app.ports.stored import KnownRepository as KnownRepository
from app.ports.stored import NewCommand as NewCommand
from app.ports.stored import OrchestrationRow as OrchestrationRow
from app.ports.stored import Report as Report
from app.ports.stored import Saved as Saved
from app.ports.stored import SavedShared as SavedShared
from app.ports.stored import SharedChange as SharedChange
from app.ports.stored import StoreUnavailable as StoreUnavailable


class Clock(Protocol):
    """Tells the time, always in UTC. The only source of time outside the core."""

    def now(self) -> datetime: ...


class Inbox(Protocol):
    """Takes deliveries in. What `web` needs of the shell."""

    async def take_in(self, delivery: Delivery) -> bool:
        """Return once the delivery is on disk; false where its id is known already.

        Concurrent callers share one commit. Raises `StoreUnavailable`.
        """
        ...


class Store(Keeping, Protocol):
    """Remembers. One contract suite (`tests/shell/test_store.py`) holds for every adapter."""

    @property
    def is_shared(self) -> bool:
        """Whether it is a server, on which several may write at once."""
        ...

    # deliveries
    async def save_deliveries(self, deliveries: Sequence[Delivery]) -> Sequence[bool]:
        """Save deliveries in one commit; false for each whose id was there already."""
        ...

    async def new_deliveries(self, limit: int) -> Sequence[Delivery]:
        """Return the oldest deliveries that are new, in the order they came in.

        Fewer where their bodies are large, since all are in memory at once.
        """
        ...

    def hold_deliveries(self, limit: int) -> AbstractAsyncContextManager[Sequence[Delivery]]:
        """Have the oldest new deliveries that nobody else has, until a commit ends some.

        Whoever dies, or meets a conflict, has given them back.
        """
        ...

    async def changed_files(self, delivery_id: str) -> tuple[str, ...] | None:
        """Return the files that were listed for a delivery, if they were."""
        ...

    async def drop_deliveries(self, before: datetime) -> int:
        """Drop deliveries that ended, or were parked, before a moment. Return how many."""
        ...

    # orchestrations
    async def drop_ended(self, before: datetime) -> int:
        """Drop journals and commands of what ended before a moment. Return of how many.

        Their last states stay, and their evidence packs.
        """
        ...

    async def load(
        self, ids: Collection[OrchestrationId]
    ) -> Mapping[OrchestrationId, Saved]: ...

    def remembered(self, orchestration_id: OrchestrationId) -> Saved | None:
        """Return one as it is now, where that is known without looking."""
        ...

    async def dispatched(
        self, workflow_run_ids: Collection[int], markers: Collection[str]
    ) -> Sequence[Dispatched]:
        """Return the attempts that these workflow runs or markers belong to."""
        ...

    async def last_numbers(
        self, definitions: Collection[tuple[int, str]]
    ) -> Mapping[tuple[int, str], int]:
        """Return the highest number given so far per (repository id, definition id)."""
        ...

    async def journal(self, orchestration_id: OrchestrationId) -> Sequence[JournalEntry]: ...

    async def chain(self, orchestration_id: OrchestrationId) -> Chain:
        """Return the journal as it is kept, unread, with the digests that chain it."""
        ...

    async def orchestrations(
        self, *, limit: int, open_only: bool = False
    ) -> Sequence[OrchestrationRow]:
        """Return the newest orchestrations first."""
        ...

    async def correlated(
        self, keys: Collection[Correlation]
    ) -> Mapping[Correlation, OrchestrationId]:
        """Return the newest open orchestration of each key that has one."""
        ...

    async def interested(
        self, topics: Collection[Interest]
    ) -> Sequence[tuple[Interest, OrchestrationId]]:
        """Return who listens to any of these, as the batches said."""
        ...

    async def reports(self, orchestration_id: OrchestrationId) -> Sequence[Report]:
        """Return the evidence packs of an orchestration, the oldest first."""
        ...

    # what orchestrations share
    async def shared(self, subjects: Collection[str]) -> Mapping[str, SavedShared]:
        """Return those of these locks, calendars and schedules that there are."""
        ...

    async def shared_of_kind(self, kind: str) -> Sequence[SavedShared]:
        """Return all whose names begin so (`core.shared`), in the order of their names."""
        ...

    async def memberships(
        self, ids: Collection[OrchestrationId]
    ) -> Sequence[tuple[OrchestrationId, str]]:
        """Return the names of the shared states that these are members of."""
        ...

    # commands
    async def claim(
        self, *, owner: str, now: datetime, lease: timedelta, limit: int
    ) -> Sequence[ClaimedCommand]:
        """Lease due commands: those nobody holds, and those whose lease ran out.

        Highest priority (lowest number) first, then the longest due. `tries` grows by one
        and is committed before this returns: that is the saved intent.
        """
        ...

    async def take_back(self, *, owner: str, now: datetime | None = None) -> int:
        """Give up leases that an earlier life of `owner` held, until now. Return how many."""
        ...

    async def renew(
        self, command_ids: Sequence[int], *, owner: str, now: datetime, lease: timedelta
    ) -> int:
        """Lease for longer those of these that `owner` still holds. Return how many."""
        ...

    async def holds(self, command_id: int, *, owner: str, tries: int, now: datetime) -> bool:
        """Tell whether `owner` still holds a command that it claimed as try number `tries`."""
        ...

    async def postpone(
        self,
        command_id: int,
        *,
        due: datetime,
        why: str,
        owner: str | None = None,
        tries: int | None = None,
    ) -> None:
        """Release a lease and make the command due later.

        With `owner` only if it is theirs, and with `tries` if it is so since that claim.
        """
        ...

    async def keys_asked(self, subject: str) -> Sequence[str]:
        """Return the keys of all commands ever stored for a subject, in the order of keys."""
        ...

    async def next_due(self) -> datetime | None:
        """Return when the next command that nobody holds is due."""
        ...

    # catalogue
    async def catalogue(self) -> Catalogue: ...

    # everything at once
    async def commit(self, batch: Batch) -> Sequence[ClaimedCommand]:
        """Save a batch in one transaction; return the commands stored as claimed.

        Raises `Conflict` where a state's version is not the stored one plus 1 (1: must be
        new), one that was seen or a shared state's `was` not the stored one, or one of the
        `unread` repositories has been read, or of the `uncovered` listed; and
        `StoreUnavailable`. Nothing is saved then.
        """
        ...

    # health
    async def ready(self) -> None:
        """Raise `StoreUnavailable` unless the database answers and its schema is current."""
        ...


# --- performing ------------------------------------------------------------------------


async def _always() -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What a performer is told beside the command.

    `state` is the orchestration as it is now (none for chores); `tries` above 1 means that
    an earlier try, first made at `first_tried_at`, may have had its effect, and where another
    replica made it, until `held_until`. `is_held` is to be asked right before anything is done
    to the world: where it says no, another may be doing it, and this one does nothing.
    """

    state: Orchestration | None
    tries: int
    first_tried_at: datetime
    held_until: datetime | None = None
    is_held: Callable[[], Awaitable[bool]] = field(default=_always, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """The command is done, and this is what came of it."""

    events: tuple[Event, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Postponed:
    """The command is not done (or we do not know): try again at `until`, or by back-off.

    What is untried because we may not ask now does not count as a try that failed. `pauses`
    is a reason for which an orchestration that needs it is paused meanwhile.
    """

    why: str
    until: datetime | None = None
    is_untried: bool = False
    pauses: Reason | None = None


Outcome: TypeAlias = Carried | Postponed


class Performer(Protocol):
    """Carries one command to GitHub. What the world does to it is an outcome, never a raise."""

    async def perform(self, command: Command, errand: Errand) -> Outcome: ...


Hand: TypeAlias = Callable[
    [Sequence[ClaimedCommand], Mapping[OrchestrationId, Orchestration]], None
]
"""Takes over commands that were just saved, with the states that were saved beside them."""


class Decider(Protocol):
    """The engine as the courier knows it."""

    def hand_to(self, hand: Hand) -> None:
        """Let commands that are due at once be handed over as soon as they are saved."""
        ...

    async def load(self, subject: str) -> Saved | None:
        """Return an orchestration as it is now, or `None` if there is none of that id."""
        ...

    async def settle(
        self,
        results: Sequence[tuple[ClaimedCommand, Carried]],
        failed: Sequence[tuple[int, str]],
    ) -> None:
        """Tick commands off, and work off what came of them, in one transaction."""
        ...

    async def tell(self, subject: str, event: Event) -> None:
        """Let an orchestration know of something while its command goes on."""
        ...
