"""Commits, refs, trees, contents and comparisons as GitHub's JSON."""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from app.rehearsal.model.state import Account, Commit, Repository
from app.rehearsal.shapes import people
from app.rehearsal.shapes.people import Addresses, Shape, instant

NOT_VERIFIED: Shape = {
    "verified": False,
    "reason": "unsigned",
    "signature": None,
    "payload": None,
    "verified_at": None,
}


def email(who: Account) -> str:
    """Return the address GitHub gives those who hide theirs."""
    return f"{who.id}+{who.login.replace('[bot]', '-bot')}@users.noreply.github.com"


def person(who: Account) -> Shape:
    """Return who a commit says it is by."""
    return {"name": who.login, "email": email(who), "username": who.login}


def pushed_commit(
    at: Addresses, repository: Repository, commit: Commit, changed: Mapping[str, str]
) -> Shape:
    """Return a commit as a push webhook has it, with the paths it touched."""
    return {
        "id": commit.sha,
        "tree_id": commit.tree_sha,
        "distinct": True,
        "message": commit.message,
        "timestamp": instant(commit.at),
        "url": f"{at.web}/{repository.full_name}/commit/{commit.sha}",
        "author": person(commit.author),
        "committer": person(commit.author),
        "added": [path for path, how in changed.items() if how == "added"],
        "removed": [path for path, how in changed.items() if how == "removed"],
        "modified": [path for path, how in changed.items() if how == "modified"],
    }


def simple_commit(commit: Commit) -> Shape:
    """Return a `simple-commit`."""
    who = {"name": commit.author.login, "email": email(commit.author)}
    return {
        "id": commit.sha,
        "tree_id": commit.tree_sha,
        "message": commit.message,
        "timestamp": instant(commit.at),
        "author": who,
        "committer": who,
    }


def commit_object(at: Addresses, repository: Repository, commit: Commit) -> Shape:
    """Return a `commit`."""
    api = f"{at.api}/repos/{repository.full_name}"
    web = f"{at.web}/{repository.full_name}"
    who = {
        "name": commit.author.login,
        "email": email(commit.author),
        "date": instant(commit.at),
    }
    return {
        "sha": commit.sha,
        "node_id": f"C_{commit.sha}",
        "url": f"{api}/commits/{commit.sha}",
        "html_url": f"{web}/commit/{commit.sha}",
        "comments_url": f"{api}/commits/{commit.sha}/comments",
        "commit": {
            "author": who,
            "committer": who,
            "message": commit.message,
            "tree": {"sha": commit.tree_sha, "url": f"{api}/git/trees/{commit.tree_sha}"},
            "url": f"{api}/git/commits/{commit.sha}",
            "comment_count": 0,
            "verification": NOT_VERIFIED,
        },
        "author": people.account(at, commit.author),
        "committer": people.account(at, commit.author),
        "parents": [
            {"sha": sha, "url": f"{api}/commits/{sha}", "html_url": f"{web}/commit/{sha}"}
            for sha in commit.parents
        ],
    }


def branch(at: Addresses, repository: Repository, name: str, commit: Commit) -> Shape:
    """Return a `branch-with-protection`, which is not protected."""
    url = f"{at.api}/repos/{repository.full_name}/branches/{name}"
    html_url = f"{at.web}/{repository.full_name}/tree/{name}"
    return {
        "name": name,
        "commit": commit_object(at, repository, commit),
        "_links": {"self": url, "html": html_url},
        "protected": False,
        "protection": {"enabled": False},
        "protection_url": f"{url}/protection",
    }


def git_ref(at: Addresses, repository: Repository, ref: str, sha: str) -> Shape:
    """Return a `git-ref`."""
    api = f"{at.api}/repos/{repository.full_name}/git"
    return {
        "ref": f"refs/{ref}",
        "node_id": f"REF_{repository.id}_{ref}",
        "url": f"{api}/refs/{ref}",
        "object": {"sha": sha, "type": "commit", "url": f"{api}/commits/{sha}"},
    }


def git_commit(at: Addresses, repository: Repository, commit: Commit) -> Shape:
    """Return a `git-commit`: a commit as git knows it, without accounts."""
    api = f"{at.api}/repos/{repository.full_name}/git"
    web = f"{at.web}/{repository.full_name}/commit"
    who = {
        "name": commit.author.login,
        "email": email(commit.author),
        "date": instant(commit.at),
    }
    return {
        "sha": commit.sha,
        "node_id": f"C_{commit.sha}",
        "url": f"{api}/commits/{commit.sha}",
        "html_url": f"{web}/{commit.sha}",
        "author": who,
        "committer": who,
        "message": commit.message,
        "tree": {"sha": commit.tree_sha, "url": f"{api}/trees/{commit.tree_sha}"},
        "parents": [
            {"sha": sha, "url": f"{api}/commits/{sha}", "html_url": f"{web}/{sha}"}
            for sha in commit.parents
        ],
        "verification": NOT_VERIFIED,
    }


