"""Batches that are decided and being written, while the next one is thought about.

On a server a commit is many round trips, and nothing that it touches may be decided on
meanwhile; all else may. One decides at a time; whoever does waits for those that write, where
it needs what they have, and these wait for nobody.
"""

import asyncio
from collections.abc import Collection
from types import TracebackType
from typing import Self

from app.core.values import OrchestrationId


class Flights:
    """Knows which orchestrations are being written."""

    def __init__(self) -> None:
        self._of: set[Flight] = set()

    def depart(self, ids: Collection[OrchestrationId]) -> "Flight":
        """Have these in the air from now on, until the flight is left, however that ends."""
        flight = Flight(frozenset(ids), self._of)
        self._of.add(flight)
        return flight

    async def land(self, ids: Collection[OrchestrationId] | None = None) -> None:
        """Wait until none of these is in the air, or nothing at all."""
        for flight in list(self._of):
            if ids is None or not flight.ids.isdisjoint(ids):
                await flight.landed.wait()


class Flight:
    """One batch on its way to the disk."""

    def __init__(self, ids: frozenset[OrchestrationId], others: "set[Flight]") -> None:
        self.ids = ids
        self.landed = asyncio.Event()
        self._others = others

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._others.discard(self)
        self.landed.set()


class Turn:
    """The right to decide, which one has at a time, and may pass on before all is done."""

    def __init__(self, lock: asyncio.Lock) -> None:
        self._lock = lock
        self._is_ours = False

    async def take(self) -> None:
        """Wait for it, unless we have it."""
        if not self._is_ours:
            await self._lock.acquire()
            self._is_ours = True

    def pass_on(self) -> None:
        """Let the next one have it, if we do."""
        if self._is_ours:
            self._is_ours = False
            self._lock.release()

    async def __aenter__(self) -> Self:
        await self.take()
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.pass_on()
