"""Who needs whom: the arrows of a definition turned round, worked out once per definition."""

from collections.abc import Mapping
from functools import lru_cache

from app.core.definition import Definition, TaskDefinition
from app.core.known import DEFINITIONS_MAX, Known
from app.core.naming import is_following, origin_of, sibling, visit_of, word_of
from app.core.values import TaskName


def dependents(definition: Definition, name: TaskName) -> tuple[TaskName, ...]:
    """Return the tasks that need this one directly, in the order of the file.

    What follows from a task needs nothing and is needed by nothing, but concerns that task.
    """
    if is_following(name):
        return (origin_of(name),)
    visit = visit_of(name)
    state = visit[0] if visit is not None else ""
    words = _dependents(Known(definition))[state].get(word_of(name), ())
    return words if visit is None else tuple(sibling(name, word) for word in words)


@lru_cache(maxsize=DEFINITIONS_MAX)
def _dependents(known: Known) -> Mapping[str, Mapping[TaskName, tuple[TaskName, ...]]]:
    machine = known.definition.machine
    graphs = {"": known.definition.tasks}
    if machine is not None:
        graphs = {name: state.tasks for name, state in machine.states.items()}
    return {name: _turned_round(tasks) for name, tasks in graphs.items()}


def _turned_round(
    tasks: Mapping[TaskName, TaskDefinition],
) -> Mapping[TaskName, tuple[TaskName, ...]]:
    found: dict[TaskName, list[TaskName]] = {name: [] for name in tasks}
    for name, task in tasks.items():
        for need in task.needs:
            found[need].append(name)
    return {name: tuple(names) for name, names in found.items()}
