"""What is to be undone when the whole comes to a bad end, and in which order."""

from app.core.legs.waves import rolled_back
from app.core.moves import LegStatus
from app.core.naming import definition_of, is_following, undo_of
from app.core.state import Leg, Orchestration
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
        and not task.is_undone
        and definition_of(state.plan.definition, name).compensate is not None
        and legs_to_undo(state, name)
    ]
    return tuple(name for _, _, name in sorted(found, reverse=True))


def legs_to_undo(state: Orchestration, name: TaskName) -> dict[LegKey, Leg]:
    """Return fresh legs for those that succeeded, and were not rolled back since.

    Where the task was undone before, and done again, the attempts of then are kept: their
    numbers and markers are never used twice.
    """
    before = state.tasks.get(undo_of(name))
    undone = rolled_back(state, name)
    legs: dict[LegKey, Leg] = {}
    for key, leg in state.tasks[name].legs.items():
        known = before.legs.get(key) if before is not None else None
        attempts = known.attempts if known is not None else ()
        if leg.status is LegStatus.SUCCEEDED and key not in undone:
            legs[key] = Leg(key=key, matrix=leg.matrix, attempts=attempts, spent=len(attempts))
    return legs
