"""The web application: which address leads where, and what is said where none does.

It is handed everything it needs; `main` does that.
"""

import logging
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from app import __version__
from app.core.reading.schema import schema
from app.web import figures, hooks, reports
from app.web.answers import SecurityHeaders, refusal
from app.web.control import ControlDoor
from app.web.figures import MetricsDoor
from app.web.hooks import WebhookDoor
from app.web.pages import Site
from app.web.reports import ReportDoor

_log = logging.getLogger(__name__)

_SAID: Final = {
    404: ("not-found", "there is nothing at this address", "GET / names what there is"),
    405: ("wrong-method", "this address does not take this method", "see the header `allow`"),
}


def web_app(
    *,
    webhooks: WebhookDoor,
    reports_door: ReportDoor,
    trouble: Callable[[], Awaitable[str]],
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]],
    control: ControlDoor | None = None,
    metrics: MetricsDoor | None = None,
    site: Site | None = None,
) -> FastAPI:
    """Build the application. `trouble` says why we are not ready, and nothing if we are.

    `site` is what is for people.
    """

    async def home(request: Request) -> Response:
        if site is not None and "text/html" in request.headers.get("accept", ""):
            return await site.front(request)
        return JSONResponse({"name": "Signalbox", "version": __version__, "paths": _PATHS})

    async def ready(_request: Request) -> Response:
        why = await trouble()
        if why:
            return refusal(503, "not-ready", why, "see the log of the server")
        return JSONResponse({"status": "ready"})

    app = _WebApp(
        SecurityHeaders(webhooks),
        title="Signalbox",
        version=__version__,
        lifespan=lifespan,
        # The addresses are for GitHub and the Action: nobody browses them.
        openapi_url=None,
        routes=[
            Route(hooks.PATH, webhooks, methods=["POST"]),
            Route(reports.PATH, reports_door.answer, methods=["POST"]),
            Route("/health", _health),
            Route("/ready", ready),
            Route(SCHEMA, orchestration_schema),
            Route("/", home),
            *(control.routes() if control is not None else ()),
            *(metrics.routes() if metrics is not None else ()),
            *(site.routes if site is not None else ()),
        ],
        exception_handlers={HTTPException: _refused, Exception: _broken},
    )
    app.add_middleware(SecurityHeaders)
    # Whoever serves it calls this before it waits for what is under way: streams never end.
    app.state.leave = site.leave if site is not None else _nothing_to_leave
    return app


class _WebApp(FastAPI):
    """A FastAPI to which the one hot path is not subject: half its time went into layers."""

    def __init__(self, webhooks: ASGIApp, **given: Any) -> None:
        super().__init__(**given)
        self._webhooks = webhooks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a delivery at once, and leave everything else to the routes."""
        is_delivery = (
            scope["type"] == "http"
            and scope["path"] == hooks.PATH
            and scope["method"] == "POST"
        )
        if not is_delivery:
            await super().__call__(scope, receive, send)
            return
        try:
            await self._webhooks(scope, receive, send)
        # The last resort, as the layers around the other addresses have it.
        except Exception as error:
            _log.exception("a delivery broke")
            answer = SecurityHeaders(await _broken(Request(scope), error))
            await answer(scope, receive, send)


def _nothing_to_leave() -> None:
    """End no stream, since there is none."""


async def _health(_request: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def orchestration_schema(_request: Request) -> Response:
    """Return the JSON Schema of the language: it changes only with the version."""
    headers = {"cache-control": "public, max-age=3600", "access-control-allow-origin": "*"}
    return JSONResponse(schema(), headers=headers, media_type="application/schema+json")


SCHEMA: Final = "/schema/orchestration.json"
_PATHS: Final = {
    hooks.PATH: "POST: webhook deliveries of GitHub",
    reports.PATH: "POST: outputs of workflow runs, from the companion Action",
    "/api": "POST and GET: control for whoever has the API token; see docs/operating.md",
    "/health": "GET: the process lives",
    figures.PATH: "GET: figures for Prometheus, for whoever has the token of the settings",
    SCHEMA: "GET: the JSON Schema of definitions, for editors",
    "/ready": "GET: the database answers and work is carried on",
}


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    otherwise = ("refused", error.detail, "GET / names what there is")
    code, message, remedy = _SAID.get(error.status_code, otherwise)
    return refusal(error.status_code, code, message, remedy, headers=error.headers)


async def _broken(request: Request, _error: Exception) -> Response:
    # The server logs the exception itself; the caller learns nothing of our insides.
    _log.error("a request broke", extra={"method": request.method, "path": request.url.path})
    return refusal(500, "internal", "Signalbox made a mistake", "see the log of the server")
