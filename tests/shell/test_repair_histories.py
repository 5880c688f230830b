"""Histories of deliveries that fail or come late, twice, out of order; and repair dies.

Whatever GitHub's list has is in the inbox in the end: no note is ever ahead of what was taken
in, wherever the process dies and however the pages fall.
"""

import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from app.github.client import Client
from app.github.deliveries import Deliveries
from app.ports import Delivery
from app.rehearsal import CallFault, DeliveryFault, Rehearsal, RehearsalTransport, VirtualClock
from app.repair import Repair
from app.repair.sweeping import Ages
from app.store.memory import MemoryStore

pytestmark = pytest.mark.anyio

FAULTS = (
    DeliveryFault.FAILED,
    DeliveryFault.LATE,
    DeliveryFault.DOUBLE,
    DeliveryFault.REORDERED,
)


class Death(Exception):
    """The process dies here."""


class MortalStore:
    """A store that is all that outlives a process, which may die before or after any call."""

    def __init__(self, store: MemoryStore, chance: random.Random) -> None:
        self._store = store
        self._chance = chance
        self.risk = 0.0

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        async def call(*given: Any, **named: Any) -> Any:
            if self._chance.random() < self.risk:
                raise Death
            answer = await getattr(self._store, name)(*given, **named)
            if self._chance.random() < self.risk:
                raise Death
            return answer

        return call


class History:
    """One GitHub, one inbox, and one repair after another."""

    def __init__(self, seed: int, pages_max: int = 1) -> None:
        self.chance = random.Random(seed)
        self.clock = VirtualClock()
        self.github = Rehearsal(self.clock, webhook_url="http://test/", seed=seed)
        self.github.add_repository("acme/api", {"README.md": "hello\n"})
        self.github.install_app("acme")
        self.github.connect(
            httpx.AsyncClient(transport=httpx.MockTransport(self._hear), base_url="http://test")
        )
        self.deafness = 0.0
        self.memory = MemoryStore()
        self.store = MortalStore(self.memory, self.chance)
        self.client = Client(
            api_url=self.github.api_url,
            app_id=str(self.github.app_id),
            private_key=self.github.app_private_key_pem,
            clock=self.clock,
            pause=self._pause,
            http=RehearsalTransport(self.github.asgi),
        )
        self._pages_max = pages_max
        self.repair = self._begin()

    def _begin(self) -> Repair:
        store: Any = self.store
        return Repair(
            store=store,
            inbox=store,
            deliveries=Deliveries(self.client, pages_max=self._pages_max),
            clock=self.clock,
            hears=frozenset({"push"}),
            wake=lambda: None,
            ages=Ages(deliveries=timedelta(days=4)),
        )

    async def _hear(self, request: httpx.Request) -> httpx.Response:
        if self.chance.random() < self.deafness:
            if self.chance.random() < 0.5:
                raise httpx.ConnectError("nobody is there", request=request)
            return httpx.Response(503)
        guid, event = request.headers["x-github-delivery"], request.headers["x-github-event"]
        await self.memory.take_in(
            Delivery(id=guid, event=event, body=request.content, received_at=self.clock.now())
        )
        return httpx.Response(202)

    async def _pause(self, seconds: float) -> None:
        self.clock.advance_to(self.clock.now() + timedelta(seconds=seconds))

    def push(self, count: int) -> None:
        """Let GitHub have so many things to tell."""
        for number in range(count):
            self.github.world.send("push", {"number": number}, None, None)

    async def live(self, span: timedelta, *, step: timedelta = timedelta(seconds=30)) -> None:
        """Let time pass, with a repair that dies and begins again."""
        end = self.clock.now() + span
        while self.clock.now() < end:
            await self.github.advance(step)
            try:
                while await self.repair.look():
                    pass
            except Death:
                self.repair = self._begin()
                if self.chance.random() < 0.5:
                    self.repair.suspect()

    async def missing(self) -> set[str]:
        """Return what GitHub had to tell and is not in the inbox."""
        told = {each.guid for each in self.github.world.deliveries.values()}
        return told - await self.memory.known_deliveries(told)


@pytest.mark.parametrize("seed", range(16))
async def test_whatever_stands_in_the_list_is_taken_in_in_the_end(seed: int) -> None:
    """Deaf hours, bursts over many pages, late tries, calls that fail, deaths at any moment."""
    here = History(seed)
    chance = here.chance
    await here.repair.look()
    await here.github.advance(1)
    here.store.risk = chance.choice((0.0, 0.01, 0.05))
    faults = here.github.faults
    faults.delivery_chances = {kind: 0.3 * chance.random() for kind in FAULTS}
    faults.late_max = timedelta(minutes=40)
    faults.call_chances = {kind: chance.choice((0.0, 0.05)) for kind in CallFault}
    for _ in range(chance.randint(2, 6)):
        here.deafness = chance.choice((0.0, 0.1, 1.0))
        here.push(chance.choice((1, 5, 60, 150)))
        await here.live(timedelta(minutes=chance.choice((1, 7, 45))))
    here.deafness = here.store.risk = 0.0
    faults.delivery_chances, faults.call_chances = {}, {}
    await here.live(timedelta(hours=3), step=timedelta(minutes=1))

    assert await here.missing() == set()


async def test_an_outage_of_more_than_one_part_of_the_list_is_mended_whole() -> None:
    """What lies further back than is read at once is read after it, and nothing is left out."""
    here = History(1, pages_max=7)
    await here.repair.look()
    await here.github.advance(1)
    here.deafness = 1.0
    here.push(1_150)
    await here.github.advance(timedelta(hours=3))
    here.deafness = 0.0
    await here.live(timedelta(minutes=10))

    assert await here.missing() == set()


async def test_whoever_dies_in_the_very_first_turn_has_lost_nothing() -> None:
    """From the first look on nothing is missed, though nothing else came of that look."""
    here = History(2)
    here.store.risk = 0.5
    here.deafness = 1.0
    for _ in range(30):
        await here.live(timedelta(seconds=1), step=timedelta(seconds=1))
        if await here.memory.turns("repair/"):
            break
    here.push(3)
    await here.live(timedelta(minutes=10))
    here.store.risk = here.deafness = 0.0
    await here.live(timedelta(hours=1))

    assert {each.event for each in here.github.world.deliveries.values()} > {"push"}
    assert not [
        each
        for each in here.github.world.deliveries.values()
        if each.event == "push" and each.guid in await here.missing()
    ]


async def test_what_cannot_be_had_any_more_stands_in_nobody_s_way() -> None:
    """However many they are: those that can be had are taken in, and the look ends."""
    here = History(3)
    await here.repair.look()
    await here.github.advance(1)
    here.deafness = 1.0
    here.push(30)
    here.github.faults.plan_call(
        CallFault.ERROR_BEFORE, path=r"/deliveries/\d+$", times=10, status=404
    )
    await here.live(timedelta(minutes=5))

    assert len(await here.missing()) <= 10
