"""What happened, line by line: when, to which task, what, and why.

The journals are replayed, and every change of a task, a leg, a state or the whole is a line;
so that what is told is what was decided, and nothing else.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from math import inf

from app.core.actions import Wait
from app.core.decide import decide
from app.core.events import ChildEnded
from app.core.moves import LegStatus, OrchestrationStatus, TaskStatus
from app.core.naming import definition_of, is_following, visit_holder
from app.core.state import Leg, Orchestration, Reason, Task, new_orchestration
from app.core.telling.headline import count
from app.core.telling.looks import LOOKS, name_of
from app.core.telling.markdown import unmarked
from app.core.telling.masking import mask
from app.core.telling.task_table import STALE, why_of_task
from app.core.telling.waiting import why_closed, why_leg, why_seat, why_whole_waits
from app.core.values import Json, OrchestrationId, TaskName
from app.scenario.life import Lived, Note, Past

PASSING = (LegStatus.DISPATCHING, LegStatus.PENDING)
"""Stations that are left at once, and say nothing that the next one does not say."""
WAITING = ("blocked", "awaiting")

Order = tuple[float, ...]
"""What came first of all that happened in one moment: by the number of the event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line: `style` is the class of `telling.looks`, or empty."""

    at: datetime
    about: str
    what: str
    why: str = ""
    style: str = ""


def timeline(lived: Lived) -> tuple[Line, ...]:
    """Tell all that happened, in the order in which it did."""
    pasts = ([lived.main] if lived.main else []) + lived.others
    known = {past.state.id: past for past in pasts}
    told: list[tuple[tuple[datetime, Order], Line]] = [
        ((note.at, (note.seen + 0.5,)), _note(note)) for note in lived.notes
    ]
    for past in pasts:
        prefix = "" if past is lived.main else f"{past.state.plan.title}: "
        for number, line in _of(past):
            about = f"{prefix}{line.about}".rstrip(": ") if prefix else line.about
            order = _order(past, number, line.at, known)
            told.append(((line.at, order), replace(line, about=about)))
    return _without_passing([line for _, line in sorted(told, key=lambda each: each[0])])


def _note(note: Note) -> Line:
    missed = " (in vain: as things stood nothing followed of it)" if note.is_in_vain else ""
    about = "GitHub" if not note.who else "Signalbox" if note.told else ""
    return Line(at=note.at, about=about, what=f"{note.text}{missed}")


def _order(
    past: Past, number: float, at: datetime, known: Mapping[OrchestrationId, Past]
) -> Order:
    """Place what a child does before its parent hears of its end, and else behind it."""
    parent = past.state.plan.parent
    if parent is None or parent.orchestration not in known:
        return (number,)
    above = known[parent.orchestration]
    heard = inf
    for entry in above.journal:
        event = entry.event
        if isinstance(event, ChildEnded) and event.child == past.state.id and event.at == at:
            heard = entry.seq - 0.4
    return (*_order(above, heard, at, known), number)


def _without_passing(lines: list[Line]) -> tuple[Line, ...]:
    """Leave out what waited for no time at all: for a calendar that is open, a free place."""
    last = {(line.at, line.about): place for place, line in enumerate(lines)}
    again = {(line.at, line.about, line.what): place for place, line in enumerate(lines)}
    said: dict[str, tuple[str, str]] = {}
    found: list[Line] = []
    for place, line in enumerate(lines):
        if line.what in WAITING:
            is_last = last[line.at, line.about] == place
            is_kept = line.what != "blocked" and again[line.at, line.about, line.what] == place
            if not (is_last or is_kept) or said.get(line.about) == (line.what, line.why):
                continue
        said[line.about] = (line.what, line.why)
        found.append(line)
    return tuple(found)


def _of(past: Past) -> Iterator[tuple[int, Line]]:
    state = new_orchestration(past.state.plan)
    for entry in past.journal:
        after = decide(state, entry.event).state
        for line in _changes(state, after, entry.event.at):
            yield entry.seq, line
        state = after


def _changes(before: Orchestration, after: Orchestration, at: datetime) -> Iterator[Line]:
    is_last = after.has_ended or after.status is OrchestrationStatus.COMPENSATING
    if not is_last:
        yield from _whole(before, after, at)
    changed = [name for name, task in after.tasks.items() if before.tasks.get(name) != task]
    waiting = [name for name in after.tasks if name not in changed]
    for name in changed:
        if name in before.tasks:
            yield from _task(before, after, name, at)
    for name in waiting:
        for leg in after.tasks[name].legs.values():
            yield from _still_waiting(before, after, name, leg, at)
    if after.machine is not None:
        old = len(before.machine.history) if before.machine else 0
        for place in range(old, len(after.machine.history)):
            yield _entered(after, after.machine.history, place, at)
    yield from _seat_of_state(before, after, at)
    if after.status is OrchestrationStatus.COMPENSATING:
        yield from _whole(before, after, at)
    for name in changed:
        if name not in before.tasks:
            yield from _task(before, after, name, at)
    if after.has_ended:
        yield from _whole(before, after, at)


def _whole(before: Orchestration, after: Orchestration, at: datetime) -> Iterator[Line]:
    if before.paused != after.paused and not after.has_ended:
        reason = after.paused.message if after.paused else ""
        yield Line(at=at, about="", what="paused" if after.paused else "resumed", why=reason)
    waits = unmarked(why_whole_waits(after)) if after.seats else ""
    if after.status is OrchestrationStatus.BLOCKED:
        if waits != (unmarked(why_whole_waits(before)) if before.seats else ""):
            yield Line(at=at, about="", what="blocked", why=waits, style="waiting")
        return
    if before.status is after.status:
        return
    neutral = ", neutral" if after.has_ended and after.conclusion == "neutral" else ""
    yield Line(at=at, about="", what=f"{after.status}{neutral}", why=said(after.reason))


def _entered(state: Orchestration, history: tuple[str, ...], place: int, at: datetime) -> Line:
    """Say which state was entered, and if in place of another that was entered enough."""
    machine = state.plan.definition.machine
    assert machine is not None, "only a machine enters states"
    name, why = history[place], ""
    here = machine.states.get(history[place - 1]) if place else None
    for way in here.transitions if here is not None else ():
        wanted = machine.states[way.to]
        is_full = history[:place].count(way.to) == wanted.max_visits
        if is_full and wanted.on_max_visits == name != way.to:
            had = count(wanted.max_visits or 0, "visit")
            why = f"in place of {way.to}, which has had its {had} (max-visits)"
    return Line(at=at, about=name, what="entered", why=why, style="running")


def _seat_of_state(before: Orchestration, after: Orchestration, at: datetime) -> Iterator[Line]:
    """Say which place the state that a machine is in waits for."""
    machine = after.machine
    if machine is None or after.has_ended:
        return
    holder = visit_holder(machine.state, machine.visits[machine.state])
    seat, old = after.seats.get(holder), before.seats.get(holder)
    is_told = seat is not None and bool(seat.position or seat.ahead)
    if seat is not None and is_told and seat.granted_at is None and seat != old:
        why = unmarked(why_seat(seat))
        yield Line(at=at, about=machine.state, what="blocked", why=why, style="waiting")


def _task(
    before: Orchestration, state: Orchestration, name: TaskName, at: datetime
) -> Iterator[Line]:
    was, task = before.tasks.get(name, Task()), state.tasks[name]
    told: list[str] = []
    for key, leg in task.legs.items():
        old = was.legs.get(key)
        is_news = old is None or old.status is not leg.status
        if is_news and leg.status not in PASSING:
            line = _leg(state, name, leg, at)
            told.append(line.what)
            yield line
        elif not is_news:
            yield from _still_waiting(before, state, name, leg, at)
    for wave, progress in task.waves.items():
        earlier = was.waves.get(wave)
        if earlier is None or earlier.status is not progress.status:
            about = f"{name_of(name)}, wave {wave}"
            yield Line(at=at, about=about, what=str(progress.status), why=said(progress.reason))
    if task.is_stale and not was.is_stale:
        yield Line(at=at, about=name_of(name), what="stale", why=STALE, style="waiting")
    if was.status is task.status or task.status is TaskStatus.RUNNING:
        return
    look = LOOKS[task.status]
    if len(task.legs) != 1 or not any(each.startswith(look.word) for each in told):
        why = _why_task(state, name)
        yield Line(at=at, about=name_of(name), what=look.word, why=why, style=look.style)


def _why_task(state: Orchestration, name: TaskName) -> str:
    task = state.tasks[name]
    is_told = task.status in (TaskStatus.ASKING, TaskStatus.FAILED)
    return unmarked(why_of_task(state, name)) if is_told else said(task.reason)


def _leg(state: Orchestration, name: TaskName, leg: Leg, at: datetime) -> Line:
    look = LOOKS[leg.status]
    attempt = f", attempt {leg.attempt.number}" if len(leg.attempts) > 1 else ""
    return Line(
        at=at,
        about=name_of(name, leg.key),
        what=f"{look.word}{attempt}",
        why=_why_leg(state, name, leg),
        style=look.style,
    )


def _why_leg(state: Orchestration, name: TaskName, leg: Leg) -> str:
    waits = "" if leg.has_ended else unmarked(why_leg(state, name, leg))
    if leg.status is LegStatus.SUCCEEDED:
        closed = unmarked(why_closed(leg.gate)) if leg.gate is not None else ""
        given = {key: value for key, value in leg.outputs.items() if key != "choice"}
        outputs = ", ".join(f"{key} = {shown(value, key)}" for key, value in given.items())
        return "; ".join(each for each in (closed, outputs) if each)
    told = [said(leg.reason)]
    if leg.status is LegStatus.RESTING or leg.reason is None:
        told.append(waits)
    return "; ".join(each for each in told if each)


def _still_waiting(
    before: Orchestration, after: Orchestration, name: TaskName, leg: Leg, at: datetime
) -> Iterator[Line]:
    """Say what a leg waits for once that is known better: until when, behind whom."""
    old = before.tasks[name].legs.get(leg.key) if name in before.tasks else None
    is_blocked = leg.status is LegStatus.BLOCKED or (
        leg.status is LegStatus.AWAITING
        and isinstance(definition_of(after.plan.definition, name).action, Wait)
    )
    if old is None or old.status is not leg.status or not is_blocked or is_following(name):
        return
    if why_leg(before, name, old) != why_leg(after, name, leg):
        yield _leg(after, name, leg, at)


def shown(value: Json, name: str) -> str:
    """Write a value as JSON, a text as it is, and a secret not at all."""
    masked = mask(value, name)
    return masked if isinstance(masked, str) else json.dumps(masked, ensure_ascii=False)


def said(reason: Reason | None) -> str:
    """Say why, as plain text."""
    return f"{reason.message} ({reason.code})" if reason is not None else ""
