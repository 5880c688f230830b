"""Who we are to GitHub: the App's JWT, and installation tokens for the command at hand.

Tokens live in memory only, each good for one repository and the permissions of one endpoint.
The call itself is `transport`'s; what a call needs is said by the endpoints.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from app.core.values import RepositoryName
from app.github.errors import NotFoundError, UnavailableError
from app.github.leaving import under_lease
from app.github.transport import Transport
from app.ports import Clock

# https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app
# Issued 60 seconds in the past, against clocks that differ, and at most 10 minutes of life.
JWT_PREDATED: Final = timedelta(seconds=60)
JWT_LIFE: Final = timedelta(minutes=9)
JWT_RENEWED_BEFORE_END: Final = timedelta(minutes=2)

TOKEN_RENEWED_BEFORE_END: Final = timedelta(minutes=5)
TOKENS_MAX: Final = 5_000
INSTALLATIONS_MAX: Final = 10_000
# A repository may be transferred to where another installation covers it.
INSTALLATION_KEPT: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a token is good for; without repositories, for all that the installation covers."""

    installation_id: int
    repository: RepositoryName | None = None
    repository_id: int | None = None
    permissions: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Secret:
    """A text that its repr does not tell."""

    value: str = field(repr=False)


class AppKey:
    """Signs as the App. Its repr tells nothing."""

    def __init__(self, app_id: str, private_key: str, *, clock: Clock) -> None:
        """Read the key, a PEM whose line ends may be written as a backslash and an n.

        Raises ValueError, without the key in its message, where it is not an RSA key.
        """
        self._app_id = app_id
        self._clock = clock
        self._signed: tuple[datetime, Secret] | None = None
        pem = private_key.replace("\\n", "\n").strip().encode()
        try:
            key = load_pem_private_key(pem, password=None)
        except (ValueError, TypeError) as error:
            raise ValueError(
                "the private key of the App is damaged, or it has a password"
            ) from error
        if not isinstance(key, RSAPrivateKey):
            raise ValueError("the private key of the App is no RSA key")
        self._key = key

    def __repr__(self) -> str:
        return f"AppKey({self._app_id!r})"

    def authorization(self) -> str:
        """Return the header that proves us to be the App."""
        now = self._clock.now()
        if self._signed is not None and now < self._signed[0] - JWT_RENEWED_BEFORE_END:
            return f"Bearer {self._signed[1].value}"
        end = now + JWT_LIFE
        claims = {
            "iat": int((now - JWT_PREDATED).timestamp()),
            "exp": int(end.timestamp()),
            "iss": self._app_id,
        }
        signed = jwt.encode(claims, self._key, algorithm="RS256")
        self._signed = (end, Secret(signed))
        return f"Bearer {signed}"


