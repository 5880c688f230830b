"""What is to be undone when the whole comes to a bad end, and in which order."""

from app.core.moves import LegStatus
from app.core.naming import definition_of, is_following, undo_of
from app.core.state import Leg, Orchestration, Task
from app.core.values import LegKey, TaskName


def to_undo(state: Orchestration) -> tuple[TaskName, ...]:
    """Return the tasks that are still to be undone, the last that ended first.

    Undone is what succeeded, and of a matrix each leg that did; nothing is undone twice.
    """
    found = [
        (task.ended_at, place, name)
        for place, (name, task) in enumerate(state.tasks.items())
        if task.ended_at is not None
        and not is_following(name)
        and undo_of(name) not in state.tasks
        and definition_of(state.plan.definition, name).compensate is not None
        and any(leg.status is LegStatus.SUCCEEDED for leg in task.legs.values())
    ]
    return tuple(name for _, _, name in sorted(found, reverse=True))


def legs_to_undo(task: Task) -> dict[LegKey, Leg]:
    """Return fresh legs for those that succeeded."""
    return {
        key: Leg(key=key, matrix=leg.matrix)
        for key, leg in task.legs.items()
        if leg.status is LegStatus.SUCCEEDED
    }
