"""`signalbox serve`: the server itself, on uvicorn."""

import logging
import os
import signal
import socket
import sys
from collections.abc import Mapping
from typing import Final

import uvicorn
from fastapi import FastAPI

from app import logs
from app.cli.database import prepare
from app.cli.saying import Refused, refusal_of
from app.interpreter import set_for_serving
from app.main import build
from app.settings import Settings, SettingsError

SHUTDOWN_SECONDS: Final = 10
BACKLOG: Final = 2048
CONNECTIONS_MAX: Final = 2_000


def serve_with(environ: Mapping[str, str]) -> None:
    """Serve until told to stop. Everything that can be refused is refused before."""
    try:
        settings = Settings.from_environ(environ)
        app = build(settings)
    except SettingsError as error:
        raise refusal_of(error) from error
    # Taken before anything is opened: a second server on the same port must not get so far.
    with listen(settings.host, settings.port) as listening:
        prepare(settings.database_url)
        logs.set_up()
        set_for_serving()
        server = server_of(app)
        address = f"http://{settings.host}:{settings.port}"
        logging.getLogger(__name__).info("listening", extra={"address": address})
        # The server ends in good order, and then says once more what it was told.
        signal.signal(signal.SIGTERM, _leave)
        server.run(sockets=[listening])
    if not server.started:
        raise Refused("the server did not start", "the log above says why", code=3)


def _leave(_number: int, _frame: object) -> None:
    sys.exit(0)


def listen(host: str, port: int) -> socket.socket:
    """Take a port. Raises `Refused`."""
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except OSError as error:
        # Python repeats the address in its own words; what a name server says has none of ours.
        number = error.errno or 0
        why = os.strerror(number) if number > 0 else error.strerror
        raise Refused(
            f"{host}:{port} cannot be listened on: {why}",
            "choose others with HOST and PORT",
            code=3,
        ) from error


class Server(uvicorn.Server):
    """A web server that ends endless answers before it waits for those under way."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End in good order."""
        app = self.config.app
        if isinstance(app, FastAPI):
            app.state.leave()
        await super().shutdown(sockets)


def server_of(app: FastAPI) -> uvicorn.Server:
    """Return the web server for the application."""
    return Server(config_of(app))


def config_of(app: FastAPI) -> uvicorn.Config:
    """Say how the application is served."""
    return uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=CONNECTIONS_MAX,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
