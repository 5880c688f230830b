"""Operations that bring changes to people: merges and releases."""

from collections.abc import Mapping
from typing import Any, Final

from app.core.legs.refs import is_sha
from app.core.values import Json
from app.github import repositories
from app.github.client import Access
from app.github.errors import (
    ConflictError,
    ForbiddenError,
    NotFoundError,
    RefusedError,
    UnprocessableError,
)
from app.github.operations.arguments import Arguments, Refusal
from app.github.operations.desk import Desk, Made
from app.github.repositories import number_of, object_of, path_to, quoted_path, text_of

CONTENTS_READ: Final = {"contents": "read"}
CONTENTS_WRITE: Final = {"contents": "write"}
METHODS: Final = ("merge", "squash", "rebase")


async def merge_pull_request(desk: Desk, given: Arguments) -> Made:
    """Merge a pull request at the commit that was decided on, and at no other.

    That it has been merged at that commit already is as good. Outputs are `merged`, and the
    `sha` of the merge where GitHub tells it.
    https://docs.github.com/en/rest/pulls/pulls#merge-a-pull-request
    """
    repository = given.repository("repository", desk.plan.origin.repository)
    number, sha, method = (
        given.number("number"),
        given.text("sha"),
        given.text("method", "merge"),
    )
    if not is_sha(sha):
        raise given.wrong("sha", "must be the SHA of the head that may be merged")
    if method not in METHODS:
        raise given.wrong("method", f"must be one of {', '.join(METHODS)}")
    access = await desk.enter(repository)
    path = f"{path_to(access)}/pulls/{number}"
    if desk.is_repeated:
        pull = await repositories.get_pull_request(desk.client, access, number)
        if pull.is_merged and pull.head_sha == sha:
            return Made(outputs={"merged": True, "sha": ""})
    await desk.judge(repository)
    try:
        answer = await desk.client.call(
            access,
            "PUT",
            f"{path}/merge",
            permissions=CONTENTS_WRITE,
            body={"sha": sha, "merge_method": method},
        )
    except (NotFoundError, ForbiddenError):
        raise
    except RefusedError as error:
        pull = await repositories.get_pull_request(desk.client, access, number)
        if pull.is_merged and pull.head_sha == sha:
            return Made(outputs={"merged": True, "sha": ""})
        raise _not_merged(f"{repository}#{number}", sha, pull.head_sha, error) from error
    merged = object_of(answer.json())
    return Made(outputs={"merged": True, "sha": text_of(merged, "sha")})


def _not_merged(which: str, wanted: str, head: str, error: RefusedError) -> Refusal:
    if isinstance(error, ConflictError) or head != wanted:
        message = f"the head of {which} is {head}, and {wanted} was to be merged"
        return Refusal("head-moved", f"{message}: decide anew on what is there now")
    message = f"GitHub does not merge {which}: {error.message}"
    return Refusal("not-mergeable", f"{message}. Look there for conflicts and required checks")


async def create_release(desk: Desk, given: Arguments) -> Made:
    """Publish a release. Outputs are its `id`, `tag` and `url`.

    The tag is made at `target` (the default branch) where there is none.
    https://docs.github.com/en/rest/releases/releases#create-a-release
    """
    repository = given.repository("repository", desk.plan.origin.repository)
    tag = given.text("tag", length_max=255)
    content: dict[str, Json] = {
        "tag_name": tag,
        "name": given.text("name", tag, length_max=255),
        "body": desk.marked(given.text("body", "")),
        "prerelease": given.flag("prerelease"),
    }
    target = given.text("target", "")
    if target:
        content["target_commitish"] = target
    access = await desk.enter(repository)
    if desk.is_repeated:
        known = await _release_at(desk, access, tag)
        if known is not None and desk.has_mark(text_of(known, "body")):
            return _released(tag, known)
    await desk.judge(repository)
    try:
        answer = await desk.client.call(
            access,
            "POST",
            f"{path_to(access)}/releases",
            permissions=CONTENTS_WRITE,
            body=content,
        )
    except UnprocessableError as error:
        known = await _release_at(desk, access, tag)
        if known is None:
            # It was not its being there that GitHub minded.
            raise
        if not desk.has_mark(text_of(known, "body")):
            message = f"{repository} has a release {tag} already"
            raise Refusal("release-exists", f"{message}: choose another tag") from error
        return _released(tag, known)
    return _released(tag, object_of(answer.json()))


async def _release_at(desk: Desk, access: Access, tag: str) -> Mapping[str, Any] | None:
    """Return the release of a tag, `None` where there is none.

    https://docs.github.com/en/rest/releases/releases#get-a-release-by-tag-name
    """
    path = f"{path_to(access)}/releases/tags/{quoted_path(tag)}"
    try:
        answer = await desk.client.call(access, "GET", path, permissions=CONTENTS_READ)
    except NotFoundError:
        return None
    return object_of(answer.json())


def _released(tag: str, release: Mapping[str, Any]) -> Made:
    url = text_of(release, "html_url")
    return Made(outputs={"id": number_of(release, "id"), "tag": tag, "url": url}, url=url)
