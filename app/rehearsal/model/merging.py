"""Merging: by hand, through the API, and by the merge queue.

https://docs.github.com/pull-requests/collaborating-with-pull-requests/incorporating-changes-from-a-pull-request/merging-a-pull-request-with-a-merge-queue
"""

from app.rehearsal.model import git, pulls
from app.rehearsal.model.refused import Refused
from app.rehearsal.model.state import Account, Commit, PullRequest, Repository
from app.rehearsal.model.world import World
from app.rehearsal.shapes import git as shapes

QUEUE = "heads/gh-readonly-queue"


def merge(world: World, repository: Repository, pull: PullRequest, who: Account) -> str:
    """Merge a pull request into its base and return the SHA of the merge."""
    commit = _merged(world, repository, pull, who, pull.base_sha)
    pulls.mark_merged(world, repository, pull, who, commit.sha)
    git.move_ref(world, repository, f"heads/{pull.base_ref}", commit.sha, who)
    return commit.sha


def check_mergeable(pull: PullRequest, sha: str | None) -> None:
    """Refuse a merge as GitHub does: of what is closed, blocked, or at another commit."""
    if pull.state != "open" or pull.is_blocked:
        raise Refused(405, "Pull Request is not mergeable")
    if sha is not None and sha != pull.head_sha:
        raise Refused(409, "Head branch was modified. Review and try the merge again.")


def enqueue(
    world: World, repository: Repository, pull: PullRequest, who: Account, *, squashes: bool
) -> str:
    """Put a pull request into the merge queue; return the SHA whose checks are asked for.

    It stands on the group before it, if there is one, and so holds all that is in that.
    """
    base = pull.base_sha
    for known, sha in repository.refs.items():
        if known.startswith(f"{QUEUE}/{pull.base_ref}/"):
            base = sha
    commit = _merged(world, repository, pull, who, base, squashes=squashes)
    ref = f"{QUEUE}/{pull.base_ref}/pr-{pull.number}-{base}"
    repository.refs[ref] = commit.sha
    _tell(world, repository, ref, base, pull.base_ref, commit, "checks_requested", who)
    return commit.sha


def leave_queue(
    world: World, repository: Repository, sha: str, reason: str, who: Account
) -> None:
    """End a merge group: `merged`, `invalidated` or `dequeued`."""
    ref = next(r for r, s in repository.refs.items() if r.startswith(QUEUE) and s == sha)
    base_ref, _, name = ref.removeprefix(f"{QUEUE}/").rpartition("/")
    number, _, base = name.removeprefix("pr-").partition("-")
    del repository.refs[ref]
    commit = repository.commits[sha]
    _tell(world, repository, ref, base, base_ref, commit, "destroyed", who, reason)
    if reason == "merged":
        pulls.mark_merged(world, repository, repository.pulls[int(number)], who, sha)
        git.move_ref(world, repository, f"heads/{base_ref}", sha, who)


def _merged(
    world: World,
    repository: Repository,
    pull: PullRequest,
    who: Account,
    onto: str,
    *,
    squashes: bool = False,
) -> Commit:
    base = git.merge_base(repository, onto, pull.head_sha)
    head = repository.commits[pull.head_sha]
    changed = git.changed_files(repository, base, pull.head_sha)
    files = {
        path: None if how == "removed" else repository.blobs[head.tree[path]].decode()
        for path, how in changed.items()
    }
    message = f"Merge pull request #{pull.number}"
    parents = (onto,) if squashes else (onto, pull.head_sha)
    return git.commit_files(repository, parents, files, who, message, world.now())


def _tell(
    world: World,
    repository: Repository,
    ref: str,
    base_sha: str,
    base_ref: str,
    commit: Commit,
    action: str,
    who: Account,
    reason: str | None = None,
) -> None:
    body = {
        "action": action,
        **({"reason": reason} if reason else {}),
        "merge_group": {
            "head_sha": commit.sha,
            "head_ref": f"refs/{ref}",
            "base_sha": base_sha,
            "base_ref": f"refs/heads/{base_ref}",
            "head_commit": shapes.simple_commit(commit),
        },
    }
    world.emit("merge_group", repository, who, body)
