"""Two processes, each with a PostgreSQL database of its own: what the machine can give at most.

They share nothing but the machine and the server, so no two replicas on one database do more.
"""

import asyncio
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Final

import uvloop

from app.interpreter import set_for_serving
from tests.bench import end_to_end
from tests.bench.figures import Figure
from tests.kit import postgres

PROCESSES: Final = 2
_barriers: list[Barrier] = []


async def measure(_folder: Path) -> list[Figure]:
    """Measure how many events both work off together."""
    urls = [await asyncio.to_thread(postgres.durable_database) for _ in range(PROCESSES)]
    return [await asyncio.to_thread(_together, urls)]


def _together(urls: list[str]) -> Figure:
    spawning = multiprocessing.get_context("spawn")
    given = (spawning.Barrier(PROCESSES),)
    with ProcessPoolExecutor(PROCESSES, spawning, initializer=_open, initargs=given) as pool:
        lasted = list(pool.map(_burst, urls))
    alone = ", ".join(f"{end_to_end.EVENTS / each:,.0f}" for each in lasted)
    return Figure(
        name="events end to end, two processes with a PostgreSQL database each",
        value=PROCESSES * end_to_end.EVENTS / max(lasted),
        unit="/s",
        note=f"the same burst in each at the same moment: {alone} a second",
    )


def _open(barrier: Barrier) -> None:
    set_for_serving()
    _barriers.append(barrier)


def _burst(url: str) -> float:
    [barrier] = _barriers
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        lasted, _, _ = runner.run(end_to_end.burst(url, ready=barrier.wait))
    return lasted
