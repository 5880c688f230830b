"""The server process of the bench: the real web application, engine, courier and store.

It is told what to do as JSON in its one argument, says "ready" with its port on its standard
output, and from then on each dispatch with its time.
"""

import asyncio
import contextlib
import json
import logging
import os
import resource
import socket
import sys
from collections.abc import AsyncIterator

import uvicorn
import uvloop
from fastapi import FastAPI

from app.cli.serving import config_of
from app.clock import SystemClock
from app.core.values import Json
from app.interpreter import set_for_serving
from app.logs import set_up
from app.main import build
from app.settings import Settings
from app.store.inbox import GroupInbox
from app.web.api import web_app
from app.web.hooks import WebhookDoor
from app.web.reports import ReportDoor, Reporter
from tests.bench.box import OWNER, at_work, make_store
from tests.bench.definitions import chain
from tests.bench.github import DeafGitHub, InstantGitHub
from tests.bench.letters import SECRET


async def serve_box(
    database_url: str, length: int, owner: str = OWNER, is_deaf: bool = False
) -> None:
    """Serve Signalbox with an instant GitHub behind it, or one that never answers."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    store = await make_store(database_url, [chain(length)])
    inbox = GroupInbox(store)
    clock = SystemClock()

    async def unknown(_token: str) -> Reporter:
        raise AssertionError("nobody reports here")

    async def trouble() -> str:
        return ""

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield

    github = DeafGitHub() if is_deaf else InstantGitHub(clock, _tell)
    async with at_work(store, github, owner) as engine:
        app = web_app(
            webhooks=WebhookDoor(secret=SECRET, inbox=inbox, clock=clock, wake=engine.wake),
            reports_door=ReportDoor(
                inbox=inbox,
                clock=clock,
                identify=unknown,
                knows_repository=engine.knows_repository,
                wake=engine.wake,
            ),
            trouble=trouble,
            lifespan=lifespan,
        )
        await _serve(app, listener)
    await inbox.close()
    await store.close()


async def serve_whole(settings: Settings) -> None:
    """Serve Signalbox as `main` builds it."""
    listener = socket.create_server((settings.host, settings.port), backlog=1024)
    await _serve(build(settings), listener)


async def _serve(app: FastAPI, listener: socket.socket) -> None:
    """Serve until the standard input ends."""
    server = uvicorn.Server(config_of(app))
    begun = _cpu_seconds()
    _say({"ready": listener.getsockname()[1]})
    asyncio.get_running_loop().add_reader(0, _stop_at_end, server)
    await server.serve(sockets=[listener])
    _say({"cpu": _cpu_seconds() - begun, "memory": _memory()})


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _memory() -> int:
    """Return the bytes that the process holds now."""
    with open("/proc/self/statm", "rb") as told:
        return int(told.read().split()[1]) * resource.getpagesize()


def _stop_at_end(server: uvicorn.Server) -> None:
    if not os.read(0, 1):
        asyncio.get_running_loop().remove_reader(0)
        server.should_exit = True


def _tell(marker: str, run_id: int, sha: Json, left: int) -> None:
    _say({"marker": marker, "run_id": run_id, "sha": sha, "left": left})


def _say(what: dict[str, object]) -> None:
    os.write(1, json.dumps(what).encode() + b"\n")


def main() -> None:
    """Do what the one argument says."""
    told = json.loads(sys.argv[1])
    set_up(level=logging.WARNING)  # What it says goes to whoever started it, line by line.
    set_for_serving()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        if "settings" in told:
            runner.run(serve_whole(Settings(**told["settings"])))
        else:
            runner.run(serve_box(**told))


if __name__ == "__main__":
    main()
