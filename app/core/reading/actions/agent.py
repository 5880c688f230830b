"""Reading `agent`: a workflow of a model, with a schema for all that it may put out."""

from collections.abc import Mapping

from app.core.actions import Agent, AgentLimits, Approval
from app.core.hearing.filters import problem_of
from app.core.problems import Code
from app.core.reading.actions.approval import read_approval
from app.core.reading.actions.dispatch import read_dispatch
from app.core.reading.actions.json_schema import outputs_of, read_schema
from app.core.reading.document import Entries, Node, Scalar
from app.core.reading.formulas import Formulas
from app.core.reading.reader import Reader
from app.core.reading.words import AGENT_OUTPUTS, INVALID_THEN, LIMITS, ON_INVALID
from app.core.terms import Place
from app.core.values import JsonObject

RETRIES_MAX = 5
FILES_MAX = 3_000  # as many as GitHub lists of a comparison's files
LINES_MAX = 1_000_000
DENIED_MAX = 100


def read_agent(
    reader: Reader, keys: Mapping[str, Node], place: Place, formulas: Formulas
) -> Agent | None:
    """Read `agent` and the keys that belong to it."""
    before = len(reader.problems)
    dispatch = read_dispatch(reader, "agent", keys, formulas)
    schema = _schema(reader, keys.get("outputs"), place)
    limits = _limits(reader, keys["limits"]) if "limits" in keys else None
    retries, then = _on_invalid(reader, keys.get("on-invalid-output"))
    review = _review(reader, keys.get("review"), formulas)
    if schema is not None and limits is not None and "branch" not in outputs_of(schema):
        message = "`limits` are for the branch that an agent proposes, and it puts out none"
        hint = "add `branch: {type: string}` to the `properties` of the schema"
        reader.report(Code.BAD_SCHEMA, message, hint, keys["limits"].place)
    if dispatch is None or schema is None or len(reader.problems) > before:
        return None
    return Agent(
        dispatch=dispatch,
        schema=schema,
        limits=limits,
        invalid_retries=retries,
        invalid_then="ask" if then == "ask" else "fail",
        review=review,
    )


def _schema(reader: Reader, node: Node | None, place: Place) -> JsonObject | None:
    hint = "write `outputs: {schema: {type: object, properties: {...}}}`"
    if node is None:
        reader.missing("outputs", "an agent", hint, place)
        return None
    entries = reader.entries(node, "`outputs`", hint)
    if entries is None:
        return None
    keys = dict(reader.known(entries, AGENT_OUTPUTS))
    if "schema" not in keys:
        reader.missing("schema", "`outputs` of an agent", hint, entries.place)
        return None
    return read_schema(reader, keys["schema"])


def schema_of(node: Node | None) -> JsonObject | None:
    """Return the schema of an agent's outputs, without saying what is wrong with it."""
    schema = node.nodes.get("schema") if isinstance(node, Entries) else None
    return read_schema(Reader(), schema) if schema is not None else None


def _limits(reader: Reader, node: Node) -> AgentLimits | None:
    entries = reader.entries(node, "`limits`", "write `{max-files: 10, max-lines: 400}`")
    if entries is None:
        return None
    keys = dict(reader.known(entries, LIMITS))
    files = lines = None
    if "max-files" in keys:
        files = reader.integer(keys["max-files"], "`max-files`", 1, FILES_MAX)
    if "max-lines" in keys:
        lines = reader.integer(keys["max-lines"], "`max-lines`", 1, LINES_MAX)
    denied: tuple[str, ...] = ()
    if "deny-paths" in keys:
        denied = reader.some(keys["deny-paths"], "`deny-paths`", most=DENIED_MAX)
    for pattern in denied:
        if trouble := problem_of(pattern):
            hint = "the signs are * ** ? + [] and \\ as in GitHub Actions"
            message = f"`{pattern}` in `deny-paths`: {trouble}"
            reader.report(Code.BAD_FILTER, message, hint, keys["deny-paths"].place)
    return AgentLimits(max_files=files, max_lines=lines, deny_paths=denied)


def _on_invalid(reader: Reader, node: Node | None) -> tuple[int, str]:
    entries = node and reader.entries(node, "`on-invalid-output`", "write `{retry: 1}`")
    keys = dict(reader.known(entries, ON_INVALID)) if entries else {}
    retries, then = 0, "fail"
    if "retry" in keys:
        retries = reader.integer(keys["retry"], "`retry`", 0, RETRIES_MAX) or 0
    if "then" in keys:
        then = reader.choice(keys["then"], "`then`", INVALID_THEN) or then
    return retries, then


def _review(reader: Reader, node: Node | None, formulas: Formulas) -> Approval | None:
    if node is None:
        return Approval(rules=(), inputs={})
    if isinstance(node, Scalar) and node.value == "none":
        return None
    if isinstance(node, Entries):
        return read_approval(reader, node, formulas, "`review`")
    message = "`review` is an approval, or `none`"
    hint = "write `review: none`, or `review: {rules: [...]}`"
    reader.report(Code.WRONG_VALUE, message, hint, node.place)
    return None
