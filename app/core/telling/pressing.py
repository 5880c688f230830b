"""What people are told who are asked to look: what waits, since when, and who can end it.

A notice goes by comment, issue or webhook. It is plain text, with code in backticks; whoever
carries it names the orchestration.
"""

from collections.abc import Iterator

from app.core.definition import Alert
from app.core.gate_events import GateId
from app.core.legs.context import current_tasks
from app.core.legs.escalating import Pressing
from app.core.machine.happening import state_of
from app.core.moves import TaskStatus
from app.core.naming import in_visit
from app.core.state import Leg, MachineState, Orchestration, WaveStatus
from app.core.telling.looks import look_of_leg, name_of
from app.core.telling.markdown import code, unmarked
from app.core.telling.waiting import moment, who_decides, why_leg
from app.core.values import TaskName

SHOWN_MAX = 5
SOURCE_MAX = 200
CALENDAR = "the calendar"


def task_text(state: Orchestration, name: TaskName, waiting: Pressing) -> str:
    """Say what of a task waits."""
    task, since, head = state.tasks[name], moment(waiting.since), name_of(name)
    if task.status is TaskStatus.ASKING:
        why = f": {task.reason.message}" if task.reason is not None else ""
        return f"{head} asks what to do since {since}{why}. {ANSWERS}"
    if waiting.wave:
        return f"{head}, {_wave(state, name, waiting.wave)} since {since}."
    details = _listed(list(_details(state, name)))
    skip = code(f"/skip {name} REASON", SOURCE_MAX)
    return (
        f"{head} has not ended since {since}{details}. {CANCEL}, and {skip} goes on without it."
    )


ANSWERS = "Somebody may choose retry, skip with a reason, or fail."
CANCEL = "`/cancel REASON` ends the whole"


def _wave(state: Orchestration, name: TaskName, wave: str) -> str:
    gate = state.tasks[name].waves[wave].gate
    assert gate is not None, "only a wave that asks is waited for"
    whom = who_decides(state, GateId(task=name, wave=wave), gate)
    return f"wave {wave}, waits for {unmarked(whom)}"


def state_text(state: Orchestration, machine: MachineState) -> str:
    """Say what the state that a machine is in waits for."""
    here = state_of(state)
    assert here is not None, "only a machine is in a state"
    visit = machine.visits[machine.state]
    names = (in_visit(machine.state, visit, word) for word, _ in current_tasks(state))
    details = [each for name in names for each in _details(state, name)]
    ways = ", ".join(dict.fromkeys(code(each.on, SOURCE_MAX) for each in here.transitions))
    return (
        f"it is in {machine.state} since {moment(machine.entered_at)}{_listed(details)}. "
        f"It goes on with {ways}. {CANCEL}."
    )


def alert_text(state: Orchestration, alert: Alert) -> str:
    """Say which condition holds, and what is under way."""
    assert state.started_at is not None, "what has not been requested alerts nobody"
    since = moment(state.started_at)
    details = [each for name in state.tasks for each in _details(state, name)]
    source = code(alert.when.source, SOURCE_MAX)
    return f"{source} holds. It goes on since {since}{_listed(details)}. {CANCEL}."


def _details(state: Orchestration, name: TaskName) -> Iterator[str]:
    """Say of each leg of a task that has not ended what it waits for, and what bakes."""
    task = state.tasks[name]
    for leg in task.legs.values():
        if not leg.has_ended:
            why = unmarked(why_leg(state, name, leg)) or _where(leg)
            waits = "waits: " if why.startswith(CALENDAR) else ""
            yield f"{name_of(name, leg.key)} {waits}{why}"
    for wave, progress in task.waves.items():
        if progress.status is WaveStatus.BAKING:
            yield f"{name_of(name)}, wave {wave}, bakes"


def _where(leg: Leg) -> str:
    return f"is {look_of_leg(leg).word}: {leg.attempt.url}"


def _listed(details: list[str]) -> str:
    """List the first few, and count the rest."""
    if not details:
        return ""
    more = len(details) - SHOWN_MAX
    rest = f"; and {more} more" if more > 0 else ""
    return f": {'; '.join(details[:SHOWN_MAX])}{rest}"
