"""Those who look at orchestrations at the same time look together."""

import asyncio
from collections.abc import Collection

import pytest

from app.core.values import OrchestrationId
from app.engine.loading import Together
from app.ports import Saved, StoreUnavailable
from tests.shell.store_kit import orchestration

pytestmark = pytest.mark.anyio


class Shelf:
    """What is there, and what was asked for together; each look takes a moment."""

    def __init__(self, *numbers: int) -> None:
        states = [orchestration(number) for number in numbers]
        self.there = {state.id: Saved(state=state, version=1) for state in states}
        self.asked: list[list[OrchestrationId]] = []
        self.is_closed = False

    async def load(self, ids: Collection[OrchestrationId]) -> dict[OrchestrationId, Saved]:
        self.asked.append(list(ids))
        await asyncio.sleep(0)
        if self.is_closed:
            raise StoreUnavailable("the database is away")
        return {each: self.there[each] for each in ids if each in self.there}


async def test_whoever_asks_at_the_same_time_asks_together() -> None:
    """Each gets their own, one is looked for once, and what is not there is `None`."""
    shelf = Shelf(1, 2)
    one, two = shelf.there
    together = Together(shelf.load)
    wanted = [one, two, one, OrchestrationId("nowhere")]
    found = await asyncio.gather(*(together.one(each) for each in wanted))

    assert found == [shelf.there[one], shelf.there[two], shelf.there[one], None]
    assert shelf.asked == [[one, two, OrchestrationId("nowhere")]]


async def test_whoever_comes_during_a_look_gets_the_next() -> None:
    """A look that has begun may have seen less than what is so now."""
    shelf = Shelf(1)
    [one] = shelf.there
    together = Together(shelf.load)
    early = asyncio.create_task(together.one(one))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    late = asyncio.create_task(together.one(one))

    assert await early == await late == shelf.there[one]
    assert shelf.asked == [[one], [one]]


async def test_all_who_asked_hear_of_trouble_and_may_ask_again() -> None:
    """The trouble of one look is theirs who asked for it, whether they still wait or not."""
    shelf = Shelf(1)
    [one] = shelf.there
    together = Together(shelf.load)
    shelf.is_closed = True
    gone = asyncio.create_task(together.one(one))
    waits = asyncio.create_task(together.one(one))
    await asyncio.sleep(0)
    gone.cancel()
    with pytest.raises(StoreUnavailable):
        await waits
    shelf.is_closed = False

    assert await together.one(one) == shelf.there[one]
