"""Who needs whom: the arrows of a definition turned round, worked out once per definition."""

from collections.abc import Mapping
from functools import lru_cache

from app.core.definition import Definition
from app.core.values import TaskName

DEFINITIONS_MAX = 1_024


class _Known:
    """A definition as a key: the digest of its text stands for all of it."""

    __slots__ = ("definition",)

    def __init__(self, definition: Definition) -> None:
        self.definition = definition

    def __hash__(self) -> int:
        return hash(self.definition.digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Known) and self.definition.tasks == other.definition.tasks


def dependents(definition: Definition, task: TaskName) -> tuple[TaskName, ...]:
    """Return the tasks that need this one directly, in the order of the file."""
    return _dependents(_Known(definition))[task]


@lru_cache(maxsize=DEFINITIONS_MAX)
def _dependents(known: _Known) -> Mapping[TaskName, tuple[TaskName, ...]]:
    found: dict[TaskName, list[TaskName]] = {name: [] for name in known.definition.tasks}
    for name, task in known.definition.tasks.items():
        for need in task.needs:
            found[need].append(name)
    return {name: tuple(names) for name, names in found.items()}
