"""What went missing is found and brought back: as deliveries, or by asking for a chore again.

Each repair is a turn that one of the processes takes when it is due (`ports.keeping`). Missed
deliveries are found in GitHub's own list of them: every few minutes while something is missing,
rarely while all is well, and not at all while GitHub wants us to wait. Checks that say
something else than what is so are written anew. Installations are listed and definitions read
anew, which costs little: what has not changed is answered so, and not counted.

That a workflow run which has been silent is looked up is the core's business
(`core.legs.watching`): it is part of what an orchestration waits for.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from app.core.chores import ListInstallations
from app.core.commands import WriteCheck
from app.core.events import Surface
from app.core.state import Orchestration, Written
from app.core.summary import summarise_check
from app.ports import Batch, Clock, Delivery, Inbox, NewCommand, Store, StoreUnavailable
from app.ports.mending import DeliveryList, Listed, NotNow, NotThere

KIND: Final = "repair/"
DELIVERIES: Final = f"{KIND}deliveries"
CHECKS: Final = f"{KIND}checks"
CATALOGUE: Final = f"{KIND}catalogue"

POLL: Final = timedelta(seconds=5)
"""How often it is looked whether a turn is due: one small query."""
LEASE: Final = timedelta(minutes=3)
AFTER_START: Final = timedelta(seconds=10)
"""While we were away deliveries failed, and those that now come go first."""
SOON: Final = timedelta(minutes=2)
RARELY: Final = timedelta(minutes=30)
ABSENT: Final = timedelta(days=1)
"""A host that has no list of deliveries is asked again after an upgrade, perhaps."""
REACH: Final = timedelta(days=3)
"""How long GitHub keeps what it delivered.

https://docs.github.com/en/webhooks/testing-and-troubleshooting-webhooks/redelivering-webhooks
"""
OVERLAP: Final = timedelta(minutes=10)
"""A try may appear in the list later than one that was made after it."""
MENDED_AT_ONCE: Final = 500
READ_ANEW_EVERY: Final = timedelta(hours=6)
CHECKED_EVERY: Final = timedelta(hours=6)
CHECKED_FOR: Final = timedelta(days=3)
CHECKED_AT_ONCE: Final = 100
CHECKED_MAX: Final = 10_000
SWEEP: Final = 9

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """How far the list of deliveries has been looked through, and the pause that was made."""

    since: datetime
    pause: timedelta

    def note(self) -> str:
        """Write it for whoever takes the next turn."""
        pause = int(self.pause.total_seconds())
        return json.dumps({"since": self.since.isoformat(), "pause": pause})


def read_note(note: str, now: datetime) -> Seen:
    """Read what the last one left. What was before the very first turn is nobody's loss."""
    try:
        said = json.loads(note) if note else {}
        since = datetime.fromisoformat(said["since"]) if said else now
        seen = Seen(since=since, pause=timedelta(seconds=said.get("pause", 0)))
    except (ValueError, TypeError, KeyError):
        seen = Seen(since=now - REACH, pause=SOON)
    return Seen(since=max(seen.since, now - REACH), pause=seen.pause)


def missed(
    listed: Sequence[Listed], known: Collection[str], hears: Collection[str]
) -> list[Listed]:
    """Return one try of each delivery that we never said we have, the oldest first."""
    answered = {each.guid for each in listed if each.is_answered}
    found: dict[str, Listed] = {}
    for each in sorted(listed, key=lambda it: (it.at, it.id)):
        is_ours = each.event in hears and each.guid not in known
        if is_ours and each.guid not in answered:
            found.setdefault(each.guid, each)
    return list(found.values())


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
    ) -> None:
        self._store = store
        self._inbox = inbox
        self._deliveries = deliveries
        self._clock = clock
        self._hears = hears
        self._wake = wake
        self._is_suspected = False
        self._turns: dict[str, Callable[[str], Awaitable[tuple[datetime, str]]]] = {
            DELIVERIES: self._mend,
            CHECKS: self._right_checks,
            CATALOGUE: self._read_anew,
        }

    async def open(self) -> None:
        """Look soon for what was missed while we, or all, were away."""
        due = self._clock.now() + AFTER_START
        await self._store.hasten_turn(DELIVERIES, due=due)

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
        if self._is_suspected:
            await self.open()
            self._is_suspected = False
        taken = 0
        # To take a turn is to write: it is looked first whether there is one.
        known = await self._store.turns(KIND)
        now = self._clock.now()
        for name, repair in self._turns.items():
            if name in known and known[name].due > now:
                continue
            note = await self._store.take_turn(name, now=self._clock.now(), lease=LEASE)
            if note is None:
                continue
            taken += 1
            due, left = await repair(note)
            await self._store.end_turn(name, due=due, note=left)
        return taken

    # --------------------------------------------------------------------- deliveries

    async def _mend(self, note: str) -> tuple[datetime, str]:
        began = self._clock.now()
        seen = read_note(note, began)
        if not note:
            # From here on nothing is missed, even should we die at once.
            return began + SOON, Seen(since=began, pause=SOON).note()
        try:
            found, is_all = await self._take_missed(seen.since)
        except NotNow as error:
            log.info("deliveries not looked through", why=str(error))
            return error.until or began + SOON, seen.note()
        except NotThere as error:
            log.info("no list of deliveries", why=str(error))
            return began + ABSENT, seen.note()
        if not is_all:
            return began, Seen(since=seen.since, pause=SOON).note()
        is_well = found == 0
        pause = min(max(seen.pause * 2, SOON), RARELY) if is_well else SOON
        return began + pause, Seen(since=began - OVERLAP, pause=pause).note()

    async def _take_missed(self, since: datetime) -> tuple[int, bool]:
        """Take in what was missed; tell how much, and whether that was all."""
        listed = await self._deliveries.since(since)
        known = await self._store.known_deliveries({each.guid for each in listed})
        lost = missed(listed, known, self._hears)
        count = 0
        for each in lost[:MENDED_AT_ONCE]:
            body = await self._deliveries.body(each)
            about = {"delivery": each.guid, "event_name": each.event}
            if body is None:
                # It cannot be had any more, and asking again would not help.
                log.warning("missed delivery lost", **about)
                continue
            await self._inbox.take_in(
                Delivery(
                    id=each.guid,
                    event=each.event,
                    body=body,
                    received_at=self._clock.now(),
                )
            )
            log.info("missed delivery taken in", **about)
            self._wake()
            count += 1
        return count, len(lost) <= MENDED_AT_ONCE

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
