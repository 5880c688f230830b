"""What a delivery concerns: which definitions it starts, and what is to be read anew.

Pure: the answer is a value. A filter that cannot be judged yet (which files did this change?)
is an answer, too. Nothing of a fork starts anything until a person can let it: whoever
opens a pull request from a fork must not reach what holds secrets.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from app.core.chores import (
    CheckDefinitions,
    Chore,
    FindPullRequest,
    ListChangedFiles,
    ListRepositories,
    ReadRepository,
)
from app.core.copying import replace
from app.core.definition import Listen
from app.core.expressions import ExpressionError, evaluate_condition
from app.core.hearing.catalogue import Catalogue, Covered, Entry, listens
from app.core.hearing.filters import refusal, wants_paths, wants_repository
from app.core.hearing.forks import is_guarded
from app.core.hearing.heard import Heard
from app.core.hearing.pulls import has_to_ask
from app.core.hearing.replanning import wants_type
from app.core.plan import Cause
from app.core.planning import cause_of, values_of
from app.core.values import Sha

DEFINITIONS = ".github/orchestrations/"
POLICY = ".github/orchestration-policy.yml"
ORGANIZATION_POLICY = "orchestration-policy.yml"
ORGANIZATION_REPOSITORIES = (".github-private", ".github")
"""Where an organization's policy stands, in the order in which they count."""


