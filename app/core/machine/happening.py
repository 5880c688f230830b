"""What the state that a machine is in waits for, and whether that has happened.

Most of it can be read off the state at any time: how the tasks of this visit ended, what was
chosen, how late it is. Events of GitHub and commands are heard, and kept only until the rules
have seen them (`Orchestration.heard`).
"""

from collections.abc import Mapping
from datetime import datetime

from app.core.actions import APPROVE, REJECT
from app.core.definition import StateDefinition
from app.core.legs.context import current_tasks
from app.core.moves import OrchestrationStatus, TaskStatus
from app.core.state import Orchestration, Task
from app.core.values import TaskName

APPROVAL, WAIT = TaskName("approval"), TaskName("wait")
"""What the one task of a state with an approval or a wait is called."""

SAID: Mapping[str, str] = {APPROVE: "approved", REJECT: "rejected"}
"""The default options, as transitions name them."""

TIMEOUT = "timeout"
_OF_ITSELF = ("tasks", "approval", "wait", TIMEOUT)


def state_of(state: Orchestration) -> StateDefinition | None:
    """Return what the definition says of the state that a machine is in."""
    machine = state.plan.definition.machine
    if machine is None or state.machine is None:
        return None
    return machine.states[state.machine.state]


def is_heard(on: str) -> bool:
    """Tell whether a transition is on an event of GitHub or a command."""
    return on.partition(".")[0] not in _OF_ITSELF


def names(on: str, heard: str) -> bool:
    """Tell whether what was heard is what a transition or a wait names, with any action."""
    return on in (heard, heard.partition(".")[0])


def listens(state: Orchestration, heard: str) -> bool:
    """Tell whether a transition of the state that a machine is in is on what was heard."""
    here = state_of(state)
    if here is None:
        return False
    return any(is_heard(each.on) and names(each.on, heard) for each in here.transitions)


def has_happened(state: Orchestration, on: str, now: datetime) -> bool:
    """Tell whether what a transition is on is so; of what is only heard it never is."""
    tasks = dict(current_tasks(state))
    is_over = bool(tasks) and all(task.has_ended for task in tasks.values())
    room, _, word = on.partition(".")
    match room:
        case "tasks":
            return is_over and all(map(_is_fine, tasks.values())) is (word == "succeeded")
        case "approval":
            return is_over and word == _choice(tasks)
        case "wait":
            return is_over and tasks[WAIT].is_passed
        case "timeout":
            return _is_late(state, now) or any(map(_is_timed_out, _gates(tasks)))
        case _:
            return False


def _is_fine(task: Task) -> bool:
    return task.is_passed or task.status is TaskStatus.SKIPPED


def _choice(tasks: Mapping[TaskName, Task]) -> str:
    gate = next((leg.gate for leg in tasks[APPROVAL].legs.values()), None)
    return SAID.get(gate.choice, gate.choice) if gate is not None else ""


def _gates(tasks: Mapping[TaskName, Task]) -> tuple[Task, ...]:
    return tuple(tasks[each] for each in (APPROVAL, WAIT) if each in tasks)


def _is_timed_out(task: Task) -> bool:
    if task.status is not TaskStatus.FAILED or task.reason is None:
        return False
    return task.reason.code == "timed-out"


def due_of_state(state: Orchestration) -> datetime | None:
    """Return when a machine has been in its state for too long (`timeout-minutes`)."""
    here = state_of(state)
    if here is None or here.timeout is None or state.machine is None:
        return None
    is_open = state.status is OrchestrationStatus.RUNNING
    return state.machine.entered_at + here.timeout if is_open else None


def _is_late(state: Orchestration, now: datetime) -> bool:
    due = due_of_state(state)
    return due is not None and now >= due


def is_stuck(state: Orchestration, now: datetime) -> bool:
    """Tell whether nothing that may still come would lead a machine out of its state.

    Its work is done, no time-out is ahead, and it listens to nothing.
    """
    here = state_of(state)
    assert here is not None, "only a machine is in a state"
    if not all(task.has_ended for _, task in current_tasks(state)):
        return False
    ways = [each.on for each in here.transitions]
    is_timed = TIMEOUT in ways and here.timeout is not None and not _is_late(state, now)
    return not is_timed and not any(map(is_heard, ways))
