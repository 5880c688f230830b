"""Finding places in concurrency groups that one orchestration would wait for in vain.

The whole holds its place while states and tasks ask for theirs, and a state while its tasks
do. Who asks for the group that an outer one holds waits for itself if there are too few
places; who takes two groups in the order that another takes the other way round may wait for
it, and it for them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from app.core.definition import Concurrency, MachineDefinition, TaskDefinition
from app.core.problems import Code
from app.core.reading.reader import Reader
from app.core.terms import Place
from app.core.values import TaskName

Group: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """A place that is held or asked for: by whom, in words, and where that is written."""

    by: str
    group: Group
    limit: int
    place: Place


def check_locks(
    reader: Reader,
    whole: Concurrency | None,
    tasks: Mapping[TaskName, TaskDefinition],
    machine: MachineDefinition | None,
) -> None:
    """Report groups that are taken twice on one path, or in both orders."""
    paths = list(_paths(whole, tasks, machine))
    for path in paths:
        _check_twice(reader, path)
    _check_orders(reader, paths)


def _paths(
    whole: Concurrency | None,
    tasks: Mapping[TaskName, TaskDefinition],
    machine: MachineDefinition | None,
) -> Iterator[list[_Held]]:
    outer = _held("the whole", whole)
    for name, task in tasks.items():
        yield outer + _held(f"the task `{name}`", task.concurrency)
    for state in machine.states.values() if machine else ():
        of_state = outer + _held(f"the state `{state.name}`", state.concurrency)
        yield of_state
        for name, task in state.tasks.items():
            yield of_state + _held(f"the task `{name}`", task.concurrency)


def _held(by: str, concurrency: Concurrency | None) -> list[_Held]:
    if concurrency is None:
        return []
    group = (concurrency.scope, str(concurrency.group.value))
    place = concurrency.group.place
    return [_Held(by=by, group=group, limit=concurrency.limit, place=place)]


def _check_twice(reader: Reader, path: list[_Held]) -> None:
    for at, inner in enumerate(path):
        holders = [each for each in path[:at] if each.group == inner.group]
        if holders and inner.limit <= len(holders):
            message = f"{inner.by} waits for a place in `{inner.group[1]}`"
            message += f" that {holders[0].by} holds until then"
            hint = "leave one of the two out, or give the inner one a group of its own"
            reader.report(Code.LOCK_CYCLE, message, hint, inner.place)


def _check_orders(reader: Reader, paths: list[list[_Held]]) -> None:
    first: dict[tuple[Group, Group], _Held] = {}
    for path in paths:
        for at, inner in enumerate(path):
            for outer in path[:at]:
                if outer.group != inner.group:
                    first.setdefault((outer.group, inner.group), inner)
    for (one, other), inner in first.items():
        opposite = first.get((other, one))
        if opposite is not None and (inner.place.line, inner.place.column) > (
            opposite.place.line,
            opposite.place.column,
        ):
            message = f"{inner.by} takes `{other[1]}` after `{one[1]}`, and line"
            message += f" {opposite.place.line} takes them the other way round"
            hint = "take them in the same order everywhere"
            reader.report(Code.LOCK_CYCLE, message, hint, inner.place)
