"""What an expression may read: the values behind its names, for one task of one orchestration.

The names are those that the definition was checked with (`app.core.expressions`). A value
that is not there is simply absent, and reading it is an error: a gate never opens on one.
"""

from collections.abc import Mapping
from datetime import datetime

from app.core.state import Orchestration
from app.core.values import Json, TaskName


def values_for(
    state: Orchestration,
    name: TaskName,
    now: datetime,
    matrix: Mapping[str, Json] | None = None,
) -> dict[str, Json]:
    """Return the values by dotted name; `matrix` holds one leg's cell."""
    values = cause_values(state, now)
    for need in state.plan.definition.tasks[name].needs:
        task = state.tasks[need]
        values[f"needs.{need}.result"] = task.result
        if task.is_matrix:
            values[f"needs.{need}.outputs"] = task.outputs
        else:
            for output, value in task.outputs.items():
                values[f"needs.{need}.outputs.{output}"] = value
    for key, value in (matrix or {}).items():
        values[f"matrix.{key}"] = value
    return values


def cause_values(state: Orchestration, now: datetime) -> dict[str, Json]:
    """Return the values that are the same for every task."""
    plan = state.plan
    cause = plan.cause
    values: dict[str, Json] = {
        "event": cause.event,
        "event_name": cause.event_name,
        "repository": cause.repository,
        "actor": cause.actor,
        "sha": cause.sha,
        "ref": cause.ref,
        "now": now.isoformat(),
        "orchestration.id": plan.id,
        "orchestration.number": plan.number,
        "orchestration.name": plan.definition.name,
    }
    for name, value in plan.inputs.items():
        values[f"inputs.{name}"] = value
    return values
