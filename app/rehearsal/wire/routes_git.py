"""Repositories, contents, refs, commits, trees and comparisons."""

from typing import Any

from app.rehearsal.model import git
from app.rehearsal.model.refused import Refused, invalid, not_found
from app.rehearsal.model.state import Commit, Repository
from app.rehearsal.shapes import git as shapes
from app.rehearsal.shapes import people
from app.rehearsal.wire.exchange import Answer, Ask, Route

RAW = "application/vnd.github.raw"
SHA_LENGTH = 40
# A comparison shows at most so many: https://docs.github.com/rest/commits/commits
COMPARED_FILES_MAX = 300


def get_repository(ask: Ask) -> Answer:
    """Return the repository."""
    return Answer(200, people.full_repository(ask.world.at, ask.repository))


def get_contents(ask: Ask) -> Answer:
    """Return a file, raw if asked for, or the listing of a directory."""
    repository, path = ask.repository, ask.parameters.get("path", "").strip("/")
    ref = ask.query.get("ref") or repository.default_branch
    sha = git.resolve(repository, ref)
    if not repository.commits:
        raise Refused(404, "This repository is empty.")
    if sha is None:
        raise Refused(404, f"No commit found for the ref {ref}")
    commit = repository.commits[sha]
    blob = commit.tree.get(path)
    if blob is None:
        return _directory(ask, commit, path, ref)
    if ask.headers.get("accept", "").startswith(RAW):
        return Answer(200, repository.blobs[blob], {"content-type": f"{RAW}+json"})
    return Answer(200, shapes.content_file(ask.world.at, repository, path, blob, ref))


def get_blob(ask: Ask) -> Answer:
    """Return a blob by its SHA."""
    content = ask.repository.blobs.get(ask.parameters["file_sha"])
    if content is None:
        raise not_found()
    return Answer(200, shapes.blob(ask.world.at, ask.repository, ask.parameters["file_sha"]))


def get_tree(ask: Ask) -> Answer:
    """Return the tree of a commit, a branch or a tree SHA."""
    wanted = ask.parameters["tree_sha"]
    refuse_empty(ask.repository)
    commit = _commit_or_none(ask.repository, wanted)
    tree_sha = wanted if commit is None else commit.tree_sha
    if tree_sha not in ask.repository.trees:
        raise not_found()
    is_deep = "recursive" in ask.query
    return Answer(200, shapes.tree(ask.world.at, ask.repository, tree_sha, is_deep=is_deep))


def get_ref(ask: Ask) -> Answer:
    """Return one ref, given as heads/NAME or tags/NAME."""
    refuse_empty(ask.repository)
    ref = ask.parameters["ref"].removeprefix("refs/")
    sha = ask.repository.refs.get(ref)
    if sha is None:
        raise not_found()
    return Answer(200, shapes.git_ref(ask.world.at, ask.repository, ref, sha))


def matching_refs(ask: Ask) -> Answer:
    """Return the refs that begin in a certain way."""
    prefix = ask.parameters["ref"].removeprefix("refs/")
    found = [
        shapes.git_ref(ask.world.at, ask.repository, ref, sha)
        for ref, sha in sorted(ask.repository.refs.items())
        if ref.startswith(prefix)
    ]
    return Answer(200, found)


def get_branch(ask: Ask) -> Answer:
    """Return one branch with its last commit."""
    repository, name = ask.repository, ask.parameters["branch"]
    sha = repository.refs.get(f"heads/{name}")
    if sha is None:
        raise Refused(404, "Branch not found")
    return Answer(200, shapes.branch(ask.world.at, repository, name, repository.commits[sha]))


def create_ref(ask: Ask) -> Answer:
    """Make a branch or a tag."""
    given, repository = ask.body(), ask.repository
    ask.demand(given, ref=str, sha=str)
    name, sha = given["ref"], given["sha"]
    if not name.startswith("refs/") or name.count("/") < 2:
        raise invalid(
            "Reference name must start with 'refs/' and contain at least two slashes."
        )
    ref = name.removeprefix("refs/")
    if ref in repository.refs:
        raise invalid("Reference already exists")
    if sha not in repository.commits:
        raise invalid("Object does not exist")
    git.move_ref(ask.world, repository, ref, sha, ask.who)
    shape = shapes.git_ref(ask.world.at, repository, ref, sha)
    return Answer(201, shape, {"location": shape["url"]})


