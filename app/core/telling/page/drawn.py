"""The tasks, or the states of a machine, as a picture with words: what is where, and how."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.core.definition import MachineDefinition
from app.core.state import Orchestration
from app.core.telling.drawing import NODES_MAX
from app.core.telling.looks import count_of_legs, look_of_task
from app.core.telling.machine_drawing import style_of_state, what_of
from app.core.telling.markdown import one_line
from app.core.telling.page.anchors import anchor_of_state, anchor_of_task
from app.core.telling.page.picture import (
    BOX_HEIGHT,
    BOX_WIDTH,
    Arrow,
    Layout,
    columns_of,
    distances,
    lay_out,
)
from app.core.values import TaskName

LABEL_MAX = 20
"""Letters that a box has room for; the whole name stands in the table."""
TOLD_MAX = 22
NAME_MAX = 120
LEGS_TO_COUNT = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One box: `style` is its class, `told` what is said beneath its name in `label`."""

    x: int
    y: int
    name: str
    label: str
    told: str
    whole: str
    sign: str
    style: str
    anchor: str
    is_several: bool = False
    is_final: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """One arrow as a path, and what leads along it."""

    path: str
    told: str
    is_back: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """Boxes and arrows, in pixels."""

    width: int
    height: int
    box_width: int
    box_height: int
    nodes: tuple[Node, ...]
    arrows: tuple[Drawn, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Face:
    """What a box says, wherever it stands."""

    name: str
    told: str
    sign: str
    style: str
    anchor: str
    is_several: bool = False
    is_final: bool = False


def draw(state: Orchestration) -> Drawing | None:
    """Draw an orchestration; `None` where it is too large to be read as a picture."""
    machine = state.plan.definition.machine
    if machine is not None:
        # No machine has more states than can be read.
        return _machine(state, machine)
    tasks = state.plan.definition.tasks
    if len(tasks) > NODES_MAX:
        return None
    arrows = [(need, name) for name, task in tasks.items() for need in task.needs]
    columns = columns_of({name: task.needs for name, task in tasks.items()})
    return _drawn(lay_out(columns, arrows), dict(_faces(state)), dict.fromkeys(arrows, ""))


def ways_of(machine: MachineDefinition) -> Mapping[Arrow, str]:
    """Return which state leads to which, with what leads there."""
    ways: dict[Arrow, list[str]] = {}
    for name, state in machine.states.items():
        for each in state.transitions:
            ways.setdefault((name, each.to), []).append(one_line(each.on, NAME_MAX))
        if state.on_max_visits:
            ways.setdefault((name, state.on_max_visits), []).append("too many visits")
    return {way: ", ".join(dict.fromkeys(said)) for way, said in ways.items()}


def _faces(state: Orchestration) -> Iterator[tuple[str, _Face]]:
    for name, task in state.plan.definition.tasks.items():
        now = state.tasks[name]
        look = look_of_task(now)
        has_count = len(now.legs) >= LEGS_TO_COUNT
        yield (
            name,
            _Face(
                name=name,
                told=count_of_legs(now) if has_count else look.word,
                sign=look.sign,
                style=look.style,
                anchor=anchor_of_task(TaskName(name)),
                is_several=task.strategy is not None,
            ),
        )


def _machine(state: Orchestration, machine: MachineDefinition) -> Drawing:
    ways, at = ways_of(machine), state.machine
    faces = {}
    for name, each in machine.states.items():
        visits = at.visits.get(name, 0) if at is not None else 0
        faces[name] = _Face(
            name=name,
            told=f"visit {visits}" if visits > 1 else what_of(each),
            sign="▶" if at is not None and at.state == name and not state.has_ended else "",
            style=(style_of_state(name, each, at) if at is not None else "") or "untouched",
            anchor=anchor_of_state(name),
            is_final=bool(each.conclusion),
        )
    columns = distances(machine.initial, list(ways), list(machine.states))
    return _drawn(lay_out(columns, list(ways)), faces, ways)


def _drawn(layout: Layout, faces: Mapping[str, _Face], ways: Mapping[Arrow, str]) -> Drawing:
    return Drawing(
        width=layout.width,
        height=layout.height,
        box_width=BOX_WIDTH,
        box_height=BOX_HEIGHT,
        nodes=tuple(_node(box.x, box.y, faces[box.key]) for box in layout.boxes),
        arrows=tuple(
            Drawn(path=it.path, told=_along(it.arrow, ways[it.arrow]), is_back=it.is_back)
            for it in layout.ways
        ),
    )


def _node(x: int, y: int, face: _Face) -> Node:
    return Node(
        x=x,
        y=y,
        name=face.name,
        label=one_line(face.name, LABEL_MAX),
        told=one_line(face.told, TOLD_MAX),
        whole=one_line(f"{face.name}: {face.told}", NAME_MAX),
        sign=face.sign,
        style=face.style,
        anchor=face.anchor,
        is_several=face.is_several,
        is_final=face.is_final,
    )


def _along(arrow: Sequence[str], what: str) -> str:
    return f"{arrow[0]} to {arrow[1]}{f': {what}' if what else ''}"
