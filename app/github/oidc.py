"""Proof that a report comes from a certain attempt of a certain workflow run.

GitHub Actions gives a job a signed token that names its repository, workflow run and attempt.
Whether that attempt is one that we started is for the receiver to find out. The claim `sub` is
never looked at: organisations may shape it as they like.
https://docs.github.com/en/actions/reference/security/oidc
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import httpx
import jwt

from app.core.values import RepositoryName, Sha
from app.ports import Clock

ALGORITHMS: Final = ("RS256",)
TOKEN_BYTES_MAX: Final = 16 * 1024
DOCUMENT_BYTES_MAX: Final = 256 * 1024
FETCH_SECONDS_MAX: Final = 10
KEYS_MAX: Final = 100
KEYS_KEPT: Final = timedelta(hours=1)
# Tokens with made-up key ids must not make us ask GitHub for each of them.
FETCH_SPACING: Final = timedelta(seconds=30)
# Clocks differ.
LEEWAY: Final = timedelta(seconds=60)

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RunIdentity:
    """The attempt of a workflow run that a token speaks for, with what its claims tell."""

    repository_id: int
    repository: RepositoryName
    run_id: int
    run_attempt: int
    workflow_ref: str
    sha: Sha
    actor: str
    event_name: str


class IdentityError(Exception):
    """The token proves nothing. `code` is stable; the message holds nothing of the token.

    With the code `issuer-unavailable` the same token may be good later.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class IdentityVerifier:
    """Verifies tokens of one issuer, whose keys it fetches and keeps."""

    def __init__(
        self,
        *,
        issuer: str,
        audience: str,
        clock: Clock,
        http: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Raises ValueError unless the issuer is an https address, or one of this machine."""
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        address = httpx.URL(issuer)
        if not (
            address.scheme == "https"
            or (address.scheme == "http" and address.host in _LOOPBACK)
        ):
            raise ValueError(f"the OIDC issuer {issuer!r} is not an https address")
        self._origin = (address.scheme, address.host, address.port)
        self._http = httpx.AsyncClient(
            transport=http, follow_redirects=False, timeout=FETCH_SECONDS_MAX
        )
        self._keys: Mapping[str, jwt.PyJWK] = {}
        self._fetched_at: datetime | None = None
        self._tried_at: datetime | None = None
        self._fetching = asyncio.Lock()

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def verify(self, token: str) -> RunIdentity:
        """Return whom a token speaks for, or raise IdentityError."""
        if len(token) > TOKEN_BYTES_MAX:
            raise IdentityError("malformed-token", "the token is too long")
        try:
            header = jwt.get_unverified_header(token)
        except (jwt.PyJWTError, ValueError, RecursionError):
            raise IdentityError("malformed-token", "this is not a token") from None
        kid = header.get("kid")
        if header.get("alg") not in ALGORITHMS or not isinstance(kid, str):
            raise IdentityError("malformed-token", "the token is not signed as GitHub signs")
        key = await self._key(kid)
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=list(ALGORITHMS),
                issuer=self._issuer,
                audience=self._audience,
                # The times are checked below, by our own clock.
                options={
                    "require": ["iss", "aud", "exp", "iat"],
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                    "verify_sub": False,
                    "verify_jti": False,
                },
            )
        except jwt.InvalidIssuerError:
            raise IdentityError("wrong-issuer", f"the issuer is not {self._issuer}") from None
        except jwt.InvalidAudienceError:
            raise IdentityError(
                "wrong-audience", f"the token is not meant for {self._audience}"
            ) from None
        except (jwt.PyJWTError, ValueError, RecursionError):
            raise IdentityError(
                "bad-token", "the token's signature or claims are bad"
            ) from None
        self._check_times(claims)
        return _identity(claims)

    def _check_times(self, claims: Mapping[str, Any]) -> None:
        now = self._clock.now().timestamp()
        leeway = LEEWAY.total_seconds()
        end, start = _seconds(claims.get("exp")), _seconds(claims.get("nbf", 0))
        if end is None or start is None:
            raise IdentityError("bad-token", "the token's times cannot be read")
        if now > end + leeway:
            raise IdentityError("expired", "the token has expired")
        if now < start - leeway:
            raise IdentityError("not-yet-valid", "the token is not valid yet")

    async def _key(self, kid: str) -> jwt.PyJWK:
        """Return a key, fetching them anew where they are old or this one is unknown."""
        async with self._fetching:
            now = self._clock.now()
            is_old = self._fetched_at is None or now - self._fetched_at > KEYS_KEPT
            if not is_old and kid in self._keys:
                return self._keys[kid]
            if self._tried_at is None or now - self._tried_at >= FETCH_SPACING:
                self._tried_at = now
                self._keys = await self._fetch()
                self._fetched_at = now
            elif self._fetched_at != self._tried_at:
                raise IdentityError("issuer-unavailable", "the issuer's keys are not at hand")
        if kid not in self._keys:
            raise IdentityError("unknown-key", "the token is signed with an unknown key")
        return self._keys[kid]

    async def _fetch(self) -> Mapping[str, jwt.PyJWK]:
        """Fetch the issuer's keys from where its own discovery document says they are."""
        address = self._issuer.rstrip("/") + "/.well-known/openid-configuration"
        document = await self._document(address)
        if document.get("issuer") != self._issuer:
            raise IdentityError("issuer-unavailable", "the issuer does not know its own name")
        listed = (await self._document(str(document.get("jwks_uri", "")))).get("keys")
        keys = {}
        for item in listed[:KEYS_MAX] if isinstance(listed, list) else ():
            try:
                key = jwt.PyJWK.from_dict(item, algorithm="RS256")
            except (jwt.PyJWTError, ValueError, TypeError, AttributeError):
                continue
            if key.key_type == "RSA" and key.key_id:
                keys[key.key_id] = key
        if not keys:
            raise IdentityError("issuer-unavailable", "the issuer lists no keys")
        return keys

    async def _document(self, address: str) -> Mapping[str, Any]:
        """Fetch a JSON object from the issuer's own host."""
        try:
            url = httpx.URL(address)
            if (url.scheme, url.host, url.port) != self._origin:
                raise IdentityError("issuer-unavailable", "the issuer's keys are elsewhere")
            body = bytearray()
            async with (
                asyncio.timeout(FETCH_SECONDS_MAX),
                self._http.stream("GET", url) as response,
            ):
                if response.status_code != 200:
                    raise IdentityError(
                        "issuer-unavailable", f"the issuer answered {response.status_code}"
                    )
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > DOCUMENT_BYTES_MAX:
                        raise IdentityError("issuer-unavailable", "too long a document")
            value = json.loads(body)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError, RecursionError):
            raise IdentityError("issuer-unavailable", "the issuer does not answer") from None
        return value if isinstance(value, dict) else {}


def _identity(claims: Mapping[str, Any]) -> RunIdentity:
    repository_id = _number(claims.get("repository_id"))
    run_id = _number(claims.get("run_id"))
    run_attempt = _number(claims.get("run_attempt"))
    if repository_id is None or run_id is None or run_attempt is None:
        raise IdentityError("missing-claims", "the token names no workflow run")
    return RunIdentity(
        repository_id=repository_id,
        repository=RepositoryName(_text(claims.get("repository"))),
        run_id=run_id,
        run_attempt=run_attempt,
        workflow_ref=_text(claims.get("workflow_ref")),
        sha=Sha(_text(claims.get("sha"))),
        actor=_text(claims.get("actor")),
        event_name=_text(claims.get("event_name")),
    )


def _number(value: object) -> int | None:
    """Read a number, which GitHub writes as a text."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not (text.isascii() and text.isdigit()) or len(text) > 18:
        return None
    return int(text) or None


def _seconds(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e12 else None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
