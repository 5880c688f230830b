"""Reading `states`: what is done in each, and which way leads on."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from app.core.actions import APPROVE, REJECT, Action
from app.core.definition import MachineDefinition, StateDefinition, TaskDefinition
from app.core.expressions import NameType
from app.core.problems import Code
from app.core.reading.actions.approval import form_of, read_approval
from app.core.reading.actions.wait import read_wait
from app.core.reading.declarations import Declared
from app.core.reading.document import Entries, Node
from app.core.reading.graph.handling import (
    minutes,
    read_concurrency,
    read_escalations,
)
from app.core.reading.graph.tasks import NO_TASKS, Graph, read_tasks
from app.core.reading.machine.lint import check_machine
from app.core.reading.machine.transitions import Exits, read_transitions, target_of
from app.core.reading.reader import Reader
from app.core.reading.scopes import Ground, of
from app.core.reading.words import CONCLUSIONS, ON_MAX_VISITS, STATE
from app.core.terms import Template
from app.core.values import TaskName

STATES_MAX = 100
VISITS_MAX = 1_000
_DOES = ("tasks", "approval", "wait")
_OF_FINAL = ("final", "conclusion")
_WORDS = {APPROVE: "approved", REJECT: "rejected"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Around:
    """What every state is read with."""

    ground: Ground
    data: Declared
    states: Entries


def read_machine(
    reader: Reader, initial: Node | None, states: Node, data: Declared, ground: Ground
) -> MachineDefinition | None:
    """Read a state machine; `ground` already knows the data."""
    hint = "write `draft: {tasks: ..., transitions: [...]}`"
    entries = reader.entries(states, "`states`", hint)
    if entries is None:
        return None
    if not 1 <= len(entries.nodes) <= STATES_MAX:
        message = f"`states` has {len(entries.nodes)} states"
        reader.report(Code.OUT_OF_RANGE, message, f"write 1 to {STATES_MAX}", entries.place)
    around = _Around(ground=ground, data=data, states=entries)
    first = None
    if initial is None:
        hint = f"write `initial: {next(iter(entries.nodes), 'draft')}`"
        reader.missing("initial", "a state machine", hint, entries.place)
    else:
        first = target_of(reader, initial, "`initial`", entries.nodes)
    found: dict[str, StateDefinition] = {}
    for name, node in entries.nodes.items():
        is_named = reader.name(entries.keys[name], "a state")
        state = _state(reader, name, node, around)
        if state is not None and is_named:
            found[name] = state
    if first is None or found.keys() != entries.nodes.keys():
        return None
    machine = MachineDefinition(initial=first, data=data.right, states=found)
    check_machine(reader, machine)
    return machine


def _state(reader: Reader, name: str, node: Node, around: _Around) -> StateDefinition | None:
    what = f"the state `{name}`"
    entries = reader.entries(node, what, "write `{transitions: [...]}`")
    if entries is None:
        return None
    before = len(reader.problems)
    keys = dict(reader.known(entries, STATE))
    state = StateDefinition(name=name, place=around.states.keys[name].place, tasks={})
    if "final" in keys or "conclusion" in keys:
        state = _final(reader, keys, entries, state)
        return state if len(reader.problems) == before else None
    ground = around.ground
    timeout = None
    if "timeout-minutes" in keys:
        timeout = minutes(reader, keys["timeout-minutes"], ground.timeout)
    graph, exits = _work(reader, keys, entries, around)
    exits = replace(exits, has_timeout=timeout is not None)
    escalations = read_escalations(reader, keys.get("escalate"), timeout or ground.timeout)
    concurrency = None
    if "concurrency" in keys:
        concurrency = read_concurrency(reader, keys["concurrency"], ground.formulas(reader))
    visits, after = _visits(reader, keys, entries, around)
    transitions = read_transitions(
        reader,
        keys.get("transitions"),
        entries,
        formulas=ground.formulas(reader, graph.names, graph.legs),
        data=around.data,
        states=around.states.nodes,
        exits=exits,
    )
    if len(reader.problems) > before:
        return None
    return replace(
        state,
        tasks=graph.tasks,
        transitions=transitions,
        timeout=timeout,
        max_visits=visits,
        on_max_visits=after,
        escalate=escalations,
        concurrency=concurrency,
    )


def _final(
    reader: Reader, keys: Mapping[str, Node], entries: Entries, state: StateDefinition
) -> StateDefinition:
    conclusion = None
    for key in keys:
        if key not in _OF_FINAL:
            message = f"a final state is the end: it has no `{key}`"
            hint = "a final state is `{final: true, conclusion: success}`"
            reader.report(Code.CONFLICTING_KEYS, message, hint, entries.keys[key].place)
    if "final" not in keys or reader.truth(keys["final"], "`final`") is False:
        message = "only a final state has a conclusion"
        place = entries.keys["conclusion" if "conclusion" in keys else "final"].place
        reader.report(Code.CONFLICTING_KEYS, message, "write `final: true`", place)
    if "conclusion" in keys:
        conclusion = reader.choice(keys["conclusion"], "`conclusion`", CONCLUSIONS)
    else:
        hint = f"write `conclusion:` with one of {', '.join(CONCLUSIONS)}"
        reader.missing("conclusion", "a final state", hint, entries.place)
    match conclusion:
        case "success" | "failure" | "cancelled" | "neutral":
            return replace(state, conclusion=conclusion)
        case _:
            return state


def _work(
    reader: Reader, keys: Mapping[str, Node], entries: Entries, around: _Around
) -> tuple[Graph, Exits]:
    """Read what a state does: tasks, or one approval, or one wait, or nothing."""
    does = [key for key in _DOES if key in keys]
    for other in does[1:]:
        message = f"a state has `{does[0]}` or `{other}`, not both"
        hint = "put the approval or wait among the `tasks`, or make two states"
        reader.report(Code.CONFLICTING_KEYS, message, hint, entries.keys[other].place)
    kind = does[0] if does else ""
    if kind == "tasks":
        return read_tasks(reader, keys[kind], around.ground), Exits(has_tasks=True)
    if not kind:
        return NO_TASKS, Exits()
    node, ground = keys[kind], around.ground
    formulas = ground.formulas(reader)
    action: Action | None
    declared, exits = Declared({}, {}), Exits(has_tasks=True, has_wait=True)
    if kind == "approval":
        declared, options = form_of(node)
        exits = Exits(has_tasks=True, options=tuple(_WORDS.get(o, o) for o in options))
        action = read_approval(reader, node, formulas)
    else:
        action = read_wait(reader, node, formulas, ground.timeout)
    name = TaskName(kind)
    types = (
        (f"tasks.{kind}.result", NameType.STRING),
        *of(f"tasks.{kind}.outputs", declared.types.items()),
    )
    if action is None:
        return Graph(tasks={}, names=types), exits
    task = TaskDefinition(
        name=name,
        place=node.place,
        action=action,
        outputs=declared.right,
        # The state's own time-out leads on by a transition; this is the bound behind it.
        timeout=ground.timeout,
        continue_on_error=Template(value=False, place=node.place),
    )
    return Graph(tasks={name: task}, names=types), exits


def _visits(
    reader: Reader, keys: Mapping[str, Node], entries: Entries, around: _Around
) -> tuple[int | None, str]:
    visits, after = None, ""
    hint = "write `max-visits: 6` and `on-max-visits: {to: state}`"
    for key, other in (
        ("max-visits", "on-max-visits"),
        ("on-max-visits", "max-visits"),
    ):
        if key in keys and other not in keys:
            reader.missing(other, f"a state with `{key}`", hint, entries.keys[key].place)
    if "max-visits" in keys:
        visits = reader.integer(keys["max-visits"], "`max-visits`", 1, VISITS_MAX)
    if "on-max-visits" in keys:
        inner = reader.entries(keys["on-max-visits"], "`on-max-visits`", "write `{to: state}`")
        known = dict(reader.known(inner, ON_MAX_VISITS)) if inner else {}
        if inner and "to" not in known:
            reader.missing("to", "`on-max-visits`", "write `{to: state}`", inner.place)
        elif inner:
            after = target_of(reader, known["to"], "`to`", around.states.nodes) or ""
    return visits, after
