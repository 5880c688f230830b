"""How soon a dispatch leaves after its delivery, and what a task adds to a chain."""

import asyncio
import time
from pathlib import Path
from statistics import median
from typing import Any, Final

from tests.bench import letters
from tests.bench.client import ACCEPTED, Line, Server, lines, server
from tests.bench.figures import Figure, percentile

PACE: Final = 1 / 20
CHAIN: Final = 40
CHAINS: Final = 5
PATIENCE: Final = 30.0


async def measure_latency(folder: Path, count: int) -> list[Figure]:
    """Push at a quiet pace, and see when the dispatch of the first task leaves."""
    sent: dict[str, int] = {}
    async with server(folder / "latency.db", length=1) as running:
        async with lines(running.port, 1) as [line]:
            for number in range(count):
                sha = f"{number + 1:040x}"
                request = letters.request("push", f"push-{number}", letters.push(sha))
                await asyncio.sleep(PACE)
                sent[sha] = time.perf_counter_ns()
                await line.send(request)
        took = []
        for _ in range(count):
            said = await _heard(running)
            took.append((said["left"] - sent[said["sha"]]) / 1e6)
    took = took[5:]  # the first ones warm up
    note = f"{count} pushes, 20 a second, from the first byte sent to the call that dispatches"
    return [
        Figure(
            name="delivery to dispatch, p50",
            value=percentile(took, 0.50),
            unit="ms",
            goal=15,
            note=note,
        ),
        Figure(name="… p99", value=percentile(took, 0.99), unit="ms"),
    ]


async def measure_chain(folder: Path) -> list[Figure]:
    """Let workflow runs end the moment they are dispatched, task after task."""
    async with (
        server(folder / "chain.db", length=CHAIN) as running,
        lines(running.port, 2) as [one, other],
    ):
        took = [await _run_chain(running, one, other, number) for number in range(CHAINS)]
    each = [seconds / CHAIN * 1e3 for seconds in took]
    note = (
        f"median of {CHAINS} chains, each workflow run answered by two webhooks over HTTP;"
        f" from {min(each):.1f} to {max(each):.1f}"
    )
    return [
        Figure(
            name=f"a task in a chain of {CHAIN}",
            value=median(each),
            unit="ms",
            goal=10,
            note=note,
        )
    ]


async def _run_chain(running: Server, one: Line, other: Line, number: int) -> float:
    sha = f"{number + 1:040x}"
    begun = time.perf_counter()
    await one.send(letters.request("push", f"push-{number}", letters.push(sha)))
    for task in range(CHAIN):
        said = await _heard(running)
        name = f"{said['run_id']}-{task}"
        started, ended = (
            letters.request(
                "workflow_run",
                f"{name}-{conclusion}",
                letters.workflow_run(said["run_id"], said["marker"], status, conclusion),
            )
            for status, conclusion in (("in_progress", None), ("completed", "success"))
        )
        for answer in await asyncio.gather(one.send(started), other.send(ended)):
            assert answer.startswith(ACCEPTED), answer[:200]
    return time.perf_counter() - begun


async def _heard(running: Server) -> dict[str, Any]:
    async with asyncio.timeout(PATIENCE):
        return await running.heard.get()
