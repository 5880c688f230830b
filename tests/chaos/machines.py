"""The processes of a round: started, killed at any moment, frozen, and started again."""

import asyncio
import contextlib
import multiprocessing
import os
import random
import signal
import socket
from collections.abc import Mapping, Sequence
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Final

import httpx

from app.rehearsal import Rehearsal
from tests.chaos.hurry import HurriedClock
from tests.chaos.plan import SPEED
from tests.chaos.server import COULD_NOT_START, Birth, live

URL: Final = "https://signalbox.test"
"""Where Signalbox is for the world: behind a balancer, whichever process answers."""
STARTS_WITHIN: Final = 120.0
LOOK_AGAIN: Final = 0.05
BIRTHS_MAX: Final = 100
"""Of one that is waited for: its database may be away for seconds, and looks are short."""

# Most of a start is to import: that is done once, by a process of which all others are copies.
_CONTEXT: Final = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.chaos.server"])


def warm_up() -> None:
    """Have imported what every process needs, so that no round has to wait for it."""
    first = _CONTEXT.Process(target=int)
    first.start()
    first.join()


class Machine:
    """One process, on one port of its own."""

    def __init__(
        self, name: str, environ: Mapping[str, str], clock: HurriedClock, log: Path
    ) -> None:
        self.url = f"http://127.0.0.1:{environ['PORT']}"
        self._birth = Birth(owner=name, clock=clock, speed=SPEED, environ=environ, log=log)
        self._process: ForkServerProcess | None = None
        self._births = 0

    def start(self) -> None:
        """Start it; `until_ready` waits for it."""
        self._births += 1
        self._process = _CONTEXT.Process(target=live, args=(self._birth,), daemon=True)
        self._process.start()

    async def until_ready(self) -> None:
        """Wait until it answers."""
        self._births = 0
        async with httpx.AsyncClient(base_url=self.url) as client:
            async with asyncio.timeout(STARTS_WITHIN):
                # Another process sets no event of ours.
                while not await self._is_ready(client):  # noqa: ASYNC110
                    await asyncio.sleep(LOOK_AGAIN)

    async def _is_ready(self, client: httpx.AsyncClient) -> bool:
        assert self._process is not None, "it was started"
        if self._process.exitcode == COULD_NOT_START and self._births < BIRTHS_MAX:
            # Its database was away at that very moment: compose.yaml starts it again, too.
            self.start()
        assert self._process.exitcode is None, f"it ended by itself: {self._birth.log}"
        try:
            return (await client.get("/ready")).status_code == 200
        except httpx.HTTPError:
            return False

    async def kill(self) -> None:
        """End it without a word."""
        if self._process is not None:
            self._process.kill()
            await asyncio.to_thread(self._process.join)

    def freeze(self) -> None:
        """Let it stand still, as a machine does that swaps or pauses."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on, not knowing that time has passed."""
        self._signal(signal.SIGCONT)

    def _signal(self, which: signal.Signals) -> None:
        if self._process is not None and self._process.is_alive():
            assert self._process.pid is not None, "it was started"
            os.kill(self._process.pid, which)


class Balancer(httpx.AsyncBaseTransport):
    """Hands each request to the next machine, or to another where nobody listens."""

    def __init__(self, machines: Sequence[Machine]) -> None:
        self._machines = machines
        self._inner = httpx.AsyncHTTPTransport()
        self._next = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        self._next += 1
        for each in range(len(self._machines)):
            machine = self._machines[(self._next + each) % len(self._machines)]
            url = httpx.URL(machine.url).copy_with(raw_path=request.url.raw_path)
            there = httpx.Request(
                request.method,
                url,
                headers=request.headers,
                content=request.content,
                extensions=request.extensions,
            )
            try:
                return await self._inner.handle_async_request(there)
            except httpx.ConnectError:
                continue
        raise httpx.ConnectError("nobody is at home", request=request)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._inner.aclose()


def environ_of(github: Rehearsal, database_url: str, port: int) -> dict[str, str]:
    """Return what a process finds in its environment."""
    return {
        "GITHUB_APP_ID": str(github.app_id),
        "GITHUB_PRIVATE_KEY": github.app_private_key_pem,
        "GITHUB_WEBHOOK_SECRET": github.webhook_secret,
        "GITHUB_API_URL": github.api_url,
        "GITHUB_SERVER_URL": github.web_url,
        "GITHUB_OIDC_ISSUER": github.oidc_issuer,
        "SIGNALBOX_URL": URL,
        "DATABASE_URL": database_url,
        "KEEP_DELIVERIES_DAYS": "4",
        "KEEP_ENDED_DAYS": "1",
        "PORT": str(port),
    }


def unused_port() -> int:
    """Return a port that nobody listens on, and that nobody is given while ours is dead.

    It is below those that a system hands out by itself: a round that runs beside this one must
    not answer for a machine that was killed.
    """
    chance = random.SystemRandom()
    while True:
        port = chance.randrange(10_000, 30_000)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
