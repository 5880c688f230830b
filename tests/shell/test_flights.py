"""While a batch is written, what it does not touch is decided already."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager

import pytest

from app.core.events import PauseRequested, ResumeRequested
from app.core.moves import LegStatus
from app.core.values import OrchestrationId
from app.ports import Batch, ClaimedCommand, Delivery, Saved, StoreUnavailable
from app.store.memory import MemoryStore
from tests.kit.build import START, document, leg
from tests.kit.office import Office, read_of

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


class Holding(Server):
    """A server that gives a delivery to one at a time, and notes to whom it gave which."""

    def __init__(self) -> None:
        super().__init__()
        self.given: list[list[str]] = []
        self.unreadable: OrchestrationId | None = None

    @asynccontextmanager
    async def hold_deliveries(self, limit: int) -> AsyncIterator[Sequence[Delivery]]:
        async with super().hold_deliveries(limit) as held:
            self.given.extend([[it.id for it in held]] if held else [])
            yield held

    def remembered(self, orchestration_id: OrchestrationId) -> Saved | None:
        return None

    async def load(self, ids: Collection[OrchestrationId]) -> Mapping[OrchestrationId, Saved]:
        if self.unreadable in ids:
            raise ValueError("its state is damaged")
        return await super().load(ids)


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


async def wish(office: Office, verb: str, id_: OrchestrationId) -> None:
    """Bring a wish about an orchestration, and wake whoever works deliveries off."""
    body = {"orchestration": id_, "actor": "mona", "reason": "lunch"}
    await office.deliver(f"signalbox/{verb}", body, guid=f"{verb}-{id_}")
    office.engine.wake()


async def working_off(
    store: Holding, office: Office, *wishes: tuple[str, OrchestrationId]
) -> Holding:
    """Hold the first of some wishes up where it is written; return what is done meanwhile."""
    store.given.clear()
    let_go = store.hold_up()
    working = asyncio.create_task(office.engine.run())
    for verb, id_ in wishes:
        await wish(office, verb, id_)
        await as_far_as_possible()
    meanwhile = Holding()
    meanwhile.given, meanwhile.written = list(store.given), list(store.written)
    let_go.set()
    await as_far_as_possible()
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    return meanwhile


async def test_deliveries_about_others_do_not_wait_for_a_write() -> None:
    """Two take turns: one reads and decides while what the other has decided is written."""
    store = Holding()
    office, [one, two] = await running(store)
    meanwhile = await working_off(store, office, ("pause", one), ("pause", two))

    assert meanwhile.given == [[f"pause-{one}"], [f"pause-{two}"]]
    assert meanwhile.written == [[two]]
    assert store.written == [[two], [one]]


async def test_deliveries_about_the_same_are_read_and_then_wait() -> None:
    """Of what came meanwhile nothing is decided yet, and then all of it, in its order."""
    store = Holding()
    office, [one, _] = await running(store)
    meanwhile = await working_off(store, office, ("pause", one), ("resume", one))

    assert meanwhile.given == [[f"pause-{one}"], [f"resume-{one}"]]
    assert meanwhile.written == []
    assert store.written == [[one], [one]]


async def test_a_workflow_run_is_heard_of_once_it_is_written_whose_it_is() -> None:
    """It ends while GitHub's acceptance of it is being written, and is not parked."""
    store = Server()
    office = Office(store)
    await office.open()
    await office.push()
    await office.engine.take()
    let_go = store.hold_up()
    settling = asyncio.create_task(office.courier.carry_due())
    await as_far_as_possible()
    await office.workflow_run("build", "completed", "success")
    taking = asyncio.create_task(office.engine.take())
    were_done = await as_far_as_possible(settling, taking)
    let_go.set()
    await asyncio.gather(settling, taking)
    [state] = await office.states()

    assert were_done == [False, False]
    assert await store.waiting(9) == []
    assert leg(state, "build").status is LegStatus.SUCCEEDED


async def test_all_deliveries_wait_where_somebody_begins_to_listen() -> None:
    """An orchestration that is being written may be about to hear of any of them."""
    store = Holding()
    office, [one, _] = await running(store)
    let_go = store.hold_up()
    await office.push()
    first = asyncio.create_task(office.engine.take())
    await as_far_as_possible()
    await wish(office, "pause", one)
    second = asyncio.create_task(office.engine.take())
    were_done = await as_far_as_possible(first, second)
    let_go.set()
    await asyncio.gather(first, second)

    assert were_done == [False, False]
    assert [one] not in store.written[:1]


async def test_a_batch_that_fails_is_given_back_before_each_is_taken_alone() -> None:
    """Were they held together, others would have them as soon as the first of them is saved."""
    store = Holding()
    office, ids = await running(store)
    store.given.clear()
    store.unreadable = ids[0]
    for each in ids:
        await wish(office, "pause", each)
    await office.engine.take()
    store.unreadable = None
    [aside] = await store.set_aside(10)

    names = [f"pause-{each}" for each in ids]
    assert store.given == [names, names[:1], names[1:]]
    assert aside.id == names[0]
    assert [state.id for state in await office.states() if state.paused] == ids[1:]


async def test_what_is_read_while_a_delivery_is_opened_counts() -> None:
    """It was opened by what was known then, and has to start what is known by now."""
    store = Holding()
    office = Office(store)
    await office.open_with(read_of())
    await office.work()
    await office.let_read(read_of(train=document("build", whole={"on": {"push": {}}})))
    let_go = store.hold_up()
    reading = asyncio.create_task(office.courier.carry_due())
    await as_far_as_possible()
    store.given.clear()
    await office.push(guid="push")
    taking = asyncio.create_task(office.engine.take())
    await as_far_as_possible()
    opened_meanwhile = list(store.given)
    let_go.set()
    await asyncio.gather(reading, taking)

    assert opened_meanwhile == [["push"]]
    assert [state.plan.title for state in await office.states()] == ["train #1"]
