"""How fast the machine is at this moment: a plain loop, alone and on two cores at once.

Others may share a machine. What was measured while this took longer is that much less worth.
"""

import asyncio
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from tests.bench.figures import Figure

TURNS: Final = 3_000_000
ROUNDS: Final = 3


async def measure(_folder: Path) -> list[Figure]:
    """Measure it, of some rounds the best."""
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        alone = [await _together(pool, 1) for _ in range(ROUNDS)]
        both = [await _together(pool, 2) for _ in range(ROUNDS)]
    return [
        Figure(
            name="yardstick: a plain loop, alone",
            value=min(alone) * 1e3,
            unit="ms",
            note=f"{TURNS:,} turns, of {ROUNDS} rounds the best; others may share the machine",
        ),
        Figure(name="… two at once, the slower", value=min(both) * 1e3, unit="ms"),
    ]


async def _together(pool: ProcessPoolExecutor, count: int) -> float:
    loop = asyncio.get_running_loop()
    return max(
        await asyncio.gather(*(loop.run_in_executor(pool, _lasts) for _ in range(count)))
    )


def _lasts() -> float:
    """Return the seconds of the loop."""
    begun, total = time.perf_counter(), 0
    for number in range(TURNS):
        total += number * number % 7
    return time.perf_counter() - begun
