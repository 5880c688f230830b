"""Stories of what is dropped by age, and of what is delivered again at about that time."""

from datetime import timedelta
from typing import Final

import httpx
import pytest

from app.github.deliveries import Deliveries
from app.repair import Repair
from app.repair.missed import REACH
from app.repair.sweeping import REACH_OF_SERVERS, Ages
from app.web.hooks import EVENTS_HEARD
from tests.kit.town import HOME, Town, town

pytestmark = pytest.mark.anyio

# The second push joins what the first began; heard alone it would begin something.
SHIP: Final = """
version: 1
name: Ship
on:
  push: {branches: [main]}
correlate: "'one'"
tasks:
  deploy:
    dispatch: acme/api/.github/workflows/deploy.yml@main
"""
LEAST: Final = timedelta(days=4)


def repair_of(here: Town, again: timedelta = REACH) -> Repair:
    """Put repair together as the server does, with as little kept as the settings allow."""
    return Repair(
        store=here.store,
        inbox=here.store,
        deliveries=Deliveries(here.client),
        clock=here.github.clock,
        hears=EVENTS_HEARD,
        wake=here.engine.wake,
        ages=Ages(deliveries=LEAST, ended=timedelta(days=1), again=again),
    )


async def live(here: Town, repair: Repair, *, hours: int) -> None:
    """Let hours pass, in each of which repair looks what there is to do."""
    for _ in range(hours):
        await repair.look()
        await here.wait(minutes=60)
    await repair.look()
    await here.settle()


def redeliver(here: Town, event: str) -> None:
    """Have the last try of each delivery of an event made once more."""
    last = {each.guid: each for each in here.github.world.deliveries.values()}
    for each in last.values():
        if each.event == event:
            here.github.world.redeliver(each)


def nobody() -> httpx.AsyncClient:
    """A receiver that is never there."""

    async def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("nobody is there", request=request)

    return httpx.AsyncClient(transport=httpx.MockTransport(refuse))


async def pushed(here: Town) -> None:
    """Push twice, so that one orchestration has heard of both, and let it end."""
    for number in range(2):
        here.github.push(HOME, {"README.md": f"{number}\n"})
    await here.wait(minutes=30)


async def test_what_is_old_goes_and_its_last_state_stays() -> None:
    """After a week no delivery is left, nor a journal; what became of it all is still known."""
    async with town(ship=SHIP) as here:
        repair = repair_of(here)
        await pushed(here)
        known = {each.guid for each in here.github.world.deliveries.values()}
        await live(here, repair, hours=7 * 24)
        state = await here.state()

        assert await here.store.known_deliveries(known) == frozenset()
        assert state.conclusion == "success"
        assert await here.store.journal(state.id) == []


async def test_what_is_delivered_again_and_again_is_never_news() -> None:
    """GitHub delivers again for three days after each try: so long it is still known."""
    async with town(ship=SHIP) as here:
        repair = repair_of(here)
        await pushed(here)
        for _ in range(3):
            await live(here, repair, hours=60)
            redeliver(here, "push")
            await here.settle()

        assert len(await here.states()) == here.deployments() == 1


@pytest.mark.parametrize(("again", "found"), [(REACH, 0), (REACH_OF_SERVERS, 1)])
async def test_what_was_missed_is_found_for_as_long_as_its_host_keeps_it(
    again: timedelta, found: int
) -> None:
    """Away for five days: github.com has forgotten by then, an Enterprise Server has not."""
    async with town(ship=SHIP) as here:
        repair = repair_of(here, again=again)
        await repair.look()
        here.github.connect(nobody())
        here.github.push(HOME, {"README.md": "changed\n"})
        await here.wait(minutes=5 * 24 * 60)
        await live(here, repair, hours=1)

        assert len(await here.states()) == found


async def test_no_delivery_goes_while_its_host_may_deliver_it_again() -> None:
    """GitHub Enterprise Server does so for seven days, whatever the settings say."""
    async with town(ship=SHIP) as here:
        repair = repair_of(here, again=REACH_OF_SERVERS)
        await pushed(here)
        guids = {each.guid for each in here.github.world.deliveries.values()}
        known = await here.store.known_deliveries(guids)
        await live(here, repair, hours=7 * 24)

        assert known
        assert await here.store.known_deliveries(known) == known


async def test_a_try_that_found_nobody_keeps_its_delivery_known() -> None:
    """Whoever was away sees in the list what came again, before anything is dropped."""
    async with town(ship=SHIP) as here:
        repair = repair_of(here)
        await pushed(here)
        await live(here, repair, hours=48)
        doors = here.doors
        here.github.connect(nobody())
        redeliver(here, "push")
        await here.github.advance(timedelta(hours=60))
        here.github.connect(doors)
        again = repair_of(here)
        await again.open()
        await live(here, again, hours=9)
        redeliver(here, "push")
        await live(here, again, hours=1)

        assert len(await here.states()) == here.deployments() == 1
