"""Batches that are decided and being written, while the next one is thought about.

A commit waits for a disk, or for a server, and nothing that it touches may be decided on
meanwhile; all else may. One decides at a time; whoever does waits for those that write, where
it needs what they have, and these wait for nobody.
"""

import asyncio
from collections.abc import Collection
from types import TracebackType
from typing import Final, Self, TypeAlias

from app.ports import Batch, Store

DELIVERIES_AT_ONCE: Final = 500
"""So that one transaction stays short, whatever has piled up: a fifth of a second then. At 200
a seventh less is worked off in all, since each commit has a price of its own."""
SHARED_AT_ONCE: Final = 300
"""Where replicas share the work: who takes more still has to do when the others are done."""

Key: TypeAlias = int | str
"""By what something is looked up: an orchestration, a marker, or a workflow run."""
_WIDE: Final = ("interests", "shared", "repositories", "definitions", "forget_repositories")
"""Parts of a batch that may change what any delivery means, and for whom."""


def at_once(store: Store) -> int:
    """Return how many deliveries are worked off together."""
    return SHARED_AT_ONCE if store.is_shared else DELIVERIES_AT_ONCE


class Flights:
    """Knows what is being written."""

    def __init__(self) -> None:
        self._of: set[Flight] = set()

    def depart(self, batch: Batch) -> "Flight":
        """Have a batch in the air from now on, until the flight is left, however that ends."""
        flight = Flight(batch, self._of)
        self._of.add(flight)
        return flight

    async def land(self, keys: Collection[Key] | None = None) -> None:
        """Wait until none of these is in the air, or nothing at all."""
        for flight in list(self._of):
            if keys is None or not flight.keys.isdisjoint(keys):
                await flight.landed.wait()

    async def land_before(self, keys: Collection[Key]) -> None:
        """Wait for all after which deliveries that say something of these may mean another."""
        for flight in list(self._of):
            if flight.is_wide or not flight.keys.isdisjoint(keys):
                await flight.landed.wait()


class Flight:
    """One batch on its way to the disk."""

    def __init__(self, batch: Batch, others: "set[Flight]") -> None:
        self.is_wide = any(getattr(batch, part) for part in _WIDE)
        self.keys: frozenset[Key] = frozenset(
            {
                *(saved.state.id for saved in batch.states),
                *dict(batch.seen),
                *(each.marker for each in batch.dispatched),
                *(each.workflow_run_id or 0 for each in batch.dispatched),
            }
        )
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
