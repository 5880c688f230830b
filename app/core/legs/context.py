"""What an expression may read: the values behind its names, for one task of one orchestration.

The names are those that the definition was checked with (`app.core.expressions`). A value
that is not there is simply absent, and reading it is an error: a gate never opens on one.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from app.core.naming import (
    definition_of,
    in_visit,
    is_undoing,
    origin_of,
    sibling,
    visit_holder,
    visit_of,
    word_of,
)
from app.core.plan import Cause
from app.core.state import Orchestration, Task
from app.core.values import Holder, Json, TaskName


def values_for(
    state: Orchestration,
    name: TaskName,
    now: datetime,
    matrix: Mapping[str, Json] | None = None,
) -> dict[str, Json]:
    """Return the values by dotted name; `matrix` holds one leg's cell."""
    values = cause_values(state, now)
    for need in definition_of(state.plan.definition, origin_of(name)).needs:
        values.update(_of_task("needs", need, state.tasks[sibling(name, need)]))
    for key, value in (matrix or {}).items():
        values[f"matrix.{key}"] = value
    return values


def values_of_all(state: Orchestration, now: datetime) -> dict[str, Json]:
    """Return the values that are read about the whole: by transitions, outputs, `report-to`.

    `tasks` are those of the graph, or those of the machine's state at its visit.
    """
    values = cause_values(state, now)
    for word, task in current_tasks(state):
        values.update(_of_task("tasks", word, task))
    return values


def cause_values(state: Orchestration, now: datetime) -> dict[str, Json]:
    """Return the values that are the same for every task."""
    plan = state.plan
    values: dict[str, Json] = {
        **event_values(cause_of(state)),
        "now": now.isoformat(),
        "orchestration.id": plan.id,
        "orchestration.number": plan.number,
        "orchestration.name": plan.definition.name,
    }
    if state.started_at is not None:
        # CEL reads a duration as text of seconds.
        values["orchestration.age"] = f"{int((now - state.started_at).total_seconds())}s"
    for name, value in plan.inputs.items():
        values[f"inputs.{name}"] = value
    if state.machine is not None:
        for name, value in state.machine.data.items():
            values[f"data.{name}"] = value
    return values


def event_values(cause: Cause) -> dict[str, Json]:
    """Return the values that an event of GitHub brings with it."""
    return {
        "event": cause.event,
        "event_name": cause.event_name,
        "repository": cause.repository,
        "actor": cause.actor,
        "sha": cause.sha,
        "ref": cause.ref,
    }


def cause_of(state: Orchestration) -> Cause:
    """Return what set it off, or the last GitHub event that led its machine on."""
    if state.machine is not None and state.machine.latest is not None:
        return state.machine.latest
    return state.plan.cause


def is_held(state: Orchestration) -> bool:
    """Tell whether nothing new may begin: it is paused, or what was heard leads on first."""
    return state.paused is not None or bool(state.heard)


def is_left(state: Orchestration, name: TaskName) -> bool:
    """Tell whether a task belongs to a visit of a state that is over, and is to stop.

    What undoes a task or rolls a wave back goes on to its end.
    """
    if state.machine is None:
        return False
    visit = visit_of(name)
    if visit is None or is_undoing(name):
        return False
    return visit != (state.machine.state, state.machine.visits[state.machine.state])


def current_visit(state: Orchestration) -> Holder | None:
    """Name the state that a machine is in, at its visit, as the holder of a place."""
    if state.machine is None:
        return None
    return visit_holder(state.machine.state, state.machine.visits[state.machine.state])


def current_tasks(state: Orchestration) -> Iterator[tuple[TaskName, Task]]:
    """Find the tasks of the graph, or of the machine's state at its visit, by their words."""
    if state.machine is None:
        return ((n, task) for n, task in state.tasks.items() if n == word_of(n))
    definition = state.plan.definition.machine
    assert definition is not None, "only a machine is in a state"
    where = state.machine.state
    visit = state.machine.visits[where]
    names = definition.states[where].tasks
    found = ((word, state.tasks.get(in_visit(where, visit, word))) for word in names)
    return ((word, task) for word, task in found if task is not None)


def _of_task(room: str, word: str, task: Task) -> dict[str, Json]:
    if not task.has_ended:
        return {}
    values: dict[str, Json] = {f"{room}.{word}.result": task.result}
    if task.is_matrix:
        values[f"{room}.{word}.outputs"] = task.outputs
    else:
        for output, value in task.outputs.items():
            values[f"{room}.{word}.outputs.{output}"] = value
    return values