class Answer(StrEnum):
    """Whether a definition wants to be started by a delivery."""

    YES = "yes"
    NO = "no"
    FILES_NEEDED = "files-needed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answer of one `on` entry to one delivery, and why."""

    answer: Answer
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A definition that a delivery starts."""

    entry: Entry
    cause: Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed:
    """All that follows from a delivery beside what it says of live orchestrations.

    `head` is the new head of a default branch; `gone` names an installation that ended.
    """

    starts: tuple[Start, ...] = ()
    chores: tuple[Chore, ...] = ()
    head: tuple[int, Sha] | None = None
    gone: int | None = None
    notes: tuple[str, ...] = ()


NO = Answer.NO
COMMITS_COME = ("opened", "synchronize", "reopened")


def route(
    heard: Heard, catalogue: Catalogue, delivery_id: str, files: tuple[str, ...] | None
) -> Routed:
    """Say what a delivery concerns; `files` are those it changed, where they were asked for."""
    if heard.event in ("installation", "installation_repositories"):
        return _route_installation(heard)
    if heard.repository is None:
        return Routed()
    covered = catalogue.repositories.get(heard.repository.id)
    if covered is None:
        return _route_unknown(heard)
    told_by = heard.installation_id or covered.installation_id
    moved: tuple[Chore, ...] = ()
    if told_by != covered.installation_id:
        moved = _moved_to(told_by)
        covered = replace(covered, installation_id=told_by)
    files = known_files(heard) if files is None else files
    starts: list[Start] = []
    notes: list[str] = []
    for entry in catalogue.listeners(heard.event, covered.repository.id):
        verdict = wanted(entry, heard, covered, files)
        if verdict.answer is Answer.YES:
            starts.append(Start(entry=entry, cause=cause_of(heard, covered)))
        elif verdict.answer is Answer.FILES_NEEDED:
            # Nothing is started yet: the whole delivery comes back with its files.
            return Routed(chores=(_list_files(heard, covered, delivery_id),))
        else:
            notes.append(f"{entry.origin.repository}/{entry.definition.id}: {verdict.why}")
    if starts and files is None and has_to_ask(heard, covered.head_sha):
        # Nothing is started before it is known whether a stranger proposes it.
        return Routed(chores=(_find_pull(heard, covered, delivery_id),))
    head = _new_head(heard, covered)
    chores = (*moved, *_chores(heard, covered))
    return Routed(starts=tuple(starts), chores=chores, head=head, notes=tuple(notes))


def known_files(heard: Heard) -> tuple[str, ...] | None:
    """Return the changed files where the payload tells them."""
    if heard.push is not None and heard.push.files_known:
        return heard.push.files
    return None


def wanted(
    entry: Entry, heard: Heard, covered: Covered, files: tuple[str, ...] | None
) -> Verdict:
    """Say whether any `on` entry of a definition wants a delivery, and if none, why not."""
    verdicts = [
        wants(listen, entry, heard, covered, files) for listen in listens(entry, heard.event)
    ]
    for answer in (Answer.YES, Answer.FILES_NEEDED):
        for verdict in verdicts:
            if verdict.answer is answer:
                return verdict
    if not verdicts:
        return Verdict(answer=NO, why=f"it does not listen to `{heard.event}`")
    return Verdict(answer=NO, why="; ".join(verdict.why for verdict in verdicts))


def wants(
    listen: Listen,
    entry: Entry,
    heard: Heard,
    covered: Covered,
    files: tuple[str, ...] | None,
) -> Verdict:
    """Say whether one `on` entry wants a delivery."""
    why = _refusal(listen, entry, heard, covered)
    if why is not None:
        return Verdict(answer=NO, why=why)
    is_tag = heard.push is not None and heard.push.ref.startswith("refs/tags/")
    if (listen.paths or listen.paths_ignore) and not is_tag:
        if files is None:
            return Verdict(answer=Answer.FILES_NEEDED)
        if not wants_paths(listen, files):
            return Verdict(answer=NO, why="no changed file passes `paths`")
    if listen.condition is None:
        return Verdict(answer=Answer.YES)
    try:
        holds = evaluate_condition(listen.condition, values_of(cause_of(heard, covered)))
    except ExpressionError as error:
        return Verdict(answer=NO, why=f"its `if` has no value: {error}")
    if not holds:
        return Verdict(answer=NO, why="its `if` does not hold")
    return Verdict(answer=Answer.YES)


def _refusal(listen: Listen, entry: Entry, heard: Heard, covered: Covered) -> str | None:
    """Say why an entry does not want a delivery, its paths and its condition aside."""
    name = covered.repository.name
    if not wants_repository(listen, entry.origin.repository, name):
        return f"it does not listen to {name}"
    if not wants_type(listen, heard):
        return f"`{heard.action}` is not among its `types`"
    if heard.push is not None and heard.push.is_deleted:
        return "the ref was deleted"
    if heard.event == "pull_request" and heard.pull_request is None:
        return "the delivery names no pull request"
    if heard.event == "workflow_run" and heard.workflow_run is None:
        return "the delivery names no workflow run"
    if heard.subject.is_fork and not is_guarded(entry.definition):
        return (
            f"the {heard.event} comes from a fork: nothing starts without a maintainer; let "
            "all that it does need an `approval`"
        )
    return refusal(listen, heard)


def _route_installation(heard: Heard) -> Routed:
    """Read an installation anew rather than trust what a delivery says was added."""
    if heard.installation_id is None:
        return Routed()
    if heard.event == "installation" and heard.action in ("deleted", "suspend"):
        return Routed(gone=heard.installation_id)
    return Routed(chores=(ListRepositories(installation_id=heard.installation_id),))


def _moved_to(installation_id: int) -> tuple[Chore, ...]:
    """Have an installation read that speaks for a repository we know of another."""
    return (ListRepositories(installation_id=installation_id),)


def _route_unknown(heard: Heard) -> Routed:
    """Have a repository read that speaks to us and that we do not know yet."""
    if heard.installation_id is None:
        return Routed()
    return Routed(chores=(ListRepositories(installation_id=heard.installation_id),))


def _new_head(heard: Heard, covered: Covered) -> tuple[int, Sha] | None:
    push = heard.push
    if push is None or push.is_deleted:
        return None
    if push.ref != f"refs/heads/{covered.repository.default_branch}":
        return None
    return covered.repository.id, push.after


def _chores(heard: Heard, covered: Covered) -> Iterator[Chore]:
    read = ReadRepository(
        installation_id=covered.installation_id, repository_id=covered.repository.id
    )
    push = heard.push
    if heard.event == "repository":
        yield read
    if push is not None and not push.is_deleted and push.ref.startswith("refs/heads/"):
        ours = tuple(file for file in push.files if is_ours(file, covered.repository.name))
        is_default = _new_head(heard, covered) is not None
        if is_default and (ours or not push.files_known):
            yield read
        if ours:
            yield CheckDefinitions(
                installation_id=covered.installation_id,
                repository_id=covered.repository.id,
                sha=push.after,
                paths=ours,
            )
    pull_request = heard.pull_request
    # GitHub tells us nothing of pushes to a fork.
    if _brings_commits(heard) and pull_request is not None and pull_request.is_fork:
        yield CheckDefinitions(
            installation_id=covered.installation_id,
            repository_id=covered.repository.id,
            sha=pull_request.head_sha,
            pull_request=pull_request.number,
        )


def _brings_commits(heard: Heard) -> bool:
    return heard.event == "pull_request" and heard.action in COMMITS_COME


def is_ours(path: str, repository: str = "") -> bool:
    """Tell whether a file is a definition or a policy of its repository."""
    return path in policies_of(repository) or is_definition(path)


def is_definition(path: str) -> bool:
    """Tell whether a file is a definition."""
    name = path.removeprefix(DEFINITIONS)
    return name != path and "/" not in name and name.endswith((".yml", ".yaml"))


def policies_of(repository: str) -> tuple[str, ...]:
    """Return where the policy of a repository may stand, in the order in which they count.

    That of an organization stands at the root of its repository for such things.
    """
    if repository.partition("/")[2].lower() in ORGANIZATION_REPOSITORIES:
        return ORGANIZATION_POLICY, POLICY
    return (POLICY,)


def _find_pull(heard: Heard, covered: Covered, delivery_id: str) -> FindPullRequest:
    return FindPullRequest(
        installation_id=covered.installation_id,
        repository_id=covered.repository.id,
        delivery_id=delivery_id,
        sha=heard.subject.sha,
        head_repository_id=heard.subject.head_repository_id,
    )


def _list_files(heard: Heard, covered: Covered, delivery_id: str) -> ListChangedFiles:
    pull_request, push = heard.pull_request, heard.push
    base = push.before if push is not None else ""
    if push is not None and push.is_created:
        base = Sha(covered.repository.default_branch)
    return ListChangedFiles(
        installation_id=covered.installation_id,
        repository_id=covered.repository.id,
        delivery_id=delivery_id,
        number=pull_request.number if pull_request is not None else None,
        base=base,
        head=push.after if push is not None else "",
    )