class Tokens:
    """Installation tokens, minted once for all who need the same and renewed in time."""

    def __init__(self, key: AppKey, transport: Transport, *, clock: Clock) -> None:
        self._key = key
        self._transport = transport
        self._clock = clock
        self._minted: OrderedDict[Grant, tuple[datetime, Secret]] = OrderedDict()
        self._minting: dict[Grant, asyncio.Task[Secret]] = {}
        self._installations: OrderedDict[RepositoryName, tuple[datetime, int]] = OrderedDict()

    async def authorization(self, grant: Grant) -> str:
        """Return the header for calls under this grant."""
        known = self._minted.get(grant)
        if known is not None and self._clock.now() < known[0]:
            self._minted.move_to_end(grant)
            return f"Bearer {known[1].value}"
        task = self._minting.get(grant)
        if task is None:
            task = asyncio.ensure_future(self._mint(grant))
            self._minting[grant] = task
            task.add_done_callback(lambda done: self._forget_minting(grant, done))
        # One who gives up waiting must not take the token away from the others.
        return f"Bearer {(await asyncio.shield(task)).value}"

    def invalidate(self, grant: Grant, authorization: str) -> None:
        """Drop the token that GitHub did not accept, unless it has been replaced meanwhile."""
        known = self._minted.get(grant)
        if known is not None and f"Bearer {known[1].value}" == authorization:
            del self._minted[grant]

    def forget_installation(self, installation_id: int) -> None:
        """Drop all that is known of an installation: it was removed, or its grants changed."""
        for grant in [g for g in self._minted if g.installation_id == installation_id]:
            del self._minted[grant]
        for name in [n for n, (_, i) in self._installations.items() if i == installation_id]:
            del self._installations[name]

    async def installation_of(
        self, repository: RepositoryName, *, is_anew: bool = False
    ) -> int:
        """Find the installation that covers a repository. Raises NotFoundError if none does.

        `is_anew` asks GitHub, whatever was answered before.

        https://docs.github.com/en/rest/apps/apps#get-a-repository-installation-for-the-authenticated-app
        """
        known = self._installations.get(repository)
        if known is not None and not is_anew and self._clock.now() < known[0]:
            return known[1]
        answer = await self._transport.send(
            "GET",
            f"/repos/{repository_path(repository)}/installation",
            authorization=self._key.authorization(),
        )
        body = answer.json()
        found = body.get("id") if isinstance(body, dict) else None
        if not isinstance(found, int):
            raise NotFoundError(f"no installation of the App covers {repository}")
        self._installations[repository] = (self._clock.now() + INSTALLATION_KEPT, found)
        self._installations.move_to_end(repository)
        while len(self._installations) > INSTALLATIONS_MAX:
            self._installations.popitem(last=False)
        return found

    def _forget_minting(self, grant: Grant, done: asyncio.Task[Secret]) -> None:
        del self._minting[grant]
        if not done.cancelled():
            # Marks the error as seen where everyone who waited has gone.
            done.exception()

    async def _mint(self, grant: Grant) -> Secret:
        """Ask for a token.

        https://docs.github.com/en/rest/apps/apps#create-an-installation-access-token-for-an-app
        """
        asked: dict[str, list[int] | list[str] | dict[str, str]] = {
            "permissions": dict(grant.permissions)
        }
        if grant.repository_id is not None:
            asked["repository_ids"] = [grant.repository_id]
        elif grant.repository is not None:
            asked["repositories"] = [grant.repository.rpartition("/")[2]]
        # It is minted for all who wait for it, whoever asked first.
        with under_lease(None):
            answer = await self._transport.send(
                "POST",
                f"/app/installations/{grant.installation_id}/access_tokens",
                authorization=self._key.authorization(),
                body=asked,
            )
        body = answer.json()
        token = body.get("token") if isinstance(body, dict) else None
        if not isinstance(token, str) or not token:
            # A token more or less does no harm: nothing that matters is unknown.
            raise UnavailableError("GitHub minted no token", effect_unknown=False)
        renewed = _instant(body.get("expires_at"), self._clock.now()) - TOKEN_RENEWED_BEFORE_END
        self._minted[grant] = (renewed, Secret(token))
        while len(self._minted) > TOKENS_MAX:
            self._minted.popitem(last=False)
        return Secret(token)


def repository_path(repository: RepositoryName) -> str:
    """Return `owner/name` for use in a path. Raises NotFoundError where it is no such name.

    https://docs.github.com/en/rest/repos/repos lists letters, digits, `.`, `_` and `-`.
    """
    parts = repository.split("/")
    if len(parts) != 2 or not all(_is_name(part) for part in parts):
        raise NotFoundError(f"{repository!r} is not the name of a repository")
    return repository


def _is_name(part: str) -> bool:
    allowed = part.isascii() and all(c.isalnum() or c in "._-" for c in part)
    return bool(part) and len(part) <= 100 and allowed and part not in (".", "..")


def _instant(value: object, now: datetime) -> datetime:
    """Read the end of a token's life: an hour from now, if it cannot be read."""
    try:
        end = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        end = None
    if end is None:
        return now + timedelta(hours=1)
    return end if end.tzinfo else end.replace(tzinfo=UTC)