def delete_ref(ask: Ask) -> Answer:
    """Remove a branch or a tag."""
    ref = ask.parameters["ref"].removeprefix("refs/")
    if ref not in ask.repository.refs:
        raise invalid("Reference does not exist")
    git.move_ref(ask.world, ask.repository, ref, None, ask.who)
    return Answer(204)


def get_commit(ask: Ask) -> Answer:
    """Return one commit, with the files it changed."""
    repository = ask.repository
    commit = commit_at(repository, ask.parameters["ref"])
    if ask.headers.get("accept", "").startswith("application/vnd.github.sha"):
        return Answer(200, commit.sha.encode(), {"content-type": "application/vnd.github.sha"})
    parent = repository.commits.get(commit.parents[0]) if commit.parents else None
    files = _files(ask, parent, commit)
    added = sum(entry["additions"] for entry in files)
    removed = sum(entry["deletions"] for entry in files)
    body = {
        **shapes.commit_object(ask.world.at, repository, commit),
        "stats": {"total": added + removed, "additions": added, "deletions": removed},
        "files": files,
    }
    return Answer(200, body)


def branches_where_head(ask: Ask) -> Answer:
    """Return the branches that a commit is the head of. Those of forks are not its own."""
    repository = ask.repository
    sha = commit_at(repository, ask.parameters["commit_sha"]).sha
    url = f"{ask.world.at.api}/repos/{repository.full_name}/commits/{sha}"
    heads = [
        ref.removeprefix("heads/")
        for ref, target in repository.refs.items()
        if ref.startswith("heads/") and target == sha
    ]
    body = [{"name": n, "commit": {"sha": sha, "url": url}, "protected": False} for n in heads]
    return Answer(200, body)


def list_commits(ask: Ask) -> Answer:
    """Return the commits of a branch, the newest first."""
    ref = ask.query.get("sha") or ask.repository.default_branch
    start = commit_at(ask.repository, ref)
    known = git.ancestors(ask.repository, start.sha)
    found, headers = ask.page(known)
    at, repository = ask.world.at, ask.repository
    body = [shapes.commit_object(at, repository, repository.commits[sha]) for sha in found]
    return Answer(200, body, headers)


def compare(ask: Ask) -> Answer:
    """Return what lies between two commits."""
    repository, at = ask.repository, ask.world.at
    base_name, dots, head_name = ask.parameters["basehead"].partition("...")
    if not dots:
        raise not_found()
    base, head = commit_at(repository, base_name), commit_at(repository, head_name)
    middle = git.merge_base(repository, base.sha, head.sha)
    if middle is None:
        raise Refused(404, f"No common ancestor between {base_name} and {head_name}.")
    before = set(git.ancestors(repository, base.sha))
    after = set(git.ancestors(repository, head.sha))
    ahead = [s for s in reversed(git.ancestors(repository, head.sha)) if s not in before]
    behind = before - after
    status = {(False, False): "identical", (True, False): "ahead", (False, True): "behind"}
    found, headers = ask.page(ahead)
    web = f"{at.web}/{repository.full_name}/compare/{base.sha}...{head.sha}"
    body = {
        "url": f"{at.api}/repos/{repository.full_name}/compare/{base.sha}...{head.sha}",
        "html_url": web,
        "permalink_url": web,
        "diff_url": f"{web}.diff",
        "patch_url": f"{web}.patch",
        "base_commit": shapes.commit_object(at, repository, base),
        "merge_base_commit": shapes.commit_object(at, repository, repository.commits[middle]),
        "status": status.get((bool(ahead), bool(behind)), "diverged"),
        "ahead_by": len(ahead),
        "behind_by": len(behind),
        "total_commits": len(ahead),
        "commits": [
            shapes.commit_object(at, repository, repository.commits[sha]) for sha in found
        ],
        "files": _files(ask, repository.commits[middle], head)[:COMPARED_FILES_MAX],
    }
    return Answer(200, body, headers)


