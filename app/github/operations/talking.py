"""Operations on issues and pull requests that say something: issues, comments, labels."""

from collections.abc import Mapping
from typing import Any

from app.core.values import Json
from app.github import surfaces
from app.github.client import Access, Client
from app.github.operations.arguments import Arguments
from app.github.operations.desk import ISSUES_READ, ISSUES_WRITE, Desk, Made
from app.github.repositories import items_of, number_of, object_of, path_to, text_of

TITLE_CHARACTERS_MAX = 256
# An account of what happened is seldom further back than this.
PAGES_MAX = 5


async def create_issue(desk: Desk, given: Arguments) -> Made:
    """Open an issue. Outputs are its `number` and `url`.

    https://docs.github.com/en/rest/issues/issues#create-an-issue
    """
    repository = given.repository("repository", desk.plan.origin.repository)
    title = given.text("title", length_max=TITLE_CHARACTERS_MAX)
    body, labels = given.text("body", ""), given.names("labels")
    access = await desk.enter(repository)
    issue = None
    if desk.is_repeated:
        for item in await issues_since(desk.client, access, desk.since):
            if await desk.is_mine(text_of(item, "body"), app_of(item)):
                issue = item
    if issue is None:
        await desk.judge(repository)
        issue = await open_issue(
            desk.client, access, title=title, body=desk.marked(body), labels=labels
        )
    url = text_of(issue, "html_url")
    return Made(outputs={"number": number_of(issue, "number"), "url": url}, url=url)


async def create_comment(desk: Desk, given: Arguments) -> Made:
    """Comment on an issue or pull request. Outputs are the comment's `id` and `url`."""
    repository = given.repository("repository", desk.plan.origin.repository)
    number, body = given.number("number"), given.text("body")
    access = await desk.enter(repository)
    comment = None
    if desk.is_repeated:
        for each in await surfaces.list_comments(
            desk.client, access, number, permissions=ISSUES_READ, since=desk.since
        ):
            if await desk.is_mine(each.body, each.app_id):
                comment = each
    if comment is None:
        await desk.judge(repository)
        comment = await surfaces.create_comment(
            desk.client, access, number, desk.marked(body), permissions=ISSUES_WRITE
        )
    return Made(outputs={"id": comment.id, "url": comment.url}, url=comment.url)


async def add_labels(desk: Desk, given: Arguments) -> Made:
    """Put labels on an issue or pull request; those that it has already stay. Twice is once.

    https://docs.github.com/en/rest/issues/labels#add-labels-to-an-issue
    """
    repository = given.repository("repository", desk.plan.origin.repository)
    number, labels = given.number("number"), given.names("labels", is_required=True)
    access = await desk.enter(repository)
    await desk.judge(repository)
    answer = await desk.client.call(
        access,
        "POST",
        f"{path_to(access)}/issues/{number}/labels",
        permissions=ISSUES_WRITE,
        body={"labels": list(labels)},
    )
    listed: list[Json] = [text_of(item, "name") for item in items_of(answer.json())]
    return Made(outputs={"labels": listed})


async def open_issue(
    client: Client, access: Access, *, title: str, body: str, labels: tuple[str, ...] = ()
) -> Mapping[str, Any]:
    """Open an issue and return it as GitHub describes it."""
    content: dict[str, Json] = {"title": title, "body": body}
    if labels:
        content["labels"] = list(labels)
    answer = await client.call(
        access, "POST", f"{path_to(access)}/issues", permissions=ISSUES_WRITE, body=content
    )
    return object_of(answer.json())


async def issues_since(
    client: Client, access: Access, since: str
) -> tuple[Mapping[str, Any], ...]:
    """List the issues and pull requests that changed since a moment, the newest first.

    https://docs.github.com/en/rest/issues/issues#list-repository-issues
    """
    listing = await client.pages(
        access,
        f"{path_to(access)}/issues",
        permissions=ISSUES_READ,
        parameters={"state": "all", "since": since},
        pages_max=PAGES_MAX,
    )
    return listing.items


def app_of(item: Mapping[str, Any]) -> int | None:
    """Return the id of the App that made something, if one did."""
    found = object_of(item.get("performed_via_github_app")).get("id")
    return found if isinstance(found, int) else None
