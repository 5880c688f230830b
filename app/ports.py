"""What the engine and the courier need of the world, as protocols.

`store` remembers, `github` performs; both are handed in by `main`, and tests hand in
others that pass the same contract suite. Nothing here does anything.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol, TypeAlias

from app.core.commands import Command
from app.core.events import AttemptId, Event
from app.core.hearing.findings import File, Finding
from app.core.hearing.heard import Repository
from app.core.interests import Interest
from app.core.shared import Shared
from app.core.state import Orchestration
from app.core.values import OrchestrationId, Sha


class Clock(Protocol):
    """Tells the time, always in UTC. The only source of time outside the core."""

    def now(self) -> datetime: ...


# --- deliveries -----------------------------------------------------------------------


class DeliveryStatus(StrEnum):
    """`new` waits to be applied, `parked` waits for a workflow run to be known to us."""

    NEW = "new"
    PARKED = "parked"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One thing that came in: a webhook, a report of the Action, or a start by hand.

    `id` is GitHub's delivery GUID for webhooks, and derived from the content otherwise;
    `event` is GitHub's event name, or begins with `signalbox/` (`app.core.hearing.asking`).
    `body` is JSON text.
    """

    id: str
    event: str
    body: bytes = field(repr=False)
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryDone:
    """How a delivery ended; parked ones name the workflow run they wait for."""

    id: str
    status: DeliveryStatus
    note: str = ""
    workflow_run_id: int | None = None


class Inbox(Protocol):
    """Takes deliveries in. What `web` needs of the shell."""

    async def take_in(self, delivery: Delivery) -> bool:
        """Return once the delivery is on disk; false where its id is known already.

        Concurrent callers share one commit. Raises `StoreUnavailable`.
        """
        ...


# --- orchestrations and commands --------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """An orchestration as it is stored; `version` counts its saves, from 1."""

    state: Orchestration
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedShared:
    """A lock, a calendar or a schedule as it is stored."""

    state: Shared
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedChange:
    """What becomes of a shared state: another one, or none, where nothing is worth keeping.

    `was` is the version that it was decided on, 0 where there was none. A state that is made
    anew gets a version that no earlier one of its name had. `joined` and `left` are the
    members that it has got and lost.
    """

    subject: str
    state: Shared | None
    version: int
    was: int
    joined: frozenset[OrchestrationId] = frozenset()
    left: frozenset[OrchestrationId] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One form of an evidence pack; `name` is the attempt that asked for it."""

    orchestration_id: OrchestrationId
    name: str
    format: str
    text: str = field(repr=False)
    made_at: datetime


Correlation: TypeAlias = tuple[int, str, str]
"""The id of the definition's repository, the definition's id, and the rendered key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """One event of one orchestration; `seq` counts from 1 without gaps."""

    orchestration_id: OrchestrationId
    seq: int
    event: Event


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCommand:
    """A command to be stored.

    `subject` is an orchestration's id, `repository/<id>` or `installation/<id>`; with the
    command's key it is unique. For a level (`core.commands.LEVELS`) a known row is made due
    again, at the earlier of the two moments and never before `spacing` has passed since it
    was last claimed; for any other a known row stays as it is. Rows with `lease_owner` are
    stored as claimed already, with `tries` 1: whoever saves them carries them at once.
    """

    subject: str
    command: Command
    due: datetime
    priority: int
    lease_owner: str | None = None
    lease_until: datetime | None = None
    spacing: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedCommand:
    """A command that we hold the lease of.

    `tries` counts this one, so above 1 an earlier try may have had its effect.
    """

    id: int
    subject: str
    command: Command
    tries: int
    first_tried_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatched:
    """Which attempt a workflow run belongs to; known by its marker before its id is."""

    marker: str
    orchestration_id: OrchestrationId
    attempt: AttemptId
    workflow_run_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRepository:
    """A repository that an installation covers, with what was last read there."""

    repository: Repository
    installation_id: int
    head_sha: Sha | None
    policy: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownDefinition:
    """A definition file at the head of its repository's default branch."""

    repository_id: int
    file: File


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """All repositories and definitions that are known, whole."""

    repositories: tuple[KnownRepository, ...]
    definitions: tuple[KnownDefinition, ...]


