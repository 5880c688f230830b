"""The whole path: `main.build`, the real GitHub client, and the rehearsal GitHub over HTTP.

Signalbox is a process of its own, and so is GitHub (this one). What the rehearsal itself takes
for a dispatch and its webhooks is in the figures, too.
"""

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Final

import httpx

from app.clock import SystemClock
from app.core.hearing.findings import File
from app.demo.stage import workflow
from app.rehearsal import Outcome, Rehearsal, serve
from tests.bench import letters
from tests.bench.client import process
from tests.bench.definitions import chain
from tests.bench.figures import Figure, percentile

TASKS: Final = 40
PUSHES: Final = 30
"""Few: Signalbox keeps to GitHub's limit of 80 writes a minute, and would wait."""
PACE: Final = 1 / 20
PATIENCE: Final = 60.0
LOOK_AGAIN: Final = 0.002


async def measure(folder: Path) -> list[Figure]:
    """Measure the way to one dispatch, and a long chain of them."""
    async with _both(folder / "whole-one.db", chain(1)) as rehearsal:
        took = await _push_quietly(rehearsal)
    async with _both(folder / "whole-chain.db", chain(TASKS)) as rehearsal:
        lasted = await _run_chain(rehearsal)
    return [
        Figure(
            name="push to dispatch at the rehearsed GitHub, p50",
            value=percentile(took, 0.50),
            unit="ms",
            note=f"{len(took)} pushes, 20 a second; webhook, client and dispatch over HTTP",
        ),
        Figure(name="… p99", value=percentile(took, 0.99), unit="ms"),
        Figure(
            name=f"a task in a chain of {TASKS}, rehearsed GitHub included",
            value=lasted / TASKS * 1e3,
            unit="ms",
            note="the real client, three webhooks a task, checks written",
        ),
    ]


@contextlib.asynccontextmanager
async def _both(database: Path, definition: File) -> AsyncIterator[Rehearsal]:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    rehearsal = Rehearsal(
        SystemClock(), webhook_url=url + letters.PATH, webhook_secret=letters.SECRET
    )
    rehearsal.add_organization("acme", ["mona"])
    rehearsal.add_repository(
        letters.REPOSITORY,
        {
            definition.path: definition.text,
            ".github/workflows/build.yml": workflow("Build", "sha"),
            "README.md": "0",
        },
    )
    rehearsal.install_app("acme")
    at_once = Outcome(queued=timedelta(0), duration=timedelta(0))
    rehearsal.script(letters.REPOSITORY, "build.yml", at_once)
    async with httpx.AsyncClient() as receiver, serve(rehearsal):
        rehearsal.connect(receiver)
        settings = {
            "app_id": str(rehearsal.app_id),
            "private_key": rehearsal.app_private_key_pem,
            "webhook_secret": letters.SECRET,
            "url": url,
            "api_url": rehearsal.api_url,
            "server_url": rehearsal.web_url,
            "oidc_issuer": rehearsal.oidc_issuer,
            "database_url": f"sqlite:///{database}",
            "port": port,
        }
        async with process({"settings": settings}):
            # The definition is read by then, or pushes would start nothing.
            await _until_read(rehearsal)
            yield rehearsal


async def _until_read(rehearsal: Rehearsal) -> None:
    """Push until that starts something."""
    async with asyncio.timeout(PATIENCE):
        while not rehearsal.dispatches:
            _push(rehearsal)
            await asyncio.sleep(1)
    await _settled(rehearsal)


async def _settled(rehearsal: Rehearsal) -> None:
    """Wait until nothing is dispatched any more."""
    count = -1
    while count != len(rehearsal.dispatches):
        count = len(rehearsal.dispatches)
        await asyncio.sleep(1)


def _push(rehearsal: Rehearsal) -> None:
    rehearsal.push(letters.REPOSITORY, {"README.md": str(time.perf_counter_ns())})


async def _dispatched(rehearsal: Rehearsal, count: int, push: Callable[[], None]) -> None:
    """Push, and wait until so many dispatches have arrived."""
    push()
    async with asyncio.timeout(PATIENCE):
        # The rehearsal tells nobody of what it hears, so it is looked at.
        while len(rehearsal.dispatches) < count:  # noqa: ASYNC110
            await asyncio.sleep(LOOK_AGAIN)


async def _push_quietly(rehearsal: Rehearsal) -> list[float]:
    took: list[float] = []
    for _ in range(PUSHES):
        begun = time.perf_counter()
        await _dispatched(rehearsal, len(rehearsal.dispatches) + 1, lambda: _push(rehearsal))
        took.append((time.perf_counter() - begun) * 1e3)
        await asyncio.sleep(PACE)
    return took


async def _run_chain(rehearsal: Rehearsal) -> float:
    wanted = len(rehearsal.dispatches) + TASKS
    begun = time.perf_counter()
    await _dispatched(rehearsal, wanted, lambda: _push(rehearsal))
    lasted = time.perf_counter() - begun
    await _settled(rehearsal)
    assert len(rehearsal.dispatches) == wanted, "each task is dispatched once"
    return lasted
