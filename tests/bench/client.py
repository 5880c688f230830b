"""The other side of the bench: it starts the server process and sends it what was prepared.

Connections are kept alive, one request on each at a time, as GitHub's own senders do; of an
answer only the status and the end are looked at.
"""

import asyncio
import contextlib
import json
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

STARTS_WITHIN: Final = 30.0
ACCEPTED: Final = b"HTTP/1.1 202"
ROOT: Final = Path(__file__).parents[2]


@dataclass(slots=True)
class Server:
    """A running server process; `heard` are the dispatches that it told of."""

    port: int
    kill: Callable[[], None]
    heard: asyncio.Queue[dict[str, Any]] = field(default_factory=asyncio.Queue)
    used: dict[str, float] = field(default_factory=dict)


@contextlib.asynccontextmanager
async def server(database: Path, *, length: int) -> AsyncIterator[Server]:
    """Run the server process with a definition of so many tasks in a chain."""
    async with process({"database_url": f"sqlite:///{database}", "length": length}) as running:
        yield running


@contextlib.asynccontextmanager
async def process(told: Mapping[str, object]) -> AsyncIterator[Server]:
    """Run the server process; `told` is what `tests.bench.server` wants to know."""
    started = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.bench.server",
        json.dumps(told),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert started.stdout is not None
    assert started.stdin is not None
    try:
        async with asyncio.timeout(STARTS_WITHIN):
            ready = json.loads(await started.stdout.readline())
        running = Server(port=ready["ready"], kill=started.kill)
        listening = asyncio.create_task(_listen(started.stdout, running))
        yield running
        started.stdin.close()
        async with asyncio.timeout(STARTS_WITHIN):
            await started.wait()
            await listening
    finally:
        if started.returncode is None:
            started.kill()
            await started.wait()


async def _listen(lines: asyncio.StreamReader, running: Server) -> None:
    async for line in lines:
        said = json.loads(line)
        if "marker" in said:
            running.heard.put_nowait(said)
        else:
            running.used = said


class Line(asyncio.Protocol):
    """One connection, and the one request under way on it."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._answered: asyncio.Future[bytes] | None = None
        self._answer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do what asyncio's do, but do not descend from them.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._answer += data
        # Answers of the webhook's address are small JSON objects.
        if self._answered is not None and self._answer.endswith(b"}"):
            answered, self._answered = self._answered, None
            answered.set_result(self._answer)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answered is not None:
            self._answered.set_exception(exc or ConnectionResetError("the server hung up"))

    async def send(self, request: bytes) -> bytes:
        """Send one request and return the answer."""
        assert self._transport is not None
        self._answer = b""
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answered

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()


@contextlib.asynccontextmanager
async def lines(port: int, count: int) -> AsyncIterator[list[Line]]:
    """Open so many connections."""
    loop = asyncio.get_running_loop()
    opened = [(await loop.create_connection(Line, "127.0.0.1", port))[1] for _ in range(count)]
    try:
        yield opened
    finally:
        for line in opened:
            line.close()


async def send_all(opened: Sequence[Line], requests: Sequence[bytes]) -> list[float]:
    """Send all requests over all connections; return the seconds that each answer took."""
    waiting = deque(requests)
    took: list[float] = []

    async def keep_sending(line: Line) -> None:
        # Ends when nothing waits any more.
        while waiting:
            request = waiting.popleft()
            begun = time.perf_counter()
            answer = await line.send(request)
            took.append(time.perf_counter() - begun)
            assert answer.startswith(ACCEPTED), answer[:200]

    async with asyncio.TaskGroup() as group:
        for line in opened:
            group.create_task(keep_sending(line))
    return took
