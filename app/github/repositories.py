"""The endpoints that read: the App, its installations, repositories, pull requests.

Each names the permission it needs and returns a small value with the fields that matter. What
the values mean for an orchestration is the core's.
"""

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from app.core.hearing.findings import File
from app.core.hearing.heard import PullRequestFacts, Repository
from app.core.values import Sha
from app.github.auth import repository_path
from app.github.client import Access, Client
from app.github.errors import (
    ForbiddenError,
    NotFoundError,
    RefusedError,
    UnavailableError,
    UnprocessableError,
)
from app.github.webhooks import pull_request_facts, repository_facts

METADATA_READ: Final = {"metadata": "read"}
CONTENTS_READ: Final = {"contents": "read"}
PULLS_READ: Final = {"pull_requests": "read"}

# "Responses include a maximum of 3000 files."
# https://docs.github.com/en/rest/pulls/pulls#list-pull-requests-files
PULL_FILES_MAX: Final = 3_000
# https://docs.github.com/en/rest/commits/commits#compare-two-commits
COMPARED_FILES_MAX: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """One place where the App is installed."""

    id: int
    account: str
    is_suspended: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of a directory; `kind` is `file`, `dir`, `symlink` or `submodule`."""

    path: str
    kind: str
    sha: Sha
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Paths that a change touched; not complete where GitHub lists no more of them.

    `count` is that of the files, `lines` those added and those removed.
    """

    paths: tuple[str, ...]
    is_complete: bool
    count: int = 0
    lines: int = 0


# --- the App and what it is installed on ------------------------------------------------------


async def app_id(client: Client) -> int:
    """Return the App's own id: https://docs.github.com/en/rest/apps/apps#get-the-authenticated-app"""
    answer = await client.call(None, "GET", "/app", permissions={})
    return number_of(object_of(answer.json()), "id")


async def list_installations(client: Client) -> tuple[Installation, ...]:
    """https://docs.github.com/en/rest/apps/apps#list-installations-for-the-authenticated-app"""
    listing = await client.pages(None, "/app/installations", permissions={})
    return tuple(
        Installation(
            id=number_of(item, "id"),
            account=text_of(object_of(item.get("account")), "login"),
            is_suspended=item.get("suspended_at") is not None,
        )
        for item in listing.items
    )


async def list_repositories(client: Client, access: Access) -> tuple[Repository, ...]:
    """List all that the installation covers.

    https://docs.github.com/en/rest/apps/installations#list-repositories-accessible-to-the-app-installation
    """
    listing = await client.pages(
        access,
        "/installation/repositories",
        permissions=METADATA_READ,
        key="repositories",
        pages_max=1_000,
    )
    if not listing.is_complete:
        raise RefusedError("an installation with more repositories than we read")
    found = (repository_facts(item) for item in listing.items)
    return tuple(repository for repository in found if repository is not None)


async def get_repository(client: Client, access: Access) -> Repository:
    """Get the repository of `access`, whatever its name is now.

    The list of what a token for one repository covers is that repository: so the id is
    enough, and no right to any other is asked for. Raises NotFoundError where there is none.
    """
    try:
        answer = await client.call(
            access, "GET", "/installation/repositories", permissions=METADATA_READ
        )
    except UnprocessableError as error:
        # GitHub mints no token for a repository that the installation does not cover.
        raise NotFoundError(error.message, status=422, call=error.call) from error
    listed = items_of(object_of(answer.json()).get("repositories"))
    found = repository_facts(listed[0]) if len(listed) == 1 else None
    if found is None:
        raise NotFoundError("the installation does not cover this repository")
    return found


# --- contents ---------------------------------------------------------------------------------


async def head_of(client: Client, access: Access, branch: str) -> Sha:
    """Return the commit a branch is at.

    https://docs.github.com/en/rest/git/refs#get-a-reference
    """
    return await ref_target(client, access, f"heads/{branch}")


async def ref_target(client: Client, access: Access, ref: str) -> Sha:
    """Return the commit that `heads/...` or `tags/...` is at."""
    path = f"{path_to(access)}/git/ref/{quoted_path(ref)}"
    answer = await client.call(access, "GET", path, permissions=CONTENTS_READ)
    return Sha(text_of(object_of(object_of(answer.json()).get("object")), "sha"))


