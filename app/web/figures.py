"""`GET /metrics`: figures for Prometheus, for whoever has the token.

They tell which events come and how much is under way: nobody else's business. Without a token
in the settings there is no such address.
"""

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.ports import StoreUnavailable
from app.web.answers import refusal

PATH: Final = "/metrics"
# https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsDoor:
    """Tells the figures. `read` may raise `StoreUnavailable`."""

    token: str = field(repr=False)
    read: Callable[[], Awaitable[bytes]]

    def routes(self) -> list[Route]:
        """Return the address."""
        return [Route(PATH, self.answer)]

    async def answer(self, request: Request) -> Response:
        """Answer one call."""
        given = request.headers.get("authorization", "")
        scheme, _, token = given.partition(" ")
        is_ours = hmac.compare_digest(token.strip().encode(), self.token.encode())
        if scheme.lower() != "bearer" or not is_ours:
            return refusal(
                401,
                "bad-token",
                "the token is missing or wrong",
                "send METRICS_TOKEN as `authorization: bearer TOKEN`",
                headers={"www-authenticate": "Bearer"},
            )
        try:
            return Response(await self.read(), media_type=MEDIA_TYPE)
        except StoreUnavailable:
            return refusal(503, "not-ready", "the database does not answer", "see /ready")
