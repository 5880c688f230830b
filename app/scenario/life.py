"""One rehearsal, lived from its trigger to its end in virtual time.

Whatever can be done now is done; then the time jumps to the next thing that is due, whether
of Signalbox, of GitHub, or of the scenario. Weeks take a second, and the same seed takes the
same way.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import inf
from typing import Final

from app.core.actions import APPROVE
from app.core.legs.context import cause_of
from app.core.state import Orchestration
from app.core.telling.report_issue import report_issue
from app.core.values import Json, OrchestrationId
from app.ports import JournalEntry
from app.rehearsal import Dispatch, Rehearsal, VirtualClock
from app.scenario import cast
from app.scenario.cues import due_of, due_of_moment, question_for
from app.scenario.invention import made_up
from app.scenario.language import Deed, Happening, Scenario, Trigger, Verb
from app.scenario.stage import trouble
from app.scenario.stage.director import Sent
from app.scenario.stage.happenings import (
    BY_HAND,
    Stage,
    listening,
    repository_for,
    usual_trigger,
)
from app.scenario.stage.house import House, build_house
from app.scenario.stage.scenery import Scenery, others_id
from app.scenario.stage.texts import herald, herald_of
from app.scenario.subject import Subject

STARTS: Final = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
STEPS_MAX: Final = 300_000
"""A rehearsal of some thousand workflow runs; more is a scenario that goes in circles."""
STARTS_WITHIN: Final = timedelta(minutes=10)
SCHEDULED_WITHIN: Final = timedelta(days=370)
LOOKED_AT_MAX: Final = 10_000
WRITES_TAKE: Final = timedelta(minutes=2)
"""After its end an orchestration still writes its check and its comment."""
BEYOND: Final = timedelta(days=60)
"""An orchestration that is older than its time-out by so much never ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One orchestration as it is at the end, its journal, and the keys of its commands."""

    state: Orchestration
    journal: Sequence[JournalEntry]
    keys: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something that people did, or could not do, or were told, and when.

    `told` is who was told it. `seen` is how many events had made the orchestration what it
    was, by which it is told apart what came before and what after.
    """

    at: datetime
    who: str
    text: str
    is_in_vain: bool = False
    told: str = ""
    seen: float = inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """One workflow that was truly dispatched, and for what."""

    sent: Sent
    dispatch: Dispatch


@dataclass(slots=True, kw_only=True)
class Lived:
    """What became of a rehearsal; without `main` nothing was started, and `why` says why."""

    main: Past | None = None
    others: list[Past] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    sendings: list[Sending] = field(default_factory=list)
    why: str = ""
    is_over: bool = True


async def live(
    subject: Subject, scenario: Scenario, *, repository: str, seed: int, faults: bool
) -> Lived:
    """Live one rehearsal."""
    life = _Life(subject, scenario, repository, seed)
    return await life.live(with_faults=faults)


