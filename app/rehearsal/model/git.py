"""Commits, refs and pushes: git as far as its effects can be seen through the API.

A commit holds its whole tree as a mapping from path to blob SHA, and blobs have the very
SHA that git gives them. Objects of a fork are shared with its parent, as on GitHub.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.rehearsal.model import pulls
from app.rehearsal.model.state import Account, Commit, Repository
from app.rehearsal.model.world import World
from app.rehearsal.shapes import git as shapes

NO_COMMIT = "0" * 40
WORKFLOWS = ".github/workflows/"
# A push webhook lists at most so many commits: https://docs.github.com/webhooks
PUSHED_COMMITS_MAX = 2048


def blob_sha(content: bytes) -> str:
    """Return the SHA that git gives a blob."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()  # noqa: S324 - git


def commit_files(
    repository: Repository,
    parents: tuple[str, ...],
    files: Mapping[str, str | None],
    author: Account,
    message: str,
    at: datetime,
) -> Commit:
    """Make a commit on top of its first parent: a path without text is removed."""
    tree = dict(repository.commits[parents[0]].tree) if parents else {}
    for path, text in files.items():
        if text is None:
            tree.pop(path, None)
        else:
            tree[path] = keep_blob(repository, text.encode())
    return commit_tree(repository, parents, keep_tree(repository, tree), author, message, at)


def commit_tree(
    repository: Repository,
    parents: tuple[str, ...],
    tree_sha: str,
    author: Account,
    message: str,
    at: datetime,
) -> Commit:
    """Make a commit of a tree that is there."""
    sha = _digest("commit", tree_sha, *parents, author.login, message, at.isoformat())
    commit = Commit(sha, tree_sha, repository.trees[tree_sha], message, author, at, parents)
    repository.commits[sha] = commit
    return commit


def keep_blob(repository: Repository, content: bytes) -> str:
    """Keep the content of a file and return its SHA."""
    sha = blob_sha(content)
    repository.blobs[sha] = content
    return sha


def keep_tree(repository: Repository, tree: Mapping[str, str]) -> str:
    """Keep a whole tree and return its SHA."""
    sha = _digest("tree", *(f"{path} {sha}" for path, sha in sorted(tree.items())))
    repository.trees[sha] = tree
    return sha


def push(
    world: World,
    repository: Repository,
    branch: str,
    files: Mapping[str, str | None],
    author: Account,
    message: str,
    *,
    is_forced: bool = False,
) -> str:
    """Commit to a branch, which is made if need be, and return the new SHA.

    A forced push puts the new commit beside the old one instead of on top of it.
    """
    ref = f"heads/{branch}"
    before = repository.refs.get(ref)
    base = before or repository.refs.get(f"heads/{repository.default_branch}")
    parents: tuple[str, ...] = (base,) if base else ()
    if is_forced and base:
        parents = repository.commits[base].parents
    commit = commit_files(repository, parents, files, author, message, world.now())
    move_ref(world, repository, ref, commit.sha, author, is_forced=is_forced)
    return commit.sha


def move_ref(
    world: World,
    repository: Repository,
    ref: str,
    sha: str | None,
    sender: Account,
    *,
    is_forced: bool = False,
) -> None:
    """Point a ref elsewhere, make it, or remove it; tell the App and the pull requests."""
    before = repository.refs.get(ref)
    if sha is None:
        repository.refs.pop(ref, None)
    else:
        repository.refs[ref] = sha
    repository.pushed_at = world.now()
    body = _push_body(world, repository, ref, before, sha, sender, is_forced=is_forced)
    world.emit("push", repository, sender, body)
    if before is None or sha is None:
        _tell_ref(world, repository, ref, "delete" if sha is None else "create", sender)
    if sha is not None and ref.startswith("heads/"):
        pulls.follow_branch(world, repository, ref.removeprefix("heads/"), sha, sender)


