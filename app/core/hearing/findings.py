"""What a chore found out about a repository or an installation, for the engine to store."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from app.core.approvals.people import Voter
from app.core.approvals.survey import PolicyText
from app.core.chores import JudgeRequests
from app.core.hearing.heard import Repository
from app.core.values import RepositoryName, Sha


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file as GitHub holds it; `blob_sha` is git's own hash of its content."""

    path: str
    blob_sha: Sha
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallationsListed:
    """All installations of the App that are not suspended."""

    installation_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoriesListed:
    """All repositories that an installation covers; what is not listed is not covered."""

    installation_id: int
    repositories: tuple[Repository, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryRead:
    """The definitions and the policy at the head of a repository's default branch."""

    installation_id: int
    repository: Repository
    head_sha: Sha
    definitions: tuple[File, ...]
    policy: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryUnreadable:
    """GitHub does not let us read the repository, which is tried again at `until`."""

    installation_id: int
    repository_id: int
    why: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryGone:
    """The repository is not there any more, or not for us."""

    installation_id: int
    repository_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedFilesListed:
    """The files that one delivery changed."""

    delivery_id: str
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequestFound:
    """The pull request that one delivery is about, if any, and whether a fork has made it."""

    delivery_id: str
    number: int | None
    is_fork: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingIn:
    """What is known of a person in one repository, and what the policies there say."""

    repository_id: int
    voter: Voter | None
    policies: tuple[PolicyText, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestsJudged:
    """Who asked for something, and what they may where.

    `head_sha` is the commit that the pull request is at, `is_changed` that the comment does
    not read any more as it did.
    """

    asked: JudgeRequests
    standings: tuple[StandingIn, ...]
    head_sha: str = ""
    is_fork: bool = False
    is_changed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyProposed:
    """A commit holds a policy without a problem: `text` is `None` where it removes it."""

    installation_id: int
    repository_id: int
    repository: RepositoryName
    sha: Sha
    text: str | None


Finding: TypeAlias = (
    InstallationsListed
    | RepositoriesListed
    | RepositoryRead
    | RepositoryUnreadable
    | RepositoryGone
    | ChangedFilesListed
    | PullRequestFound
    | RequestsJudged
    | PolicyProposed
)
