"""The endpoints about people: who somebody is, what they may, in which teams they are.

Each answer is kept for a minute: memberships are asked when a vote is used, and a vote is
seldom the only one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote

from app.core.actions import Permission
from app.core.approvals.people import GITHUB_ITSELF, Party
from app.github.client import Access, Client
from app.github.errors import NotFoundError
from app.github.kept_answers import NOT_KEPT, KeptAnswers
from app.github.repositories import (
    CONTENTS_READ,
    METADATA_READ,
    PULLS_READ,
    items_of,
    number_of,
    object_of,
    path_to,
    text_of,
)

MEMBERS_READ: Final = {"members": "read"}
KEPT: Final = timedelta(minutes=1)
KEPT_MAX: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account as GitHub describes it, and what it may in one repository.

    `email` is the address that it shows to everybody, if it shows one.
    """

    login: str
    id: int
    is_bot: bool
    permission: Permission | None
    email: str = ""


class People:
    """Answers about people, each kept for a minute."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._accounts: KeptAnswers[tuple[str, str], Account] = KeptAnswers(
            client.clock, lasts=KEPT, most=KEPT_MAX
        )
        self._members: KeptAnswers[tuple[str, str], bool] = KeptAnswers(
            client.clock, lasts=KEPT, most=KEPT_MAX
        )

    async def account(self, access: Access, login: str) -> Account:
        """Say who somebody is, and what they may in the repository of `access`."""
        return await self._accounts.of(
            (str(access.repository_id or access.repository).lower(), login.lower()),
            lambda: self._ask_who(access, login),
            # Whom GitHub does not know may be known in a moment.
            lasts=lambda found: KEPT if found.id else NOT_KEPT,
        )

    async def _ask_who(self, access: Access, login: str) -> Account:
        """https://docs.github.com/en/rest/collaborators/collaborators#get-repository-permissions-for-a-user"""
        path = f"{path_to(access)}/collaborators/{quote(login, safe='')}/permission"
        try:
            answer = await self._client.call(access, "GET", path, permissions=METADATA_READ)
        except NotFoundError:
            return Account(login=login, id=0, is_bot=login.endswith("[bot]"), permission=None)
        return _account(login, object_of(answer.json()))

    async def is_member(self, access: Access, team: str, login: str) -> bool:
        """Tell whether somebody is in a team (`owner/slug`) or in one below it."""
        return await self._members.of(
            (team.lower(), login.lower()), lambda: self._ask_member(access, team, login)
        )

    async def _ask_member(self, access: Access, team: str, login: str) -> bool:
        """https://docs.github.com/en/rest/teams/members#get-team-membership-for-a-user"""
        owner, _, slug = team.removeprefix("@").partition("/")
        path = (
            f"/orgs/{quote(owner, safe='')}/teams/{quote(slug, safe='')}"
            f"/memberships/{quote(login, safe='')}"
        )
        at_all = Access(installation_id=access.installation_id, urgency=access.urgency)
        try:
            answer = await self._client.call(at_all, "GET", path, permissions=MEMBERS_READ)
        except NotFoundError:
            # Not a member, or the team is none that the App may see: nobody counts for it.
            return False
        return text_of(object_of(answer.json()), "state") == "active"


def _account(login: str, body: Mapping[str, Any]) -> Account:
    user = object_of(body.get("user"))
    role, permission = text_of(body, "role_name"), text_of(body, "permission")
    return Account(
        login=text_of(user, "login") or login,
        id=number_of(user, "id"),
        is_bot=text_of(user, "type") == "Bot",
        permission=_permission(role) or _permission(permission),
        email=text_of(user, "email"),
    )


def _permission(word: str) -> Permission | None:
    """Read a permission; a role of the organisation's own is known by what it is based on."""
    try:
        return Permission({"pull": "read", "push": "write"}.get(word, word))
    except ValueError:
        return None


async def authors_of_pull_request(
    client: Client, access: Access, number: int
) -> tuple[Party, ...] | None:
    """Return who opened a pull request, and who wrote and made its commits.

    `None` if that cannot be told whole. Whom a commit names as its author is what its maker
    wrote into it; who opened the pull request, GitHub knows.
    https://docs.github.com/en/rest/pulls/pulls#list-commits-on-a-pull-request
    """
    path = f"{path_to(access)}/pulls/{number}"
    answer = await client.call(access, "GET", path, permissions=PULLS_READ)
    listing = await client.pages(access, f"{path}/commits", permissions=PULLS_READ)
    found = [_party(object_of(object_of(answer.json()).get("user")))]
    for item in listing.items:
        found.append(_party(object_of(item.get("author"))))
        committer = _party(object_of(item.get("committer")))
        # What is committed on GitHub's pages is made by GitHub for the author.
        if committer is None or committer.login != GITHUB_ITSELF:
            found.append(committer)
    # GitHub lists at most 250 commits, and knows no account for some addresses.
    if not listing.is_complete or len(listing.items) >= 250 or None in found:
        return None
    return tuple(dict.fromkeys(party for party in found if party is not None))


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitFacts:
    """A commit: its tree and parents, and who wrote and who made it, where GitHub knows."""

    sha: str
    tree: str
    author: Party | None
    committer: Party | None
    parents: tuple[str, ...] = ()


async def commit_facts(client: Client, access: Access, sha: str) -> CommitFacts:
    """https://docs.github.com/en/rest/commits/commits#get-a-commit"""
    answer = await client.call(
        access,
        "GET",
        f"{path_to(access)}/commits/{quote(sha, safe='')}",
        permissions=CONTENTS_READ,
        parameters={"per_page": 1},
    )
    body = object_of(answer.json())
    tree = object_of(object_of(body.get("commit")).get("tree"))
    author = _party(object_of(body.get("author")))
    committer = _party(object_of(body.get("committer")))
    if committer is not None and committer.login == GITHUB_ITSELF and author is not None:
        committer = replace(committer, behind=author.login)
    return CommitFacts(
        sha=text_of(body, "sha"),
        tree=text_of(tree, "sha"),
        author=author,
        committer=committer,
        parents=tuple(text_of(each, "sha") for each in items_of(body.get("parents"))),
    )


def _party(user: Mapping[str, Any]) -> Party | None:
    login = text_of(user, "login")
    if not login:
        return None
    return Party(login=login, id=number_of(user, "id"), is_bot=text_of(user, "type") == "Bot")
