"""How many deliveries are answered in a second, each of them verified and on disk."""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.bench import letters
from tests.bench.client import Line, lines, process, send_all
from tests.bench.figures import Figure, percentile
from tests.kit import postgres

CONNECTIONS: Final = 64
WARM_UP: Final = 500
REPLICAS: Final = 3
SHARE_ON_SERVER: Final = 0.5
"""Of the deliveries that a file gets: there are two more of these to measure."""


async def measure(folder: Path, seconds: float) -> list[Figure]:
    """Send 22 KB deliveries for some time: with a file, and to replicas on PostgreSQL."""
    body = letters.pull_request()
    signature = letters.sign(body)
    requests = [
        letters.request("pull_request", f"bench-{number:08}", body, signature)
        for number in range(int(3_000 * seconds) + WARM_UP)
    ]
    some = requests[: WARM_UP + int(len(requests) * SHARE_ON_SERVER)]
    return [
        *await _answered("SQLite", f"sqlite:///{folder / 'answering.db'}", 1, requests),
        *await _answered("PostgreSQL, one replica", await _server(), 1, some),
        *await _answered("PostgreSQL, three replicas", await _server(), REPLICAS, some),
    ]


async def _server() -> str:
    return await asyncio.to_thread(postgres.durable_database)


async def _answered(
    where: str, database_url: str, replicas: int, requests: Sequence[bytes]
) -> list[Figure]:
    count = len(requests) - WARM_UP
    async with contextlib.AsyncExitStack() as stack:
        running = [
            await stack.enter_async_context(
                process({"database_url": database_url, "length": 3, "owner": f"bench-{number}"})
            )
            for number in range(replicas)
        ]
        opened: list[Line] = []
        for each in running:
            share = CONNECTIONS // replicas
            opened += await stack.enter_async_context(lines(each.port, share))
        await send_all(opened, requests[:WARM_UP])
        await asyncio.sleep(1)  # the engines work off what they were warmed up with
        begun = time.perf_counter()
        took = await send_all(opened, requests[WARM_UP:])
        lasted = time.perf_counter() - begun
    cpu = sum(each.used["cpu"] for each in running) / len(requests)
    note = (
        f"{count:,} bodies over {len(opened)} connections in {lasted:.1f} s;"
        f" {cpu * 1e6:.0f} µs of our processor each, applying them included; loader: asyncio on"
        " raw sockets, requests built before"
    )
    return [
        Figure(
            name=f"deliveries answered, {where}",
            value=count / lasted,
            unit="/s",
            goal=3_000,
            at_least=True,
            note=note,
        ),
        Figure(name="… p50", value=percentile(took, 0.50) * 1e3, unit="ms"),
        Figure(name="… p99", value=percentile(took, 0.99) * 1e3, unit="ms"),
    ]
