"""A command is carried by whoever holds it, and by nobody else, however long that one slept."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest

from app.core.commands import Command, DispatchWorkflow
from app.courier import ANSWER_KEPT, LEASE
from app.ports import ClaimedCommand, Errand, Outcome, Postponed, StoreUnavailable
from app.store.memory import MemoryStore
from tests.kit.build import START
from tests.kit.office import Office

pytestmark = pytest.mark.anyio

WOKEN = START + LEASE


class Store(MemoryStore):
    """A store that may be away, or slow to say who holds what."""

    def __init__(self) -> None:
        super().__init__(is_encoded=True)
        self.is_away = False
        self.meanwhile: Callable[[], None] = lambda: None

    async def holds(self, command_id: int, *, owner: str, tries: int, now: datetime) -> bool:
        if self.is_away:
            raise StoreUnavailable("away")
        held = await super().holds(command_id, owner=owner, tries=tries, now=now)
        self.meanwhile()
        return held


class Scene:
    """Two replicas on one store; in the first, something happens in the midst of a dispatch."""

    def __init__(self) -> None:
        self.store = Store()
        self.one = Office(self.store, owner="one")
        self.two = Office(self.store, owner="two")
        self.held: list[bool] = []
        self.later: ClaimedCommand | None = None

    async def play(self, in_the_midst: Callable[[], Awaitable[None]]) -> None:
        """Let the first dispatch, and ask in the midst of it whether it may."""
        await self.one.open()
        await self.two.open()
        self.one.hands.perform = self._between(in_the_midst)
        await self.one.start()

    def _between(
        self, in_the_midst: Callable[[], Awaitable[None]]
    ) -> Callable[[Command, Errand], Awaitable[Outcome]]:
        async def perform(command: Command, errand: Errand) -> Outcome:
            if isinstance(command, DispatchWorkflow):
                await in_the_midst()
                self.held.append(await errand.is_held())
            return Postponed(why="502", until=self.one.now() + timedelta(hours=1))

        return perform

    def sleep(self, span: timedelta) -> None:
        """Let time pass for both."""
        self.one.moment += span
        self.two.moment = self.one.moment


@pytest.fixture
def scene() -> Scene:
    """Return two replicas that have not begun."""
    return Scene()


async def test_what_was_claimed_a_moment_ago_is_ours(scene: Scene) -> None:
    """Nobody else gets it meanwhile."""

    async def nothing() -> None:
        await scene.two.courier.carry_due()

    await scene.play(nothing)

    assert scene.held == [True]
    assert scene.two.hands.asked == []


async def test_what_another_has_taken_over_is_not(scene: Scene) -> None:
    """Whoever slept for so long must not do it a second time."""

    async def sleep() -> None:
        scene.sleep(LEASE)
        await scene.two.courier.carry_due()

    await scene.play(sleep)

    assert scene.held == [False]
    assert scene.two.hands.keys() == ["dispatch/build/1"]


async def test_what_another_may_take_over_now_is_not(scene: Scene) -> None:
    """The lease has run out: that nobody has come for it yet is luck."""

    async def sleep() -> None:
        scene.sleep(LEASE)

    await scene.play(sleep)

    assert scene.held == [False]


async def test_what_we_have_claimed_anew_ourselves_is_that_tries(scene: Scene) -> None:
    """Two tries in one process are as bad as two in two."""
    inner: list[bool] = []

    async def sleep() -> None:
        if scene.one.moment < WOKEN:
            scene.sleep(LEASE)
            await scene.one.courier.carry_due()
            inner.extend(scene.held)
            scene.held.clear()

    await scene.play(sleep)

    assert (inner, scene.held) == ([True], [False])


async def test_nothing_is_done_while_nobody_can_say_whose_it_is(scene: Scene) -> None:
    """The database is away: the lease may run out before it is back."""

    async def lose() -> None:
        scene.store.is_away = True

    await scene.play(lose)

    assert scene.held == [False]


async def test_an_answer_that_is_old_is_worth_nothing(scene: Scene) -> None:
    """Asked for in time, and frozen before it was heard."""

    async def slow() -> None:
        scene.store.meanwhile = lambda: scene.sleep(ANSWER_KEPT)

    await scene.play(slow)

    assert scene.held == [False]


async def test_what_a_later_try_holds_is_not_put_off_by_an_earlier_one(scene: Scene) -> None:
    """The earlier one comes to its end last, and has nothing to say any more."""

    async def sleep() -> None:
        if scene.one.moment < WOKEN:
            scene.sleep(LEASE)
            [again] = await scene.store.claim(
                owner="one", now=scene.one.moment, lease=LEASE, limit=1
            )
            scene.later = again

    await scene.play(sleep)

    now = scene.one.moment
    assert await scene.store.holds(
        scene.later.id, owner="one", tries=scene.later.tries, now=now
    )
