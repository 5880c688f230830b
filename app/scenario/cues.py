"""When what a scenario foresees is to be done: cues, looked for in the state.

A deed with a time of its own is due then. One that decides something is due once somebody is
asked for it; any other that names a state or a task, once that is entered or has begun.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from app.core.moves import LegStatus, TaskStatus
from app.core.state import Orchestration, WaveStatus
from app.core.values import ONLY_LEG, LegKey, TaskName
from app.scenario.language import Deed, Moment, Verb
from app.scenario.reading.names import is_meant, parted

DECIDING = (Verb.APPROVE, Verb.REJECT, Verb.CHOOSE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question that is open: whose, since when, and about which leg or wave."""

    task: TaskName
    leg: LegKey = ONLY_LEG
    wave: str = ""
    since: datetime


def asked(state: Orchestration) -> Iterator[Asked]:
    """Return every question to people that is open now."""
    if state.has_ended:
        return
    for name, task in state.tasks.items():
        for wave, progress in task.waves.items():
            if progress.status is WaveStatus.ASKING and progress.gate is not None:
                yield Asked(task=name, wave=wave, since=progress.gate.opened_at)
        for key, leg in task.legs.items():
            if leg.status is LegStatus.AWAITING and leg.gate is not None:
                yield Asked(task=name, leg=key, since=leg.gate.opened_at)
        if task.status is TaskStatus.ASKING and task.question is not None:
            yield Asked(task=name, since=task.question.opened_at)


def question_for(deed: Deed, state: Orchestration) -> Asked | None:
    """Return the open question that a deed answers, if there is one."""
    for each in asked(state):
        if deed.wave and deed.wave != each.wave:
            continue
        if deed.leg and deed.leg != each.leg:
            continue
        if is_meant(deed.target, each.task):
            return each
    return None


def due_of(deed: Deed, state: Orchestration, start: datetime) -> datetime | None:
    """Return when a deed is to be done; `None` while that cannot be told."""
    when = deed.when
    if when.once:
        return _since(when, state)
    if deed.is_at_a_time:
        return start + when.time
    if deed.verb in DECIDING:
        question = question_for(deed, state)
        return question.since + when.time if question else None
    if deed.verb in (Verb.RETRY, Verb.SKIP, Verb.RERUN):
        since = stuck_since(deed, state)
        return since + when.time if since else None
    return start + when.time


def due_of_moment(when: Moment, state: Orchestration, start: datetime) -> datetime | None:
    """Return when something happens; `None` while that cannot be told."""
    return _since(when, state) if when.once else start + when.time


def _since(when: Moment, state: Orchestration) -> datetime | None:
    found = parted(when.once)
    name, leg = found or (when.once, "")
    machine = state.machine
    if machine is not None:
        visits = machine.visits.get(machine.state, 0)
        if name in (machine.state, f"{machine.state}.{visits}"):
            return machine.entered_at + when.time
    for each in asked(state):
        if is_meant(name, each.task) and leg in ("", each.leg):
            return each.since + when.time
    for task_name, task in state.tasks.items():
        if is_meant(name, task_name) and task.started_at is not None and not leg:
            return task.started_at + when.time
        if is_meant(name, task_name) and leg in task.legs and task.legs[LegKey(leg)].attempts:
            return task.legs[LegKey(leg)].attempts[0].asked_at + when.time
    return None


def stuck_since(deed: Deed, state: Orchestration) -> datetime | None:
    """Return since when a task has not gone well."""
    for name in named(deed, state):
        task = state.tasks[name]
        if task.status is TaskStatus.ASKING and task.question is not None:
            return task.question.opened_at
        if task.has_ended and not task.is_passed:
            return task.ended_at
    if deed.target == "all" and state.has_ended:
        return state.ended_at
    return None


def named(deed: Deed, state: Orchestration) -> list[TaskName]:
    """Return the tasks that a deed means, the latest visit first."""
    return [name for name in reversed(tuple(state.tasks)) if is_meant(deed.target, name)]
