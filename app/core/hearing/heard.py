"""What a delivery says, cut down to the fields that matter.

GitHub's real payloads fail strict schemas, so only what is needed is read, leniently, and
whatever is absent is `None`. The reading is done by `github.webhooks`; the whole payload stays
at hand for the expressions of definitions, and may be taken apart only then (`unread`).
"""

from dataclasses import dataclass

from app.core.copying import quickly_made
from app.core.values import JsonObject, RepositoryName, Sha

NO_SHA = Sha("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A repository as a payload names it; the id is the key, the name may change."""

    id: int
    name: RepositoryName
    default_branch: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who caused a delivery; `is_bot` holds for Apps and bot accounts."""

    id: int
    login: str
    is_bot: bool


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowRunFacts:
    """One workflow run as `workflow_run` payloads and the API describe it.

    `repository_id` is 0 where it is not told.
    """

    id: int
    run_attempt: int
    status: str
    conclusion: str | None
    event: str
    path: str
    head_sha: Sha
    head_branch: str
    title: str
    url: str
    repository_id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PushFacts:
    """A push: the full `ref`, both ends, and the files its commits name.

    `files_known` is false where the payload cannot tell (a created or forced ref, or more
    commits than GitHub lists): the files must then be asked for.
    """

    ref: str
    before: Sha
    after: Sha
    is_created: bool
    is_deleted: bool
    is_forced: bool
    files: tuple[str, ...]
    files_known: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequestFacts:
    """A pull request; from a fork when its head lives in another repository."""

    number: int
    head_sha: Sha
    head_ref: str
    head_repository_id: int | None
    base_sha: Sha
    base_ref: str
    is_fork: bool
    is_draft: bool
    is_merged: bool
    is_open: bool = True


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a delivery is about, as triggers and expressions see it (`hearing.subjects`).

    Without `sha` or `ref` it is about the head of the default branch. `filtered` is the full
    ref that `branches` and `tags` look at. `queued_pull_request` is the one that a merge
    group holds. `workflow_run_id` is the run that ended, or that waits at an environment.
    `is_own`: Signalbox itself has made what is told, so that nothing must follow from it.
    """

    sha: Sha = NO_SHA
    ref: str = ""
    filtered: str = ""
    pull_request: int | None = None
    queued_pull_request: int | None = None
    is_fork: bool = False
    head_repository_id: int | None = None
    labels: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    workflow: str = ""
    workflow_run_id: int | None = None
    is_own: bool = False


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One delivery, read: `event` is GitHub's event name, `action` its action."""

    event: str
    action: str | None
    installation_id: int | None
    repository: Repository | None
    sender: Person | None
    workflow_run: WorkflowRunFacts | None
    push: PushFacts | None
    pull_request: PullRequestFacts | None
    payload: JsonObject
    subject: Subject = Subject()
