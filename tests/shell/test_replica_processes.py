"""Two replicas as real processes on one PostgreSQL: whoever is killed, the other goes on."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from app.clock import SystemClock
from app.demo.stage import HOME, set_stage
from app.rehearsal import Rehearsal, serve
from tests.kit import postgres
from tests.shell.process_kit import (
    SECRET,
    Process,
    concluded,
    has_read_everything,
    is_ready,
    unused_port,
)
from tests.shell.web_kit import signed

PATIENCE_SECONDS = 100
TAKEN_OVER_SECONDS = 15
FRONT = "http://signalbox.localhost"
FOUR = ["build.yml", "build.yml", "contract.yml", "deploy.yml"]

pytestmark = pytest.mark.anyio


class Balancer(httpx.AsyncBaseTransport):
    """Stands before the replicas, and sends each call to the next one that answers."""

    def __init__(self, urls: Sequence[str]) -> None:
        self._urls = [httpx.URL(url) for url in urls]
        self._behind = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        for _ in self._urls:
            self._urls.append(self._urls.pop(0))
            url = request.url.copy_with(host=self._urls[0].host, port=self._urls[0].port)
            there = httpx.Request(
                request.method, url, headers=request.headers, content=await request.aread()
            )
            try:
                return await self._behind.handle_async_request(there)
            except httpx.TransportError:
                continue
        return httpx.Response(503)

    async def aclose(self) -> None:
        await self._behind.aclose()


async def test_a_killed_replicas_work_is_taken_over(tmp_path: Path) -> None:
    """The other one brings the release to its end, soon, and dispatches nothing twice."""
    ports = unused_port(), unused_port()
    database = postgres.fresh_database()
    rehearsal = Rehearsal(
        SystemClock(), webhook_url=f"{FRONT}/webhooks/github", webhook_secret=SECRET
    )
    set_stage(rehearsal)
    balancer = Balancer([f"http://127.0.0.1:{port}" for port in ports])
    async with (
        httpx.AsyncClient(transport=balancer) as receiver,
        serve(rehearsal),
        AsyncExitStack() as closing,
    ):
        rehearsal.connect(receiver)
        servers = [Process(rehearsal, port, tmp_path, database, FRONT) for port in ports]
        for server in servers:
            await server.start()
            closing.push_async_callback(server.end)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not has_read_everything(rehearsal):  # noqa: ASYNC110 - they are processes
                await asyncio.sleep(0.05)
            await asyncio.sleep(0.5)
            sha = rehearsal.push(HOME, {"versions/train.txt": "2026.47\n"})
            while len(rehearsal.dispatches) < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            await servers[0].kill()
            killed_at = time.monotonic()
            while not concluded(rehearsal, sha):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
            took = time.monotonic() - killed_at

    files = [dispatch.workflow.rsplit("/", 1)[-1] for dispatch in rehearsal.dispatches]
    markers = Counter(dispatch.inputs["signalbox"] for dispatch in rehearsal.dispatches)
    assert sorted(files) == FOUR
    assert set(markers.values()) == {1}
    assert [check.conclusion for check in rehearsal.check_runs(HOME, sha)] == ["success"]
    assert took < TAKEN_OVER_SECONDS + 10, "the rest of the release takes some seconds, too"
    assert '"level": "error"' not in (tmp_path / "server.log").read_text()


async def test_without_a_database_it_says_so_and_goes_on_when_it_is_back(
    tmp_path: Path,
) -> None:
    """Deliveries are answered 503 and readiness is red; afterwards they are taken again."""
    port = unused_port()
    rehearsal = Rehearsal(SystemClock(), webhook_url=FRONT, webhook_secret=SECRET)
    set_stage(rehearsal)
    with postgres.own_server() as database:
        url = postgres.fresh_database_of(database)
        async with serve(rehearsal), AsyncExitStack() as closing:
            server = Process(rehearsal, port, tmp_path, url)
            await server.start()
            closing.push_async_callback(server.end)
            client = await closing.enter_async_context(httpx.AsyncClient(base_url=server.url))
            before = await delivered(client, "before")
            await asyncio.to_thread(database.stop)
            during = await delivered(client, "during")
            red = (await client.get("/ready")).status_code
            await asyncio.to_thread(database.start)
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not await is_ready(client):  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
            after = await delivered(client, "during")
            again = await delivered(client, "before")
        kept = postgres.ask(
            url, "SELECT count(*) FROM deliveries WHERE id IN ('before', 'during')"
        )

    assert (before, during, red, after) == (202, 503, 503, 202)
    assert again == 202, "it is known, and not saved twice"
    assert int(kept) == 2


async def delivered(client: httpx.AsyncClient, guid: str) -> int:
    """Deliver as GitHub does, and return the status of the answer."""
    body = json.dumps({"ref": "refs/heads/none"}).encode()
    answer = await client.post(
        "/webhooks/github", content=body, headers=signed("push", body, guid)
    )
    return answer.status_code