@dataclass(slots=True, kw_only=True)
class Batch:
    """Everything that one transaction changes. All of it is saved, or none.

    `changed_files` tells what a `ChangedFilesListed` found; its delivery becomes new again.
    `forget_repositories` removes repositories with their definitions.
    `commands_done` ticks commands off, `commands_failed` sets them aside with the reason.
    `wake_workflow_runs` makes deliveries new again that were parked for these.
    `interests` replaces all that is known of what an orchestration listens to. `arrivals` are
    deliveries that we make ourselves, as of a schedule that ticks.
    """

    states: list[Saved] = field(default_factory=list)
    journal: list[JournalEntry] = field(default_factory=list)
    commands: list[NewCommand] = field(default_factory=list)
    commands_done: list[int] = field(default_factory=list)
    commands_failed: list[tuple[int, str]] = field(default_factory=list)
    deliveries: list[DeliveryDone] = field(default_factory=list)
    dispatched: list[Dispatched] = field(default_factory=list)
    wake_workflow_runs: list[int] = field(default_factory=list)
    repositories: list[KnownRepository] = field(default_factory=list)
    forget_repositories: list[int] = field(default_factory=list)
    definitions: list[tuple[int, tuple[File, ...]]] = field(default_factory=list)
    changed_files: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    shared: list[SharedChange] = field(default_factory=list)
    interests: list[tuple[OrchestrationId, frozenset[Interest]]] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    arrivals: list[Delivery] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrchestrationRow:
    """One line of the list of orchestrations, without the state itself."""

    id: OrchestrationId
    definition_repository_id: int
    definition_id: str
    name: str
    number: int
    status: str
    started_at: datetime
    ended_at: datetime | None


class StoreUnavailable(Exception):
    """The database does not answer or cannot write: nothing was saved, try later."""


class Conflict(Exception):
    """Another writer changed one of the states since it was loaded: load and decide anew."""


class Store(Protocol):
    """Remembers. One contract suite (`tests/shell/test_store.py`) holds for every adapter."""

    # deliveries
    async def save_deliveries(self, deliveries: Sequence[Delivery]) -> Sequence[bool]:
        """Save deliveries in one commit; false for each whose id was there already."""
        ...

    async def new_deliveries(self, limit: int) -> Sequence[Delivery]:
        """Return the oldest deliveries that are new, in the order they came in."""
        ...

    async def changed_files(self, delivery_id: str) -> tuple[str, ...] | None:
        """Return the files that were listed for a delivery, if they were."""
        ...

    async def drop_deliveries(self, before: datetime) -> int:
        """Drop deliveries that ended, or were parked, before a moment. Return how many."""
        ...

    # orchestrations
    async def load(
        self, ids: Collection[OrchestrationId]
    ) -> Mapping[OrchestrationId, Saved]: ...

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

    async def take_back(self, *, owner: str) -> int:
        """Give up leases that an earlier life of `owner` held. Return how many."""
        ...

    async def postpone(self, command_id: int, *, due: datetime, why: str) -> None:
        """Release a lease and make the command due later."""
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
        new), or a shared state's `was` not the stored one, and `StoreUnavailable`; in both
        cases nothing is saved.
        """
        ...

    # health
    async def ready(self) -> None:
        """Raise `StoreUnavailable` unless the database answers and its schema is current."""
        ...


# --- performing ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What a performer is told beside the command.

    `state` is the orchestration as it is now (none for chores); `tries` above 1 means that
    an earlier try, first made at `first_tried_at`, may have had its effect.
    """

    state: Orchestration | None
    tries: int
    first_tried_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """The command is done, and this is what came of it."""

    events: tuple[Event, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Postponed:
    """The command is not done (or we do not know): try again at `until`, or by back-off."""

    why: str
    until: datetime | None = None


Outcome: TypeAlias = Carried | Postponed


class Performer(Protocol):
    """Carries one command to GitHub. What the world does to it is an outcome, never a raise."""

    async def perform(self, command: Command, errand: Errand) -> Outcome: ...


class Decider(Protocol):
    """The engine as the courier knows it."""

    def hand_to(self, hand: Callable[[Sequence[ClaimedCommand]], None]) -> None:
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
