"""What is to be undone when the whole comes to a bad end, and in which order."""

from app.core.copying import replace
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
        and _standing(state, name)
    ]
    return tuple(name for _, _, name in sorted(found, reverse=True))


def legs_to_undo(state: Orchestration, name: TaskName) -> dict[LegKey, Leg]:
    """Return fresh legs for those that are to be undone.

    Where the task was undone before, and done again, the attempts of then are kept: their
    numbers and markers are never used twice.
    """
    undo = state.tasks.get(undo_of(name))
    before = undo.legs if undo is not None else {}
    legs = {key: passed_over(leg) for key, leg in before.items()}
    for leg in _standing(state, name):
        attempts = before[leg.key].attempts if leg.key in before else ()
        legs[leg.key] = Leg(
            key=leg.key, matrix=leg.matrix, attempts=attempts, spent=len(attempts)
        )
    return legs


def passed_over(leg: Leg) -> Leg:
    """Return a leg that was undone before, where it is not to be undone once more."""
    return replace(leg, status=LegStatus.SKIPPED, spent=len(leg.attempts))


def _standing(state: Orchestration, name: TaskName) -> tuple[Leg, ...]:
    """Return the legs that succeeded, and were not rolled back with their wave since."""
    undone = rolled_back(state, name)
    legs = state.tasks[name].legs.values()
    return tuple(
        leg for leg in legs if leg.status is LegStatus.SUCCEEDED and leg.key not in undone
    )
