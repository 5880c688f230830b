"""Laws about undoing: what succeeded, each once, the last one first."""

from datetime import datetime

from app.core.legs.waves import rolled_back
from app.core.moves import LegStatus, OrchestrationStatus
from app.core.naming import definition_of, is_following, undo_of
from app.core.state import Orchestration, Task
from app.core.values import TaskName

_O = OrchestrationStatus


def check(before: Orchestration, after: Orchestration) -> None:
    """Assert the laws about undoing."""
    begun = [
        name
        for name, task in after.tasks.items()
        if task.is_undone and not (name in before.tasks and before.tasks[name].is_undone)
    ]
    left = _to_undo(after)
    for name in begun:
        _check_undo(after, name)
        assert all(moment <= _moment(after, name) for moment in left), f"{name}: last in first"
    going = [name for name in after.tasks if name.endswith("~undo") and _is_open(after, name)]
    assert len(going) <= 1, "one after the other"
    if going:
        assert after.status is _O.COMPENSATING, f"{going} while it is {after.status}"
    if after.has_ended and not before.has_ended:
        is_good = after.status is _O.SUCCEEDED
        undone = [name for name, task in after.tasks.items() if task.is_undone]
        assert not is_good or not undone, f"{undone} are undone, and all is said to be well"
        assert is_good or after.machine is not None or not left, "all that can be is undone"


def _is_open(state: Orchestration, name: TaskName) -> bool:
    return not state.tasks[name].has_ended


def _check_undo(after: Orchestration, name: TaskName) -> None:
    task, undo = after.tasks[name], after.tasks[undo_of(name)]
    assert task.has_ended, f"{name} is undone before it has ended"
    going = {key for key, leg in undo.legs.items() if leg.status is not LegStatus.SKIPPED}
    assert going == _standing(after, name), f"{name}: what stands is undone"
    for leg in undo.legs.values():
        assert len(leg.attempts) - leg.spent <= 1, "once"


def _succeeded(task: Task) -> set[str]:
    return {key for key, leg in task.legs.items() if leg.status is LegStatus.SUCCEEDED}


def _standing(after: Orchestration, name: TaskName) -> set[str]:
    """Return the legs that succeeded, and were not rolled back with their wave since."""
    return _succeeded(after.tasks[name]) - rolled_back(after, name)


def _moment(state: Orchestration, name: TaskName) -> tuple[datetime, int]:
    ended = state.tasks[name].ended_at
    assert ended is not None, "what has ended has a time"
    return ended, list(state.tasks).index(name)


def _to_undo(state: Orchestration) -> list[tuple[datetime, int]]:
    return [
        _moment(state, name)
        for name, task in state.tasks.items()
        if not is_following(name)
        and not task.is_undone
        and task.has_ended
        and definition_of(state.plan.definition, name).compensate is not None
        and _standing(state, name)
    ]
