"""What ten thousand open orchestrations cost that wait: for people, or for a moment.

They should cost nothing: no row is looked at before it is due, and an event that does not
concern them loads none of them.
"""

import asyncio
import hashlib
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from app.clock import SystemClock
from app.core.hearing.findings import File
from app.core.values import Sha
from app.ports import Batch, ClaimedCommand, Delivery, Store
from app.store.sql import SqlStore
from tests.bench import letters
from tests.bench.box import at_work, make_store
from tests.bench.end_to_end import QUIET_SECONDS
from tests.bench.figures import Figure
from tests.bench.github import InstantGitHub

WAITING: Final = 10_000
AT_ONCE: Final = 500
IDLE_SECONDS: Final = 20
UNRELATED: Final = 200
PATIENCE: Final = 600.0
GATES: Final = """\
version: 1
on: {push: {branches: [main]}}
report-to: {check: false, comment: never}
tasks:
  sign_off: {approval: {rules: [{require: [{teams: [acme/sre], count: 1}]}]}}
  settle: {wait: {for: 1d}}
"""
"""Each of them waits for people and for a timer at the same time."""


class Watched:
    """A store that counts what is saved, and how many orchestrations are loaded."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self.loaded = self.done = self.events = 0
        self._target = 0
        self._reached = asyncio.Event()

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    async def load(self, ids: Sequence[str]) -> object:
        """Load orchestrations, and count them."""
        self.loaded += len(ids)
        return await self._store.load(ids)  # type: ignore[arg-type]  # ids are text

    async def commit(self, batch: Batch) -> Sequence[ClaimedCommand]:
        """Save a batch, and count the events and the deliveries that are worked off."""
        claimed = await self._store.commit(batch)
        self.events += len(batch.journal)
        self.done += len(batch.deliveries)
        if self.done >= self._target:
            self._reached.set()
        return claimed

    async def until_done(self, count: int) -> None:
        """Wait until so many deliveries are worked off."""
        self._target = count
        if self.done < count:
            self._reached.clear()
            async with asyncio.timeout(PATIENCE):
                await self._reached.wait()


async def measure(folder: Path) -> list[Figure]:
    """Let them wait, look at the processor's clock, and send what does not concern them."""
    real = await make_store(f"sqlite:///{folder / 'waiting.db'}", [gates()])
    await begin(real)
    # A new process: nothing is in memory that could answer in place of the database.
    watched = Watched(real)
    as_store: Store = watched  # type: ignore[assignment]  # the rest is the real store's
    github = InstantGitHub(SystemClock(), lambda *_: None)
    async with at_work(as_store, github) as engine:
        await asyncio.sleep(QUIET_SECONDS)  # what made them is tidied, once
        before = time.process_time()
        await asyncio.sleep(IDLE_SECONDS)
        idle = time.process_time() - before
        watched.loaded = watched.done = watched.events = 0
        await real.save_deliveries(_unrelated())
        begun = time.perf_counter()
        engine.wake()
        await watched.until_done(UNRELATED)
        lasted = time.perf_counter() - begun
    await real.close()
    return [
        Figure(
            name=f"CPU of {WAITING:,} open orchestrations that wait",
            value=idle / IDLE_SECONDS * 60,
            unit="s/min",
            goal=0.6,
            note=f"over {IDLE_SECONDS} s; for people and for timers; one in a hundred is 0.6",
        ),
        Figure(
            name="… of them touched by events that do not concern them",
            value=watched.loaded + watched.events,
            unit="",
            note=f"{UNRELATED} pull requests and workflow runs of others,"
            f" {lasted / UNRELATED * 1e3:.2f} ms each; goal: none",
        ),
    ]


async def begin(real: SqlStore) -> None:
    """Let them all begin, and come to where they wait."""
    watched = Watched(real)
    as_store: Store = watched  # type: ignore[assignment]  # the rest is the real store's
    github = InstantGitHub(SystemClock(), lambda *_: None)
    pushes = [
        _delivery("push", f"push-{number}", letters.push(f"{number + 1:040x}"))
        for number in range(WAITING)
    ]
    async with at_work(as_store, github) as engine:
        for at in range(0, WAITING, AT_ONCE):
            await real.save_deliveries(pushes[at : at + AT_ONCE])
            engine.wake()
            await watched.until_done(at + AT_ONCE)
    rows = await real.orchestrations(limit=WAITING + 1, open_only=True)
    assert len(rows) == WAITING, f"{len(rows)} wait"


def _unrelated() -> list[Delivery]:
    marker = "sb-0123456789abcdef-89abcdef"
    half = UNRELATED // 2
    pulls = [_delivery("pull_request", f"p-{n}", letters.pull_request()) for n in range(half)]
    return pulls + [
        _delivery(
            "workflow_run", f"w-{n}", letters.workflow_run(n + 1, marker, "completed", None)
        )
        for n in range(half)
    ]


def gates() -> File:
    digest = hashlib.sha1(GATES.encode(), usedforsecurity=False).hexdigest()
    return File(path=".github/orchestrations/gates.yml", blob_sha=Sha(digest), text=GATES)


def _delivery(event: str, key: str, body: bytes) -> Delivery:
    return Delivery(id=key, event=event, body=body, received_at=SystemClock().now())
