"""Events from the door to the end of what they cause: the work that engines are compared by.

Two thousand events come in at once. Each is made durable, changes the state of one
orchestration, and causes a call that takes a millisecond, whose outcome is saved as well.
`make bench-peers` gives the same work to others.
"""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from app.clock import SystemClock
from app.core.commands import Command, DispatchWorkflow
from app.core.values import Json
from app.ports import Delivery, Errand, Outcome, Store
from app.store.inbox import GroupInbox
from tests.bench import letters
from tests.bench.box import at_work, make_store
from tests.bench.deciding import Counted
from tests.bench.definitions import chain
from tests.bench.figures import Figure, middle_of, percentile
from tests.bench.github import InstantGitHub
from tests.kit import postgres

EVENTS: Final = 2_000
BURSTS: Final = 5
"""One takes less than a second, in which much may happen to a machine that others share."""
CALLERS: Final = 256
"""With fewer it is measured how soon they come back, and not how much is worked off."""
EFFECT_SECONDS: Final = 0.001
QUIET_SECONDS: Final = 1.0
"""Before each burst: what was made for it is no part of what is measured."""
PATIENCE: Final = 120.0


class BriskGitHub(InstantGitHub):
    """Takes a millisecond for each dispatch."""

    async def perform(self, command: Command, errand: Errand) -> Outcome:
        """Carry one command out."""
        if isinstance(command, DispatchWorkflow):
            await asyncio.sleep(EFFECT_SECONDS)
        return await super().perform(command, errand)


async def measure(folder: Path) -> list[Figure]:
    """Measure it on SQLite and on PostgreSQL, in turn."""
    on_file, on_server = [], []
    for number in range(BURSTS):
        on_file.append(await burst(f"sqlite:///{folder / f'end-to-end-{number}.db'}"))
        on_server.append(await burst(await asyncio.to_thread(postgres.durable_database)))
    return [
        _figure("SQLite", on_file, goal=2_000),
        _figure("PostgreSQL", on_server, goal=3_000),
    ]


def _figure(
    where: str, bursts: Sequence[tuple[float, list[float], int]], goal: float
) -> Figure:
    lasted, waited, journaled = sorted(bursts)[len(bursts) // 2]
    note = (
        f"{middle_of([EVENTS / it[0] for it in bursts])};"
        f" {EVENTS:,} workflow runs end at once; each is taken in, decided, and leads to the"
        " next dispatch of 1 ms, which is saved as accepted; no checks are written;"
        f" {journaled / lasted:,.0f} journal entries/s;"
        f" p50 {percentile(waited, 0.5) * 1e3:.0f} ms,"
        f" p99 {percentile(waited, 0.99) * 1e3:.0f} ms from being sent to the call's end"
    )
    return Figure(
        name=f"events end to end, {where}",
        value=EVENTS / lasted,
        unit="/s",
        goal=goal,
        at_least=True,
        note=note,
    )


async def burst(database_url: str, events: int = EVENTS) -> tuple[float, list[float], int]:
    """Return the seconds of the burst, those of each event, and how much was journaled."""
    real = await make_store(database_url, [chain(2, is_silent=True)])
    store = Counted(real)
    inbox = GroupInbox(real)
    dispatched: list[tuple[str, int]] = []
    left: dict[str, float] = {}

    def told(marker: str, run_id: int, _sha: Json, _left: int) -> None:
        dispatched.append((marker, run_id))
        left[marker] = time.perf_counter()

    as_store: Store = store  # type: ignore[assignment]  # the rest is the real store's
    async with at_work(as_store, BriskGitHub(SystemClock(), told)) as engine:
        await real.save_deliveries(
            [
                delivery("push", f"push-{number}", letters.push(f"{number + 1:040x}"))
                for number in range(events)
            ]
        )
        engine.wake()
        await store.until(2 * events)
        ended = [
            delivery(
                "workflow_run",
                f"{run_id}-ended",
                letters.workflow_run(run_id, marker, "completed", "success"),
            )
            for marker, run_id in dispatched
        ]
        first = {marker[:-8] for marker, _ in dispatched}
        left.clear()
        await asyncio.sleep(QUIET_SECONDS)
        before = store.total
        begun = time.perf_counter()
        sent = await send(inbox, ended, engine.wake)
        await store.until(2 * events)
        lasted = time.perf_counter() - begun
    await inbox.close()
    await real.close()
    assert len(left) == events, "each event led to one dispatch"
    assert {marker[:-8] for marker in left} == first, "of its own orchestration"
    by_orchestration = {marker[:-8]: at for marker, at in left.items()}
    waited = [
        by_orchestration[marker[:-8]] - at
        for (marker, _), at in zip(dispatched[:events], sent, strict=True)
    ]
    return lasted, waited, store.total - before


async def send(inbox: GroupInbox, deliveries: Sequence[Delivery], wake: object) -> list[float]:
    """Send all, so many callers at a time; return when each was sent."""
    sent = [0.0] * len(deliveries)
    numbers = iter(range(len(deliveries)))

    async def call() -> None:
        for number in numbers:
            sent[number] = time.perf_counter()
            await inbox.take_in(deliveries[number])
            assert callable(wake)
            wake()

    await asyncio.gather(*(call() for _ in range(CALLERS)))
    return sent


def delivery(event: str, key: str, body: bytes) -> Delivery:
    """Return a delivery that comes in now."""
    return Delivery(id=key, event=event, body=body, received_at=SystemClock().now())
