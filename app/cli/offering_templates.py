"""`signalbox templates`: brings our workflow templates to an organization, as a pull request.

A person waits and nothing is concurrent, so PyGithub speaks to GitHub here, and only here. It
would send a write again after a 5xx; it is told to send nothing twice. What is written, and
what it says, stands in `shipped_templates`; what GitHub's refusals mean in `refused_templates`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from github import Auth, Github, GithubException, InputGitTreeElement
from github.GithubException import BadAttributeException
from github.GitRef import GitRef
from github.PullRequest import PullRequest
from github.Repository import Repository

from app.cli.refused_templates import (
    NOT_GITHUB,
    Place,
    refusal,
    settings_of,
    unanswered,
)
from app.cli.saying import Refused, console, print_json, printable
from app.cli.shipped_templates import (
    FOLDER,
    TITLE,
    State,
    Template,
    compared,
    described,
    filled,
    left_open,
    reach,
    shipped,
)

T = TypeVar("T")

BRANCH: Final = "signalbox-templates"
TIMEOUT_SECONDS: Final = 30
# PyGithub reads the fields of this version, which Enterprise Server has, too.
API_VERSION: Final = "2022-11-28"
# An ordinary file: https://docs.github.com/rest/git/trees#create-a-tree
_FILE_MODE: Final = "100644"
_STYLES: Final[Mapping[State, str]] = {
    State.NEW: "green",
    State.CHANGED: "yellow",
    State.SAME: "dim",
}

_SAID: Final[Mapping[str, str]] = {
    "opened": "pull request opened",
    "updated": "pull request brought up to date",
    "unchanged": "the pull request that is open has all of it",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Where to, and what to fill in; `server_url` and `action` may be empty."""

    organization: str
    repository: str
    server_url: str
    action: str
    is_dry_run: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """The repository as it is, and how our templates stand to it."""

    repository: Repository
    base_sha: str
    offered: Sequence[tuple[Template, State]]

    @property
    def templates(self) -> list[Template]:
        return [template for template, _ in self.offered]

    @property
    def is_same(self) -> bool:
        return all(state is State.SAME for _, state in self.offered)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Proposed:
    """The pull request, and what became of it: opened, updated or unchanged."""

    url: str
    number: int
    outcome: str


def offer_with(
    environ: Mapping[str, str],
    wish: Wish,
    *,
    as_json: bool,
    timeout_seconds: int = TIMEOUT_SECONDS,
) -> int:
    """Offer the templates, say what was done, and return the exit code. Raises `Refused`."""
    settings = settings_of(
        environ,
        organization=wish.organization,
        repository=wish.repository,
        server_url=wish.server_url,
        action=wish.action,
    )
    templates = filled(shipped(), server=settings.server_url, action=wish.action)
    place = Place(
        repository=f"{wish.organization}/{wish.repository}",
        api_url=settings.api_url,
        token=settings.token,
    )
    # Each call is sent once; the few writes of one pull request need no pause between them.
    github = Github(
        base_url=settings.api_url,
        auth=Auth.Token(settings.token),
        timeout=timeout_seconds,
        retry=None,
        seconds_between_requests=None,
        seconds_between_writes=None,
        user_agent="signalbox-templates",
        api_version=API_VERSION,
    )
    with github:
        seen = _asked(place, lambda: _look(github, place, templates))
        if not as_json:
            _print_seen(seen)
        proposed = None
        if not wish.is_dry_run and not seen.is_same:
            proposed = _asked(place, lambda: _propose(seen), is_writing=True)
    if as_json:
        _print_as_json(seen, proposed, wish)
    else:
        _print_end(seen, proposed, wish)
    return 0


def _asked(place: Place, question: Callable[[], T], *, is_writing: bool = False) -> T:
    """Ask GitHub, and raise `Refused` for whatever keeps it from an answer."""
    try:
        return question()
    except GithubException as error:
        headers = error.headers or {}
        raise refusal(place, error.status, error.data, headers, is_writing=is_writing) from None
    except OSError as error:
        # What `requests` raises when the network fails is one of these.
        raise unanswered(place, str(error), is_writing=is_writing) from None
    except (BadAttributeException, RuntimeError, ValueError):
        raise Refused(f"{place.api_url} is not GitHub's API", NOT_GITHUB, code=1) from None


def _look(github: Github, place: Place, templates: Sequence[Template]) -> _Seen:
    repository = github.get_repo(place.repository)
    # An answer of something else lacks it, whatever the library promises.
    if not isinstance(repository.default_branch, str):
        raise ValueError("no repository")
    base = repository.get_git_ref(f"heads/{repository.default_branch}").object.sha
    offered = compared(templates, _known(repository, base))
    return _Seen(repository=repository, base_sha=base, offered=offered)


