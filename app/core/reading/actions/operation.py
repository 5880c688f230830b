"""Reading `github`: one call, what it must be told, and what it gives back."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.core.actions import GitHubOperation
from app.core.expressions import NameType
from app.core.problems import Code
from app.core.reading.actions.dispatch import read_inputs
from app.core.reading.declarations import Declared
from app.core.reading.document import Entries, Items, Node, Scalar
from app.core.reading.formulas import Formulas
from app.core.reading.reader import Reader, did_you_mean
from app.core.reading.words import words
from app.core.terms import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What one call takes and gives; without `gives` it gives whatever a file holds."""

    required: frozenset[str]
    optional: frozenset[str] = frozenset()
    gives: Mapping[str, NameType] | None


_NUMBER, _TEXT = NameType.INTEGER, NameType.STRING
OPERATIONS: Mapping[str, Operation] = {
    "refs.resolve": Operation(
        required=words("refs"),
        optional=words("override"),
        gives={"shas": NameType.OBJECT, "untrusted": NameType.BOOLEAN},
    ),
    "file.read": Operation(
        required=words("path"), optional=words("repository ref"), gives=None
    ),
    "issue.create": Operation(
        required=words("title"),
        optional=words("repository body labels"),
        gives={"number": _NUMBER, "url": _TEXT},
    ),
    "comment.create": Operation(
        required=words("number body"),
        optional=words("repository"),
        gives={"id": _NUMBER, "url": _TEXT},
    ),
    "labels.add": Operation(
        required=words("number labels"),
        optional=words("repository"),
        gives={"labels": NameType.ARRAY},
    ),
    "pull-request.merge": Operation(
        required=words("number sha"),
        optional=words("repository method"),
        gives={"sha": _TEXT, "merged": NameType.BOOLEAN},
    ),
    "release.create": Operation(
        required=words("tag"),
        optional=words("repository name body target prerelease"),
        gives={"id": _NUMBER, "url": _TEXT, "tag": _TEXT},
    ),
}
_LISTS = words("labels")


def read_operation(
    reader: Reader, keys: Mapping[str, Node], formulas: Formulas
) -> GitHubOperation | None:
    """Read `github` and its `with`."""
    node = keys["github"]
    name = reader.choice(node, "`github`", tuple(OPERATIONS))
    inputs = read_inputs(reader, keys["with"], formulas) if "with" in keys else {}
    if name is None:
        return None
    given = keys.get("with")
    entries = given if isinstance(given, Entries) else None
    _check_inputs(reader, name, entries, node.place)
    return GitHubOperation(name=name, inputs=inputs)


def check_outputs(reader: Reader, node: Node | None, outputs: Node, declared: Declared) -> None:
    """Compare the declared outputs of a call with what it gives."""
    name = node.value if isinstance(node, Scalar) else None
    operation = OPERATIONS.get(str(name))
    if operation is None or operation.gives is None or not isinstance(outputs, Entries):
        return
    listed = ", ".join(f"`{each}`" for each in operation.gives) or "no outputs"
    for output, type_ in declared.types.items():
        place = outputs.keys[output].place
        wanted = operation.gives.get(output)
        if wanted is None:
            guess = did_you_mean(output, operation.gives)
            message = f"`{name}` gives no `{output}`{guess}"
            reader.report(Code.BAD_CALL, message, f"it gives {listed}", place)
        elif type_ not in (wanted, NameType.ANY):
            message = f"`{output}` of `{name}` is of the type {wanted.value}"
            reader.report(Code.BAD_CALL, message, f"write `type: {wanted.value}`", place)


def _check_inputs(reader: Reader, name: str, given: Entries | None, place: Place) -> None:
    operation = OPERATIONS[name]
    nodes = given.nodes if given else {}
    known = operation.required | operation.optional
    for key in sorted(operation.required - nodes.keys()):
        hint = f"write `with: {{{key}: ...}}`; it takes {', '.join(sorted(known))}"
        message = f"`{name}` must be told its `{key}`"
        reader.report(Code.BAD_CALL, message, hint, given.place if given else place)
    for key, node in nodes.items():
        if key not in known and given:
            message = f"`{name}` takes no `{key}`{did_you_mean(key, known)}"
            hint = f"it takes {', '.join(sorted(known))}"
            reader.report(Code.BAD_CALL, message, hint, given.keys[key].place)
        elif key in _LISTS and not isinstance(node, Items) and "${{" not in _text(node):
            message = f"`{key}` of `{name}` is a list"
            reader.report(Code.BAD_CALL, message, f"write `{key}: [one, other]`", node.place)
    if name == "refs.resolve" and "refs" in nodes:
        _check_refs(reader, nodes["refs"])


def _check_refs(reader: Reader, node: Node) -> None:
    hint = "write `refs: {api: owner/repo@main}`"
    entries = None if "${{" in _text(node) else reader.entries(node, "`refs`", hint)
    for key, each in entries.nodes.items() if entries else ():
        text = _text(each)
        repository, _, ref = text.partition("@")
        if "${{" not in text and not (repository.count("/") == 1 and ref):
            message = f"`{key}` is not `owner/repo@ref`"
            reader.report(Code.BAD_CALL, message, hint, each.place)


def _text(node: Node) -> str:
    return str(node.value) if isinstance(node, Scalar) else ""
