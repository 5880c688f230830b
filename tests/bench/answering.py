"""How many deliveries are answered in a second, each of them verified and on disk."""

import asyncio
import time
from pathlib import Path
from typing import Final

from tests.bench import letters
from tests.bench.client import lines, send_all, server
from tests.bench.figures import Figure, percentile

CONNECTIONS: Final = 64
WARM_UP: Final = 500


async def measure(folder: Path, seconds: float) -> list[Figure]:
    """Send 22 KB deliveries for some time."""
    body = letters.pull_request()
    signature = letters.sign(body)
    count = int(3_000 * seconds)
    requests = [
        letters.request("pull_request", f"bench-{number:08}", body, signature)
        for number in range(count + WARM_UP)
    ]
    async with (
        server(folder / "answering.db", length=3) as running,
        lines(running.port, CONNECTIONS) as opened,
    ):
        await send_all(opened, requests[:WARM_UP])
        await asyncio.sleep(1)  # the engine works off what it was warmed up with
        begun = time.perf_counter()
        took = await send_all(opened, requests[WARM_UP:])
        lasted = time.perf_counter() - begun
    cpu = running.used["cpu"] / len(requests)
    note = (
        f"{count} bodies of {len(body):,} bytes over {CONNECTIONS} connections in"
        f" {lasted:.1f} s; {cpu * 1e6:.0f} µs of processor each, applying them included;"
        " loader: asyncio on raw sockets, requests built before"
    )
    return [
        Figure(
            name="deliveries answered",
            value=count / lasted,
            unit="/s",
            goal=3_000,
            at_least=True,
            note=note,
        ),
        Figure(name="… p50", value=percentile(took, 0.50) * 1e3, unit="ms"),
        Figure(name="… p99", value=percentile(took, 0.99) * 1e3, unit="ms"),
    ]
