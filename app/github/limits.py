"""What one process was told of rate limits, the others heed, too.

How much is left each learns from the answers that it gets; that GitHub wants us to wait is
worth telling, since asking again makes it longer.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from app.github.budget import Budget
from app.ports import Clock, Store, StoreUnavailable

KIND: Final = "limit/"
SHARED_EVERY: Final = timedelta(seconds=2)
_APP: Final = "app"


class SharedLimits:
    """Tells others until when to wait, and takes over what they tell. One per process."""

    def __init__(self, *, budget: Budget, store: Store, clock: Clock) -> None:
        self._budget = budget
        self._store = store
        self._clock = clock

    async def run(self) -> None:
        """Share until cancelled."""
        while True:
            # While the database is away each process heeds what it was told itself.
            with suppress(StoreUnavailable):
                await self.share()
            await asyncio.sleep(SHARED_EVERY.total_seconds())

    async def share(self) -> None:
        """Tell what we know and others may not; take over what others know and we may not."""
        turns = await self._store.turns(KIND)
        theirs = {name: (turn.due, turn.note) for name, turn in turns.items()}
        ours = {_name(id_): said for id_, said in self._budget.closures().items()}
        await self._tell(ours, theirs)
        now = self._clock.now()
        for name, (until, kind) in theirs.items():
            if now < until:
                self._budget.close(_installation(name), until, kind)

    async def _tell(
        self,
        ours: Mapping[str, tuple[datetime, str]],
        theirs: Mapping[str, tuple[datetime, str]],
    ) -> None:
        for name, (until, kind) in ours.items():
            known = theirs.get(name)
            if known is None or until > known[0]:
                await self._store.end_turn(name, due=until, note=kind)


def _name(installation_id: int | None) -> str:
    return f"{KIND}{_APP if installation_id is None else installation_id}"


def _installation(name: str) -> int | None:
    said = name.removeprefix(KIND)
    return None if said == _APP else int(said)
