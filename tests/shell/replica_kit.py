"""Replicas in one process: each with store, engine and courier of its own, on one database.

GitHub is played by one pair of hands for all of them. It counts what was dispatched, and says
that a workflow run has ended before whoever dispatched it has saved that it began.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from app.clock import SystemClock
from app.core.commands import Command, DispatchWorkflow
from app.core.events import DispatchAccepted
from app.courier import Courier
from app.engine import Engine
from app.github.webhooks import hear
from app.ports import Batch, Carried, Delivery, Errand, KnownRepository, Outcome
from app.store.sql import SqlStore, open_store
from app.store.sql.news import News
from tests.kit.build import HEAD, document
from tests.kit.office import HOME, HOME_NAME, read_of

PATIENCE_SECONDS = 30
CLOCK = SystemClock()


@dataclass
class Hub:
    """What GitHub knows, and what it says to whom."""

    dispatched: Counter[str] = field(default_factory=Counter)
    looked: list[Command] = field(default_factory=list)
    is_deaf: bool = False
    told: list["Replica"] = field(default_factory=list)
    numbers: Any = field(default_factory=lambda: count(1))

    async def perform(self, command: Command, _errand: Errand) -> Outcome:
        """Carry a command out. A deaf one never answers."""
        if not isinstance(command, DispatchWorkflow):
            self.looked.append(command)
            return Carried()
        self.dispatched[command.marker] += 1
        if self.is_deaf:
            await asyncio.Event().wait()
        number = next(self.numbers)
        await self.told[number % len(self.told)].completed(number, command.marker)
        accepted = DispatchAccepted(
            at=CLOCK.now(), attempt=command.attempt, workflow_run_id=number, url=""
        )
        return Carried(events=(accepted,))


class Replica:
    """One Signalbox without doors."""

    def __init__(
        self, url: str, hub: Hub, owner: str, around: Callable[[SqlStore], Any] = lambda it: it
    ) -> None:
        self.owner = owner
        self.store: SqlStore = open_store(url)
        self.engine = Engine(store=around(self.store), clock=CLOCK, read=hear, owner=owner)
        self.courier = Courier(
            store=self.store, engine=self.engine, performer=hub, clock=CLOCK, owner=owner
        )
        self._tasks: list[asyncio.Task[None]] = []
        hub.told.append(self)

    async def start(self) -> None:
        """Take up what there is, and go on until stopped."""
        await self.engine.open()
        turns = {
            News.DELIVERIES: self.engine.wake,
            News.COMMANDS: self.courier.wake,
            News.CATALOGUE: self.engine.outdate,
        }
        hears = self.store.hear(lambda news: turns[news]())
        for work in (self.engine.run(), self.courier.run(), hears):
            self._tasks.append(asyncio.create_task(work))

    async def die(self) -> None:
        """Stop in the midst of everything, and leave all leases as they are."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task
        self._tasks = []
        await self.store.close()

    async def deliver(self, event: str, name: str, body: object) -> None:
        """Take a delivery in, as the door of this replica does."""
        raw = json.dumps(body).encode()
        await self.store.save_deliveries(
            [Delivery(id=name, event=event, body=raw, received_at=CLOCK.now())]
        )
        self.engine.wake()

    async def push(self, name: str) -> None:
        """Hear of a push, which starts the definition."""
        body = {
            "ref": "refs/heads/main",
            "before": "0" * 40,
            "after": "c" * 40,
            "commits": [],
            "repository": {"id": HOME, "full_name": HOME_NAME, "default_branch": "main"},
            "sender": {"id": 5, "login": "mona", "type": "User"},
            "installation": {"id": 9},
        }
        await self.deliver("push", name, body)

    async def completed(self, number: int, marker: str) -> None:
        """Hear that a workflow run has ended well."""
        run = {
            "id": number,
            "run_attempt": 1,
            "status": "completed",
            "conclusion": "success",
            "event": "workflow_dispatch",
            "head_sha": HEAD,
            "head_branch": "main",
            "display_title": f"Run [{marker}]",
        }
        body = {"action": "completed", "workflow_run": run, "installation": {"id": 9}}
        await self.deliver("workflow_run", f"run-{number}", body)

    async def statuses(self) -> Counter[str]:
        """Count the orchestrations by how they are."""
        rows = await self.store.orchestrations(limit=1_000)
        return Counter(row.status for row in rows)


async def let_read(url: str, notation: str = "build; deploy: build", **whole: Any) -> None:
    """Let a replica that is none of those we look at have read the repository."""
    found = read_of(train=document(notation, whole={"on": {"push": {}}, **whole}))
    definitions = [(HOME, found.definitions)]
    wake = [f"repository/{HOME}"]
    await _commit(
        url, Batch(repositories=[_known()], definitions=definitions, wake_subjects=wake)
    )


async def let_list(url: str) -> None:
    """Let one have listed the repository, which is still to be read."""
    await _commit(url, Batch(repositories=[replace(_known(), head_sha=None)]))


async def _commit(url: str, batch: Batch) -> None:
    store = open_store(url)
    await store.commit(batch)
    await store.close()


def _known() -> KnownRepository:
    found = read_of()
    return KnownRepository(
        repository=found.repository,
        installation_id=found.installation_id,
        head_sha=found.head_sha,
        policy=None,
    )


async def until(is_so: Callable[[], Any]) -> None:
    """Wait until something is so, for as long as one may wait at all."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        # Other replicas set no event of ours.
        while not await is_so():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


@asynccontextmanager
async def replicas(
    url: str, hub: Hub, *owners: str, is_read: bool = True
) -> AsyncIterator[list[Replica]]:
    """Start replicas of these names on a database with one definition, and stop them."""
    all_of_them = [Replica(url, hub, owner) for owner in owners]
    await (let_read(url) if is_read else let_list(url))
    for each in all_of_them:
        await each.start()
    try:
        yield all_of_them
    finally:
        for each in all_of_them:
            await each.die()
