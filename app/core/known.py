"""A definition as a key: what is worked out about it once is found again by it."""

from collections.abc import Iterator

from app.core.definition import Definition, TaskDefinition

DEFINITIONS_MAX = 1_024
"""Of so many definitions it is remembered what was worked out about them."""


class Known:
    """A definition as a key: the digest of its text stands for all of it."""

    __slots__ = ("definition",)

    def __init__(self, definition: Definition) -> None:
        self.definition = definition

    def __hash__(self) -> int:
        return hash(self.definition.digest)

    def __eq__(self, other: object) -> bool:
        assert isinstance(other, Known), "nothing else is kept beside them"
        mine, its = self.definition, other.definition
        return mine is its or (mine.tasks == its.tasks and mine.machine == its.machine)


def all_tasks(definition: Definition) -> Iterator[TaskDefinition]:
    """Find the tasks of a graph, or of all states of a machine."""
    yield from definition.tasks.values()
    if definition.machine is not None:
        for state in definition.machine.states.values():
            yield from state.tasks.values()
