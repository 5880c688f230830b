"""What happened, line by line: when, to which task, what, and why.

The journals are replayed, and every change of a task, a leg, a state or the whole is a line;
so that what is told is what was decided, and nothing else.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from app.core.decide import decide
from app.core.moves import LegStatus, TaskStatus
from app.core.state import Leg, Orchestration, Reason, Task, new_orchestration
from app.core.telling.looks import LOOKS, name_of
from app.core.telling.masking import mask
from app.core.telling.waiting import why_leg
from app.core.values import TaskName
from app.scenario.life import Lived, Note, Past

PASSING = (LegStatus.DISPATCHING, LegStatus.PENDING)
"""Stations that are left at once, and say nothing that the next one does not say."""
BLOCKED = "blocked"


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
    # What people do stands before what follows from it in the same moment.
    lines = [_note(note) for note in lived.notes]
    for past in ([lived.main] if lived.main else []) + lived.others:
        prefix = "" if past is lived.main else f"{past.state.plan.title}: "
        lines += _of(past, prefix)
    return _without_passing(sorted(lines, key=lambda line: line.at))


def _note(note: Note) -> Line:
    missed = " (in vain: nobody was asked)" if note.is_in_vain else ""
    about = "GitHub" if not note.who else "Signalbox" if note.told else ""
    return Line(at=note.at, about=about, what=f"{note.text}{missed}")


def _without_passing(lines: list[Line]) -> tuple[Line, ...]:
    """Leave out what was blocked for no time at all: a calendar that is open, a free place."""
    last = {(line.at, line.about): place for place, line in enumerate(lines)}
    return tuple(
        line
        for place, line in enumerate(lines)
        if line.what != BLOCKED or last[line.at, line.about] == place
    )


def _of(past: Past, prefix: str) -> Iterator[Line]:
    state = new_orchestration(past.state.plan)
    for entry in past.journal:
        after = decide(state, entry.event).state
        for line in _changes(state, after, entry.event.at):
            yield Line(
                at=line.at,
                about=f"{prefix}{line.about}".rstrip(": ") if prefix else line.about,
                what=line.what,
                why=line.why,
                style=line.style,
            )
        state = after


def _changes(before: Orchestration, after: Orchestration, at: datetime) -> Iterator[Line]:
    changed = [name for name, task in after.tasks.items() if before.tasks.get(name) != task]
    for name in changed:
        if name in before.tasks:
            yield from _task(after, name, before.tasks[name], after.tasks[name], at)
    if after.machine is not None:
        old = len(before.machine.history) if before.machine else 0
        for state in after.machine.history[old:]:
            yield Line(at=at, about=state, what="entered", style="running")
    for name in changed:
        if name not in before.tasks:
            yield from _task(after, name, Task(), after.tasks[name], at)
    if before.paused != after.paused:
        reason = after.paused.message if after.paused else ""
        yield Line(at=at, about="", what="paused" if after.paused else "resumed", why=reason)
    if before.status is not after.status:
        yield Line(at=at, about="", what=str(after.status), why=said(after.reason))


def _task(
    state: Orchestration, name: TaskName, was: Task, task: Task, at: datetime
) -> Iterator[Line]:
    for key, leg in task.legs.items():
        old = was.legs.get(key)
        is_news = old is None or old.status is not leg.status
        if is_news and leg.status not in PASSING:
            yield _leg(state, name, leg, at)
    for wave, progress in task.waves.items():
        before = was.waves.get(wave)
        if before is None or before.status is not progress.status:
            about = f"{name_of(name)}, wave {wave}"
            yield Line(at=at, about=about, what=str(progress.status), why=said(progress.reason))
    if was.status is task.status:
        return
    is_told = len(task.legs) == 1 and task.status is not TaskStatus.ASKING
    if task.status is not TaskStatus.RUNNING and not is_told:
        look = LOOKS[task.status]
        yield Line(
            at=at,
            about=name_of(name),
            what=look.word,
            why=said(task.reason),
            style=look.style,
        )


def _leg(state: Orchestration, name: TaskName, leg: Leg, at: datetime) -> Line:
    look = LOOKS[leg.status]
    attempt = f", attempt {leg.attempt.number}" if len(leg.attempts) > 1 else ""
    told = said(leg.reason) or (why_leg(state, name, leg) if not leg.has_ended else "")
    if leg.status is LegStatus.SUCCEEDED and leg.outputs:
        told = ", ".join(f"{key} = {mask(value, key)}" for key, value in leg.outputs.items())
    return Line(
        at=at,
        about=name_of(name, leg.key),
        what=f"{look.word}{attempt}",
        why=told,
        style=look.style,
    )


def said(reason: Reason | None) -> str:
    """Say why, as plain text."""
    return f"{reason.message} ({reason.code})" if reason is not None else ""
