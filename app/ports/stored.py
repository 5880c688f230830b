"""What is stored, and what is handed to the store and back, as values."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeAlias

from app.core.commands import Command
from app.core.copying import quickly_made
from app.core.events import AttemptId, Event
from app.core.hearing.findings import File
from app.core.hearing.heard import Repository
from app.core.interests import Interest
from app.core.shared import Shared
from app.core.state import Orchestration
from app.core.values import OrchestrationId, Sha

# --- deliveries -----------------------------------------------------------------------


class DeliveryStatus(StrEnum):
    """`new` waits to be applied, `parked` waits for something to be known to us."""

    NEW = "new"
    PARKED = "parked"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One thing that came in: a webhook, a report of the Action, or a start by hand.

    `id` is GitHub's delivery GUID for webhooks, and derived from the content otherwise;
    `event` is GitHub's event name, or begins with `signalbox/` (`app.core.hearing.asking`).
    `body` is JSON text. `woken` counts how often it had waited for a subject, and does no more.
    """

    id: str
    event: str
    body: bytes = field(repr=False)
    received_at: datetime
    woken: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryDone:
    """How a delivery ended; parked ones name what they wait for.

    `waits_for` is a subject, `repository/<id>` or `installation/<id>`, of which something has
    to be read first. What waits for a workflow run, too, is woken by whichever comes first.
    """

    id: str
    status: DeliveryStatus
    note: str = ""
    workflow_run_id: int | None = None
    waits_for: str = ""


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


@quickly_made
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


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedCommand:
    """A command that we hold the lease of.

    `tries` counts this one, so above 1 an earlier try may have had its effect. Where
    somebody let a lease of it run out, `held_until` says until when they may have acted.
    """

    id: int
    subject: str
    command: Command
    tries: int
    first_tried_at: datetime
    held_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatched:
    """Which attempt a workflow run belongs to; known by its marker before its id is."""

    marker: str
    orchestration_id: OrchestrationId
    attempt: AttemptId
    workflow_run_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRepository:
    """A repository that an installation covers, with what was last read there.

    Without `head_sha` nothing was read there yet. `unreadable` then says why nothing can be,
    where GitHub has refused it for good.
    """

    repository: Repository
    installation_id: int
    head_sha: Sha | None
    policy: str | None
    unreadable: str = ""

    @property
    def is_awaited(self) -> bool:
        """Whether it is still to be read for the first time."""
        return self.head_sha is None and not self.unreadable


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
    `repositories` without a head leave what was read of them as it is.
    `forget_repositories` removes repositories with their definitions.
    `commands_done` ticks commands off, `commands_failed` sets them aside with the reason.
    `seen` names orchestrations that were decided on and did not change, with the version
    that was seen, 0 for none: a decision that nothing follows may be wrong, too.
    `wake_workflow_runs` makes deliveries new again that were parked for these, and so does
    `wake_subjects`. `unread` names repositories that were taken for not read yet, `uncovered`
    those that were not known at all: somebody else may have read or listed them meanwhile.
    `interests` replaces all that is known of what an orchestration listens to. `arrivals` are
    deliveries that we make ourselves, as of a schedule that ticks.
    """

    states: list[Saved] = field(default_factory=list)
    seen: list[tuple[OrchestrationId, int]] = field(default_factory=list)
    journal: list[JournalEntry] = field(default_factory=list)
    commands: list[NewCommand] = field(default_factory=list)
    commands_done: list[int] = field(default_factory=list)
    commands_failed: list[tuple[int, str]] = field(default_factory=list)
    deliveries: list[DeliveryDone] = field(default_factory=list)
    dispatched: list[Dispatched] = field(default_factory=list)
    wake_workflow_runs: list[int] = field(default_factory=list)
    wake_subjects: list[str] = field(default_factory=list)
    unread: list[int] = field(default_factory=list)
    uncovered: list[int] = field(default_factory=list)
    repositories: list[KnownRepository] = field(default_factory=list)
    forget_repositories: list[int] = field(default_factory=list)
    definitions: list[tuple[int, tuple[File, ...]]] = field(default_factory=list)
    changed_files: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    shared: list[SharedChange] = field(default_factory=list)
    interests: list[tuple[OrchestrationId, frozenset[Interest]]] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    arrivals: list[Delivery] = field(default_factory=list)


@quickly_made
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
    """Another writer changed what was decided by since it was loaded: load and decide anew."""
