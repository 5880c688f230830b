"""A state machine as pictures: a Mermaid graph of its states, and a list for the terminal.

Drawn from the definition alone, or together with where the machine is and has been.
"""

from collections.abc import Iterator

from app.core.actions import Approval, Wait
from app.core.definition import MachineDefinition, StateDefinition, Transition
from app.core.state import MachineState
from app.core.telling.looks import STYLES
from app.core.telling.markdown import one_line
from app.core.telling.mermaid import escaped

LABEL_MAX = 60
NOTE_MAX = 120
FINAL_STYLES = {"success": "succeeded", "failure": "failed", "cancelled": "cancelled"}


def draw_machine(machine: MachineDefinition, at: MachineState | None = None) -> str:
    """Draw the states as a Mermaid flowchart, with how they lead to one another."""
    ids = {name: f"s{number}" for number, name in enumerate(machine.states, start=1)}
    lines = ["flowchart LR"]
    lines.extend(_node(ids[name], state, at) for name, state in machine.states.items())
    for name, state in machine.states.items():
        for to, labels in _ways(state).items():
            lines.append(f"  {ids[name]} -->|{', '.join(labels)}| {ids[to]}")
    lines.extend(_styles(machine, ids, at))
    return "\n".join(lines)


def list_states(machine: MachineDefinition, at: MachineState | None = None) -> str:
    """Write each state with what it does and where it leads, one line each."""
    lines: list[str] = []
    for name, state in machine.states.items():
        first = " (begins here)" if name == machine.initial else ""
        mark = "▶ " if at is not None and at.state == name else "  "
        lines.append(f"{mark}{name}{first}  {what_of(state)}")
        lines.extend(f"    {_way(each)}" for each in state.transitions)
        if state.on_max_visits:
            lines.append(f"    after {state.max_visits} visits → {state.on_max_visits}")
    return "\n".join(lines)


def what_of(state: StateDefinition) -> str:
    """Say in a few words what happens in a state."""
    if state.conclusion:
        return f"ends: {state.conclusion}"
    if not state.tasks:
        return "waits for what leads on"
    actions = [task.action for task in state.tasks.values()]
    if isinstance(actions[0], Approval):
        return "waits for people"
    if isinstance(actions[0], Wait):
        return "waits"
    return one_line(", ".join(state.tasks), NOTE_MAX)


def _node(node: str, state: StateDefinition, at: MachineState | None) -> str:
    label = escaped(one_line(state.name, LABEL_MAX))
    visits = at.visits.get(state.name, 0) if at is not None else 0
    told = f"visit {visits}" if visits > 1 else what_of(state)
    label = f"{label}<br/>{escaped(one_line(told, LABEL_MAX))}"
    # A final state has round ends.
    return f'  {node}(["{label}"])' if state.conclusion else f'  {node}["{label}"]'


def _ways(state: StateDefinition) -> dict[str, list[str]]:
    """Return where a state leads to, each with what leads there."""
    ways: dict[str, list[str]] = {}
    for each in state.transitions:
        ways.setdefault(each.to, []).append(escaped(one_line(each.on, LABEL_MAX)))
    if state.on_max_visits:
        ways.setdefault(state.on_max_visits, []).append("too many visits")
    return ways


def _way(each: Transition) -> str:
    when = f" if {one_line(each.when.source, NOTE_MAX)}" if each.when is not None else ""
    return f"{each.on}{when} → {each.to}"


def _styles(
    machine: MachineDefinition, ids: dict[str, str], at: MachineState | None
) -> Iterator[str]:
    if at is None:
        return
    styled: dict[str, list[str]] = {}
    for name, state in machine.states.items():
        style = style_of_state(name, state, at)
        if style:
            styled.setdefault(style, []).append(ids[name])
    for style, nodes in styled.items():
        yield f"  classDef {style} {STYLES[style]}"
        yield f"  class {','.join(nodes)} {style}"


def style_of_state(name: str, state: StateDefinition, at: MachineState) -> str:
    """Return the class of a state in drawings; none where the machine has not been."""
    if name == at.state:
        if state.conclusion:
            return FINAL_STYLES.get(state.conclusion, "skipped")
        is_gate = any(isinstance(task.action, Approval) for task in state.tasks.values())
        return "held" if is_gate or not state.tasks else "running"
    return "waiting" if name in at.visits else ""
