"""The things on GitHub, as plain mutable records. How they change stands in their own files."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(slots=True, eq=False)
class Account:
    """A user, a bot or an organisation; `email` is what it shows to everybody."""

    id: int
    login: str
    type: str = "User"
    shape: dict[str, Any] | None = None
    email: str | None = None


@dataclass(slots=True, eq=False)
class Team:
    """A team of an organisation: who is in it, and as what; perhaps part of another."""

    id: int
    slug: str
    members: dict[str, str] = field(default_factory=dict)
    parent: "Team | None" = None


@dataclass(slots=True, eq=False)
class Commit:
    """One commit, with its whole tree as a mapping from path to blob SHA."""

    sha: str
    tree_sha: str
    tree: Mapping[str, str]
    message: str
    author: Account
    at: datetime
    parents: tuple[str, ...]


@dataclass(slots=True, eq=False)
class Workflow:
    """A workflow file that GitHub has seen on a branch."""

    id: int
    path: str
    name: str
    created_at: datetime
    state: str = "active"
    run_count: int = 0


@dataclass(slots=True, eq=False)
class Comment:
    """A comment on an issue or a pull request."""

    id: int
    number: int
    user: Account
    body: str
    created_at: datetime
    updated_at: datetime
    by_app: bool = False
    revisions: list[str] = field(default_factory=list)
    reactions: list["Reaction"] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Reaction:
    """A sign that somebody put under a comment: `+1`, `eyes`, `rocket`, ..."""

    id: int
    user: Account
    content: str
    created_at: datetime


@dataclass(slots=True, eq=False)
class Issue:
    """An issue. Issues and pull requests of a repository share their numbers."""

    id: int
    number: int
    title: str
    body: str
    user: Account
    created_at: datetime
    updated_at: datetime
    state: str = "open"
    closed_at: datetime | None = None
    labels: list[str] = field(default_factory=list)
    by_app: bool = False


@dataclass(slots=True, eq=False)
class Review:
    """A review of a pull request, bound to the commit it was given on."""

    id: int
    user: Account
    state: str
    body: str
    commit_id: str
    submitted_at: datetime


@dataclass(slots=True, eq=False)
class PullRequest:
    """A pull request."""

    id: int
    number: int
    title: str
    body: str
    user: Account
    base_ref: str
    base_sha: str
    head_ref: str
    head_sha: str
    head_repository: "Repository"
    created_at: datetime
    updated_at: datetime
    state: str = "open"
    draft: bool = False
    merged_at: datetime | None = None
    merged_by: Account | None = None
    closed_at: datetime | None = None
    merge_commit_sha: str | None = None
    is_blocked: bool = False
    labels: list[str] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class CheckSuite:
    """The check runs of one app on one commit."""

    id: int
    head_sha: str
    head_branch: str | None
    app_id: int
    created_at: datetime
    updated_at: datetime


@dataclass(slots=True, eq=False)
class CheckRun:
    """A check run, with every rendering it ever had."""

    id: int
    suite: CheckSuite
    name: str
    head_sha: str
    app_id: int
    status: str = "queued"
    conclusion: str | None = None
    external_id: str = ""
    details_url: str | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    title: str | None = None
    summary: str | None = None
    text: str | None = None
    annotations: list[dict[str, Any]] = field(default_factory=list)
    actions: list[dict[str, Any]] = field(default_factory=list)
    writes: int = 0


@dataclass(slots=True, eq=False)
class Job:
    """One job of one attempt of a workflow run."""

    id: int
    name: str
    attempt: int
    created_at: datetime
    status: str = "queued"
    conclusion: str | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None


@dataclass(slots=True, eq=False)
class Environment:
    """An environment of a repository, and what stands before it.

    With `has_rule` the App's deployment protection rule does, with `reviewers` people do.
    """

    id: int
    name: str
    created_at: datetime
    has_rule: bool = False
    reviewers: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class Standstill:
    """Where an attempt waits, since when, and for what: `rule`, `reviewers` or both."""

    environment: Environment
    since: datetime
    awaits: set[str]
    reports: list[str] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class EnvironmentReview:
    """What somebody, a person or the App, said of a run that waited at an environment."""

    environment: Environment
    user: Account
    state: str
    comment: str


@dataclass(slots=True, eq=False)
class Attempt:
    """One attempt of a workflow run: what it became, and when."""

    number: int
    status: str
    started_at: datetime
    updated_at: datetime
    actor: Account
    jobs: list[Job] = field(default_factory=list)
    conclusion: str | None = None
    reported: bool = False
    standstill: Standstill | None = None

    @property
    def job(self) -> Job:
        """The first job: the one that holds the companion Action."""
        return self.jobs[0]


@dataclass(slots=True, eq=False)
class WorkflowRun:
    """A workflow run. Its last attempt says how it stands."""

    id: int
    number: int
    workflow: Workflow
    repository: "Repository"
    suite: CheckSuite
    event: str
    ref: str
    head_sha: str
    inputs: Mapping[str, Any]
    display_title: str
    name: str
    actor: Account
    created_at: datetime
    visible_at: datetime
    attempts: list[Attempt] = field(default_factory=list)
    reviews: list[EnvironmentReview] = field(default_factory=list)

    @property
    def last(self) -> Attempt:
        """The attempt that counts."""
        return self.attempts[-1]

    @property
    def head_branch(self) -> str:
        """The branch or the tag the run was started for, without its prefix."""
        return self.ref.removeprefix("refs/heads/").removeprefix("refs/tags/")


@dataclass(slots=True, eq=False)
class Release:
    """A published release."""

    id: int
    tag: str
    name: str
    author: Account
    at: datetime
    is_prerelease: bool = False
    body: str = ""


@dataclass(slots=True, eq=False)
class Repository:
    """A repository and everything in it. Refs are named as `heads/main` and `tags/v1`."""

    id: int
    owner: Account
    name: str
    created_at: datetime
    is_private: bool = True
    default_branch: str = "main"
    parent: "Repository | None" = None
    pushed_at: datetime | None = None
    commits: dict[str, Commit] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    trees: dict[str, Mapping[str, str]] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)
    workflows: dict[str, Workflow] = field(default_factory=dict)
    runs: dict[int, WorkflowRun] = field(default_factory=dict)
    pulls: dict[int, PullRequest] = field(default_factory=dict)
    issues: dict[int, Issue] = field(default_factory=dict)
    comments: dict[int, Comment] = field(default_factory=dict)
    alert_count: int = 0
    suites: dict[tuple[str, int], CheckSuite] = field(default_factory=dict)
    check_runs: dict[int, CheckRun] = field(default_factory=dict)
    releases: list[Release] = field(default_factory=list)
    environments: dict[str, Environment] = field(default_factory=dict)
    number_count: int = 0
    shapes: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def full_name(self) -> str:
        """The name as owner/name."""
        return f"{self.owner.login}/{self.name}"

    @property
    def head(self) -> Commit:
        """The last commit of the default branch."""
        return self.commits[self.refs[f"heads/{self.default_branch}"]]


@dataclass(slots=True, eq=False)
class Installation:
    """The App installed on an account: which repositories, which permissions."""

    id: int
    account: Account
    permissions: Mapping[str, str]
    created_at: datetime
    repository_ids: set[int] | None = None
    suspended_at: datetime | None = None


@dataclass(slots=True, eq=False)
class AppRegistration:
    """The one GitHub App of the rehearsal."""

    id: int
    slug: str
    client_id: str
    owner: Account
    bot: Account
    public_key_pem: str
    permissions: Mapping[str, str]
    events: tuple[str, ...]
    created_at: datetime
    hook_id: int = 0
    client_secret: str = ""
    hook_content_type: str = "json"
    hook_insecure_ssl: str = "0"
    has_hook_secret: bool = True
    # Of an App that was registered from a manifest; else the rehearsal was given one.
    webhook_secret: str = ""


@dataclass(slots=True, eq=False)
class Delivery:
    """One delivery of a webhook, as it stands in the App's list of deliveries."""

    id: int
    guid: str
    event: str
    action: str | None
    payload: bytes
    installation_id: int | None
    repository_id: int | None
    created_at: datetime
    is_redelivery: bool = False
    delivered_at: datetime | None = None
    duration: float = 0.0
    status: str = "pending"
    status_code: int = 0
    request_headers: Mapping[str, str] = field(default_factory=dict)
    response_body: str = ""
