"""How soon a replica takes over what another held that was killed, on one PostgreSQL."""

import asyncio
import time
from pathlib import Path
from typing import Final

from tests.bench import letters
from tests.bench.client import ACCEPTED, Server, lines, process
from tests.bench.figures import Figure
from tests.kit import postgres

PUSHES: Final = 50
PATIENCE: Final = 60.0


async def measure(_folder: Path) -> list[Figure]:
    """Kill the one that has taken everything, and watch the other."""
    url = await asyncio.to_thread(postgres.durable_database)
    told = {"database_url": url, "length": 1}
    async with process({**told, "owner": "dies", "is_deaf": True}) as first:
        async with lines(first.port, 1) as [line]:
            for number in range(PUSHES):
                body = letters.push(f"{number + 1:040x}")
                answer = await line.send(letters.request("push", f"push-{number}", body))
                assert answer.startswith(ACCEPTED), answer[:200]
        await asyncio.sleep(3)  # all is decided, and every dispatch is held
        async with process({**told, "owner": "lives"}) as second:
            first.kill()
            killed = time.perf_counter_ns()
            taken = [await _heard(second) for _ in range(PUSHES)]
    return [
        Figure(
            name="fail-over: all of a dead replica's work is taken over",
            value=(max(taken) - killed) / 1e9,
            unit="s",
            goal=15,
            note=f"{PUSHES} dispatches held under a lease of 10 s; the first after"
            f" {(min(taken) - killed) / 1e9:.1f} s",
        )
    ]


async def _heard(running: Server) -> int:
    async with asyncio.timeout(PATIENCE):
        said = await running.heard.get()
    left: int = said["left"]
    return left