def repository_dispatch(ask: Ask) -> Answer:
    """Send a `repository_dispatch` event."""
    given = ask.body()
    ask.demand(given, event_type=str)
    payload = given.get("client_payload", {})
    if len(payload) > 10:
        raise invalid("No more than 10 properties are allowed.")
    body = {
        "action": given["event_type"],
        "branch": ask.repository.default_branch,
        "client_payload": payload,
    }
    ask.world.emit("repository_dispatch", ask.repository, ask.who, body)
    return Answer(204)


def commit_at(repository: Repository, ref: str) -> Commit:
    """Return the commit a ref stands for, or refuse as GitHub does."""
    found = _commit_or_none(repository, ref)
    if found is None:
        raise invalid(f"No commit found for SHA: {ref}")
    return found


def _commit_or_none(repository: Repository, ref: str) -> Commit | None:
    sha = git.resolve(repository, ref)
    return None if sha is None else repository.commits[sha]


def refuse_empty(repository: Repository) -> None:
    """Refuse what asks for an object of git where there is none yet."""
    if not repository.commits:
        raise Refused(409, "Git Repository is empty.")


def _files(ask: Ask, before: Commit | None, after: Commit) -> list[dict[str, Any]]:
    changed = git.changed_files(ask.repository, before.sha if before else None, after.sha)
    at, repository = ask.world.at, ask.repository
    return [
        shapes.diff_entry(at, repository, before, after, path, status)
        for path, status in changed.items()
    ]


def _directory(ask: Ask, commit: Commit, path: str, ref: str) -> Answer:
    repository, at = ask.repository, ask.world.at
    prefix = f"{path}/" if path else ""
    entries: dict[str, dict[str, Any]] = {}
    for name, sha in sorted(commit.tree.items()):
        if not name.startswith(prefix):
            continue
        first, _, deeper = name.removeprefix(prefix).partition("/")
        full = prefix + first
        if not deeper:
            size = len(repository.blobs[sha])
            entries[full] = shapes.content_entry(at, repository, full, sha, size, "file", ref)
        elif full not in entries:
            folder = shapes.folder_sha(f"{full}/", commit.tree)
            entries[full] = shapes.content_entry(at, repository, full, folder, 0, "dir", ref)
    if not entries:
        raise not_found()
    return Answer(200, list(entries.values()))


R = "/repos/{owner}/{repo}"
READ = (("contents", "read"),)
WRITE = (("contents", "write"),)
ROUTES = (
    Route("GET", R, get_repository, needs=(("metadata", "read"),)),
    Route("GET", f"{R}/contents", get_contents, needs=READ),
    Route("GET", f"{R}/contents/{{path+}}", get_contents, needs=READ),
    Route("GET", f"{R}/git/blobs/{{file_sha}}", get_blob, needs=READ),
    Route("GET", f"{R}/git/trees/{{tree_sha}}", get_tree, needs=READ),
    Route("GET", f"{R}/git/ref/{{ref+}}", get_ref, needs=READ),
    Route("GET", f"{R}/git/matching-refs/{{ref+}}", matching_refs, needs=READ),
    Route("GET", f"{R}/branches/{{branch+}}", get_branch, needs=READ),
    Route("POST", f"{R}/git/refs", create_ref, needs=WRITE),
    Route("DELETE", f"{R}/git/refs/{{ref+}}", delete_ref, needs=WRITE),
    Route("GET", f"{R}/commits", list_commits, needs=READ),
    Route(
        "GET",
        f"{R}/commits/{{commit_sha}}/branches-where-head",
        branches_where_head,
        needs=READ,
    ),
    Route("GET", f"{R}/commits/{{ref+}}", get_commit, needs=READ),
    Route("GET", f"{R}/compare/{{basehead+}}", compare, needs=READ),
    Route("POST", f"{R}/dispatches", repository_dispatch, needs=WRITE),
)
