"""How many events are decided and saved in a second, engine and courier on a real database."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from app.clock import SystemClock
from app.core.events import SurfaceWritten
from app.core.values import Json
from app.ports import Batch, ClaimedCommand, Delivery, Store
from app.store.sql import SqlStore
from tests.bench import letters
from tests.bench.box import at_work, make_store
from tests.bench.definitions import chain
from tests.bench.figures import Figure
from tests.bench.github import InstantGitHub

TASKS: Final = 3
PATIENCE: Final = 60.0
SAVED_AT_ONCE: Final = 500


class Counted:
    """A store that counts the events which pass through it."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self.total = self.awaited = 0
        self._reached = asyncio.Event()
        self._target = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    async def commit(self, batch: Batch) -> Sequence[ClaimedCommand]:
        """Save a batch and count its events; those of surfaces come when they come."""
        claimed = await self._store.commit(batch)
        self.total += len(batch.journal)
        self.awaited += sum(not isinstance(it.event, SurfaceWritten) for it in batch.journal)
        if self.awaited >= self._target:
            self._reached.set()
        return claimed

    async def until(self, count: int) -> None:
        """Wait until so many more events were saved, those of surfaces aside."""
        self._target += count
        self._reached.clear()
        async with asyncio.timeout(PATIENCE):
            await self._reached.wait()


async def measure(folder: Path, orchestrations: int) -> list[Figure]:
    """Start orchestrations by pushes and let each of their tasks run, all at the same time."""
    real = await make_store(f"sqlite:///{folder / 'deciding.db'}", [chain(TASKS)])
    store = Counted(real)
    dispatched: list[tuple[str, int]] = []

    def told(marker: str, run_id: int, _sha: Json, _left: int) -> None:
        dispatched.append((marker, run_id))

    pushes = [
        _delivery("push", f"push-{number}", letters.push(f"{number + 1:040x}"))
        for number in range(orchestrations)
    ]
    lasted = 0.0
    as_store: Store = store  # type: ignore[assignment]  # the rest is the real store's
    async with at_work(as_store, InstantGitHub(SystemClock(), told)) as engine:
        # Each push is requested and accepted; each end of a task but the last dispatches.
        waves = [2] + [3] * (TASKS - 1) + [2]
        for events in waves:
            deliveries = pushes if not dispatched else _runs(dispatched)
            dispatched.clear()
            for at in range(0, len(deliveries), SAVED_AT_ONCE):
                await real.save_deliveries(deliveries[at : at + SAVED_AT_ONCE])
            begun = time.perf_counter()
            engine.wake()
            await store.until(events * orchestrations)
            lasted += time.perf_counter() - begun
    await real.close()
    note = (
        f"{store.total:,} events of {orchestrations:,} orchestrations of {TASKS} tasks in"
        f" {lasted:.1f} s; workflow_run bodies of 17 KB; engine, courier, SQLite"
    )
    return [
        Figure(
            name="events decided and saved",
            value=store.total / lasted,
            unit="/s",
            goal=2_000,
            at_least=True,
            note=note,
        )
    ]


def _runs(dispatched: Sequence[tuple[str, int]]) -> list[Delivery]:
    return [
        _delivery(
            "workflow_run",
            f"{run_id}-{conclusion}",
            letters.workflow_run(run_id, marker, status, conclusion),
        )
        for marker, run_id in dispatched
        for status, conclusion in (("in_progress", None), ("completed", "success"))
    ]


def _delivery(event: str, key: str, body: bytes) -> Delivery:
    return Delivery(id=key, event=event, body=body, received_at=SystemClock().now())
