"""The server process of the bench: the real web application, engine, courier and store.

It is told what to do as JSON in its one argument, says "ready" with its port on its standard
output, and from then on each dispatch with its time.
"""

import asyncio
import contextlib
import json
import os
import resource
import socket
import sys
from collections.abc import AsyncIterator

import uvicorn
import uvloop
from fastapi import FastAPI

from app.cli.serving import server_of
from app.clock import SystemClock
from app.core.values import Json
from app.store.inbox import GroupInbox
from app.web.api import web_app
from app.web.hooks import WebhookDoor
from app.web.reports import ReportDoor, Reporter
from tests.bench.box import at_work, make_store
from tests.bench.definitions import chain
from tests.bench.github import InstantGitHub
from tests.bench.letters import SECRET


async def serve(database_url: str, length: int) -> None:
    """Serve until told to stop by the end of the standard input."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    store = await make_store(database_url, [chain(length)])
    github = InstantGitHub(SystemClock(), _tell)
    inbox = GroupInbox(store)

    async def unknown(_token: str) -> Reporter:
        raise AssertionError("nobody reports here")

    async def trouble() -> str:
        return ""

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield

    async with at_work(store, github) as engine:
        clock = SystemClock()
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
        server = server_of(app)
        _say({"ready": listener.getsockname()[1]})
        asyncio.get_running_loop().add_reader(0, _stop_at_end, server)
        await server.serve(sockets=[listener])
    await inbox.close()
    await store.close()
    used = resource.getrusage(resource.RUSAGE_SELF)
    _say({"cpu": used.ru_utime + used.ru_stime, "rss_kb": used.ru_maxrss})


def _stop_at_end(server: uvicorn.Server) -> None:
    if not os.read(0, 1):
        asyncio.get_running_loop().remove_reader(0)
        server.should_exit = True


def _tell(marker: str, run_id: int, sha: Json, left: int) -> None:
    _say({"marker": marker, "run_id": run_id, "sha": sha, "left": left})


def _say(what: dict[str, object]) -> None:
    os.write(1, json.dumps(what).encode() + b"\n")


if __name__ == "__main__":
    told = json.loads(sys.argv[1])
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(told["database_url"], told["length"]))
