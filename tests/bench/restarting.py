"""What ten thousand open orchestrations cost a process that starts anew: time and memory."""

import time
from pathlib import Path
from typing import Final

from tests.bench import letters, waiting
from tests.bench.box import make_store
from tests.bench.client import ACCEPTED, lines, process
from tests.bench.figures import Figure

DELIVERIES: Final = 200
"""Of others, so that whatever is read lazily has been read."""


async def measure(folder: Path) -> list[Figure]:
    """Start a process on an empty database, and one on a full database."""
    full = folder / "waiting.db"
    if not full.exists():
        store = await make_store(f"sqlite:///{full}", [waiting.gates()])
        await waiting.begin(store)
        await store.close()
    empty_seconds, empty_bytes = await _restart(folder / "empty.db")
    full_seconds, full_bytes = await _restart(full)
    return [
        Figure(
            name=f"restart with {waiting.WAITING:,} open, until a delivery is answered",
            value=max(0.001, full_seconds - empty_seconds),
            unit="s",
            goal=1,
            note=f"more than with none; {full_seconds:.2f} s in all, of which"
            f" {empty_seconds:.2f} s are Python's own start",
        ),
        Figure(
            name="… memory for each of them",
            value=max(0.0, (full_bytes - empty_bytes) / waiting.WAITING),
            unit="bytes",
            goal=2_048,
            note=f"{full_bytes / 1e6:.0f} MB, and {empty_bytes / 1e6:.0f} MB with none",
        ),
    ]


async def _restart(database: Path) -> tuple[float, float]:
    """Return the seconds until the first delivery is answered, and the memory at the end."""
    begun = time.perf_counter()
    told = {"database_url": f"sqlite:///{database}", "length": 1}
    async with process(told) as running, lines(running.port, 1) as [line]:
        lasted = 0.0
        for number in range(DELIVERIES):
            body = letters.pull_request()
            name = f"{database.stem}-{number}-{time.time_ns()}"
            answer = await line.send(letters.request("pull_request", name, body))
            assert answer.startswith(ACCEPTED), answer[:200]
            lasted = lasted or time.perf_counter() - begun
    return lasted, running.used["memory"]
