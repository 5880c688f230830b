"""Carries commands out, at least once each, and brings the outcomes back as events.

A command is leased, performed, and ticked off in the transaction that takes its outcome in.
A lease with more than one try says that an earlier try may have had its effect: whoever
performs then looks before it acts. Timers are commands to ourselves.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from time import perf_counter
from types import MappingProxyType
from typing import Final, TypeAlias

import structlog

from app.core.absence import pause, resume
from app.core.commands import (
    CancelWorkflowRun,
    Command,
    DispatchWorkflow,
    LookUpWorkflowRun,
    PerformOperation,
    RerunWorkflowRun,
    SetTimer,
)
from app.core.events import DispatchDelayed, DispatchRefused, TimerElapsed, WorkflowRunMissed
from app.core.legs.wanted import is_over, is_wanted, look_up_instead
from app.core.state import Orchestration
from app.core.values import OrchestrationId
from app.courier.giving_up import ONCE, Once, back_off, is_given_up, why_given_up
from app.ports import (
    Carried,
    ClaimedCommand,
    Clock,
    Decider,
    Errand,
    Outcome,
    Performer,
    Postponed,
    Store,
    StoreUnavailable,
)
from app.ports.metering import UNMETERED, Meter

LEASE: Final = timedelta(seconds=10)
"""Renewed every third of it while we carry; where nobody does another replica takes over."""
RENEWED_EVERY: Final = LEASE / 3
"""Of our own time, whatever the clock does: a hurried one gets longer leases."""
CLOSING: Final = timedelta(seconds=8)
"""What is under way may take so long to end when we are told to stop."""
TOLD_FROM: Final = timedelta(minutes=1)
"""What is put off for less is not worth a line."""
POLL: Final = timedelta(seconds=1)
SETTLED_AFTER: Final = timedelta(seconds=60)
"""How long GitHub may take to show a workflow run that it has accepted."""
SETTLED_AT_ONCE: Final = 500
"""As many as the engine works off in one transaction."""
STATE_KEPT: Final = timedelta(seconds=1)
"""So long a state that was saved beside a command counts as what is so now."""
ANSWER_KEPT: Final = SETTLED_AFTER / 2
"""That a lease holds was so when it was asked for, and is worth nothing much later."""

log = structlog.get_logger(__name__)
States: TypeAlias = Mapping[OrchestrationId, Orchestration]


class Courier:
    """Carries out what the engine has saved. One per process."""

    def __init__(
        self,
        *,
        store: Store,
        engine: Decider,
        performer: Performer,
        clock: Clock,
        owner: str,
        concurrency: int = 100,
        lease: timedelta = LEASE,
        meter: Meter = UNMETERED,
    ) -> None:
        self._store = store
        self._engine = engine
        self._performer = performer
        self._clock = clock
        self._owner = owner
        self._concurrency = concurrency
        self._meter = meter
        self._lease = lease
        self._opened_at = clock.now()
        self._woken = asyncio.Event()
        self._handed: list[ClaimedCommand] = []
        self._under_way: set[asyncio.Task[None]] = set()
        self._group: asyncio.TaskGroup | None = None
        self._held: dict[int, int] = {}  # the last try of each command that is carried
        self._looked_at: datetime | None = None
        self._is_closing = False
        self._done: asyncio.Queue[tuple[ClaimedCommand, Outcome]] = asyncio.Queue()
        engine.hand_to(self._take_over)

    def wake(self) -> None:
        """Say that a command may be due."""
        self._woken.set()

    def _take_over(self, claimed: Sequence[ClaimedCommand], states: States) -> None:
        if self._group is None or self._is_closing:
            self._handed.extend(claimed)
        else:
            self._begin(claimed, states)

    async def carry_due(self) -> int:
        """Carry all that is due now, and settle it. Return how many commands there were."""
        claimed = self._handed[:]
        self._handed.clear()
        claimed += await self._claim(self._concurrency)
        results = [(each, await self._carry(each)) for each in claimed]
        await self._settle(results)
        return len(results)

    async def run(self) -> None:
        """Carry commands until cancelled."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            try:
                group.create_task(self._settle_for_ever())
                group.create_task(self._renew_for_ever())
                await self._carry_for_ever()
            finally:
                self._group = None

    async def close(self, grace: timedelta = CLOSING) -> None:
        """Take up nothing more, and let what is under way come to its end.

        What has not by then is cancelled with `run`, and found by whoever takes it over.
        """
        self._is_closing = True
        self._woken.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(grace.total_seconds()):
                while self._under_way:
                    await asyncio.wait(set(self._under_way))
                await self._done.join()
        if self._under_way:
            log.warning("not ended in time", count=len(self._under_way))

    async def _carry_for_ever(self) -> None:
        self._begin(self._handed)
        self._handed = []
        while True:
            self._woken.clear()
            try:
                await self._carry_or_wait()
            except StoreUnavailable as error:
                # What is under way goes on: GitHub's answers come whatever our database does.
                log.warning("commands wait for the database", error=str(error))
                await asyncio.sleep(POLL.total_seconds())

    async def _carry_or_wait(self) -> None:
        due, now = await self._store.next_due(), self._clock.now()
        # To claim is to write, and every writer waits for the others. So it is done where
        # something is due, and now and then for leases of others that ran out.
        is_due = due is not None and due <= now
        is_time = is_due or self._looked_at is None or now - self._looked_at >= POLL
        free = 0 if self._is_closing else self._concurrency - len(self._under_way)
        if is_time and free > 0:
            claimed = await self._claim(free)
            self._looked_at = now
            self._begin(claimed)
            if claimed:
                return
        await self._wait(due)

    def _begin(
        self, claimed: Sequence[ClaimedCommand], states: States = MappingProxyType({})
    ) -> None:
        assert self._group is not None, "commands are begun while we run"
        now = self._clock.now()
        for each in claimed:
            self._held[each.id] = each.tries
            task = self._group.create_task(self._carry_and_pass_on(each, states, now))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def _wait(self, due: datetime | None) -> None:
        pause = POLL
        if due is not None:
            pause = min(max(due - self._clock.now(), timedelta(milliseconds=5)), POLL)
        with suppress(TimeoutError):
            async with asyncio.timeout(pause.total_seconds()):
                await self._woken.wait()

    async def _claim(self, limit: int) -> Sequence[ClaimedCommand]:
        return await self._store.claim(
            owner=self._owner, now=self._clock.now(), lease=self._lease, limit=limit
        )

    async def _carry_and_pass_on(
        self, claimed: ClaimedCommand, states: States, begun_at: datetime
    ) -> None:
        # What was saved with it a moment ago need not be asked for, if it was that: a process
        # may be frozen at any time.
        is_fresh = self._clock.now() - begun_at < STATE_KEPT
        saved = states.get(OrchestrationId(claimed.subject)) if is_fresh else None
        self._done.put_nowait((claimed, await self._carry(claimed, saved)))

    async def _settle_for_ever(self) -> None:
        """Settle outcomes together: those that come in during one commit share the next."""
        while True:
            results = [await self._done.get()]
            while not self._done.empty() and len(results) < SETTLED_AT_ONCE:
                results.append(self._done.get_nowait())
            try:
                await self._settle(results)
            except StoreUnavailable as error:
                # The leases run out, and each command is carried again, looking first.
                log.warning("outcomes not saved", count=len(results), error=str(error))
            for claimed, _ in results:
                # Not where we have claimed it anew since: that try goes on.
                if self._held.get(claimed.id) == claimed.tries:
                    del self._held[claimed.id]
                self._done.task_done()
            self._woken.set()

    async def _renew_for_ever(self) -> None:
        """Keep what we carry from being taken over while we live."""
        while True:
            await asyncio.sleep(RENEWED_EVERY.total_seconds())
            if not self._held:
                continue
            try:
                await self._store.renew(
                    sorted(self._held),
                    owner=self._owner,
                    now=self._clock.now(),
                    lease=self._lease,
                )
            except StoreUnavailable as error:
                log.warning("leases not renewed", count=len(self._held), error=str(error))

    async def _is_held(self, claimed: ClaimedCommand) -> bool:
        """Tell whether a command is still ours: nobody has taken it over, nor may do so now."""
        asked_at = self._clock.now()
        try:
            is_held = await self._store.holds(
                claimed.id, owner=self._owner, tries=claimed.tries, now=asked_at
            )
        except StoreUnavailable:
            return False
        return is_held and self._clock.now() - asked_at < ANSWER_KEPT

    async def _carry(
        self, claimed: ClaimedCommand, state: Orchestration | None = None
    ) -> Outcome:
        """Carry a command with its ids at hand for whatever is logged meanwhile."""
        command, began = claimed.command, perf_counter()
        attempt = getattr(command, "attempt", None)
        about = {"subject": claimed.subject, "command": command.key}
        if attempt is not None:
            about["attempt"] = str(attempt)
        ids = structlog.contextvars.bind_contextvars(**about)
        try:
            outcome = await self._perform(claimed, state)
        finally:
            structlog.contextvars.reset_contextvars(**ids)
        word = "done" if isinstance(outcome, Carried) else "postponed"
        self._meter.carried(type(command).__name__, word, perf_counter() - began)
        return outcome

    async def _perform(self, claimed: ClaimedCommand, state: Orchestration | None) -> Outcome:
        command = claimed.command
        if isinstance(command, SetTimer):
            # Should the clock have been set back meanwhile, the moment has come all the same.
            now = max(self._clock.now(), command.due)
            return Carried(events=(TimerElapsed(at=now, task=command.task),))
        try:
            if state is None:
                saved = await self._engine.load(claimed.subject)
                state = saved.state if saved else None
            errand = Errand(
                state=state,
                tries=claimed.tries,
                first_tried_at=claimed.first_tried_at,
                held_until=claimed.held_until,
                is_held=partial(self._is_held, claimed),
            )
            outcome = await self._carry_out(command, state, errand)
            if isinstance(outcome, Carried) and state is not None and errand.tries > 1:
                back = resume(state, command, self._clock.now())
                outcome = replace(outcome, events=(*outcome.events, *back))
            return outcome
        # A fault of ours in one command must not stop the others.
        except Exception as error:
            log.error(
                "command failed", key=command.key, subject=claimed.subject, exc_info=error
            )
            return Postponed(why=f"{type(error).__name__}: {error}")

    async def _carry_out(
        self, command: Command, state: Orchestration | None, errand: Errand
    ) -> Outcome:
        match command:
            case DispatchWorkflow() if state is not None:
                return await self._dispatch(command, state, errand)
            case RerunWorkflowRun() | PerformOperation() if state is not None:
                # What an earlier try may have done, whoever performs finds again.
                if errand.tries == 1 and not is_wanted(state, command):
                    return self._withdraw(command)
            case CancelWorkflowRun() | LookUpWorkflowRun() if state is not None:
                if is_over(state, command):
                    return Carried()
        return await self._performer.perform(command, errand)

    async def _dispatch(
        self, command: DispatchWorkflow, state: Orchestration, errand: Errand
    ) -> Outcome:
        if is_wanted(state, command):
            return await self._performer.perform(command, errand)
        instead = look_up_instead(state, command) if errand.tries > 1 else None
        if instead is not None:
            # A look shows what was so when it began, however long it took.
            looked_at = self._clock.now()
            outcome = await self._performer.perform(instead, errand)
            if not isinstance(outcome, Carried):
                return outcome
            if not any(isinstance(event, WorkflowRunMissed) for event in outcome.events):
                return outcome
            # An earlier life may have dispatched a moment ago, and GitHub not show it yet.
            last = errand.held_until or errand.first_tried_at
            settled_at = max(last, errand.first_tried_at, self._opened_at) + SETTLED_AFTER
            if looked_at < settled_at:
                why = "it is not yet known whether an earlier try started the workflow"
                return Postponed(why=why, until=settled_at)
        return self._withdraw(command)

    def _withdraw(self, command: Once) -> Carried:
        why = "it was no longer wanted when it was about to be done"
        return self._refuse(command, "withdrawn", why)

    def _refuse(self, command: Once, code: str, why: str) -> Carried:
        refused = DispatchRefused(
            at=self._clock.now(), attempt=command.attempt, code=code, message=why
        )
        return Carried(events=(refused,))

    async def _settle(self, results: Sequence[tuple[ClaimedCommand, Outcome]]) -> None:
        carried: list[tuple[ClaimedCommand, Carried]] = []
        failed: list[tuple[int, str]] = []
        for claimed, outcome in results:
            said = {"subject": claimed.subject, "command": claimed.command.key}
            if isinstance(outcome, Carried):
                carried.append((claimed, outcome))
            elif outcome.is_untried or not is_given_up(claimed, self._clock.now()):
                due = outcome.until or self._clock.now() + back_off(claimed.tries)
                log.info("put off", **said, until=due.isoformat(), why=outcome.why)
                await self._store.postpone(
                    claimed.id,
                    due=due,
                    why=outcome.why,
                    owner=self._owner,
                    tries=claimed.tries,
                )
                await self._tell_delay(claimed, outcome)
            elif isinstance(claimed.command, ONCE):
                why = why_given_up(claimed.command, outcome)
                refused = self._refuse(claimed.command, "could-not-dispatch", why)
                carried.append((claimed, refused))
            else:
                log.warning("given up", **said, why=outcome.why)
                failed.append((claimed.id, outcome.why))
                self._meter.carried(type(claimed.command).__name__, "given up", 0.0)
        if carried or failed:
            await self._engine.settle(carried, failed)

    async def _tell_delay(self, claimed: ClaimedCommand, outcome: Postponed) -> None:
        """Let people see what GitHub puts off for longer than a moment."""
        command, now, until = claimed.command, self._clock.now(), outcome.until
        paused = pause(command, outcome.pauses, now) if outcome.pauses else None
        if paused is not None:
            await self._engine.tell(claimed.subject, paused)
            return
        if not outcome.is_untried or until is None or until < now + TOLD_FROM:
            return
        if isinstance(command, ONCE):
            delayed = DispatchDelayed(
                at=now, attempt=command.attempt, until=until, message=outcome.why
            )
            await self._engine.tell(claimed.subject, delayed)