def _known(repository: Repository, sha: str) -> dict[str, str]:
    """Return the SHAs of what stands in the folder at a commit, by path."""
    found = _or_none(lambda: repository.get_contents(FOLDER, ref=sha))
    if found is None:
        return {}
    return {each.path: each.sha for each in (found if isinstance(found, list) else [found])}


def _propose(seen: _Seen) -> _Proposed:
    """Bring the branch up to date, and have a pull request from it."""
    repository = seen.repository
    branch = _or_none(lambda: repository.get_git_ref(f"heads/{BRANCH}"))
    pull = _open_pull(repository) if branch is not None else None
    if branch is None or pull is None:
        _start_branch(seen, branch)
        pull = repository.create_pull(
            base=repository.default_branch,
            head=BRANCH,
            title=TITLE,
            body=described(seen.templates, repository.visibility),
        )
        return _Proposed(url=pull.html_url, number=pull.number, outcome="opened")
    outcome = "updated" if _continue_branch(seen, branch) else "unchanged"
    return _Proposed(url=pull.html_url, number=pull.number, outcome=outcome)


def _open_pull(repository: Repository) -> PullRequest | None:
    found = repository.get_pulls(
        state="open",
        head=f"{repository.owner.login}:{BRANCH}",
        base=repository.default_branch,
    )
    return next(iter(found), None)


def _start_branch(seen: _Seen, branch: GitRef | None) -> None:
    """Let the branch hold the default branch and our templates, with one commit.

    One that is left over is not forced: it becomes the other parent, and so nothing of it is
    lost, and nothing of it comes into the pull request.
    """
    left_over = [] if branch is None else [branch.object.sha]
    parents = list(dict.fromkeys([*left_over, seen.base_sha]))
    changed = [each for each, state in seen.offered if state is not State.SAME]
    sha = _commit(seen.repository, seen.base_sha, parents, changed)
    if branch is None:
        seen.repository.create_git_ref(f"refs/heads/{BRANCH}", sha)
    else:
        branch.edit(sha)


def _continue_branch(seen: _Seen, branch: GitRef) -> bool:
    """Add what the branch lacks, with one commit on top; tell whether there was anything."""
    head = branch.object.sha
    offered = compared(seen.templates, _known(seen.repository, head))
    changed = [each for each, state in offered if state is not State.SAME]
    if not changed:
        return False
    branch.edit(_commit(seen.repository, head, [head], changed))
    return True


def _commit(
    repository: Repository, base: str, parents: Sequence[str], changed: Sequence[Template]
) -> str:
    """Commit these files on top of the tree of a commit, and return the SHA."""
    tree = repository.create_git_tree(
        [InputGitTreeElement(each.path, _FILE_MODE, "blob", each.text) for each in changed],
        repository.get_git_commit(base).tree,
    )
    commits = [repository.get_git_commit(each) for each in parents]
    return repository.create_git_commit(TITLE, tree, commits).sha


def _or_none(question: Callable[[], T]) -> T | None:
    try:
        return question()
    except GithubException as error:
        if error.status == 404:
            return None
        raise


# --- telling --------------------------------------------------------------------------


def _print_seen(seen: _Seen) -> None:
    repository, out = seen.repository, console()
    where = f"{repository.full_name}, branch {repository.default_branch}"
    out.print(printable(f"workflow templates in {where}:"), soft_wrap=True)
    for template, state in seen.offered:
        out.print(f"  {state:<8}", style=_STYLES[state], end="")
        out.print(template.path, soft_wrap=True)
    for each in left_open(seen.templates):
        out.print(f"by hand: {each}", soft_wrap=True)
    served = f"since it is {repository.visibility}, GitHub offers them to"
    out.print(printable(f"{served} {reach(repository.visibility)}"), soft_wrap=True)


def _print_end(seen: _Seen, proposed: _Proposed | None, wish: Wish) -> None:
    out = console()
    if proposed is not None:
        said = f"{_SAID[proposed.outcome]}: {proposed.url}"
        out.print(printable(said), soft_wrap=True)
    elif seen.is_same:
        out.print("nothing to change")
    elif wish.is_dry_run:
        out.print("nothing was changed (--dry-run)")


def _print_as_json(seen: _Seen, proposed: _Proposed | None, wish: Wish) -> None:
    pull = None
    if proposed is not None:
        pull = {
            "url": proposed.url,
            "number": proposed.number,
            "outcome": proposed.outcome,
        }
    print_json(
        {
            "repository": seen.repository.full_name,
            "visibility": seen.repository.visibility,
            "default_branch": seen.repository.default_branch,
            "files": [{"path": each.path, "state": how.value} for each, how in seen.offered],
            "by_hand": list(left_open(seen.templates)),
            "is_dry_run": wish.is_dry_run,
            "pull_request": pull,
        }
    )
