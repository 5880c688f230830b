"""Serves a rehearsal over real HTTP, in this process or in a thread of it."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator, Generator, Iterator

import httpx
import uvicorn

from app.rehearsal.model.faults import ConnectionDropped
from app.rehearsal.model.world import Flavour
from app.rehearsal.rehearsal import Rehearsal
from app.rehearsal.shapes.people import Addresses
from app.rehearsal.wire.app import ENTERPRISE_PREFIX, Asgi

STARTS_WITHIN = 10.0


class _QuietServer(uvicorn.Server):
    """A server that leaves the signals of the process to whoever runs the process."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start listening, and say so."""
        await super().startup(sockets)
        self.ready.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


class RehearsalTransport(httpx.AsyncBaseTransport):
    """Reaches a rehearsal inside this process. A dropped connection looks like one.

    `app` is the rehearsal's `asgi`, or a judge that stands before it.
    """

    def __init__(self, app: Asgi) -> None:
        self._inner = httpx.ASGITransport(app=app)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        try:
            return await self._inner.handle_async_request(request)
        except ConnectionDropped as dropped:
            raise httpx.ReadError(str(dropped), request=request) from dropped


@contextlib.asynccontextmanager
async def serve(
    rehearsal: Rehearsal, host: str = "127.0.0.1", port: int = 0, *, app: Asgi | None = None
) -> AsyncIterator[str]:
    """Serve a rehearsal in real time, and say at which address its pages are.

    The address of the API is `rehearsal.api_url`. `app` is a judge before it, if any.
    """
    listener = socket.create_server((host, port))
    base = f"http://{host}:{listener.getsockname()[1]}"
    is_cloud = rehearsal.world.flavour is Flavour.CLOUD
    api = base if is_cloud else base + ENTERPRISE_PREFIX
    rehearsal.world.move_to(Addresses(api=api, web=base))
    config = uvicorn.Config(
        app or rehearsal.asgi,
        # A dropped connection is asked for here, so it is not worth a stack trace.
        log_level=60,
        access_log=False,
        # The rehearsal has a time of its own, and says so.
        date_header=False,
        lifespan="off",
    )
    server = _QuietServer(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    going = asyncio.create_task(rehearsal.keep_going())
    try:
        async with asyncio.timeout(STARTS_WITHIN):
            await server.ready.wait()
        yield base
    finally:
        going.cancel()
        server.should_exit = True
        await asyncio.gather(serving, going, return_exceptions=True)


@contextlib.contextmanager
def serve_in_thread(
    rehearsal: Rehearsal, host: str = "127.0.0.1", port: int = 0, *, app: Asgi | None = None
) -> Iterator[str]:
    """Serve a rehearsal in real time from a thread, for a caller without a loop."""
    started, stop = threading.Event(), threading.Event()
    addresses: list[str] = []

    async def run() -> None:
        async with serve(rehearsal, host, port, app=app) as base:
            addresses.append(base)
            started.set()
            await asyncio.to_thread(stop.wait)

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    try:
        assert started.wait(STARTS_WITHIN), "the rehearsal did not start"
        yield addresses[0]
    finally:
        stop.set()
        thread.join(STARTS_WITHIN)
