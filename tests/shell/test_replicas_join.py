"""What two replicas hear at the same moment is one orchestration, if it belongs together."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from app.store.sql import SqlStore
from tests.kit import postgres
from tests.shell.replica_kit import Hub, Replica, let_read

pytestmark = pytest.mark.anyio


class Interrupted:
    """A store before one of whose next looks something happens elsewhere, once that is said."""

    def __init__(self, real: SqlStore) -> None:
        self._real = real
        self._looks = 0
        self._happen: Callable[[], Awaitable[None]] | None = None

    def let(self, happen: Callable[[], Awaitable[None]], looks: int) -> None:
        """Say what happens, and before which of the next looks."""
        self._happen, self._looks = happen, looks

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    async def correlated(self, keys: Any) -> Any:
        """Look whether anything has that key."""
        await self._look()
        return await self._real.correlated(keys)

    async def last_numbers(self, places: Any) -> Any:
        """Look how far the numbers have come."""
        await self._look()
        return await self._real.last_numbers(places)

    async def commit(self, batch: Any) -> Any:
        """Save what was decided by that."""
        await self._look()
        return await self._real.commit(batch)

    async def _look(self) -> None:
        self._looks -= 1
        if self._looks == 0 and self._happen is not None:
            await self._happen()


@pytest.mark.parametrize("looks", [1, 2, 3])
async def test_what_belongs_together_is_begun_once(looks: int) -> None:
    """Whenever another replica begins one of the same key: the second event joins it."""
    url, hub = postgres.fresh_database(), Hub()
    await let_read(url, correlate="'all'")
    one = Replica(url, hub, "one")

    async def begin() -> None:
        await one.push("first")
        await one.engine.take()

    around: list[Interrupted] = []

    def interrupted(store: SqlStore) -> Interrupted:
        around.append(Interrupted(store))
        return around[0]

    two = Replica(url, hub, "two", around=interrupted)
    await one.engine.open()
    await two.engine.open()
    await two.push("second")
    around[0].let(begin, looks)
    await two.engine.take()
    statuses = await two.statuses()
    for each in (one, two):
        await each.die()

    assert statuses == {"running": 1}
