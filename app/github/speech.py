"""What somebody said in a comment, looked up: where it stands, and whether it still says so."""

from collections.abc import Mapping

from app.core.approvals.doors import SPOKEN
from app.core.doorways.words import words_of
from app.core.legs.asking import digest_of
from app.core.state import Vote
from app.github import surfaces
from app.github.budget import Urgency
from app.github.client import Access, Client
from app.github.errors import NotFoundError, RefusedError
from app.github.operations.desk import ISSUES_READ
from app.github.repositories import get_repository


async def access_by_id(
    client: Client, installation_id: int, repository_id: int
) -> Access | None:
    """Return the access to a repository under its present name; `None` if it is gone."""
    by_id = Access(
        installation_id=installation_id,
        repository_id=repository_id,
        urgency=Urgency.DECISION,
    )
    try:
        repository = await get_repository(client, by_id)
    except NotFoundError:
        return None
    return Access(
        installation_id=installation_id,
        repository=repository.name,
        repository_id=repository_id,
        urgency=Urgency.DECISION,
    )


def comment_of(reference: str) -> int | None:
    """Return the number of the comment that a reference names, if it names one."""
    number = reference.removeprefix(SPOKEN)
    return int(number) if number != reference and number.isdigit() else None


def permissions_to_read(*, is_pull_request: bool) -> Mapping[str, str]:
    """Return what it takes to read a comment on a pull request, or on an issue."""
    return surfaces.COMMENTS_READ if is_pull_request else ISSUES_READ


async def words_now(
    client: Client, access: Access, comment: int, *, is_pull_request: bool
) -> str | None:
    """Return what a comment asks for as it reads now; `None` if it is gone or kept from us."""
    permissions = permissions_to_read(is_pull_request=is_pull_request)
    try:
        found = await surfaces.get_comment(client, access, comment, permissions=permissions)
    except RefusedError:
        return None
    return words_of(found.body)


async def is_still_said(client: Client, vote: Vote) -> bool:
    """Tell whether the comment that a vote came by says the same now; else it is withdrawn."""
    number, words = comment_of(vote.reference), vote.words
    if number is None or words is None:
        return True
    access = await access_by_id(client, words.installation_id, words.repository_id)
    if access is None:
        return False
    now = await words_now(client, access, number, is_pull_request=words.is_pull_request)
    return now is not None and digest_of(now) == words.digest
