"""What every answer of ours has in common: the form of an error, and the headers."""

from collections.abc import Mapping
from typing import Final

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

RETRY_AFTER_SECONDS: Final = 10

# We serve machines: no answer of ours may be framed, sniffed, cached or run as a page.
SECURITY_HEADERS: Final[Mapping[str, str]] = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


def refusal(
    status: int,
    code: str,
    message: str,
    remedy: str,
    *,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """Return an error as our API says it."""
    error = {"code": code, "message": message, "remedy": remedy}
    return JSONResponse({"error": error}, status, headers)


def unsaved(remedy: str) -> JSONResponse:
    """Return that nothing was saved, and when to come again."""
    return refusal(
        503,
        "not-saved",
        "the database does not take it now",
        remedy,
        headers={"retry-after": str(RETRY_AFTER_SECONDS)},
    )


_SECURITY_HEADERS: Final = tuple(
    (name.encode(), value.encode()) for name, value in SECURITY_HEADERS.items()
)


def crowded() -> JSONResponse:
    """Return that too much arrives at once, and when to come again."""
    headers = {"retry-after": str(RETRY_AFTER_SECONDS), "connection": "close"}
    message, remedy = "too much arrives at once", "send it again later"
    return refusal(503, "crowded", message, remedy, headers=headers)


class SecurityHeaders:
    """ASGI middleware that puts the security headers on every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = list(message["headers"])
                names = {name for name, _ in given}
                given += [pair for pair in _SECURITY_HEADERS if pair[0] not in names]
                message = {**message, "headers": given}
            await send(message)

        await self._app(scope, receive, with_headers)
