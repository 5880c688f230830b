"""Apps that are registered from a manifest: what GitHub takes, and the codes that are out.

https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from app.rehearsal.model import oidc
from app.rehearsal.model.refused import not_found
from app.rehearsal.model.state import Account, AppRegistration
from app.rehearsal.model.world import World

CODE_LIVES = timedelta(hours=1)
NAME_LENGTH_MAX = 34
CALLBACKS_MAX = 10
LEVELS = ("read", "write", "admin")
# Which permission an event takes, for it is not heard of without one.
# https://docs.github.com/en/webhooks/webhook-events-and-payloads
PERMISSION_OF = {
    "check_run": "checks",
    "check_suite": "checks",
    "code_scanning_alert": "security_events",
    "create": "contents",
    "delete": "contents",
    "dependabot_alert": "vulnerability_alerts",
    "deployment": "deployments",
    "deployment_protection_rule": "deployments",
    "deployment_review": "deployments",
    "deployment_status": "deployments",
    "issue_comment": "issues",
    "issues": "issues",
    "merge_group": "merge_queues",
    "organization": "members",
    "pull_request": "pull_requests",
    "pull_request_review": "pull_requests",
    "push": "contents",
    "release": "contents",
    "repository": "metadata",
    "repository_dispatch": "contents",
    "secret_scanning_alert": "secret_scanning_alerts",
    "status": "statuses",
    "workflow_dispatch": "contents",
    "workflow_job": "actions",
    "workflow_run": "actions",
}
PERMISSIONS_KNOWN = frozenset(PERMISSION_OF.values()) | {
    "administration",
    "environments",
    "packages",
    "pages",
    "secrets",
    "workflows",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What a code stands for: a manifest, as somebody has agreed to it."""

    owner: Account
    manifest: Mapping[str, Any]
    expires_at: datetime


@dataclass(slots=True)
class Registrations:
    """The codes that are out. Each is good once, and for an hour."""

    codes: dict[str, Registration] = field(default_factory=dict)

    def code_for(self, world: World, owner: Account, manifest: Mapping[str, Any]) -> str:
        """Make a code for a manifest that was found to be good."""
        code = f"{world.random.getrandbits(160):040x}"
        self.codes[code] = Registration(
            owner=owner, manifest=manifest, expires_at=world.now() + CODE_LIVES
        )
        return code

    def convert(self, world: World, code: str) -> AppRegistration:
        """Register the App that a code stands for: it is the one App of the rehearsal now."""
        found = self.codes.pop(code, None)
        if found is None or found.expires_at <= world.now():
            raise not_found()
        given, number = found.manifest, world.new_id()
        slug = slug_of(given["name"])
        made = AppRegistration(
            id=number,
            slug=slug,
            client_id=f"Iv23li{number:014d}",
            client_secret=f"{world.random.getrandbits(160):040x}",
            webhook_secret=f"{world.random.getrandbits(160):040x}",
            owner=found.owner,
            bot=world.account(f"{slug}[bot]", "Bot"),
            public_key_pem=oidc.public_pem(oidc.private_key("app")),
            permissions={"metadata": "read", **given.get("default_permissions", {})},
            events=tuple(given.get("default_events", ())),
            created_at=world.now(),
            hook_id=world.new_id(),
        )
        world.app = made
        world.webhook_url = given.get("hook_attributes", {}).get("url", world.webhook_url)
        return made


def slug_of(name: str) -> str:
    """Return what an App of this name is called in addresses."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def faults_of(
    world: World, given: Mapping[str, Any], *, is_named: bool = True
) -> Iterator[str]:
    """Yield why GitHub does not take a manifest, whose name somebody may give it later."""
    name = given.get("name", "")
    if not isinstance(name, str) or not slug_of(name):
        if is_named or name:
            yield "Name can't be blank"
    elif len(name) > NAME_LENGTH_MAX:
        yield f"Name is too long (maximum is {NAME_LENGTH_MAX} characters)"
    elif world.app is not None and world.app.slug == slug_of(name):
        yield "Name is already taken"
    addresses = {"Url": given.get("url"), "Redirect url": given.get("redirect_url")}
    if "hook_attributes" in given:
        addresses["Hook url"] = _mapping(given["hook_attributes"]).get("url")
    callbacks = given.get("callback_urls", [])
    if not isinstance(callbacks, list) or len(callbacks) > CALLBACKS_MAX:
        yield f"Callback urls are no list of at most {CALLBACKS_MAX}"
    else:
        addresses |= {f"Callback url {place}": each for place, each in enumerate(callbacks, 1)}
    for what, address in addresses.items():
        if not _is_address(address):
            yield f"{what} must be a valid URL"
    yield from _faults_of_rights(given)


def _faults_of_rights(given: Mapping[str, Any]) -> Iterator[str]:
    permissions = {"metadata": "read", **_mapping(given.get("default_permissions", {}))}
    events = given.get("default_events", [])
    unknown = [
        f"{name}: {level}" for name, level in permissions.items() if _is_odd(name, level)
    ]
    if unknown:
        yield f"Default permission records are invalid: {', '.join(unknown)}"
    if odd := [each for each in events if each not in PERMISSION_OF]:
        yield f"Default events unsupported: {', '.join(map(str, odd))}"
    known = [each for each in events if each in PERMISSION_OF]
    if bare := [each for each in known if PERMISSION_OF[each] not in permissions]:
        yield f"Default events are not supported by permissions: {', '.join(bare)}"


def _is_odd(name: str, level: object) -> bool:
    return name not in PERMISSIONS_KNOWN or level not in LEVELS


def _is_address(value: object) -> bool:
    parts = urlsplit(value) if isinstance(value, str) else None
    return parts is not None and parts.scheme in ("http", "https") and bool(parts.hostname)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