async def read_file(client: Client, access: Access, path: str, ref: str | None = None) -> File:
    """Read a text file at a ref, or on the default branch. Raises NotFoundError without one.

    https://docs.github.com/en/rest/repos/contents#get-repository-content
    """
    answer = await client.call(
        access,
        "GET",
        f"{path_to(access)}/contents/{quoted_path(path)}",
        permissions=CONTENTS_READ,
        parameters={"ref": ref} if ref is not None else None,
    )
    body = answer.json()
    if not isinstance(body, dict) or body.get("type") != "file":
        raise NotFoundError(f"{path} is not a file", status=404, call=answer.call)
    # Files over a megabyte come without their content, and are no definitions.
    if body.get("encoding") != "base64":
        raise RefusedError(f"{path} is larger than a megabyte", call=answer.call)
    try:
        text = base64.b64decode(text_of(body, "content")).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise RefusedError(f"{path} is not text in UTF-8", call=answer.call) from error
    return File(path=path, blob_sha=Sha(text_of(body, "sha")), text=text)


async def list_directory(
    client: Client, access: Access, path: str, ref: str
) -> tuple[Entry, ...]:
    """List a directory, at most 1,000 entries; empty where there is none."""
    try:
        answer = await client.call(
            access,
            "GET",
            f"{path_to(access)}/contents/{quoted_path(path)}",
            permissions=CONTENTS_READ,
            parameters={"ref": ref},
        )
    except NotFoundError:
        return ()
    return tuple(
        Entry(
            path=text_of(item, "path"),
            kind=text_of(item, "type"),
            sha=Sha(text_of(item, "sha")),
            size=number_of(item, "size"),
        )
        for item in items_of(answer.json())
    )


async def compare(client: Client, access: Access, base: str, head: str) -> Files:
    """List the files that differ between a commit and what grew out of it.

    https://docs.github.com/en/rest/commits/commits#compare-two-commits
    """
    answer = await client.call(
        access,
        "GET",
        f"{path_to(access)}/compare/{quote(base, safe='')}...{quote(head, safe='')}",
        permissions=CONTENTS_READ,
    )
    files = items_of(object_of(answer.json()).get("files"))
    return Files(
        paths=_touched(files),
        is_complete=len(files) < COMPARED_FILES_MAX,
        count=len(files),
        lines=sum(number_of(item, "changes") for item in files),
    )


async def commit_of(client: Client, access: Access, ref: str) -> Sha:
    """Return the commit that a branch, a tag or a SHA stands for.

    https://docs.github.com/en/rest/commits/commits#get-a-commit
    """
    answer = await client.call(
        access,
        "GET",
        f"{path_to(access)}/commits/{quoted_path(ref)}",
        permissions=CONTENTS_READ,
        # The files that it changed are of no interest.
        parameters={"per_page": 1},
    )
    return Sha(text_of(object_of(answer.json()), "sha"))


async def is_on_branch(client: Client, access: Access, sha: str, branch: str) -> bool:
    """Tell whether a commit is the head of any branch, or part of one branch's history.

    A commit of a fork is served by its parent, too, but is on none of its branches.
    https://docs.github.com/en/rest/commits/commits#list-branches-for-head-commit
    """
    path = f"{path_to(access)}/commits/{quote(sha, safe='')}/branches-where-head"
    answer = await client.call(access, "GET", path, permissions=CONTENTS_READ)
    if items_of(answer.json()):
        return True
    return await holds(client, access, later=branch, earlier=sha)


async def holds(client: Client, access: Access, later: str, earlier: str) -> bool:
    """Tell whether a commit or branch comes after a commit, or is that.

    https://docs.github.com/en/rest/commits/commits#compare-two-commits
    """
    # This way round nothing differs where it is so, and no files have to be listed.
    between = f"{quote(later, safe='')}...{quote(earlier, safe='')}"
    try:
        answer = await client.call(
            access,
            "GET",
            f"{path_to(access)}/compare/{between}",
            permissions=CONTENTS_READ,
            parameters={"per_page": 1},
        )
    except ForbiddenError:
        raise
    except RefusedError:
        # They have nothing in common, one is not there, or more lies between than is read.
        return False
    return text_of(object_of(answer.json()), "status") in ("identical", "behind")