def tree(at: Addresses, repository: Repository, tree_sha: str, *, is_deep: bool) -> Shape:
    """Return a `git-tree`, whole or only its first level."""
    whole = repository.trees[tree_sha]
    api = f"{at.api}/repos/{repository.full_name}/git"
    entries: dict[str, Shape] = {}
    for path, sha in sorted(whole.items()):
        parts = path.split("/")
        for depth in range(1, len(parts) if is_deep else min(len(parts), 2)):
            folder = "/".join(parts[:depth])
            entries.setdefault(folder, _tree_entry(api, folder, folder_sha(folder, whole)))
        if is_deep or len(parts) == 1:
            size = len(repository.blobs[sha])
            entries[path] = {
                "path": path,
                "mode": "100644",
                "type": "blob",
                "sha": sha,
                "size": size,
                "url": f"{api}/blobs/{sha}",
            }
    return {
        "sha": tree_sha,
        "url": f"{api}/trees/{tree_sha}",
        "tree": list(entries.values()),
        "truncated": False,
    }


def folder_sha(folder: str, tree: Mapping[str, str]) -> str:
    """Return a SHA for a folder that changes whenever something in it does."""
    inside = [f"{p} {sha}" for p, sha in sorted(tree.items()) if p.startswith(folder)]
    return hashlib.sha1("\n".join(inside).encode()).hexdigest()  # noqa: S324 - a git SHA


def blob(at: Addresses, repository: Repository, sha: str) -> Shape:
    """Return a `blob`."""
    content = repository.blobs[sha]
    return {
        "sha": sha,
        "node_id": f"B_{sha}",
        "url": f"{at.api}/repos/{repository.full_name}/git/blobs/{sha}",
        "size": len(content),
        "content": base64.encodebytes(content).decode(),
        "encoding": "base64",
    }


def content_file(at: Addresses, repository: Repository, path: str, sha: str, ref: str) -> Shape:
    """Return a `content-file`, its content in base64 as GitHub sends it."""
    content = repository.blobs[sha]
    return {
        **content_entry(at, repository, path, sha, len(content), "file", ref),
        "content": base64.encodebytes(content).decode(),
        "encoding": "base64",
    }


def content_entry(
    at: Addresses,
    repository: Repository,
    path: str,
    sha: str,
    size: int,
    kind: str,
    ref: str,
) -> Shape:
    """Return what a file and an entry of a directory have in common."""
    api = f"{at.api}/repos/{repository.full_name}"
    url = f"{api}/contents/{path}?ref={ref}"
    git_url = f"{api}/git/{'blobs' if kind == 'file' else 'trees'}/{sha}"
    html_url = f"{at.web}/{repository.full_name}/blob/{ref}/{path}"
    raw_url = f"{at.web}/{repository.full_name}/raw/{ref}/{path}"
    return {
        "type": kind,
        "size": size,
        "name": path.rsplit("/", 1)[-1],
        "path": path,
        "sha": sha,
        "url": url,
        "git_url": git_url,
        "html_url": html_url,
        "download_url": raw_url if kind == "file" else None,
        "_links": {"self": url, "git": git_url, "html": html_url},
    }


def diff_entry(
    at: Addresses,
    repository: Repository,
    before: Commit | None,
    after: Commit,
    path: str,
    status: str,
) -> Shape:
    """Return a `diff-entry`. Lines are counted, not compared."""
    old_tree = before.tree if before else {}
    new, old = after.tree.get(path), old_tree.get(path)
    added = len(repository.blobs[new].splitlines()) if new else 0
    removed = len(repository.blobs[old].splitlines()) if old else 0
    api = f"{at.api}/repos/{repository.full_name}"
    web = f"{at.web}/{repository.full_name}"
    return {
        "sha": new or old,
        "filename": path,
        "status": status,
        "additions": added,
        "deletions": removed,
        "changes": added + removed,
        "blob_url": f"{web}/blob/{after.sha}/{path}",
        "raw_url": f"{web}/raw/{after.sha}/{path}",
        "contents_url": f"{api}/contents/{path}?ref={after.sha}",
    }


def _tree_entry(api: str, path: str, sha: str) -> dict[str, Any]:
    return {
        "path": path,
        "mode": "040000",
        "type": "tree",
        "sha": sha,
        "url": f"{api}/trees/{sha}",
    }
