"""The last moment: a write leaves only while its command is still ours."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest

from app.github.errors import LeaseLostError
from app.github.leaving import UNACKNOWLEDGED_MS_MAX, trace_of, under_lease
from app.github.transport import Transport
from tests.github.wire import API, Clock, Wire

pytestmark = pytest.mark.anyio


@dataclass
class Lease:
    """A lease that is lost after it was asked for a number of times."""

    lasts: int
    asked: int = 0

    async def is_held(self) -> bool:
        """Tell whether it is held, this time."""
        self.asked += 1
        return self.asked <= self.lasts


@dataclass
class Host:
    """A host that answers all requests with an empty list, and writes them down."""

    url: str = ""
    connected: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    seen: list[str] = field(default_factory=list)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection's requests until it is closed."""
        self.connected.release()
        try:
            while line := await reader.readline():
                self.seen.append(line.decode().rpartition(" ")[0])
                length = 0
                while (header := await reader.readline()).strip():
                    name, _, value = header.decode().partition(":")
                    length = int(value) if name.lower() == "content-length" else length
                await reader.readexactly(length)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]")
                await writer.drain()
        finally:
            writer.close()


@asynccontextmanager
async def host() -> AsyncIterator[Host]:
    """Open a host on a port of this machine."""
    opened = Host()
    server = await asyncio.start_server(opened.answer, "127.0.0.1", 0)
    opened.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield opened


@asynccontextmanager
async def transport(url: str) -> AsyncIterator[Transport]:
    """Open what speaks to a host over real connections."""
    opened = Transport(url, clock=Clock())
    yield opened
    await opened.aclose()


async def test_what_is_not_ours_any_more_is_not_written(github: Wire) -> None:
    """It had no effect, and nobody has to wonder."""
    github.grants()
    written = github.router.post(f"{API}/repos/acme/api/x").respond(201, json={})
    with under_lease(Lease(lasts=0).is_held), pytest.raises(LeaseLostError) as lost:
        await github.post()
    await github.post()

    assert not lost.value.effect_unknown
    assert written.call_count == 1


async def test_what_is_not_ours_may_still_be_read(github: Wire) -> None:
    """To look changes nothing; nor does a token, which is minted for all who wait for it."""
    github.grants()
    github.router.get(f"{API}/repos/acme/api").respond(json={"id": 1})
    with under_lease(Lease(lasts=0).is_held):
        found = await github.get()

    assert found == {"id": 1}


async def test_it_is_asked_for_once_there_is_a_connection() -> None:
    """A connection may take long to be had, and the lease be lost by then."""
    asked: list[bool] = []
    # An Enterprise Server is asked for nothing before.
    async with host() as there, transport(f"{there.url}/api/v3") as here:

        async def is_held() -> bool:
            async with asyncio.timeout(10):
                await there.connected.acquire()
            asked.append(True)
            return False

        with under_lease(is_held), pytest.raises(LeaseLostError):
            await here.send("POST", "/repos/acme/api/x", authorization="bearer x")
        await here.send("POST", "/repos/acme/api/y", authorization="bearer x")

    assert asked == [True]
    assert there.seen == ["POST /api/v3/repos/acme/api/y"]


async def test_a_write_under_a_lease_that_holds_leaves() -> None:
    """Asked once, sent once."""
    lease = Lease(lasts=1)
    async with host() as there, transport(there.url) as here:
        with under_lease(lease.is_held):
            await here.send("POST", "/repos/acme/api/x", authorization="bearer x", body={})

    assert lease.asked == 1
    assert there.seen == ["GET /versions", "POST /repos/acme/api/x"]


@pytest.mark.skipif(
    not hasattr(socket, "TCP_USER_TIMEOUT"), reason="Linux alone has it, and CI runs there"
)
async def test_the_kernel_gives_up_when_we_do() -> None:
    """What we believe lost must not arrive minutes later."""
    async with host() as there, httpx.AsyncClient() as client:
        trace = {"trace": trace_of("GET /", is_write=False)}
        async with client.stream("GET", there.url, extensions=trace) as answer:
            connected = answer.extensions["network_stream"].get_extra_info("socket")
            bound = connected.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)

    assert bound == UNACKNOWLEDGED_MS_MAX