def resolve(repository: Repository, ref: str) -> str | None:
    """Return the SHA that a branch, a tag, a qualified ref or a SHA stands for."""
    name = ref.removeprefix("refs/")
    for candidate in (name, f"heads/{name}", f"tags/{name}"):
        if candidate in repository.refs:
            return repository.refs[candidate]
    if name in repository.commits:
        return name
    if len(name) >= 7:
        found = [sha for sha in repository.commits if sha.startswith(name)]
        return found[0] if len(found) == 1 else None
    return None


def ancestors(repository: Repository, sha: str) -> list[str]:
    """Return a commit and all before it, the newest first."""
    seen: dict[str, None] = {}
    waiting = [sha]
    while waiting:
        here = waiting.pop(0)
        if here not in seen and here in repository.commits:
            seen[here] = None
            waiting.extend(repository.commits[here].parents)
    return list(seen)


def merge_base(repository: Repository, base: str, head: str) -> str | None:
    """Return the newest commit that both have in their history."""
    known = set(ancestors(repository, base))
    return next((sha for sha in ancestors(repository, head) if sha in known), None)


def changed_files(repository: Repository, before: str | None, after: str) -> dict[str, str]:
    """Return the paths that differ between two commits: added, removed or modified."""
    old = repository.commits[before].tree if before in repository.commits else {}
    new = repository.commits[after].tree
    changed = {path: "added" for path in new if path not in old}
    changed |= {path: "removed" for path in old if path not in new}
    changed |= {path: "modified" for path in new if path in old and old[path] != new[path]}
    return dict(sorted(changed.items()))


def share_objects(source: Repository, target: Repository) -> None:
    """Let one repository of a fork network see the objects of another."""
    target.commits |= source.commits
    target.blobs |= source.blobs
    target.trees |= source.trees


def _tell_ref(
    world: World, repository: Repository, ref: str, event: str, sender: Account
) -> None:
    """Send a `create` or `delete` webhook. https://docs.github.com/webhooks"""
    kind, _, name = ref.partition("/")
    body: dict[str, Any] = {
        "ref": name,
        "ref_type": "branch" if kind == "heads" else "tag",
        "pusher_type": "user",
    }
    if event == "create":
        body |= {"master_branch": repository.default_branch, "description": None}
    world.emit(event, repository, sender, body)


def _push_body(
    world: World,
    repository: Repository,
    ref: str,
    before: str | None,
    after: str | None,
    sender: Account,
    *,
    is_forced: bool,
) -> dict[str, Any]:
    """Return the body of a push webhook, apart from what every webhook has."""
    pushed: list[Commit] = []
    if after is not None and ref.startswith("heads/"):
        start = before or repository.refs.get(f"heads/{repository.default_branch}")
        known = set(ancestors(repository, start)) if start and start != after else set()
        new = [sha for sha in ancestors(repository, after) if sha not in known]
        pushed = [repository.commits[sha] for sha in reversed(new)][:PUSHED_COMMITS_MAX]
    head = None if after is None else repository.commits[after]
    web = f"{world.at.web}/{repository.full_name}"
    return {
        "ref": f"refs/{ref}",
        "before": before or NO_COMMIT,
        "after": after or NO_COMMIT,
        "created": before is None,
        "deleted": after is None,
        "forced": is_forced,
        "base_ref": None,
        "compare": f"{web}/compare/{(before or NO_COMMIT)[:12]}...{(after or NO_COMMIT)[:12]}",
        "commits": [_pushed(world, repository, commit) for commit in pushed],
        "head_commit": None if head is None else _pushed(world, repository, head),
        "pusher": {"name": sender.login, "email": shapes.email(sender)},
    }


def _pushed(world: World, repository: Repository, commit: Commit) -> dict[str, Any]:
    parent = commit.parents[0] if commit.parents else None
    changed = changed_files(repository, parent, commit.sha)
    return shapes.pushed_commit(world.at, repository, commit, changed)


def _digest(*parts: str) -> str:
    return hashlib.sha1("\0".join(parts).encode()).hexdigest()  # noqa: S324 - a git SHA
