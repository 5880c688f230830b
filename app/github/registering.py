"""GitHub's manifest flow, by which an App is registered with all that Signalbox needs of one.

What GitHub is asked for is pure; `exchange` makes the one call, which hands out the secrets.
https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

import httpx

from app.github.auth import Secret
from app.github.errors import UnavailableError
from app.github.needs import EVENTS, PERMISSIONS
from app.github.repositories import number_of, object_of, text_of
from app.github.transport import Transport
from app.ports import Clock

# What GitHub's own form takes.
NAME_LENGTH_MAX: Final = 34
WEBHOOK_PATH: Final = "/webhooks/github"
SIGN_IN_PATH: Final = "/sign-in/back"

NAMES: Final = frozenset(each.name for each in (*PERMISSIONS, *EVENTS))

_CODE = re.compile(r"[0-9A-Za-z_-]{1,100}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """An App that was just registered, and its secrets, which GitHub shows this once."""

    id: int
    slug: str
    owner: str
    is_of_organization: bool
    html_url: str
    client_id: str
    client_secret: Secret = field(repr=False)
    webhook_secret: Secret = field(repr=False)
    private_key: Secret = field(repr=False)


def manifest(
    *,
    url: str,
    name: str,
    redirect_url: str,
    is_public: bool,
    without: Collection[str] = (),
) -> Mapping[str, Any]:
    """Return what GitHub is to register for the Signalbox at an address.

    GitHub refuses a manifest as a whole if it does not know one of its permissions or events:
    `without` leaves such out. Events about the installation come by themselves, and it refuses
    those, too.
    """
    permissions = {each.name: each.level for each in PERMISSIONS if each.name not in without}
    return {
        "name": name,
        "url": url,
        "hook_attributes": {"url": f"{url}{WEBHOOK_PATH}", "active": True},
        "redirect_url": redirect_url,
        "callback_urls": [f"{url}{SIGN_IN_PATH}"],
        "public": is_public,
        "default_permissions": permissions,
        "default_events": [each.name for each in EVENTS if each.name not in without],
        "request_oauth_on_install": False,
        "setup_on_update": False,
    }


def form_address(*, server_url: str, organization: str, state: str) -> str:
    """Return where a browser posts the manifest to: for an organisation, or for oneself."""
    owner = f"/organizations/{organization}" if organization else ""
    return f"{server_url}{owner}/settings/apps/new?{urlencode({'state': state})}"


def settings_address(*, server_url: str, organization: str, slug: str = "") -> str:
    """Return where an App is managed, or without its name all of them."""
    owner = f"/organizations/{organization}" if organization else ""
    return f"{server_url}{owner}/settings/apps{f'/{slug}' if slug else ''}"


def is_code(text: str) -> bool:
    """Tell whether a text may be one of GitHub's codes: it goes into a path."""
    return _CODE.fullmatch(text) is not None


async def exchange(
    code: str, *, api_url: str, clock: Clock, http: httpx.AsyncBaseTransport | None = None
) -> Registered:
    """Change the code that GitHub sent a browser back with for the App and its secrets.

    A code is good once, and for an hour. Raises `GitHubError`.
    https://docs.github.com/en/rest/apps/apps#create-a-github-app-from-a-manifest
    """
    assert is_code(code), "whoever calls has looked at it"
    transport = Transport(api_url, clock=clock, http=http)
    try:
        answer = await transport.send("POST", f"/app-manifests/{code}/conversions")
    finally:
        await transport.aclose()
    return _registered(object_of(answer.json()))


def _registered(given: Mapping[str, Any]) -> Registered:
    owner = object_of(given.get("owner"))
    found = Registered(
        id=number_of(given, "id"),
        slug=text_of(given, "slug"),
        owner=text_of(owner, "login"),
        is_of_organization=text_of(owner, "type") == "Organization",
        html_url=text_of(given, "html_url"),
        client_id=text_of(given, "client_id"),
        client_secret=Secret(text_of(given, "client_secret")),
        webhook_secret=Secret(text_of(given, "webhook_secret")),
        private_key=Secret(text_of(given, "pem")),
    )
    secrets = (found.client_secret, found.webhook_secret, found.private_key)
    if not found.id or not found.client_id or not all(each.value for each in secrets):
        message = "GitHub's answer names no App, or lacks its secrets"
        raise UnavailableError(message, effect_unknown=True)
    return found
