"""Trees and commits made one by one, and refs that are moved to them.

https://docs.github.com/rest/guides/using-the-rest-api-to-interact-with-your-git-database
"""

from collections.abc import Mapping
from typing import Any

from app.rehearsal.model import git
from app.rehearsal.model.refused import invalid, not_found
from app.rehearsal.model.state import Repository
from app.rehearsal.shapes import git as shapes
from app.rehearsal.wire.exchange import Answer, Ask, Route
from app.rehearsal.wire.routes_git import READ, WRITE, R, refuse_empty

# Trees of the rehearsal hold nothing but files that nobody executes.
MODE = "100644"


def get_git_commit(ask: Ask) -> Answer:
    """Return a commit as git knows it."""
    refuse_empty(ask.repository)
    commit = ask.repository.commits.get(ask.parameters["commit_sha"])
    if commit is None:
        raise not_found()
    return Answer(200, shapes.git_commit(ask.world.at, ask.repository, commit))


def create_tree(ask: Ask) -> Answer:
    """Make a tree, whole or as a change of another."""
    given, repository = ask.body(), ask.repository
    ask.demand(given, tree=list)
    refuse_empty(repository)
    base = given.get("base_tree")
    if base is not None and base not in repository.trees:
        raise invalid("base_tree is not a valid tree oid")
    tree = dict(repository.trees[base]) if base is not None else {}
    for entry in given["tree"]:
        _enter(repository, tree, entry)
    sha = git.keep_tree(repository, tree)
    shape = shapes.tree(ask.world.at, repository, sha, is_deep=False)
    return Answer(201, shape, {"location": shape["url"]})


def create_commit(ask: Ask) -> Answer:
    """Make a commit of a tree. No branch holds it yet."""
    given, repository = ask.body(), ask.repository
    ask.demand(given, message=str, tree=str)
    refuse_empty(repository)
    parents = tuple(given.get("parents", ()))
    if given["tree"] not in repository.trees:
        raise invalid("Tree SHA does not exist")
    if any(parent not in repository.commits for parent in parents):
        raise invalid("Parent SHA does not exist or is not a commit object")
    now = ask.world.now()
    made = git.commit_tree(repository, parents, given["tree"], ask.who, given["message"], now)
    shape = shapes.git_commit(ask.world.at, repository, made)
    return Answer(201, shape, {"location": shape["url"]})


def update_ref(ask: Ask) -> Answer:
    """Point a branch or a tag elsewhere; without `force` only forward."""
    given, repository = ask.body(), ask.repository
    ask.demand(given, sha=str)
    ref, sha = ask.parameters["ref"].removeprefix("refs/"), given["sha"]
    is_forced = given.get("force", False)
    before = repository.refs.get(ref)
    if before is None:
        raise invalid("Reference does not exist")
    if sha not in repository.commits:
        raise invalid("Object does not exist")
    if not is_forced and before not in git.ancestors(repository, sha):
        raise invalid("Update is not a fast forward")
    git.move_ref(ask.world, repository, ref, sha, ask.who, is_forced=is_forced)
    return Answer(200, shapes.git_ref(ask.world.at, repository, ref, sha))


def _enter(repository: Repository, tree: dict[str, str], entry: Mapping[str, Any]) -> None:
    """Write one entry into a tree, or take it out."""
    path, sha, content = entry.get("path", ""), entry.get("sha"), entry.get("content")
    if not path or entry.get("mode") != MODE:
        raise invalid("Must supply a valid tree.path and tree.mode")
    if "sha" in entry and sha is None:
        tree.pop(path, None)
    elif content is not None and sha is None:
        tree[path] = git.keep_blob(repository, content.encode())
    elif content is None and sha in repository.blobs:
        tree[path] = str(sha)
    else:
        raise invalid("tree.sha is not a valid blob")


ROUTES = (
    Route("GET", f"{R}/git/commits/{{commit_sha}}", get_git_commit, needs=READ),
    Route("POST", f"{R}/git/trees", create_tree, needs=WRITE),
    Route("POST", f"{R}/git/commits", create_commit, needs=WRITE),
    Route("PATCH", f"{R}/git/refs/{{ref+}}", update_ref, needs=WRITE),
)
