"""What other tasks may know of a task before it is read: needs, outputs, options."""

from dataclasses import dataclass

from app.core.reading.actions.agent import schema_of
from app.core.reading.actions.approval import form_of
from app.core.reading.actions.json_schema import declarations_of, outputs_of
from app.core.reading.actions.operation import check_outputs
from app.core.reading.declarations import Declared, read_declarations
from app.core.reading.document import Entries, Node, Scalar
from app.core.reading.reader import Reader
from app.core.reading.words import TASK_ACTIONS
from app.core.terms import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch:
    """One task from outside. `kind` is its action, `options` are those of an approval."""

    key: Scalar
    entries: Entries
    kind: str
    needs: tuple[tuple[str, Place], ...]
    outputs: Declared
    has_matrix: bool
    options: tuple[str, ...] = ()


def sketch_of(reader: Reader, key: Scalar, node: Node) -> Sketch | None:
    """Look at a task from outside."""
    is_named = reader.name(key, "a task")
    entries = reader.entries(node, f"the task `{key.value}`", "write `{dispatch: ...}`")
    if entries is None:
        return None
    nodes = entries.nodes
    kind = next((each for each in nodes if each in TASK_ACTIONS), "")
    options: tuple[str, ...] = ()
    if kind == "approval":
        outputs, options = form_of(nodes[kind])
    else:
        outputs = _outputs(reader, kind, entries)
    needs = reader.one_or_more(nodes["needs"], "`needs`") if "needs" in nodes else ()
    strategy = nodes.get("strategy")
    has_matrix = isinstance(strategy, Entries) and "matrix" in strategy.nodes
    if not is_named:
        return None
    return Sketch(
        key=key,
        entries=entries,
        kind=kind,
        needs=needs,
        outputs=outputs,
        has_matrix=has_matrix,
        options=options,
    )


def _outputs(reader: Reader, kind: str, entries: Entries) -> Declared:
    node = entries.nodes.get("outputs")
    if node is None:
        return Declared({}, {})
    if kind == "agent":
        schema = schema_of(node)
        if schema is None:
            return Declared({}, {})
        return Declared(declarations_of(schema, node), outputs_of(schema))
    declared = read_declarations(reader, node, "outputs")
    if kind == "github":
        check_outputs(reader, entries.nodes["github"], node, declared)
    return declared
