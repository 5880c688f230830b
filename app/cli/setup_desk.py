"""The page of `signalbox setup`: it sends a browser to GitHub, and hears it come back.

It listens on this machine alone and shows no secret. Only whoever sees the terminal knows the
address of its first page, and only that page knows the state with which GitHub sends back.
"""

import asyncio
import logging
import socket
import webbrowser
from hmac import compare_digest
from secrets import token_urlsafe
from threading import Thread
from typing import Final

import typer
import uvicorn
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from app.cli import setup_pages as pages
from app.cli.registering import Lost, register
from app.cli.saying import Refused, complain
from app.cli.setup_plan import Plan
from app.github.registering import Registered, form_address, is_code, manifest
from app.github.transport import CALL_SECONDS_MAX

HOST: Final = "127.0.0.1"
BACK_PATH: Final = "/registered"


def wait_for_browser(plan: Plan, *, port: int, is_opened: bool) -> Registered:
    """Serve the page until the App is registered. Raises `Refused`."""
    with _listen(port) as listening:
        desk = Desk(plan, listening.getsockname()[1])
        server = uvicorn.Server(
            uvicorn.Config(
                desk.app(),
                access_log=False,
                log_config=None,
                log_level=logging.ERROR,
                lifespan="off",
                server_header=False,
                # Told to stop while GitHub is asked, it waits for what GitHub answers.
                timeout_graceful_shutdown=CALL_SECONDS_MAX + 1,
            )
        )
        desk.leave_by = server
        _invite(plan, desk)
        if is_opened:
            # One that runs in the terminal would keep us from serving it.
            Thread(target=webbrowser.open, args=[desk.address], daemon=True).start()
        try:
            server.run(sockets=[listening])
        except KeyboardInterrupt:
            # What came in time is kept, and said.
            if desk.registered is None and desk.lost is None:
                raise
    if desk.lost is not None:
        raise desk.lost
    if desk.registered is None:
        raise Refused("the page could not be served", "the lines above say why", code=3)
    return desk.registered


class Desk:
    """What is served while a browser is away to GitHub."""

    def __init__(self, plan: Plan, port: int) -> None:
        self.plan = plan
        self.port = port
        self.state = token_urlsafe(32)
        self.opening = token_urlsafe(16)
        self.registered: Registered | None = None
        self.lost: Lost | None = None
        self.leave_by: uvicorn.Server | None = None
        self._turn = asyncio.Lock()

    @property
    def address(self) -> str:
        """Where a browser begins."""
        return f"http://{HOST}:{self.port}/begin/{self.opening}"

    def app(self) -> Starlette:
        """Return what is served, to no page of elsewhere that calls us by a name of its own."""
        return Starlette(
            routes=[
                Route("/begin/{opening}", self.begin),
                Route(BACK_PATH, self.back),
                Route("/{rest:path}", self.elsewhere),
            ],
            middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])],
        )

    async def begin(self, request: Request) -> Response:
        """Show what will happen, and the button that begins it."""
        if not _is_same(request.path_params["opening"], self.opening):
            return await self.elsewhere(request)
        wanted = manifest(
            url=self.plan.url,
            name=self.plan.name,
            redirect_url=f"http://{HOST}:{self.port}{BACK_PATH}",
            is_public=self.plan.is_public,
            without=self.plan.without,
        )
        action = form_address(
            server_url=self.plan.server_url,
            organization=self.plan.organization,
            state=self.state,
        )
        content = pages.begin(self.plan, wanted, action=action)
        return _page(content, form_action=self.plan.server_url)

    async def back(self, request: Request) -> Response:
        """Take the code that GitHub sent the browser back with."""
        code = request.query_params.get("code", "")
        if not _is_same(request.query_params.get("state", ""), self.state):
            return self._refused(
                "This did not begin here, and was left alone",
                "begin at the address that the terminal shows",
                400,
            )
        if not is_code(code):
            return self._refused(
                "GitHub sent no code", "begin anew at the address that the terminal shows", 400
            )
        # A browser may ask twice; a code is good once.
        async with self._turn:
            if self.registered is None:
                try:
                    self.registered = await register(self.plan, code)
                except Lost as lost:
                    self.lost = lost
                    content = pages.refused(lost.message, lost.remedy)
                    return _page(content, 500, then=BackgroundTask(self._leave))
                except Refused as refused:
                    complain(refused.message, f"{refused.remedy}; this command goes on waiting")
                    return self._refused(refused.message, refused.remedy, 502, is_said=True)
        content = pages.done(self.plan, self.registered)
        return _page(content, then=BackgroundTask(self._leave))

    async def elsewhere(self, _request: Request) -> Response:
        """Say where the page is."""
        return _page(
            pages.refused("There is nothing here", "open the address that the terminal shows"),
            404,
        )

    def _refused(
        self, message: str, remedy: str, status: int, *, is_said: bool = False
    ) -> Response:
        if not is_said:
            complain(message, f"{remedy}; this command goes on waiting")
        return _page(pages.refused(message, remedy), status)

    def _leave(self) -> None:
        assert self.leave_by is not None, "whoever serves has said so"
        self.leave_by.should_exit = True


def _listen(port: int) -> socket.socket:
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        raise Refused(
            f"{HOST}:{port} cannot be listened on: {error.strerror}",
            "choose another with --port, or 0 for a free one",
            code=3,
        ) from error


def _invite(plan: Plan, desk: Desk) -> None:
    tunnel = f"ssh -L {desk.port}:{HOST}:{desk.port} {socket.gethostname()}"
    for line in (
        "Open this address in a browser; nothing is registered before you agree on GitHub:",
        f"     {desk.address}",
        "If the browser is on another machine, keep this open there, and use the same address:",
        f"     {tunnel}",
        f"Files will be written to {plan.folder}. Ctrl-C ends this and leaves nothing behind.",
    ):
        typer.echo(line)


def _is_same(given: str, wanted: str) -> bool:
    return compare_digest(given.encode("utf-8", "replace"), wanted.encode())


def _page(
    content: str,
    status: int = 200,
    *,
    form_action: str = "'none'",
    then: BackgroundTask | None = None,
) -> Response:
    headers = {
        "cache-control": "no-store",
        "content-security-policy": (
            f"default-src 'none'; style-src '{pages.STYLE_HASH}'; form-action {form_action}; "
            "base-uri 'none'; frame-ancestors 'none'"
        ),
        # Of our address GitHub learns the host alone, not the path that is known to few. With
        # no referrer at all a browser would hide the origin of the form from it, too.
        "referrer-policy": "strict-origin",
        "x-content-type-options": "nosniff",
    }
    return HTMLResponse(content, status, headers, background=then)
