"""While a batch is written on a server, what it does not touch is decided already."""

import asyncio
from collections.abc import Sequence

import pytest

from app.core.events import PauseRequested, ResumeRequested
from app.core.values import OrchestrationId
from app.ports import Batch, ClaimedCommand, StoreUnavailable
from app.store.memory import MemoryStore
from tests.kit.build import START
from tests.kit.office import Office

pytestmark = pytest.mark.anyio

PAUSE = PauseRequested(at=START, by="mona", reason="lunch")
RESUME = ResumeRequested(at=START, by="mona")


class Server(MemoryStore):
    """A store on a server: a write may be held up, and others overtake it."""

    is_shared = True

    def __init__(self) -> None:
        super().__init__(is_encoded=True)
        self.held_up: asyncio.Event | None = None
        self.is_away = False
        self.written: list[list[OrchestrationId]] = []

    async def commit(self, batch: Batch) -> Sequence[ClaimedCommand]:
        held_up, self.held_up = self.held_up, None
        if held_up is not None:
            await held_up.wait()
        if self.is_away:
            self.is_away = False
            raise StoreUnavailable("the server is away")
        claimed = await super().commit(batch)
        self.written.append([saved.state.id for saved in batch.states])
        return claimed

    def hold_up(self) -> asyncio.Event:
        """Hold the next write up until this is set."""
        self.written.clear()
        self.held_up = asyncio.Event()
        return self.held_up


async def running(store: Server) -> tuple[Office, list[OrchestrationId]]:
    """Start two orchestrations."""
    office = Office(store)
    await office.open()
    for _ in range(2):
        await office.push()
        await office.engine.take()
    return office, [state.id for state in await office.states()]


async def as_far_as_possible(*tasks: asyncio.Task[object]) -> list[bool]:
    """Let these go on until they wait for something; tell which have ended."""
    for _ in range(50):
        await asyncio.sleep(0)
    return [task.done() for task in tasks]


async def test_another_orchestration_does_not_wait_for_a_write() -> None:
    """What is decided later may be on disk sooner, where the two have nothing in common."""
    store = Server()
    office, [one, two] = await running(store)
    let_go = store.hold_up()
    first = asyncio.create_task(office.engine.tell(one, PAUSE))
    await as_far_as_possible()
    await office.engine.tell(two, PAUSE)
    is_written = first.done()
    let_go.set()
    await first

    assert not is_written
    assert store.written == [[two], [one]]


async def test_the_same_orchestration_waits_for_its_write() -> None:
    """Nothing is decided on what may come to nothing, and neither is a conflict."""
    store = Server()
    office, [one, _] = await running(store)
    let_go = store.hold_up()
    first = asyncio.create_task(office.engine.tell(one, PAUSE))
    await as_far_as_possible()
    second = asyncio.create_task(office.engine.tell(one, RESUME))
    were_done = await as_far_as_possible(first, second)
    let_go.set()
    await asyncio.gather(first, second)
    paused = [state.id for state in await office.states() if state.paused]

    assert were_done == [False, False]
    assert store.written == [[one], [one]]
    assert paused == []


async def test_deliveries_wait_for_all_that_is_being_written() -> None:
    """They are looked up by more than an orchestration's id, and mean what is so then."""
    store = Server()
    office, [one, _] = await running(store)
    let_go = store.hold_up()
    first = asyncio.create_task(office.engine.tell(one, PAUSE))
    await as_far_as_possible()
    await office.push()
    taking = asyncio.create_task(office.engine.take())
    were_done = await as_far_as_possible(first, taking)
    let_go.set()
    await asyncio.gather(first, taking)

    assert were_done == [False, False]
    assert [len(ids) for ids in store.written] == [1, 1]
    assert store.written[0] == [one]


async def test_whoever_waits_for_a_write_that_fails_goes_on_from_what_was() -> None:
    """The one that failed is told so, and the other is decided on the state as it was."""
    store = Server()
    office, [one, _] = await running(store)
    let_go = store.hold_up()
    store.is_away = True
    first = asyncio.create_task(office.engine.tell(one, PAUSE))
    await as_far_as_possible()
    second = asyncio.create_task(office.engine.tell(one, PAUSE))
    await as_far_as_possible()
    let_go.set()
    told = await asyncio.gather(first, second, return_exceptions=True)
    paused = [state.id for state in await office.states() if state.paused]

    assert [type(each) for each in told] == [StoreUnavailable, type(None)]
    assert store.written == [[one]]
    assert paused == [one]
