"""The endpoints that write where people look: check runs and comments.

What is written is rendered by the core's `summary`, and whether it is worth writing is decided
there too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from app.core.values import Json
from app.github.client import Access, Client
from app.github.repositories import number_of, object_of, path_to, text_of

# Comments of pull requests are comments of issues, and either permission will do.
# https://docs.github.com/en/rest/issues/comments#create-an-issue-comment
COMMENTS_READ: Final = {"pull_requests": "read"}
COMMENTS_WRITE: Final = {"pull_requests": "write"}
CHECKS_READ: Final = {"checks": "read"}
CHECKS_WRITE: Final = {"checks": "write"}

# "Limits the number of annotations to 50 per API request."
# https://docs.github.com/en/rest/checks/runs#create-a-check-run
ANNOTATIONS_A_CALL_MAX: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRun:
    """A check run as it stands on GitHub."""

    id: int
    external_id: str
    status: str
    conclusion: str | None
    app_id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A comment of an issue or pull request; `app_id` where an App wrote it."""

    id: int
    body: str
    app_id: int | None
    url: str = ""


async def list_check_runs(
    client: Client, access: Access, sha: str, *, name: str, app_id: int | None = None
) -> tuple[CheckRun, ...]:
    """List the check runs of one name on a commit, the newest of each suite first.

    https://docs.github.com/en/rest/checks/runs#list-check-runs-for-a-git-reference
    """
    parameters: dict[str, str | int] = {"check_name": name, "filter": "all"}
    if app_id is not None:
        parameters["app_id"] = app_id
    listing = await client.pages(
        access,
        f"{path_to(access)}/commits/{quote(sha, safe='')}/check-runs",
        permissions=CHECKS_READ,
        parameters=parameters,
        key="check_runs",
    )
    return tuple(_check_run(item) for item in listing.items)


async def create_check_run(
    client: Client, access: Access, content: Mapping[str, Json]
) -> CheckRun:
    """Create a check run; `content` is GitHub's body, with any number of annotations.

    https://docs.github.com/en/rest/checks/runs#create-a-check-run
    """
    return await _write_check_run(client, access, "POST", "", content)


async def get_check_run(client: Client, access: Access, check_run_id: int) -> CheckRun:
    """https://docs.github.com/en/rest/checks/runs#get-a-check-run"""
    path = f"{path_to(access)}/check-runs/{check_run_id}"
    answer = await client.call(access, "GET", path, permissions=CHECKS_READ)
    return _check_run(object_of(answer.json()))


async def update_check_run(
    client: Client, access: Access, check_run_id: int, content: Mapping[str, Json]
) -> CheckRun:
    """https://docs.github.com/en/rest/checks/runs#update-a-check-run"""
    return await _write_check_run(client, access, "PATCH", f"/{check_run_id}", content)


async def _write_check_run(
    client: Client, access: Access, method: str, path: str, content: Mapping[str, Json]
) -> CheckRun:
    """Write with the first annotations, then append the rest: GitHub adds to what is there."""
    output = object_of(content.get("output"))
    annotations = list(output.get("annotations") or ())
    written = None
    for start in range(0, max(len(annotations), 1), ANNOTATIONS_A_CALL_MAX):
        part = annotations[start : start + ANNOTATIONS_A_CALL_MAX]
        body = {**content, "output": {**output, "annotations": part}} if part else content
        answer = await client.call(
            access,
            method,
            f"{path_to(access)}/check-runs{path}",
            permissions=CHECKS_WRITE,
            body=body,
        )
        written = _check_run(object_of(answer.json()))
        method, path = "PATCH", f"/{written.id}"
        # Only a creation may name the commit.
        content = {name: value for name, value in content.items() if name != "head_sha"}
    assert written is not None, "there is always a first call"
    return written


async def list_comments(
    client: Client,
    access: Access,
    number: int,
    *,
    permissions: Mapping[str, str] = COMMENTS_READ,
    since: str = "",
) -> tuple[Comment, ...]:
    """List the comments of an issue or pull request, perhaps only those newer than a moment.

    https://docs.github.com/en/rest/issues/comments#list-issue-comments
    """
    path = f"{path_to(access)}/issues/{number}/comments"
    listing = await client.pages(
        access,
        path,
        permissions=permissions,
        parameters={"since": since} if since else None,
    )
    return tuple(_comment(item) for item in listing.items)


async def get_comment(
    client: Client,
    access: Access,
    comment_id: int,
    *,
    permissions: Mapping[str, str] = COMMENTS_READ,
) -> Comment:
    """https://docs.github.com/en/rest/issues/comments#get-an-issue-comment"""
    path = f"{path_to(access)}/issues/comments/{comment_id}"
    answer = await client.call(access, "GET", path, permissions=permissions)
    return _comment(object_of(answer.json()))


async def create_comment(
    client: Client,
    access: Access,
    number: int,
    body: str,
    *,
    permissions: Mapping[str, str] = COMMENTS_WRITE,
) -> Comment:
    """https://docs.github.com/en/rest/issues/comments#create-an-issue-comment"""
    path = f"{path_to(access)}/issues/{number}/comments"
    answer = await client.call(
        access, "POST", path, permissions=permissions, body={"body": body}
    )
    return _comment(object_of(answer.json()))


async def update_comment(
    client: Client,
    access: Access,
    comment_id: int,
    body: str,
    *,
    permissions: Mapping[str, str] = COMMENTS_WRITE,
) -> Comment:
    """https://docs.github.com/en/rest/issues/comments#update-an-issue-comment"""
    path = f"{path_to(access)}/issues/comments/{comment_id}"
    answer = await client.call(
        access, "PATCH", path, permissions=permissions, body={"body": body}
    )
    return _comment(object_of(answer.json()))


async def react(
    client: Client,
    access: Access,
    comment_id: int,
    content: str,
    *,
    permissions: Mapping[str, str] = COMMENTS_WRITE,
) -> None:
    """Put a sign under a comment: `+1`, `-1`, `eyes`, `rocket`, ... Twice is once.

    https://docs.github.com/en/rest/reactions/reactions#create-reaction-for-an-issue-comment
    """
    path = f"{path_to(access)}/issues/comments/{comment_id}/reactions"
    await client.call(access, "POST", path, permissions=permissions, body={"content": content})


def _check_run(value: Mapping[str, Any]) -> CheckRun:
    return CheckRun(
        id=number_of(value, "id"),
        external_id=text_of(value, "external_id"),
        status=text_of(value, "status"),
        conclusion=text_of(value, "conclusion") or None,
        app_id=number_of(object_of(value.get("app")), "id"),
    )


def _comment(value: Mapping[str, Any]) -> Comment:
    app = object_of(value.get("performed_via_github_app"))
    return Comment(
        id=number_of(value, "id"),
        body=text_of(value, "body"),
        app_id=app["id"] if isinstance(app.get("id"), int) else None,
        url=text_of(value, "html_url"),
    )
