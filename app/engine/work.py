"""One batch in the making: everything that is heard, and everything it leads to.

Orchestrations, locks, calendars and schedules tell each other things by letters. They are
read in rounds, each round's after all that they concern is loaded, until there is none left.
So a place that is given back, the one that is given out for it, and the dispatch that it lets
begin are saved together, or none of them is.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, assert_never

from app.core.absence import Absence
from app.core.audit import Chain
from app.core.calendar_state import CalendarLeft
from app.core.chores import Chore
from app.core.commands import (
    DispatchWorkflow,
    FindVotes,
    MakeReport,
    Message,
    OrchestrationCommand,
    StartChild,
    TellEnd,
    TellQueue,
)
from app.core.decide import decide
from app.core.doorways.aiming import votes_at
from app.core.events import (
    DispatchAccepted,
    Event,
    GitHubEventHeard,
    OrchestrationRequested,
    SeatGranted,
    WorkflowRunObserved,
)
from app.core.gate_events import QueueMoved
from app.core.interests import Interest, concerns, searched, waiting
from app.core.legs.carrying import find_votes
from app.core.listening import change_of_interests
from app.core.locks import AllSeatsLeft, SeatLeft
from app.core.plan import Plan
from app.core.shared import LOCK, awaited_by_runs, is_shared, lock_subject
from app.core.state import Orchestration, Vote, new_orchestration
from app.core.values import OrchestrationId
from app.engine.commons import Commons
from app.engine.flights import Flights
from app.engine.letters import (
    Begin,
    Letter,
    Overheard,
    Released,
    SharedEvent,
    ToEngine,
    ToGates,
    ToNewcomers,
    ToOrchestration,
    ToShared,
    letter_of,
)
from app.engine.library import Library
from app.engine.needs import Load, needs_of, place_of
from app.engine.newcomers import Newcomers
from app.engine.relations import (
    answer_parent,
    asked_before,
    make_report,
    newly_known,
    start_child,
    tell_end,
)
from app.engine.rows import chore, row_of, subject_of
from app.ports import Batch, Correlation, Dispatched, JournalEntry, Saved, Store

ROUNDS_MAX: Final = 100_000
"""Rounds of letters in one batch. A queue of ten thousand, each of which gets its place and
is done at once, takes a few rounds for each."""


class Work:
    """Collects what one transaction is to save."""

    def __init__(
        self, *, now: datetime, owner: str, lease: timedelta, library: Library
    ) -> None:
        self.now = now
        self.batch = Batch()
        self.absences: dict[int, Absence] = {}
        self.ended: list[OrchestrationId] = []
        self.pushed: set[int] = set()
        self._owner = owner
        self._lease_until = now + lease
        self._library = library
        self._letters: list[Letter] = []
        self._loaded: dict[OrchestrationId, Saved | None] = {}
        self._states: dict[OrchestrationId, Orchestration] = {}
        self._numbers: dict[tuple[int, str], int] = {}
        self._joinable: dict[Correlation, OrchestrationId | None] = {}
        self._told: set[tuple[OrchestrationId, str]] = set()
        self._newcomers = Newcomers()
        self._listeners: dict[Interest, set[OrchestrationId]] = {}
        self._shares: dict[OrchestrationId, set[str]] = {}
        self._journals: dict[OrchestrationId, list[JournalEntry]] = {}
        self._chains: dict[OrchestrationId, Chain] = {}
        self._commons = Commons(now=now, batch=self.batch, calendar_of=library.calendar)

    # ------------------------------------------------------------------ what is brought in

    def add(self, subject: str, event: Event) -> None:
        """Let an orchestration take an event in."""
        self._letters.append(ToOrchestration(id=OrchestrationId(subject), event=event))

    def tell(self, subject: str, event: SharedEvent) -> None:
        """Let a lock, a calendar or a schedule take an event in."""
        self._letters.append(ToShared(subject=subject, event=event))

    def outcome(self, subject: str, event: Event) -> None:
        """Take in what came of a command: of an orchestration, or of something shared."""
        if is_shared(subject):
            self.tell(subject, self._commons.elapsed(subject, event.at))
        else:
            self.add(subject, event)

    def begin(self, plan: Plan, by: str, *, name: str, delivery_id: str) -> None:
        """Begin an orchestration, unless it was begun already or another takes its place."""
        self._letters.append(Begin(plan=plan, by=by, name=name, delivery_id=delivery_id))

    def overhear(
        self, heard: Overheard, ids: Iterable[OrchestrationId], topics: Collection[Interest]
    ) -> None:
        """Let these live orchestrations hear of a delivery, and newcomers, as they listen."""
        self._letters.extend(replace(heard, id=each) for each in ids)
        self.tell_newcomers(topics, heard.delivery_id, heard)

    def vote(self, id_: OrchestrationId, vote: Vote) -> None:
        """Let a vote be heard at every gate of an orchestration that takes it."""
        self._letters.append(ToGates(id=id_, vote=vote))

    def tell_newcomers(
        self, topics: Collection[Interest], delivery: str, what: Event | Vote | Overheard
    ) -> None:
        """Tell whoever listens to any of these since an earlier delivery of this batch."""
        about = frozenset(topics)
        self._letters.append(ToNewcomers(topics=about, delivery_id=delivery, what=what))

    def ask(self, chores: Iterable[Chore]) -> None:
        """Ask for chores."""
        for each in chores:
            self.batch.commands.append(chore(each, subject_of(each), self.now))

    # ------------------------------------------------------------------------- the mailbox

    async def carry(self, load: Load, store: Store, flights: Flights) -> None:
        """Read every letter, and those that they lead to; put what follows into the batch."""
        for _ in range(ROUNDS_MAX):
            if not self._letters:
                self._close()
                return
            letters, self._letters = self._letters, []
            await self._fetch(letters, load, store, flights)
            for letter in letters:
                self._read(letter)
        raise AssertionError("the letters of a batch go round for ever")

    async def _fetch(
        self, letters: Collection[Letter], load: Load, store: Store, flights: Flights
    ) -> None:
        """Load whatever these letters concern and is not at hand."""
        needs = needs_of(letters, self._state)
        if needs.are_wide:
            await flights.land()
        for topic, id_ in await store.interested(needs.topics) if needs.topics else ():
            self._listeners.setdefault(topic, set()).add(id_)
            needs.orchestrations.add(id_)
        # Before it is looked whether there is one to join: should another replica begin one in
        # between, both would have the same number, and ours is a conflict.
        if missing := needs.places - self._numbers.keys():
            last = await store.last_numbers(missing)
            self._numbers.update({place: last.get(place, 0) for place in missing})
        if new := needs.keys - self._joinable.keys():
            live = await store.correlated(new)
            self._joinable.update({key: live.get(key) for key in new})
            needs.orchestrations.update(live.values())
        if unknown := [each for each in needs.orchestrations if each not in self._loaded]:
            found = await load(unknown)
            self._loaded.update({each: found.get(each) for each in unknown})
        if needs.released:
            for key, subject in await store.memberships(needs.released):
                self._shares.setdefault(key, set()).add(subject)
                needs.subjects.add(subject)
        for key in needs.reporting:
            self._journals[key] = list(await store.journal(key))
            self._chains[key] = await store.chain(key)
        await self._commons.fetch(needs.subjects, store)

    def _read(self, letter: Letter) -> None:
        match letter:
            case ToOrchestration():
                self._take(letter.id, letter.event)
            case Overheard():
                self._overhear(letter.id, letter)
            case Begin():
                self._begin(letter)
            case ToGates():
                self._vote(letter.id, letter.vote)
            case ToNewcomers():
                self._tell_newcomers(letter)
            case ToShared():
                self._letters.extend(self._commons.take(letter.subject, letter.event))
            case ToEngine():
                self._oblige(letter)
            case Released():
                self._release(letter.id)
            case _:
                assert_never(letter)

    # ---------------------------------------------------------------------- orchestrations

    def _vote(self, id_: OrchestrationId, vote: Vote) -> None:
        state = self._state(id_)
        for event in votes_at(state, vote, self.now) if state is not None else ():
            self._take(id_, event)

    def _tell_newcomers(self, letter: ToNewcomers) -> None:
        what = letter.what
        for id_ in self._newcomers.listening(letter.topics, letter.delivery_id):
            if isinstance(what, Vote):
                self._vote(id_, what)
            elif isinstance(what, Overheard):
                self._overhear(id_, what)
            else:
                self._take(id_, what)

    def _overhear(self, id_: OrchestrationId, told: Overheard) -> None:
        state, event = self._state(id_), told.event(self.now)
        if state is not None and concerns(state, event.name, event.cause):
            self._hear(id_, event, told.delivery_id)

    def _concerned(self, topics: Collection[Interest]) -> list[OrchestrationId]:
        """Name who listens to any of these: as it was saved, or since this batch began."""
        saved = {id_ for topic in topics for id_ in self._listeners.get(topic, ())}
        return sorted({*saved, *self._newcomers.listening(topics)})

    def _state(self, id_: OrchestrationId) -> Orchestration | None:
        if id_ in self._states:
            return self._states[id_]
        saved = self._loaded.get(id_)
        return saved.state if saved is not None else None

    def _take(self, id_: OrchestrationId, event: Event) -> None:
        before = self._state(id_)
        if before is None:
            return
        decision = decide(before, event)
        after = decision.state
        if after is not before:
            self._states[id_] = after
            self._newcomers.note(before, after)
            self.batch.journal.append(
                JournalEntry(orchestration_id=after.id, seq=after.events, event=event)
            )
        for command in decision.commands:
            if isinstance(command, Message):
                self._letters.append(letter_of(after, command, event))
            else:
                self._ask(after, command)
        if isinstance(event, DispatchAccepted | WorkflowRunObserved):
            claimed = newly_known(before, after, event)
            if claimed is not None and claimed.workflow_run_id is not None:
                self.batch.dispatched.append(claimed)
                self.batch.wake_workflow_runs.append(claimed.workflow_run_id)
        if after.has_ended and not before.has_ended:
            self.ended.append(id_)
            self._letters.append(Released(id=id_))
        if isinstance(event, SeatGranted):
            self._return_unwanted(after, event)

    def _return_unwanted(self, state: Orchestration, event: SeatGranted) -> None:
        """Give a place back that came too late: nobody would ever do so otherwise."""
        seat = state.seats.get(event.holder)
        if not state.has_ended and seat is not None and seat.lock == event.lock:
            return
        left = SeatLeft(at=event.at, orchestration=state.id, holder=event.holder)
        self._letters.append(ToShared(subject=lock_subject(event.lock), event=left))

    def _ask(self, state: Orchestration, command: OrchestrationCommand) -> None:
        self.batch.commands.append(
            row_of(
                state.id,
                command,
                self.now,
                owner=self._owner,
                lease_until=self._lease_until,
            )
        )
        if isinstance(command, DispatchWorkflow):
            self.batch.dispatched.append(
                Dispatched(
                    marker=command.marker,
                    orchestration_id=state.id,
                    attempt=command.attempt,
                    workflow_run_id=None,
                )
            )

    def _hear(self, id_: OrchestrationId, event: GitHubEventHeard, delivery_id: str) -> None:
        """Let an orchestration hear of a delivery, once, by whichever way it came."""
        if (id_, delivery_id) not in self._told:
            self._told.add((id_, delivery_id))
            self._take(id_, event)

    # ------------------------------------------------------------------ beginning and ending

    def _begin(self, letter: Begin) -> None:
        plan = letter.plan
        known = self._state(plan.id)
        if known is None:
            if self._joins(letter):
                return
            place = place_of(plan)
            self._numbers[place] += 1
            plan = replace(plan, number=self._numbers[place])
            known = self._states[plan.id] = new_orchestration(plan)
            self._newcomers.begin(plan.id, letter.delivery_id)
            if plan.correlation:
                self._joinable[*place, plan.correlation] = plan.id
        plan = known.plan
        posed = asked_before(plan, filter(None, map(self._state, self._loaded)))
        self._take(plan.id, OrchestrationRequested(at=self.now, by=letter.by, posed=posed))
        if plan.parent is not None:
            self._letters.extend(answer_parent(plan, known, self.now))

    def _joins(self, letter: Begin) -> bool:
        """Let a live orchestration of the same key have the event, if there is one.

        A child is waited for, and so is always one of its own.
        """
        plan = letter.plan
        if not plan.correlation or plan.parent is not None:
            return False
        live = self._joinable.get((*place_of(plan), plan.correlation))
        state = self._state(live) if live is not None else None
        if live is None or state is None or state.has_ended:
            return False
        event = GitHubEventHeard(at=self.now, name=letter.name, cause=plan.cause)
        self._hear(live, event, letter.delivery_id)
        return True

    def _oblige(self, letter: ToEngine) -> None:
        state, message = self._states[letter.id], letter.message
        match message:
            case StartChild():
                self._letters.append(start_child(state, message, self._library, self.now))
            case TellEnd():
                self._letters.extend(tell_end(state, message, self._library, self.now))
            case MakeReport():
                of_batch = [it for it in self.batch.journal if it.orchestration_id == state.id]
                journal = (*self._journals[state.id], *of_batch)
                reports, answer = make_report(
                    state, message, journal, self._chains[state.id], self.now
                )
                self.batch.reports.extend(reports)
                self._letters.append(answer)
            case FindVotes():
                known = map(self._state, self._concerned(searched(message)))
                found = find_votes(state, message, [*filter(None, known)], self.now)
                self.add(state.id, found)
            case TellQueue():
                for id_ in self._concerned(waiting(message)):
                    self.add(id_, QueueMoved(at=self.now))
            case _:
                assert_never(message)

    def _release(self, id_: OrchestrationId) -> None:
        """Make sure that nothing is kept for an orchestration that ended, by whatever road."""
        shares = {*self._shares.get(id_, ()), *self._commons.shared_by(id_)}
        for subject in sorted(shares - awaited_by_runs(self._states[id_])):
            is_lock = subject.startswith(LOCK)
            left = AllSeatsLeft if is_lock else CalendarLeft
            event = left(at=self.now, orchestration=id_)
            self._letters.append(ToShared(subject=subject, event=event))

    def _close(self) -> None:
        """Put the states that came out of it all into the batch."""
        for id_, after in self._states.items():
            saved = self._loaded.get(id_)
            version = saved.version if saved is not None else 0
            self.batch.states.append(Saved(state=after, version=version + 1))
            before = saved.state if saved is not None else None
            listens = change_of_interests(before, after)
            if listens is not None:
                self.batch.interests.append((id_, listens))
        for id_, saved in self._loaded.items():
            if id_ not in self._states:
                version = saved.version if saved is not None else 0
                self.batch.seen.append((id_, version))
        self._commons.close()
