"""Reading what a definition does: a graph of tasks or a machine, and what it puts out.

A template gives its body to the definition that uses it; everything else in a definition is
its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from app.core.definition import MachineDefinition
from app.core.expressions import Types
from app.core.problems import Code
from app.core.reading.declarations import Declared, read_declarations
from app.core.reading.document import Entries, Node, Scalar
from app.core.reading.filling import NO_FILLING, Filling
from app.core.reading.formulas import Formulas
from app.core.reading.graph.handling import (
    QUEUE_MINUTES_MAX,
    TIMEOUT_MINUTES_MAX,
    minutes,
    read_retry,
)
from app.core.reading.graph.tasks import NO_TASKS, Graph, read_tasks
from app.core.reading.machine.states import read_machine
from app.core.reading.reader import Reader
from app.core.reading.scopes import (
    OF_EVENT,
    OF_ORCHESTRATION,
    Defaults,
    Ground,
    of_declared,
)
from app.core.reading.words import DEFAULTS
from app.core.terms import Template

TIMEOUT_DEFAULT = timedelta(days=7)
OUTPUTS_MAX = 100
KINDS = ("tasks", "states", "uses")


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What is done. `names` and `legs` are what may be read of it from outside."""

    graph: Graph = NO_TASKS
    machine: MachineDefinition | None = None
    names: Types = ()
    legs: tuple[tuple[str, Types], ...] = ()
    timeout: timedelta = TIMEOUT_DEFAULT
    outputs: Mapping[str, Template] = field(default_factory=dict)


def check_version(reader: Reader, node: Node | None, entries: Entries) -> None:
    """Ask for the version of the language."""
    if node is None:
        hint = "write `version: 1` as the first line"
        reader.report(Code.MISSING_KEY, "there is no `version`", hint, entries.place)
    elif not isinstance(node, Scalar) or node.value is True or node.value != 1:
        message = "the version of the language is not one that is known"
        reader.report(Code.WRONG_VALUE, message, "write `version: 1`", node.place)


def read_body(
    reader: Reader, keys: Mapping[str, Node], inputs: Types, filling: Filling = NO_FILLING
) -> Body:
    """Read the keys that say what is done; `inputs` are the names of the inputs."""
    timeout = minutes(reader, keys.get("timeout-minutes"), TIMEOUT_DEFAULT)
    ground = Ground(
        names=OF_EVENT + OF_ORCHESTRATION + inputs, timeout=timeout, filling=filling
    )
    if "defaults" in keys:
        defaults = _defaults(reader, keys["defaults"], ground.formulas(reader))
        ground = replace(ground, defaults=defaults)
    body = Body(timeout=timeout)
    if "tasks" in keys:
        graph = read_tasks(reader, keys["tasks"], ground)
        body = replace(body, graph=graph, names=graph.names, legs=graph.legs)
    elif "states" in keys:
        data = _data(reader, keys.get("data"))
        names = of_declared("data", data)
        of_machine = replace(ground, names=ground.names + names)
        machine = read_machine(reader, keys.get("initial"), keys["states"], data, of_machine)
        body = replace(body, machine=machine, names=names)
    if "outputs" in keys:
        formulas = ground.formulas(reader, body.names, body.legs)
        body = replace(body, outputs=read_outputs(reader, keys["outputs"], formulas))
    return body


def read_outputs(reader: Reader, node: Node, formulas: Formulas) -> dict[str, Template]:
    """Read the `outputs` of a whole: values that may hold expressions."""
    entries = reader.entries(node, "`outputs`", "write `{name: '${{ tasks.a.outputs.b }}'}`")
    found: dict[str, Template] = {}
    if entries and len(entries.nodes) > OUTPUTS_MAX:
        message = f"`outputs` has {len(entries.nodes)} names; the most is {OUTPUTS_MAX}"
        reader.report(Code.TOO_MANY, message, "put several into one object", entries.place)
    for name, each in entries.nodes.items() if entries else ():
        if entries and reader.name(entries.keys[name], "an output"):
            template = formulas.template(each)
            if template is not None:
                found[name] = template
    return found


def _defaults(reader: Reader, node: Node, formulas: Formulas) -> Defaults:
    entries = reader.entries(node, "`defaults`", "write `{timeout-minutes: 30}`")
    keys: dict[str, Node] = dict(reader.known(entries, DEFAULTS)) if entries else {}
    zero = timedelta(0)
    timeout = minutes(reader, keys.get("timeout-minutes"), zero, most=TIMEOUT_MINUTES_MAX)
    queue = "queue-timeout-minutes"
    waiting = minutes(reader, keys.get(queue), zero, queue, QUEUE_MINUTES_MAX)
    retry = read_retry(reader, keys["retry"], formulas) if "retry" in keys else None
    return Defaults(retry=retry, timeout=timeout or None, queue_timeout=waiting or None)


def _data(reader: Reader, node: Node | None) -> Declared:
    if node is None:
        return Declared({}, {})
    declared = read_declarations(reader, node, "data")
    for name, declaration in declared.right.items():
        if declaration.required:
            entry = node.nodes[name] if isinstance(node, Entries) else node
            message = f"nobody gives `data.{name}`: it cannot be `required`"
            hint = "give it a `default`, or leave both out"
            reader.report(Code.CONFLICTING_KEYS, message, hint, entry.place)
    return declared
