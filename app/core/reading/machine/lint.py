"""Finding machines that cannot end: states out of reach, dead ends, loops without a bound."""

from collections.abc import Collection, Mapping

from app.core.definition import MachineDefinition, StateDefinition
from app.core.problems import Code
from app.core.reading.reader import Reader


def check_machine(reader: Reader, machine: MachineDefinition) -> None:
    """Report what is wrong with the ways between states."""
    ways = {name: _ways(state) for name, state in machine.states.items()}
    reached = _reached({machine.initial}, ways)
    back: dict[str, set[str]] = {name: set() for name in ways}
    for name, targets in ways.items():
        for target in targets:
            back[target].add(name)
    finals = {name for name, state in machine.states.items() if state.conclusion}
    ending = _reached(finals, back)
    for name, state in machine.states.items():
        if name not in reached:
            message = f"no way leads to the state `{name}`"
            hint = "remove it, or add a transition to it"
            reader.report(Code.UNREACHABLE_STATE, message, hint, state.place)
        elif name not in ending:
            message = f"from the state `{name}` no way leads to a final state"
            hint = "add a transition towards a state with `final: true`"
            reader.report(Code.ENDLESS_STATE, message, hint, state.place)
    _check_loops(reader, machine)


def _ways(state: StateDefinition) -> set[str]:
    ways = {each.to for each in state.transitions}
    return ways | {state.on_max_visits} if state.on_max_visits else ways


def _reached(start: Collection[str], ways: Mapping[str, Collection[str]]) -> set[str]:
    found, open_ = set(start), list(start)
    # Each state is opened once.
    while open_:
        for following in ways[open_.pop()]:
            if following not in found:
                found.add(following)
                open_.append(following)
    return found


def _check_loops(reader: Reader, machine: MachineDefinition) -> None:
    """Report loops that go on when every state with `max-visits` has had its visits."""
    ways = {
        name: {state.on_max_visits} if state.on_max_visits else _ways(state)
        for name, state in machine.states.items()
    }
    reported: set[str] = set()
    for name, state in machine.states.items():
        loop = _loop(name, ways)
        if loop and not reported & set(loop):
            reported |= set(loop)
            shown = " -> ".join([*loop, name])
            message = f"the loop {shown} has no bound"
            hint = "add `max-visits` and `on-max-visits: {to: state}` to one of its states"
            reader.report(Code.UNBOUNDED_LOOP, message, hint, state.place)


def _loop(name: str, ways: Mapping[str, Collection[str]]) -> list[str]:
    """Find the shortest way from a state back to itself."""
    paths = [[name]]
    seen: set[str] = set()
    # Every state is put in once, and paths grow by one state at a time.
    while paths:
        path = paths.pop(0)
        for following in sorted(ways[path[-1]]):
            if following == name:
                return path
            if following not in seen:
                seen.add(following)
                paths.append([*path, following])
    return []
