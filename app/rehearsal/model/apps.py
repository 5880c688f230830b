"""The App's credentials: its JWT, its installation tokens, and what they allow.

https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import jwt

from app.rehearsal.model.refused import Refused, invalid, not_permitted
from app.rehearsal.model.state import AppRegistration, Installation, Repository
from app.rehearsal.model.world import World

JWT_LIVES_MAX = timedelta(minutes=10)
TOKEN_LIVES = timedelta(hours=1)
CLOCK_SKEW = timedelta(seconds=60)
REPOSITORIES_MAX = 500
LEVELS = {"read": 1, "write": 2, "admin": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What one installation token allows, and until when."""

    token: str
    installation: Installation
    permissions: Mapping[str, str]
    repository_ids: frozenset[int] | None
    expires_at: datetime

    def allows(self, permission: str, level: str) -> bool:
        """Return whether the token carries a permission at that level or a higher one."""
        # Every App may read metadata. A token never outlives the permission that it was given.
        least = "read" if permission == "metadata" else ""
        of_both = (self.permissions, self.installation.permissions)
        return all(LEVELS.get(it.get(permission, least), 0) >= LEVELS[level] for it in of_both)


@dataclass(slots=True)
class Keyring:
    """The installation tokens that are out."""

    grants: dict[str, Grant] = field(default_factory=dict)

    def revoke(self, grant: Grant) -> None:
        """Make a token worthless."""
        self.grants.pop(grant.token, None)

    def grant_for(self, world: World, token: str) -> Grant:
        """Return what a token allows, or refuse a token that is unknown or too old."""
        grant = self.grants.get(token)
        if grant is None or grant.expires_at <= world.now():
            raise Refused(401, "Bad credentials")
        if grant.installation.id not in world.installations:
            raise Refused(401, "Bad credentials")
        if grant.installation.suspended_at is not None:
            raise Refused(403, "This installation has been suspended")
        return grant

    def mint(self, world: World, which: Installation, asked: Mapping[str, Any]) -> Grant:
        """Make an installation token, narrowed to what was asked for."""
        if which.suspended_at is not None:
            raise Refused(403, "This installation has been suspended")
        permissions = _narrowed_permissions(which, asked.get("permissions"))
        chosen = _narrowed_repositories(world, which, asked)
        # The new format: the App's id, then a signed part of no fixed length.
        token = f"ghs_{world.registered_app().id}_{world.random.getrandbits(900):x}"
        grant = Grant(
            token=token,
            installation=which,
            permissions=permissions,
            repository_ids=chosen,
            expires_at=world.now() + TOKEN_LIVES,
        )
        self.grants[token] = grant
        return grant


def check_app_token(world: World, token: str) -> AppRegistration:
    """Return the App whose JWT this is, or refuse as GitHub does."""
    app = world.app
    if app is None:
        raise Refused(401, "Integration not found")
    try:
        claims = jwt.decode(
            token,
            app.public_key_pem,
            algorithms=["RS256"],
            # The rehearsal has its own time, so it compares the times itself.
            options={"verify_exp": False, "verify_iat": False, "verify_nbf": False},
        )
    except jwt.InvalidTokenError as problem:
        raise Refused(401, "A JSON web token could not be decoded") from problem
    if str(claims.get("iss")) not in {str(app.id), app.client_id}:
        raise Refused(401, "'Issuer' claim ('iss') must be an Integer or the client ID")
    now = world.now().timestamp()
    issued, expires = claims.get("iat"), claims.get("exp")
    if not isinstance(issued, int | float) or issued > now + CLOCK_SKEW.total_seconds():
        raise Refused(401, "'Issued at' claim ('iat') must be an Integer in the past")
    if not isinstance(expires, int | float) or expires <= now:
        raise Refused(401, "'Expiration time' claim ('exp') must be a time in the future")
    latest = now + JWT_LIVES_MAX.total_seconds() + CLOCK_SKEW.total_seconds()
    if expires > latest:
        raise Refused(401, "'Expiration time' claim ('exp') is too far in the future")
    return app


def reachable(world: World, grant: Grant) -> list[Repository]:
    """Return the repositories a token reaches, the oldest first."""
    return [r for r in world.repositories.values() if reaches(world, grant, r)]


def reaches(world: World, grant: Grant, repository: Repository) -> bool:
    """Return whether a token was given for a repository."""
    if not world.covers(grant.installation, repository):
        return False
    return grant.repository_ids is None or repository.id in grant.repository_ids


def check_permission(grant: Grant, wanted: Iterable[tuple[str, str]]) -> None:
    """Refuse unless the token carries one of the permissions wanted."""
    if not any(grant.allows(permission, level) for permission, level in wanted):
        raise not_permitted()


def _narrowed_permissions(which: Installation, asked: Any) -> Mapping[str, str]:
    if asked is None:
        return dict(which.permissions)
    for permission, level in asked.items():
        given = which.permissions.get(permission, "read" if permission == "metadata" else "")
        if LEVELS.get(given, 0) < LEVELS.get(level, 9):
            raise invalid(
                "The permissions requested are not granted to this installation.",
            )
    return {"metadata": "read", **asked}


def _narrowed_repositories(
    world: World, which: Installation, asked: Mapping[str, Any]
) -> frozenset[int] | None:
    names, ids = asked.get("repositories"), asked.get("repository_ids")
    if names is None and ids is None:
        return None
    covered = [r for r in world.repositories.values() if world.covers(which, r)]
    by_id = {r.id for r in covered}
    by_name = {r.name.lower(): r.id for r in covered}
    if len(names or ()) + len(ids or ()) > REPOSITORIES_MAX:
        raise invalid(f"No more than {REPOSITORIES_MAX} repositories may be given.")
    missing = [n for n in names or () if n.lower() not in by_name]
    missing += [i for i in ids or () if i not in by_id]
    if missing:
        raise invalid(
            "There is at least one repository that does not exist or is not accessible to "
            "the parent installation."
        )
    return frozenset({by_name[n.lower()] for n in names or ()} | set(ids or ()))
