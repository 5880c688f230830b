"""What GitHub knows of the App itself: how it is registered, its webhook, and who has it.

For `signalbox doctor`, which judges it. All of it is asked as the App, by its JWT.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app.github.answers import answered_at
from app.github.client import Client
from app.github.errors import RefusedError
from app.github.repositories import items_of, number_of, object_of, text_of

DELIVERIES_MAX: Final = 100
"""One page, the newest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """The App as it is registered; `page` is what everybody sees of it.

    `owner_type` is `Organization` or `User`; that of an enterprise has none. `answered_at` is
    what GitHub's clock showed.
    """

    id: int
    client_id: str
    slug: str
    page: str
    owner: str
    owner_type: str
    permissions: Mapping[str, str]
    events: frozenset[str]
    answered_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """Where GitHub delivers, and how. The secret itself is not told."""

    url: str
    content_type: str
    is_verified: bool
    has_secret: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """One try to deliver. Without an answer `code` is 0, and `status` says why."""

    status: str
    code: int

    @property
    def has_arrived(self) -> bool:
        """Whether the answer was that of a Signalbox that took it in."""
        return 200 <= self.code < 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """One account that has the App; `page` is where its owner changes what it grants.

    `account_type` is `Organization` or `User`; an enterprise has none.
    """

    account: str
    page: str
    is_suspended: bool
    permissions: Mapping[str, str]
    account_type: str = ""


async def registered_app(client: Client) -> App:
    """https://docs.github.com/en/rest/apps/apps#get-the-authenticated-app"""
    answer = await client.call(None, "GET", "/app", permissions={})
    body = object_of(answer.json())
    owner = object_of(body.get("owner"))
    events = body.get("events")
    if not number_of(body, "id") or not isinstance(events, list):
        raise RefusedError("what answers is not the API of GitHub", call=answer.call)
    return App(
        id=number_of(body, "id"),
        client_id=text_of(body, "client_id"),
        slug=text_of(body, "slug"),
        page=text_of(body, "html_url"),
        owner=text_of(owner, "login") or text_of(owner, "slug"),
        owner_type=text_of(owner, "type"),
        permissions=_permissions(body),
        events=frozenset(each for each in events if isinstance(each, str)),
        answered_at=answered_at(answer.headers),
    )


async def webhook(client: Client) -> Hook:
    """https://docs.github.com/en/rest/apps/webhooks#get-a-webhook-configuration-for-an-app"""
    answer = await client.call(None, "GET", "/app/hook/config", permissions={})
    body = object_of(answer.json())
    return Hook(
        url=text_of(body, "url"),
        # "The default is `form`", and that certificates are verified.
        content_type=text_of(body, "content_type") or "form",
        is_verified=str(body.get("insecure_ssl", "0")) == "0",
        has_secret=bool(text_of(body, "secret")),
    )


async def recent_deliveries(client: Client) -> tuple[Delivered, ...]:
    """List the last tries, the newest first.

    https://docs.github.com/en/rest/apps/webhooks#list-deliveries-for-an-app-webhook
    """
    answer = await client.call(
        None,
        "GET",
        "/app/hook/deliveries",
        permissions={},
        parameters={"per_page": DELIVERIES_MAX},
    )
    return tuple(
        Delivered(status=text_of(item, "status"), code=number_of(item, "status_code"))
        for item in items_of(answer.json())
    )


async def places(client: Client) -> tuple[Installed, ...]:
    """List who has the App.

    https://docs.github.com/en/rest/apps/apps#list-installations-for-the-authenticated-app
    """
    listing = await client.pages(None, "/app/installations", permissions={})
    found = []
    for item in listing.items:
        account = object_of(item.get("account"))
        found.append(
            Installed(
                account=text_of(account, "login") or text_of(account, "slug"),
                page=text_of(item, "html_url"),
                is_suspended=item.get("suspended_at") is not None,
                permissions=_permissions(item),
                account_type=text_of(account, "type"),
            )
        )
    return tuple(found)


def _permissions(body: Mapping[str, object]) -> Mapping[str, str]:
    given = object_of(body.get("permissions"))
    return {name: level for name, level in given.items() if isinstance(level, str)}