async def is_public(client: Client, access: Access) -> bool:
    """Tell whether everybody may read a repository.

    https://docs.github.com/en/rest/repos/repos#get-a-repository
    """
    answer = await client.call(access, "GET", path_to(access), permissions=METADATA_READ)
    return object_of(answer.json()).get("visibility") == "public"


# --- pull requests ----------------------------------------------------------------------------


async def get_pull_request(client: Client, access: Access, number: int) -> PullRequestFacts:
    """https://docs.github.com/en/rest/pulls/pulls#get-a-pull-request"""
    path = f"{path_to(access)}/pulls/{number}"
    answer = await client.call(access, "GET", path, permissions=PULLS_READ)
    found = pull_request_facts(answer.json(), None)
    if found is None:
        raise UnavailableError("a pull request without number or head", effect_unknown=False)
    return found


async def list_pull_request_files(client: Client, access: Access, number: int) -> Files:
    """https://docs.github.com/en/rest/pulls/pulls#list-pull-requests-files"""
    path = f"{path_to(access)}/pulls/{number}/files"
    listing = await client.pages(access, path, permissions=PULLS_READ)
    return Files(
        paths=_touched(listing.items),
        is_complete=listing.is_complete and len(listing.items) < PULL_FILES_MAX,
    )


async def list_pull_requests_of(
    client: Client, access: Access, sha: str
) -> tuple[PullRequestFacts, ...]:
    """List the pull requests that a commit belongs to.

    https://docs.github.com/en/rest/commits/commits#list-pull-requests-associated-with-a-commit
    """
    path = f"{path_to(access)}/commits/{quote(sha, safe='')}/pulls"
    listing = await client.pages(access, path, permissions=PULLS_READ)
    found = (pull_request_facts(item, None) for item in listing.items)
    return tuple(pull_request for pull_request in found if pull_request is not None)


async def list_open_pull_requests(
    client: Client, access: Access, *, pages_max: int
) -> tuple[PullRequestFacts, ...]:
    """List open pull requests, those that were changed last first.

    https://docs.github.com/en/rest/pulls/pulls#list-pull-requests
    """
    listing = await client.pages(
        access,
        f"{path_to(access)}/pulls",
        permissions=PULLS_READ,
        parameters={"state": "open", "sort": "updated", "direction": "desc"},
        pages_max=pages_max,
    )
    found = (pull_request_facts(item, None) for item in listing.items)
    return tuple(pull_request for pull_request in found if pull_request is not None)


# --- reading ----------------------------------------------------------------------------------


def path_to(access: Access) -> str:
    """Return the path under which everything of the repository of `access` stands."""
    assert access.repository is not None, "this endpoint is about a repository"
    return f"/repos/{repository_path(access.repository)}"


def quoted_path(path: str) -> str:
    """Quote a path or ref. Raises RefusedError where it would climb out of its directory."""
    parts = path.split("/")
    if any(part in ("", ".", "..") for part in parts):
        raise RefusedError(f"{path!r} is not a path")
    return "/".join(quote(part, safe="") for part in parts)


def _touched(files: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the paths, both the old and the new one of a file that was renamed."""
    names = {text_of(item, key) for item in files for key in ("filename", "previous_filename")}
    return tuple(sorted(names - {""}))


def items_of(value: object) -> tuple[Mapping[str, Any], ...]:
    """Return the objects of a JSON list, or none where it is no list."""
    listed = value if isinstance(value, list) else ()
    return tuple(item for item in listed if isinstance(item, Mapping))


def object_of(value: object) -> Mapping[str, Any]:
    """Return a JSON object, or an empty one."""
    return value if isinstance(value, Mapping) else {}


def text_of(value: Mapping[str, Any], key: str) -> str:
    """Return a text field, or the empty text."""
    found = value.get(key)
    return found if isinstance(found, str) else ""


def number_of(value: Mapping[str, Any], key: str) -> int:
    """Return a whole-number field, or 0."""
    found = value.get(key)
    return found if isinstance(found, int) else 0
