"""The only caller of `decide`, and the only writer of state.

Whatever comes in, deliveries and outcomes of commands, is worked off in batches: load what is
concerned, decide event by event, and save events, states and commands in one transaction.
What orchestrations, locks, calendars and schedules tell each other is part of the same
transaction (`work`). Nothing is decided here: what a delivery means is `routing`'s, what
follows from an event is `decide`'s.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Final

import structlog

from app.core.chores import ListInstallations
from app.core.events import Event
from app.core.hearing.findings import PolicyProposed, RequestsJudged
from app.core.values import OrchestrationId
from app.engine.doors import Doors
from app.engine.flights import Flights, Turn, at_once
from app.engine.foreseeing import foresee_policy
from app.engine.intake import Intake, Read, told
from app.engine.letters import ToShared
from app.engine.library import Library
from app.engine.loading import Together
from app.engine.opening import keys_of
from app.engine.presence import follow_presence
from app.engine.rows import chore
from app.engine.upkeep import upkeep_of, upkeep_of_all
from app.engine.work import Work
from app.ports import (
    Batch,
    Carried,
    ClaimedCommand,
    Clock,
    Conflict,
    Delivery,
    DeliveryDone,
    DeliveryStatus,
    Hand,
    Saved,
    Store,
    StoreUnavailable,
)
from app.ports.metering import UNMETERED, Meter

CONFLICTS_MAX: Final = 10
"""Another writer may get ahead of us, but hardly ten times in a row."""
LEASE: Final = timedelta(seconds=10)
"""Whoever carries a command renews it; where nobody does another replica takes over."""
POLL: Final = 1.0
"""Seconds after which we look for deliveries that another process has saved."""
TOLD_MAX: Final = 10  # orchestrations in a line of the log
log = structlog.get_logger(__name__)


class Engine:
    """Works off what came in. One per process."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        read: Read,
        owner: str,
        lease: timedelta = LEASE,
        meter: Meter = UNMETERED,
    ) -> None:
        self._meter = meter
        self._store = store
        self._clock = clock
        self._owner = owner
        self._lease = lease
        self._library = Library()
        self._doors = Doors(store, self._library)
        self._intake = Intake(
            store=store, clock=clock, read=read, library=self._library, doors=self._doors
        )
        self._together = Together(self._load)
        self._taking, self._thinking = asyncio.Lock(), asyncio.Lock()
        self._turn = partial(Turn, self._thinking)
        self._flights = Flights()
        self._woken = asyncio.Event()
        self._hand: Hand | None = None
        self._tell_end: Callable[[OrchestrationId], None] = lambda _id: None
        self._is_outdated = False

    def hand_to(self, hand: Hand) -> None:
        """Let commands that are due at once be handed over as soon as they are saved."""
        self._hand = hand

    def tell_ends_to(self, tell: Callable[[OrchestrationId], None]) -> None:
        """Let somebody know of each orchestration that has ended, once that is saved."""
        self._tell_end = tell

    def wake(self) -> None:
        """Say that there may be something to work off."""
        self._woken.set()

    def outdate(self) -> None:
        """Say that another replica has read repositories or definitions anew."""
        self._is_outdated = True
        self._woken.set()

    def knows_repository(self, repository_id: int) -> bool:
        """Tell whether an installation covers a repository."""
        return repository_id in self._library.catalogue.repositories

    @property
    def library(self) -> Library:
        """The repositories and definitions that are known."""
        return self._library

    async def open(self) -> None:
        """Take up where an earlier life stopped, and ask for everything to be read anew."""
        await self._store.take_back(owner=self._owner, now=self._clock.now())
        self._library.load(await self._store.catalogue())
        now = self._clock.now()
        await self._store.commit(Batch(commands=[chore(ListInstallations(), "app", now)]))
        async with self._turn() as turn:
            await self._keep_up(turn, await upkeep_of_all(self._library, self._store, now))

    async def run(self) -> None:
        """Work off deliveries until cancelled."""
        self._woken.set()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._work_off(POLL))
            # One reads and decides while what the other has decided is written.
            group.create_task(self._work_off(None))

    async def _work_off(self, poll: float | None) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(poll):
                    while not self._woken.is_set():
                        await self._woken.wait()
            self._woken.clear()
            try:
                await self.take()
            except StoreUnavailable as error:
                # Nothing is lost: what came in is on disk, and stays new until it is done.
                log.warning("deliveries wait for the database", error=str(error))
                await asyncio.sleep(POLL)
                self._woken.set()

    async def take(self) -> int:
        """Work off one batch of new deliveries. Return how many there were."""
        limit = at_once(self._store)
        async with Turn(self._taking) as taking, self._turn() as turn:
            for _ in range(CONFLICTS_MAX):
                await taking.take()
                count, is_done = await self._take_batch(turn, taking, limit)
                if is_done:
                    return count
                # Fewer are less often in another replica's way, and sooner done anew.
                limit = max(1, count // 2)
            return limit

    async def _take_batch(self, turn: Turn, taking: Turn, limit: int) -> tuple[int, bool]:
        """Take deliveries together; where that fails, each alone, so that one fails.

        Return how many there were, and false if another writer got ahead: then they are as
        new as before, and may well be somebody else's to work off.
        """
        await turn.take()
        await self._learn()
        turn.pass_on()
        async with self._store.hold_deliveries(limit) as deliveries:
            if not deliveries:
                return 0, True
            # There may be more, or be more by then.
            self._woken.set()
            try:
                return len(deliveries), await self._take_in(turn, taking, deliveries)
            except StoreUnavailable:
                raise
            # Whatever one delivery leads to, it must not keep the others from being heard.
            except Exception as error:
                if len(deliveries) == 1:
                    await self._set_aside(deliveries[0], error)
                    return 1, True
        # Given back first: held together, they would be free once the first of them is saved.
        for _ in deliveries:
            await self._take_batch(turn, taking, 1)
        return len(deliveries), True

    async def _take_in(self, turn: Turn, taking: Turn, deliveries: Sequence[Delivery]) -> bool:
        opened = await self._intake.open(deliveries)

        async def apply(work: Work) -> None:
            # Some of what came of commands may just be written, and change what it means.
            await self._flights.land_before(keys_of(opened))
            await self._intake.apply(opened, work)

        batch = await self._save(turn, apply, taking)
        if batch is None:
            return False
        self._count(deliveries, batch)
        await self._keep_up(turn, await self._upkeep(batch))
        return True

    async def _set_aside(self, delivery: Delivery, error: Exception) -> None:
        about = {"delivery": delivery.id, "event_name": delivery.event}
        log.error("delivery set aside", **about, exc_info=error)
        note = told(error)
        failed = DeliveryDone(id=delivery.id, status=DeliveryStatus.FAILED, note=note)
        batch = Batch(deliveries=[failed])
        await self._store.commit(batch)
        self._count([delivery], batch)

    def _count(self, deliveries: Sequence[Delivery], batch: Batch) -> None:
        now = self._clock.now()
        ended = {done.id: str(done.status) for done in batch.deliveries}
        for each in deliveries:
            lag = (now - each.received_at).total_seconds()
            self._meter.worked_off(each.event, ended.get(each.id, ""), lag)

    async def settle(
        self,
        results: Sequence[tuple[ClaimedCommand, Carried]],
        failed: Sequence[tuple[int, str]],
    ) -> None:
        """Tick commands off, and work off what came of them, in one transaction."""
        async with self._turn() as turn:
            await self._settle(turn, results, failed)
        if any(carried.findings for _, carried in results):
            self.wake()

    async def _settle(
        self,
        turn: Turn,
        results: Sequence[tuple[ClaimedCommand, Carried]],
        failed: Sequence[tuple[int, str]],
    ) -> None:
        async def note(work: Work) -> None:
            work.batch.commands_failed.extend(failed)
            if any(carried.findings for _, carried in results):
                await self._flights.land()
            for claimed, carried in results:
                await self._note(claimed, carried, work)

        try:
            for _ in range(CONFLICTS_MAX):
                batch = await self._save(turn, note)
                if batch is not None:
                    await self._keep_up(turn, await self._upkeep(batch))
                    break
                if len(results) > 1:
                    # Fewer are less often in another replica's way, and sooner done anew.
                    half = len(results) // 2
                    await self._settle(turn, results[:half], failed)
                    await self._settle(turn, results[half:], ())
                    break
        except StoreUnavailable:
            raise
        # What one command led to must not keep the others from being settled.
        except Exception as error:
            if not results:
                raise
            if len(results) > 1:
                await self._settle(turn, (), failed)
                for each in results:
                    await self._settle(turn, [each], ())
                return
            [(claimed, _)] = results
            about = {"key": claimed.command.key, "subject": claimed.subject}
            log.error("command set aside", **about, exc_info=error)
            aside = [*failed, (claimed.id, told(error))]
            await self._store.commit(Batch(commands_failed=aside))

    async def _note(self, claimed: ClaimedCommand, carried: Carried, work: Work) -> None:
        work.batch.commands_done.append(claimed.id)
        for event in carried.events:
            work.outcome(claimed.subject, event)
        for finding in carried.findings:
            if isinstance(finding, RequestsJudged):
                await self._doors.take(finding, work)
            if isinstance(finding, PolicyProposed):
                await foresee_policy(finding, self._library, self._store, work)
            self._library.note(finding, work.batch, self._clock.now())

    async def tell(self, subject: str, event: Event) -> None:
        """Let an orchestration know of something while its command goes on.

        Should it not be saved, it is told again at the next try.
        """

        async def bring(work: Work) -> None:
            work.outcome(subject, event)

        async with self._turn() as turn:
            await self._save(turn, bring)

    async def load(self, subject: str) -> Saved | None:
        """Return an orchestration as it is now, or `None` if there is none of that id."""
        id_ = OrchestrationId(subject)
        return self._store.remembered(id_) or await self._together.one(id_)

    async def _learn(self) -> None:
        """Take over what other replicas have read, before anything is decided by it."""
        if not self._is_outdated:
            return
        # Before we read: what is told while we do may not be in it.
        self._is_outdated = False
        try:
            self._library.load(await self._store.catalogue())
        except StoreUnavailable:
            self._is_outdated = True
            raise

    def _work(self) -> Work:
        return Work(
            now=self._clock.now(), owner=self._owner, lease=self._lease, library=self._library
        )

    async def _upkeep(self, batch: Batch) -> list[ToShared]:
        return await upkeep_of(batch, self._library, self._store, self._clock.now())

    async def _keep_up(self, turn: Turn, letters: Sequence[ToShared]) -> None:
        """Tell calendars and schedules what was read. Should we die first, `open` does it."""
        if not letters:
            return

        async def bring(work: Work) -> None:
            for letter in letters:
                work.tell(letter.subject, letter.event)

        for _ in range(CONFLICTS_MAX):
            if await self._save(turn, bring) is not None:
                return
        log.error("calendars and schedules not reviewed", count=len(letters))

    async def _save(
        self, turn: Turn, bring: Callable[[Work], Awaitable[None]], *others: Turn
    ) -> Batch | None:
        """Decide on what is brought, and save all: one decides while another is written.

        Return nothing if another writer got ahead: then all is done anew.
        """
        await turn.take()
        await self._learn()
        work = self._work()
        await bring(work)
        if work.batch.repositories or work.batch.forget_repositories:
            await self._flights.land()  # whoever is there, or gone, may just be written
        back = await follow_presence(work, self._library, self._store)
        await work.carry(self._load_landed, self._store, self._flights)
        with self._flights.depart(work.batch):
            for each in (turn, *others):
                each.pass_on()
            return await self._write(work, back)

    async def _write(self, work: Work, back: Collection[OrchestrationId]) -> Batch | None:
        try:
            claimed = await self._store.commit(work.batch)
        except Conflict:
            ids = [saved.state.id for saved in work.batch.states]
            log.info("conflict", count=len(ids), orchestrations=ids[:TOLD_MAX])
            # Somebody else may have read or listed what we do not know yet.
            self._is_outdated |= bool(work.batch.unread or work.batch.uncovered)
            return None
        self._library.apply(work.batch)
        self._meter.decided(len(work.batch.journal))
        for id_ in work.ended:
            self._tell_end(id_)
        if back:
            # What was put off meanwhile need not wait for its time.
            await self._store.hasten(back, due=self._clock.now())
        if claimed and self._hand is not None:
            self._hand(claimed, {it.state.id: it.state for it in work.batch.states})
        if work.batch.wake_workflow_runs or work.batch.wake_subjects or work.batch.arrivals:
            self.wake()
        return work.batch

    async def _load_landed(
        self, ids: Collection[OrchestrationId]
    ) -> dict[OrchestrationId, Saved]:
        await self._flights.land(ids)
        return await self._load(ids)

    async def _load(self, ids: Collection[OrchestrationId]) -> dict[OrchestrationId, Saved]:
        found = {
            each: saved for each in ids if (saved := self._store.remembered(each)) is not None
        }
        if missing := [each for each in ids if each not in found]:
            found.update(await self._store.load(missing))
        return found
