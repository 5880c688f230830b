"""Who is signed in: a sealed cookie, and nothing on our side.

What is in a cookie is encrypted and authenticated under a key that is made from the App's
client secret, so that every replica reads what any of them wrote. It holds who somebody is and
no token of GitHub's. What they may see is asked of GitHub each time something is shown.
"""

import base64
import binascii
import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from starlette.requests import Request
from starlette.responses import Response

from app.ports import Clock
from app.ports.visiting import Visitor

SESSION_LIFE: Final = timedelta(hours=8)
COOKIE_LENGTH_MAX: Final = 4_000
KEY_LABEL: Final = b"signalbox cookies 1"
NONCE_BYTES: Final = 12
CSRF_BYTES: Final = 24
# Browsers take a cookie of this name only from https, for this host alone and all its paths.
# https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Set-Cookie#cookie_prefixes
HOST_PREFIX: Final = "__Host-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Somebody who is signed in, and the token that their own pages carry."""

    visitor: Visitor
    csrf_token: str
    ends_at: datetime


class Cookies:
    """Seals what a cookie holds, and reads it if it is ours, of that kind and in time."""

    def __init__(self, *, secret: str, clock: Clock, is_secure: bool) -> None:
        """`is_secure` is whether browsers reach us by https."""
        kdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=KEY_LABEL)
        self._cipher = AESGCM(kdf.derive(secret.encode()))
        self._is_secure = is_secure
        self.clock = clock

    def put(self, response: Response, kind: str, value: list[Any], life: timedelta) -> None:
        """Give a browser a cookie of this kind, good for this long."""
        end = self.clock.now() + life
        nonce = secrets.token_bytes(NONCE_BYTES)
        plain = json.dumps([end.timestamp(), *value]).encode()
        sealed = nonce + self._cipher.encrypt(nonce, plain, _bound_to(kind))
        self._set(response, kind, _text(sealed), int(life.total_seconds()))

    def drop(self, response: Response, kind: str) -> None:
        """Take a cookie away from a browser."""
        self._set(response, kind, "", 0)

    def read(self, request: Request, kind: str) -> tuple[datetime, list[Any]] | None:
        """Return until when a cookie is good, and what it holds; nothing if it is not ours."""
        given = request.cookies.get(self.name(kind), "")
        sealed = _bytes(given) if len(given) <= COOKIE_LENGTH_MAX else b""
        nonce, rest = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        if len(nonce) < NONCE_BYTES or not rest:
            return None
        try:
            plain = self._cipher.decrypt(nonce, rest, _bound_to(kind))
        except InvalidTag:
            return None
        # What we sealed has the form that we gave it.
        end, *value = json.loads(plain)
        ends_at = datetime.fromtimestamp(end, UTC)
        return (ends_at, value) if self.clock.now() < ends_at else None

    def name(self, kind: str) -> str:
        """Return the name of a cookie, by which a browser guards it where it can."""
        return f"{HOST_PREFIX if self._is_secure else ''}signalbox-{kind}"

    def _set(self, response: Response, kind: str, value: str, seconds: int) -> None:
        # Lax: a cookie comes along where somebody follows a link to us, as from a check.
        response.set_cookie(
            self.name(kind),
            value,
            max_age=seconds,
            path="/",
            secure=self._is_secure,
            httponly=True,
            samesite="lax",
        )


class Sessions:
    """Tells who is behind a request."""

    def __init__(self, cookies: Cookies) -> None:
        self._cookies = cookies

    def of(self, request: Request) -> Session | None:
        """Return the session that a request belongs to, if somebody is signed in."""
        read = self._cookies.read(request, _KIND)
        if read is None:
            return None
        ends_at, (id_, login, csrf_token) = read
        visitor = Visitor(id=id_, login=login)
        return Session(visitor=visitor, csrf_token=csrf_token, ends_at=ends_at)

    def begin(self, response: Response, visitor: Visitor) -> None:
        """Sign somebody in."""
        csrf_token = secrets.token_urlsafe(CSRF_BYTES)
        self._cookies.put(
            response, _KIND, [visitor.id, visitor.login, csrf_token], SESSION_LIFE
        )

    def end(self, response: Response) -> None:
        """Sign somebody out of this browser."""
        self._cookies.drop(response, _KIND)


def is_own_form(session: Session, given: str) -> bool:
    """Tell whether a form was made for this session: others do not know its token."""
    return hmac.compare_digest(given.encode(), session.csrf_token.encode())


_KIND: Final = "session"


def _bound_to(kind: str) -> bytes:
    """Return what is authenticated beside the content: one kind passes for no other."""
    return kind.encode()


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""
