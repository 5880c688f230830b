"""The tasks as pictures: a Mermaid graph for GitHub, and a tree for the terminal.

Both are drawn from a definition alone, as it is planned, or together with how far its
tasks are. Without a state nothing is said about one.
"""

from collections.abc import Iterable, Iterator, Mapping
from graphlib import TopologicalSorter
from typing import assert_never

from app.core.actions import (
    Agent,
    Approval,
    Dispatch,
    GitHubOperation,
    Orchestrate,
    Report,
    Wait,
)
from app.core.definition import Definition, TaskDefinition
from app.core.state import Orchestration, Task
from app.core.telling.looks import STYLES, count_of_legs, look_of_task
from app.core.telling.machine_drawing import draw_machine, list_states
from app.core.telling.markdown import one_line, size
from app.core.telling.mermaid import escaped
from app.core.values import TaskName

NODES_MAX = 100
"""Tasks that a graph may show: more cannot be read, and GitHub stops drawing at some point."""

GRAPH_SIZE_MAX = 20_000
"""Bytes of a graph: many arrows can be too much even between a few tasks."""

LABEL_MAX = 60
NOTE_MAX = 120


def draw_mermaid(definition: Definition, state: Orchestration | None = None) -> str | None:
    """Draw the tasks, or a machine's states, as a Mermaid flowchart.

    `None` where it would be too large to be read.

    https://docs.github.com/en/get-started/writing-on-github/working-with-advanced-formatting/creating-diagrams
    """
    if definition.machine is not None:
        return _bounded(draw_machine(definition.machine, state.machine if state else None))
    tasks = state.tasks if state is not None else None
    if len(definition.tasks) > NODES_MAX:
        return None
    ids = {name: f"t{number}" for number, name in enumerate(definition.tasks, start=1)}
    lines = ["flowchart LR"]
    lines.extend(
        _node(ids[name], task, tasks[name] if tasks else None)
        for name, task in definition.tasks.items()
    )
    lines.extend(
        f"  {ids[need]} --> {ids[name]}"
        for name, task in definition.tasks.items()
        for need in task.needs
    )
    if tasks:
        lines.extend(_styles(ids, tasks))
    return _bounded("\n".join(lines))


def _bounded(drawn: str) -> str | None:
    return drawn if size(drawn) <= GRAPH_SIZE_MAX else None


def draw_tree(definition: Definition, state: Orchestration | None = None) -> str:
    """Draw the tasks as a tree of text, each once, under the last of those that it needs.

    Of a machine, its states with what leads from one to another.
    """
    if definition.machine is not None:
        head = one_line(f"{definition.name} ({definition.id})", NOTE_MAX)
        at = state.machine if state is not None else None
        return f"{head}\n{list_states(definition.machine, at)}"
    tasks = state.tasks if state is not None else None
    children: dict[TaskName | None, list[TaskName]] = {None: []}
    parents = _parents(definition)
    for name in definition.tasks:
        children.setdefault(parents[name], []).append(name)
    lines = [one_line(f"{definition.name} ({definition.id})", NOTE_MAX)]
    # A chain may be longer than Python nests calls, so the branches wait on a list.
    branches = list(_branches("", children[None]))
    while branches:
        stem, arm, name = branches.pop()
        task = definition.tasks[name]
        note = "".join(f"  {each}" for each in _notes(task, parents[name], tasks))
        lines.append(f"{stem}{arm} {one_line(name, LABEL_MAX)}{note}")
        under = f"{stem}{'│' if arm == '├─' else ' '}  "
        branches.extend(_branches(under, children.get(name, ())))
    return "\n".join(lines)


def target_of(task: TaskDefinition) -> str:
    """Return what a task does, or where, as it is written."""
    match task.action:
        case Dispatch(target=target) | Agent(dispatch=Dispatch(target=target)):
            return str(target.value)
        case Orchestrate(target=target):
            return str(target.value)
        case Approval():
            return "people"
        case Wait():
            return "wait"
        case GitHubOperation(name=name):
            return name
        case Report():
            return "report"
        case _:  # pragma: no cover - the type checker counts the cases
            assert_never(task.action)


def _node(node: str, definition: TaskDefinition, task: Task | None) -> str:
    label = escaped(one_line(definition.name, LABEL_MAX))
    is_matrix = definition.strategy is not None
    if task is not None:
        look = look_of_task(task)
        told = count_of_legs(task) if is_matrix and task.legs else look.word
        label = f"{look.sign} {label}<br/>{told}"
    elif definition.strategy is not None:
        label = f"{label}<br/>{escaped(_matrix(definition.strategy.matrix))}"
    # A box with doubled sides stands for several.
    shape = f'[["{label}"]]' if is_matrix else f'["{label}"]'
    return f"  {node}{shape}"


def _styles(ids: Mapping[TaskName, str], tasks: Mapping[TaskName, Task]) -> Iterator[str]:
    for style, colours in STYLES.items():
        nodes = [ids[name] for name in ids if look_of_task(tasks[name]).style == style]
        if nodes:
            yield f"  classDef {style} {colours}"
            yield f"  class {','.join(nodes)} {style}"


def _parents(definition: Definition) -> Mapping[TaskName, TaskName | None]:
    """Return where each task hangs: under the need that is furthest from the beginning."""
    order = TopologicalSorter({name: task.needs for name, task in definition.tasks.items()})
    depths: dict[TaskName, int] = {}
    parents: dict[TaskName, TaskName | None] = {}
    for name in order.static_order():
        parent = max(definition.tasks[name].needs, key=depths.__getitem__, default=None)
        parents[name] = parent
        depths[name] = 0 if parent is None else depths[parent] + 1
    return parents


def _branches(stem: str, names: Iterable[TaskName]) -> Iterator[tuple[str, str, TaskName]]:
    # The last comes first: it is popped last.
    for number, name in enumerate(reversed(list(names))):
        yield stem, "├─" if number else "└─", name


def _notes(
    task: TaskDefinition, parent: TaskName | None, tasks: Mapping[TaskName, Task] | None
) -> Iterator[str]:
    if tasks is not None:
        yield f"{look_of_task(tasks[task.name])}"
    yield f"→ {one_line(target_of(task), NOTE_MAX)}"
    others = [need for need in task.needs if need != parent]
    if others:
        yield f"· also after {one_line(', '.join(others), NOTE_MAX)}"
    if task.condition is not None:
        yield f"· if {one_line(task.condition.source, NOTE_MAX)}"
    if task.strategy is not None:
        yield f"· {one_line(_matrix(task.strategy.matrix), NOTE_MAX)}"


def _matrix(dimensions: Mapping[str, object]) -> str:
    return one_line(f"for each {' and '.join(dimensions) or 'of a list'}", LABEL_MAX)
