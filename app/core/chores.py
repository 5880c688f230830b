"""Chores: commands about a repository or an installation, asked for by `routing`.

The outcome of a chore is a finding (`app.core.hearing.findings`) that the engine stores.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from app.core.values import JsonObject, OrchestrationId, Sha


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


@dataclass(frozen=True, slots=True, kw_only=True)
class FindPullRequest:
    """Ask which pull request is at a commit, where a delivery does not say: of forks none does.

    `head_repository_id` is where the commit comes from, if that is told. Returns as
    `PullRequestFound`, whereupon the delivery is routed again.
    """

    installation_id: int
    repository_id: int
    delivery_id: str
    sha: Sha
    head_repository_id: int | None

    @property
    def key(self) -> str:
        return f"find-pull-request/{self.delivery_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """Another repository, by the ids with which it is reached."""

    installation_id: int
    repository_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeRequests:
    """Find out what somebody may who asked for something in words: in a comment, by a button.

    `repository_id` is where it was said, on the issue or pull request `number`; `origins` are
    other repositories whose orchestrations may be meant. `sha` is the commit that a review or
    a button is about, `orchestration` the one whose button it is. With a `verb` it was asked
    by the command line or the API, as `wish`. Returns as `RequestsJudged`.
    """

    installation_id: int
    repository_id: int
    delivery_id: str
    by: str
    by_id: int
    is_bot: bool
    at: datetime
    source: str
    reference: str
    text: str
    number: int | None = None
    is_pull_request: bool = False
    sha: str = ""
    orchestration: str = ""
    origins: tuple[Elsewhere, ...] = ()
    verb: str = ""
    wish: JsonObject = field(default_factory=dict)

    @property
    def key(self) -> str:
        return f"judge-requests/{self.delivery_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRequests:
    """Put a sign under a comment, and say in another what there is to say.

    `sign` is one of GitHub's reactions; either may be empty. The answer carries a marker, so
    that it is given once.
    """

    installation_id: int
    repository_id: int
    delivery_id: str
    reference: str
    number: int | None
    is_pull_request: bool
    sign: str
    text: str

    @property
    def key(self) -> str:
        return f"answer-requests/{self.delivery_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPolicy:
    """Write a check on `sha` with what a changed policy would do to what is under way."""

    installation_id: int
    repository_id: int
    sha: Sha
    title: str
    summary: str

    @property
    def key(self) -> str:
        return f"report-policy/{self.sha}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConcludeOrphan:
    """Conclude a check run of ours whose orchestration we do not know.

    So it is after the database went back in time. It is let be if it is another App's, or
    concluded, or not that orchestration's.
    """

    installation_id: int
    repository_id: int
    check_run_id: int
    orchestration: OrchestrationId

    @property
    def key(self) -> str:
        return f"conclude-orphan/{self.check_run_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DisownComment:
    """Say on a comment of ours that we do not know its orchestration, and let go of it.

    `mark` is how it begins, but for the number, and `number` the lowest that is unknown. The
    next orchestration takes it over.
    """

    installation_id: int
    repository_id: int
    comment_id: int
    mark: str
    number: int

    @property
    def key(self) -> str:
        return f"disown-comment/{self.comment_id}/{self.number}"


Chore: TypeAlias = (
    ListInstallations
    | ListRepositories
    | ReadRepository
    | CheckDefinitions
    | ListChangedFiles
    | FindPullRequest
    | ReportPolicy
    | ConcludeOrphan
    | DisownComment
    | JudgeRequests
    | AnswerRequests
)