class _Life:
    def __init__(
        self, subject: Subject, scenario: Scenario, repository: str, seed: int
    ) -> None:
        self._subject, self._scenario, self._home = subject, scenario, repository
        self._seed = seed
        definition = subject.definition
        trigger = scenario.trigger or Trigger(happening=Happening(event=""))
        self._trigger = trigger
        self._event = trigger.happening.event or usual_trigger(definition)
        self._listen = listening(definition, self._event)
        self._where = trigger.happening.repository or repository_for(self._listen, repository)
        self._clock = VirtualClock(trigger.starts or STARTS)
        self._github = Rehearsal(self._clock, seed=seed)
        self._scenery = Scenery(self._github, subject, scenario, repository)
        self._stage = Stage(self._github)
        self._deeds: list[Deed] = list(scenario.people)
        self._events: list[Happening] = list(scenario.events)
        self._locks = list(enumerate(scenario.locks, 1))
        self._id: OrchestrationId | None = None
        self._start = self._clock.now()
        self._letters = 0
        self._lived = Lived()
        self._house: House

    async def live(self, *, with_faults: bool) -> Lived:
        others = {each.repository for each in self._scenario.events if each.repository}
        self._scenery.build({self._where, *others}, self._clock.now())
        if self._listen is not None and self._listen.event == "orchestration":
            name, ended = herald_of(self._listen), self._event.partition(".")[2]
            text = herald(name, ended, self._trigger.happening.payload)
            self._scenery.add_definition(self._where, f"{name}.yml", text)
        self._house = build_house(self._github, self._clock, self._scenery)
        await self._house.engine.open()
        await self._settle()
        if not self._is_known():
            self._lived.why = "its file is not read as a definition"
            return self._lived
        await self._take_places()
        await self._set_off()
        if self._id is None:
            return self._lived
        if with_faults:
            self._github.world.faults = trouble.by_chance(self._seed)
        trouble.plan(self._github.faults, self._scenario.faults)
        await self._until_over()
        await self._conclude()
        return self._lived

    # How it starts.

    def _is_known(self) -> bool:
        catalogue = self._house.engine.library.catalogue
        return catalogue.find(self._home, self._subject.definition.id) is not None

    async def _take_places(self) -> None:
        """Let others take what they have from the start."""
        self._start = self._clock.now()
        for number, held in self._locks:
            if not held.since:
                await self._take_place(number)
        self._locks = [(number, held) for number, held in self._locks if held.since]
        await self._settle()

    async def _take_place(self, number: int) -> None:
        for _ in range(self._scenario.locks[number - 1].places):
            await self._start_by_hand(others_id(number), {}, "somebody else")

    async def _start_by_hand(
        self, name: str, inputs: object, by: str, repository: str = ""
    ) -> None:
        given = dict(inputs) if isinstance(inputs, dict) else {}
        self._letters += 1
        now = self._clock.now()
        where = repository or self._home
        made = cast.start_of(where, name, given, by, self._letters, now)
        await self._house.store.save_deliveries([made])

    async def _set_off(self) -> None:
        """Let happen what starts it, and find out what was started."""
        happening = self._trigger.happening
        self._start = self._clock.now()
        kind = self._event.partition(".")[0]
        if kind == "orchestration" and self._listen is not None:
            name = herald_of(self._listen)
            await self._start_by_hand(name, {}, happening.by, self._where)
        elif kind in BY_HAND:
            inputs = self._inputs()
            await self._start_by_hand(self._subject.definition.id, inputs, happening.by)
        elif kind not in ("schedule", "orchestration"):
            self._stage.happen(self._event, happening, self._where, self._listen)
        end = self._start + (SCHEDULED_WITHIN if kind == "schedule" else STARTS_WITHIN)
        while self._id is None and self._clock.now() < end:
            await self._settle()
            self._id = await self._found()
            due = await self._house.next_due()
            if self._id is None and (due is None or not self._jump(due, end)):
                break
        if self._id is None:
            self._lived.why = self._why_not(kind)
            return
        state = await self._state()
        self._start = state.started_at or self._start

    def _inputs(self) -> dict[str, Json]:
        """Fill in what is required and not given; what is given as null is left out."""
        required = {
            name: each
            for name, each in self._subject.definition.inputs.items()
            if each.required
        }
        given = {**made_up(required), **self._trigger.inputs}
        return {name: value for name, value in given.items() if value is not None}

    def _why_not(self, kind: str) -> str:
        if self._house.store.notes:
            return "; ".join(self._house.store.notes)
        if self._listen is None:
            return f"it does not listen to `{kind}`"
        return f"`{self._event}` in {self._where} does not pass what `on` asks for"

    async def _found(self) -> OrchestrationId | None:
        # The first that came, where what it does itself has started more of them.
        for row in reversed(await self._house.store.orchestrations(limit=LOOKED_AT_MAX)):
            if row.definition_id == self._subject.definition.id:
                return row.id
        return None

    # How it goes.

    async def _settle(self) -> None:
        """Do all that can be done now."""
        for _ in range(STEPS_MAX):
            if not await self._house.step():
                return
        raise AssertionError("one moment of the rehearsal never ends")

    def _jump(self, due: datetime, end: datetime) -> bool:
        """Let the time pass to the next thing that is due; false beyond the end."""
        if due > end:
            return False
        self._clock.advance_to(max(due, self._clock.now() + timedelta(milliseconds=1)))
        return True

    async def _until_over(self) -> None:
        limit = self._start + self._subject.definition.timeout + BEYOND
        for _ in range(STEPS_MAX):
            await self._settle()
            state = await self._state()
            if await self._act(state):
                continue
            dues = [await self._house.next_due(), *self._dues(state)]
            end = limit
            if state.has_ended and await self._are_children_over():
                later = [due for due in self._dues(state) if due is not None]
                written_by = (state.ended_at or self._clock.now()) + WRITES_TAKE
                end = max([written_by, *later])
            due = min((each for each in dues if each is not None), default=None)
            if due is None or not self._jump(due, end):
                self._lived.is_over = state.has_ended
                return
        self._lived.is_over = False

    def _dues(self, state: Orchestration) -> list[datetime | None]:
        return [
            *(due_of(deed, state, self._start) for deed in self._deeds),
            *(due_of_moment(each.when, state, self._start) for each in self._events),
            *(self._start + held.since for _, held in self._locks if not state.has_ended),
        ]

    async def _act(self, state: Orchestration) -> bool:
        """Let the first do something whose time has come. Return whether there was one."""
        now = self._clock.now()
        for number, held in self._locks:
            if self._start + held.since <= now:
                self._locks.remove((number, held))
                await self._take_place(number)
                return True
        for each in self._events:
            due = due_of_moment(each.when, state, self._start)
            if due is not None and due <= now:
                self._events.remove(each)
                self._happen(each, state)
                return True
        for deed in self._deeds:
            due = due_of(deed, state, self._start)
            if due is not None and due <= now:
                self._deeds.remove(deed)
                await self._do(deed, state)
                return True
        return False

    def _happen(self, each: Happening, state: Orchestration) -> None:
        now, text = self._clock.now(), f"{each.event} by {each.by}"
        self._lived.notes.append(Note(at=now, who="", text=text, seen=state.events))
        self._stage.happen(each.event, each, each.repository or self._where, self._listen)

    async def _do(self, deed: Deed, state: Orchestration) -> None:
        now = self._clock.now()
        self._letters += 1
        if deed.door:
            is_done = self._say(deed, state)
        elif deed.verb is Verb.RERUN:
            is_done = cast.rerun(deed, state, self._github)
        else:
            made = cast.letter(deed, state, self._letters, now)
            is_done = made is not None
            if made is not None:
                await self._house.store.save_deliveries([made])
                await self._house.engine.take()
                is_done = (await self._state()) != state or deed.verb is Verb.FREEZE
        self._lived.notes.append(
            Note(
                at=now,
                who=deed.by,
                text=cast.said(deed),
                is_in_vain=not is_done,
                seen=state.events,
            )
        )

    def _say(self, deed: Deed, state: Orchestration) -> bool:
        """Let somebody vote on GitHub; false where nobody is asked, or there is no place."""
        question, cause = question_for(deed, state), cause_of(state)
        where, number = cause.repository, cause.pull_request
        if number is None:
            issue = report_issue(state, self._clock.now())
            where, number = state.plan.origin.repository, issue
        if question is None or number is None:
            return False
        if deed.door == "review":
            word = "APPROVED" if deed.option == APPROVE else "CHANGES_REQUESTED"
            self._github.review(where, number, deed.by, word, body=deed.reason)
        else:
            self._github.comment(where, number, cast.spoken(deed, question.task), deed.by)
        return True

    # How it ended.

    async def _state(self) -> Orchestration:
        assert self._id is not None, "it has been started"
        saved = await self._house.engine.load(self._id)
        assert saved is not None, "what was started is stored"
        return saved.state

    async def _are_children_over(self) -> bool:
        rows = await self._house.store.orchestrations(limit=LOOKED_AT_MAX, open_only=True)
        children = await self._kin([row.id for row in rows if row.id != self._id])
        return not children

    async def _kin(self, ids: Sequence[OrchestrationId]) -> list[OrchestrationId]:
        """Return those that were started for the one in question, or for one of these."""
        saved = await self._house.store.load(ids)
        known = {id_: it.state.plan.parent for id_, it in saved.items()}

        def is_kin(id_: OrchestrationId) -> bool:
            parent = known.get(id_)
            # No child starts one of those that led to it, so the way up ends.
            return parent is not None and (
                parent.orchestration == self._id or is_kin(parent.orchestration)
            )

        return [id_ for id_ in ids if is_kin(id_)]

    async def _conclude(self) -> None:
        """Write down what became of everything."""
        store, lived = self._house.store, self._lived
        assert self._id is not None, "it has been started"
        rows = await store.orchestrations(limit=LOOKED_AT_MAX)
        children = await self._kin([row.id for row in reversed(rows)])
        saved = await store.load([self._id, *children])
        pasts = [
            Past(
                state=saved[id_].state,
                journal=await store.journal(id_),
                keys=await store.keys_asked(id_),
            )
            for id_ in (self._id, *children)
        ]
        lived.main, lived.others = pasts[0], pasts[1:]
        sent = self._scenery.director.sent
        for each in self._github.dispatches:
            marker = str(each.inputs.get("signalbox"))
            if marker in sent:
                lived.sendings.append(Sending(sent=sent[marker], dispatch=each))
        for at, notice in self._house.notices:
            text = f"tells {notice.to} by {notice.via}: {notice.text}"
            lived.notes.append(Note(at=at, who="Signalbox", text=text, told=notice.to))
        for deed in self._deeds:
            text = f"{cast.said(deed)}, for which there is never a time"
            lived.notes.append(
                Note(at=self._clock.now(), who=deed.by, text=text, is_in_vain=True)
            )
