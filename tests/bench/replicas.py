"""Two replicas on one PostgreSQL, one for each core here: what they work off together.

The same burst as in `end_to_end`, brought to both in turn, as a balancer does: half of what one
hears is about what the other has begun.
"""

import asyncio
import itertools
import multiprocessing
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Barrier
from pathlib import Path
from statistics import median
from typing import Final

import uvloop

from app.clock import SystemClock
from app.interpreter import set_for_serving
from app.ports import Batch, ClaimedCommand, Delivery, Store
from app.store.inbox import GroupInbox
from app.store.sql import SqlStore, open_store
from tests.bench import letters
from tests.bench.box import at_work, make_store
from tests.bench.definitions import chain
from tests.bench.end_to_end import (
    BURSTS,
    EVENTS,
    PATIENCE,
    QUIET_SECONDS,
    BriskGitHub,
    delivery,
    send,
)
from tests.bench.figures import Figure, middle_of
from tests.kit import postgres

REPLICAS: Final = 2
GOAL: Final = 3_000
ALL: Final = REPLICAS * EVENTS
"""As many for each as one alone gets: at the end of a burst some have nothing to do."""
LOOK: Final = 0.002
RUN_IDS: Final = 1_000_000
"""So many for each replica."""
_given: list[tuple[Barrier, "Synchronized[int]"]] = []


class Counted:
    """A store that counts, with those of the other replicas, the events that pass through."""

    def __init__(self, store: SqlStore, total: "Synchronized[int]") -> None:
        self._store = store
        self._total = total

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    async def commit(self, batch: Batch) -> Sequence[ClaimedCommand]:
        """Save a batch and count its events."""
        claimed = await self._store.commit(batch)
        with self._total.get_lock():
            self._total.value += len(batch.journal)
        return claimed

    async def until(self, count: int) -> None:
        """Wait until so many events were saved by all."""
        async with asyncio.timeout(PATIENCE):
            # Other processes count, too, and set no event of ours.
            while self._total.value < count:  # noqa: ASYNC110
                await asyncio.sleep(LOOK)


async def measure(_folder: Path) -> list[Figure]:
    """Measure how many events both work off together."""
    rates = []
    for _ in range(BURSTS):
        url = await asyncio.to_thread(postgres.durable_database)
        store = await make_store(url, [chain(2, is_silent=True)])
        await store.close()
        rates.append(ALL / await asyncio.to_thread(_together, url))
    return [
        Figure(
            name="events end to end, PostgreSQL, two replicas",
            value=median(rates),
            unit="/s",
            goal=GOAL,
            at_least=True,
            note=(
                f"{middle_of(rates)}; {EVENTS:,} brought to each at the same moment;"
                " the work and the database are one"
            ),
        )
    ]


def _together(url: str) -> float:
    """Return the seconds of one burst."""
    spawning = multiprocessing.get_context("spawn")
    given = (spawning.Barrier(REPLICAS), spawning.Value("q", 0))
    with ProcessPoolExecutor(REPLICAS, spawning, initializer=_open, initargs=given) as pool:
        return max(pool.map(_play, [url] * REPLICAS, range(REPLICAS)))


def _open(barrier: Barrier, total: "Synchronized[int]") -> None:
    set_for_serving()
    _given.append((barrier, total))


def _play(url: str, number: int) -> float:
    [(barrier, total)] = _given
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_burst(url, number, barrier, total))


async def _burst(url: str, number: int, barrier: Barrier, total: "Synchronized[int]") -> float:
    real = open_store(url)
    store, inbox = Counted(real, total), GroupInbox(real)
    github = BriskGitHub(SystemClock(), lambda *_: None, RUN_IDS * (number + 1))
    as_store: Store = store  # type: ignore[assignment]  # the rest is the real store's
    async with at_work(as_store, github, f"replica-{number}", real.hear) as engine:
        await asyncio.to_thread(barrier.wait)
        pushes = range(number * EVENTS + 1, (number + 1) * EVENTS + 1)
        await real.save_deliveries(
            [delivery("push", f"push-{it}", letters.push(f"{it:040x}")) for it in pushes]
        )
        engine.wake()
        await store.until(2 * ALL)
        ended = await _ended(real)
        await asyncio.sleep(QUIET_SECONDS)
        await asyncio.to_thread(barrier.wait)
        begun = time.perf_counter()
        await send(inbox, list(itertools.islice(ended, number, None, REPLICAS)), engine.wake)
        await store.until(4 * ALL)
        lasted = time.perf_counter() - begun
        await asyncio.to_thread(barrier.wait)
    await inbox.close()
    await real.close()
    return lasted


async def _ended(store: SqlStore) -> list[Delivery]:
    """Return that each workflow run has ended, in the same order for all."""
    ids = [RUN_IDS * (number + 1) + it for number in range(REPLICAS) for it in range(ALL)]
    found = await store.dispatched(ids, [])
    assert len(found) == ALL, "each push led to one dispatch"
    return [
        delivery(
            "workflow_run",
            f"{it.workflow_run_id}-ended",
            letters.workflow_run(it.workflow_run_id or 0, it.marker, "completed", "success"),
        )
        for it in found
    ]
