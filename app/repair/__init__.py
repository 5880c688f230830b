"""What went missing is found and brought back: as deliveries, or by asking for a chore again.

Each repair is a turn that one of the processes takes when it is due (`ports.keeping`). Missed
deliveries are found in GitHub's own list of them: every few minutes while something is missing,
rarely while all is well, and not at all while GitHub wants us to wait. Checks that say
something else than what is so are written anew. Installations are listed and definitions read
anew, which costs little: what has not changed is answered so, and not counted. What is old is
dropped once the list shows that GitHub will not deliver it again (`sweeping`).

That a workflow run which has been silent is looked up is the core's business
(`core.legs.watching`): it is part of what an orchestration waits for.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime, timedelta
from typing import Final

import structlog

from app.core.chores import ListInstallations
from app.core.commands import WriteCheck
from app.core.events import Surface
from app.core.state import Orchestration, Written
from app.core.summary import summarise_check
from app.ports import Batch, Clock, Inbox, NewCommand, Store, StoreUnavailable
from app.ports.mending import DeliveryList
from app.repair.missed import DELIVERIES, KIND, SOON, Mender, Seen
from app.repair.sweeping import OLD, Ages, Sweeper

CHECKS: Final = f"{KIND}checks"
CATALOGUE: Final = f"{KIND}catalogue"

POLL: Final = timedelta(seconds=5)
"""How often it is looked whether a turn is due: one small query."""
LEASE: Final = timedelta(minutes=3)
AFTER_START: Final = timedelta(seconds=10)
"""While we were away deliveries failed, and those that now come go first."""
READ_ANEW_EVERY: Final = timedelta(hours=6)
CHECKED_EVERY: Final = timedelta(hours=6)
CHECKED_FOR: Final = timedelta(days=3)
CHECKED_AT_ONCE: Final = 100
CHECKED_MAX: Final = 10_000
SWEEP: Final = 9

log = structlog.get_logger(__name__)


class Repair:
    """Takes the turns of repair. One per process; of all processes one at a time repairs."""

    def __init__(
        self,
        *,
        store: Store,
        inbox: Inbox,
        deliveries: DeliveryList,
        clock: Clock,
        hears: Collection[str],
        wake: Callable[[], None],
        ages: Ages,
    ) -> None:
        self._store = store
        self._clock = clock
        self._is_suspected = False
        mender = Mender(
            store=store,
            inbox=inbox,
            deliveries=deliveries,
            clock=clock,
            hears=hears,
            wake=wake,
            reach=ages.again,
        )
        self._turns: dict[str, Callable[[str], Awaitable[tuple[datetime, str]]]] = {
            DELIVERIES: mender.mend,
            CHECKS: self._right_checks,
            CATALOGUE: self._read_anew,
            # The last: whatever goes wrong with it, the others have had their turn.
            OLD: Sweeper(store=store, clock=clock, ages=ages).sweep,
        }

    async def open(self) -> None:
        """Look soon for what was missed while we, or all, were away.

        What was before the very first time is nobody's loss; from then on nothing is missed,
        even should we die at once.
        """
        now = self._clock.now()
        first = Seen(since=now, pause=SOON).note()
        await self._store.open_turn(DELIVERIES, due=now + SOON, note=first, now=now)
        await self._store.hasten_turn(DELIVERIES, due=now + AFTER_START, now=now)

    def suspect(self) -> None:
        """Say that a delivery could not be taken in: it will be missed soon."""
        self._is_suspected = True

    async def run(self) -> None:
        """Repair until cancelled."""
        self.suspect()
        while True:
            try:
                await self.look()
            except StoreUnavailable as error:
                # The others say so louder; the turn is taken up when its lease has run out.
                log.info("not repaired", why=str(error))
            await asyncio.sleep(POLL.total_seconds())

    async def look(self) -> int:
        """Take the turns that are due. Return how many there were."""
        # To take a turn is to write: it is looked first whether there is one.
        known = await self._store.turns(KIND)
        if self._is_suspected or DELIVERIES not in known:
            await self.open()
            self._is_suspected = False
            known = await self._store.turns(KIND)
        taken = 0
        now = self._clock.now()
        for name, repair in self._turns.items():
            if name in known and known[name].due > now:
                continue
            note = await self._store.take_turn(name, now=self._clock.now(), lease=LEASE)
            if note is None:
                continue
            taken += 1
            due, left = await repair(note)
            await self._store.end_turn(name, due=due, note=left, now=self._clock.now())
        return taken

    # ------------------------------------------------------------------------- checks

    async def _right_checks(self, _note: str) -> tuple[datetime, str]:
        """Have checks written that do not say what became of their orchestrations.

        While one is under way each change of it writes the check, so that this is about those
        that have ended lately: GitHub may have refused the last writing for the time being.
        """
        now = self._clock.now()
        rows = await self._store.orchestrations(limit=CHECKED_MAX)
        ended = [
            row.id
            for row in rows
            if row.ended_at is not None and row.ended_at >= now - CHECKED_FOR
        ]
        for start in range(0, len(ended), CHECKED_AT_ONCE):
            some = await self._store.load(ended[start : start + CHECKED_AT_ONCE])
            batch = Batch(
                commands=[
                    NewCommand(subject=id_, command=WriteCheck(), due=now, priority=SWEEP)
                    for id_, saved in some.items()
                    if is_check_stuck(saved.state)
                ]
            )
            if batch.commands:
                log.info("checks are written anew", count=len(batch.commands))
                await self._store.commit(batch)
        return now + CHECKED_EVERY, ""

    # ---------------------------------------------------------------------- catalogue

    async def _read_anew(self, note: str) -> tuple[datetime, str]:
        """Have installations listed and definitions read, unless the start has just done so."""
        now = self._clock.now()
        if note:
            command = ListInstallations()
            row = NewCommand(subject="app", command=command, due=now, priority=SWEEP)
            await self._store.commit(Batch(commands=[row]))
        return now + READ_ANEW_EVERY, "read"


def is_check_stuck(state: Orchestration) -> bool:
    """Tell whether a check says something else than what became of the orchestration."""
    if not state.has_ended or not state.plan.cause.sha:
        return False
    written = state.surfaces.get(Surface.CHECK, Written())
    return written.digest != summarise_check(state).digest
