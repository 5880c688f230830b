"""What should be done: commands are data with a key, so that twice is once.

Two families. An orchestration's commands come out of `decide`, and their outcome comes
back as one of its events. A chore concerns a repository or an installation and comes out
of `routing`; its outcome is a finding that the engine stores.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from app.core.events import AttemptId
from app.core.values import JsonObject, RepositoryName, Sha, TaskName


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchWorkflow:
    """Start the workflow of one attempt.

    Returns as `DispatchAccepted`, `DispatchRefused`, or, where an earlier try turns out to
    have worked, as `WorkflowRunObserved`. `ref` is a branch, a tag or a SHA.
    """

    attempt: AttemptId
    repository: RepositoryName
    workflow: str
    ref: str
    inputs: JsonObject
    marker: str

    @property
    def key(self) -> str:
        return f"dispatch/{self.attempt}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelWorkflowRun:
    """Cancel one workflow run. Returns as `WorkflowRunObserved` where it has already ended."""

    attempt: AttemptId
    repository: RepositoryName
    workflow_run_id: int
    force: bool

    @property
    def key(self) -> str:
        return f"{'force-cancel' if self.force else 'cancel'}/{self.attempt}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LookUpWorkflowRun:
    """Ask GitHub how far a workflow run is that has been silent for too long.

    By its id where that is known, else by the marker. Returns as `WorkflowRunObserved` or
    `WorkflowRunMissed`. The attempt was begun at `since`.
    """

    attempt: AttemptId
    repository: RepositoryName
    workflow: str
    ref: str
    workflow_run_id: int | None
    marker: str
    since: datetime
    asked_at: datetime

    @property
    def key(self) -> str:
        return f"look-up/{self.attempt}/{self.asked_at.isoformat()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveTag:
    """Remove the short-lived tag through which a SHA was dispatched."""

    repository: RepositoryName
    tag: str

    @property
    def key(self) -> str:
        return f"remove-tag/{self.tag}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetTimer:
    """Come back at `due`. Returns as `TimerElapsed`."""

    task: TaskName | None
    due: datetime

    @property
    def key(self) -> str:
        return f"timer/{self.task or ''}/{self.due.isoformat()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteCheck:
    """Bring the check run up to the state. A level: one row, written if it changed."""

    @property
    def key(self) -> str:
        return "write/check"


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteComment:
    """Bring the comment up to the state. A level, not a stream, like `WriteCheck`."""

    @property
    def key(self) -> str:
        return "write/comment"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListInstallations:
    """List where the App is installed. Returns as `InstallationsListed`."""

    @property
    def key(self) -> str:
        return "list-installations"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRepositories:
    """List what an installation covers. Returns as `RepositoriesListed`."""

    installation_id: int

    @property
    def key(self) -> str:
        return "list-repositories"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRepository:
    """Read a repository's definitions and policy at its default branch.

    Returns as `RepositoryRead`.
    """

    installation_id: int
    repository_id: int

    @property
    def key(self) -> str:
        return "read-repository"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckDefinitions:
    """Write a check on `sha` with the problems of the definitions that it changes.

    `paths` names them; for the pull request of a fork, whose pushes nobody tells us of, they
    are to be found among the files of `pull_request`.
    """

    installation_id: int
    repository_id: int
    sha: Sha
    paths: tuple[str, ...] = ()
    pull_request: int | None = None

    @property
    def key(self) -> str:
        return f"check-definitions/{self.sha}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListChangedFiles:
    """Ask which files a delivery changed, where its payload cannot tell.

    Of the pull request `number`, or else between `base` and `head`. Returns as
    `ChangedFilesListed`, whereupon the delivery `delivery_id` is routed again.
    """

    installation_id: int
    repository_id: int
    delivery_id: str
    number: int | None
    base: str
    head: str

    @property
    def key(self) -> str:
        return f"list-changed-files/{self.delivery_id}"


OrchestrationCommand: TypeAlias = (
    DispatchWorkflow
    | CancelWorkflowRun
    | LookUpWorkflowRun
    | RemoveTag
    | SetTimer
    | WriteCheck
    | WriteComment
)
Chore: TypeAlias = (
    ListInstallations | ListRepositories | ReadRepository | CheckDefinitions | ListChangedFiles
)
Command: TypeAlias = OrchestrationCommand | Chore

LEVELS = (WriteCheck, WriteComment, ListInstallations, ListRepositories, ReadRepository)
"""Commands that mean "make it so": asked for again, the one row is simply due again."""
