"""Reading `uses`: the body of another definition, with its inputs filled by `with`.

The template is first read by itself, so that its own mistakes are told as such. Then it is
read again with what `with` says in place of its inputs (`app.core.reading.filling`). It may
have an `on` of its own; only its inputs, tasks or machine, defaults, outputs and time-out
are taken.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

from app.core.problems import Code, in_order
from app.core.reading.actions.dispatch import ORCHESTRATIONS
from app.core.reading.declarations import Declared, read_declarations
from app.core.reading.document import Entries, Node, Scalar, plain, texts
from app.core.reading.filling import Filling
from app.core.reading.formulas import Formulas
from app.core.reading.reader import Reader, did_you_mean
from app.core.reading.remedies import Surroundings
from app.core.reading.scopes import of_declared, start_scope
from app.core.reading.whole.body import Body, check_version, read_body
from app.core.reading.words import DEFINITION
from app.core.terms import Declaration, Place, ValueType
from app.core.tokens import Hole, split
from app.core.typed_values import check_value
from app.core.values import Json

Compose: TypeAlias = Callable[[str, Reader], Node | None]
TOLD_MAX = 20
_OTHER = re.compile(
    rf"[A-Za-z0-9._-]+/[A-Za-z0-9._-]+{re.escape(ORCHESTRATIONS)}[^/@\s]+\.ya?ml@[^\s@]+"
)
_OWN = re.compile(r"\./[^/@\s]+\.ya?ml")
_HINT = f"write `owner/repo{ORCHESTRATIONS}file.yml@v1`, or `./file.yml` for one of your own"


def used(node: Node | None) -> str | None:
    """Return the template that a `uses` names, if it is well-formed."""
    text = node.value if isinstance(node, Scalar) else None
    if isinstance(text, str) and (_OTHER.fullmatch(text) or _OWN.fullmatch(text)):
        return text
    return None


def read_uses(
    reader: Reader,
    keys: Mapping[str, Node],
    inputs: Declared,
    templates: Mapping[str, str],
    compose: Compose,
) -> Body:
    """Read the template that `uses` names, with `with` for its inputs."""
    node = keys["uses"]
    text = reader.text(node, "`uses`", _HINT)
    name = used(node)
    if text is None or name is None:
        if text is not None:
            why = (
                "no template" if "@" in text or text.startswith("./") else "not pinned by @ref"
            )
            reader.report(Code.BAD_TARGET, f"`{text[:80]}` is {why}", _HINT, node.place)
        return Body()
    if name not in templates:
        message = f"the template `{name}` is not there"
        hint = (
            "check the repository, the file and the ref, and that the App may read there; "
            "the command line finds it with `--templates FOLDER`"
        )
        reader.report(Code.TEMPLATE_MISSING, message, hint, node.place)
        return Body()
    found = _template(templates[name], compose)
    if isinstance(found, Reader):
        _tell(reader, found, node.place)
        return Body()
    given = _fill(reader, keys.get("with"), found[1], inputs, node.place)
    if given is None:
        return Body()
    filling = Filling(sources=given, names=of_declared("inputs", inputs))
    again = Reader()
    of_template = of_declared("inputs", found[1])
    body = read_body(again, _with_timeout(found[0], keys), of_template, filling)
    _tell(reader, again, node.place)
    return body


def _template(text: str, compose: Compose) -> tuple[Mapping[str, Node], Declared] | Reader:
    """Read a template by itself; a reader comes back with its problems."""
    reader = Reader()
    root = compose(text, reader)
    hint = "see docs/definitions.md for an example"
    entries = root and reader.entries(root, "a template", hint)
    if not entries:
        return reader
    keys = dict(reader.known(entries, DEFINITION))
    check_version(reader, keys.get("version"), entries)
    if "uses" in keys:
        message = "a template does not use another template"
        reader.report(Code.BAD_TEMPLATE, message, "use it directly", keys["uses"].place)
    elif "tasks" not in keys and "states" not in keys:
        hint = "add `tasks` to the template"
        reader.report(Code.MISSING_KEY, "there are no `tasks`", hint, entries.place)
    inputs = Declared({}, {})
    if "inputs" in keys:
        inputs = read_declarations(reader, keys["inputs"], "inputs")
    read_body(reader, keys, of_declared("inputs", inputs))
    return reader if reader.problems else (keys, inputs)


def _with_timeout(template: Mapping[str, Node], keys: Mapping[str, Node]) -> Mapping[str, Node]:
    own = {key: keys[key] for key in ("timeout-minutes",) if key in keys}
    return {**template, **own}


def _tell(reader: Reader, template: Reader, place: Place) -> None:
    for each in in_order(template.problems)[:TOLD_MAX]:
        message = f"line {each.line}, column {each.column} of the template: {each.message}"
        reader.report(Code.BAD_TEMPLATE, message, each.hint, place)


def _fill(
    reader: Reader, node: Node | None, wanted: Declared, own: Declared, place: Place
) -> Mapping[str, str] | None:
    """Make an expression for each input of the template."""
    before = len(reader.problems)
    entries = node and reader.entries(node, "`with`", "write `{input: value}`")
    if node and not entries:
        return None
    nodes: Mapping[str, Node] = entries.nodes if entries else {}
    scope = start_scope(of_declared("inputs", own))
    formulas = Formulas(reader, Surroundings(scope=scope))
    found: dict[str, str] = {}
    for name, each in nodes.items():
        if name in wanted.right:
            source = _source(reader, name, each, wanted.right[name], formulas)
            found[name] = source or ""
        else:
            assert isinstance(entries, Entries), "names stand in a mapping"
            message = f"the template has no input `{name}`{did_you_mean(name, wanted.right)}"
            hint = f"it has {', '.join(wanted.right) or 'none'}"
            reader.report(Code.UNKNOWN_NAME, message, hint, entries.keys[name].place)
    for name, declaration in wanted.right.items():
        if name in nodes:
            continue
        if declaration.default is None:
            message = f"the template's input `{name}` is not given"
            at = entries.place if entries else place
            reader.report(Code.MISSING_KEY, message, f"write `with: {{{name}: ...}}`", at)
        else:
            found[name] = literal(declaration.default, declaration.type)
    return found if len(reader.problems) == before else None


def _source(
    reader: Reader, name: str, node: Node, declaration: Declaration, formulas: Formulas
) -> str | None:
    if not any("${{" in str(each.value) for each in texts(node)):
        value = plain(node)
        trouble = check_value(declaration, value)
        if trouble is None:
            return literal(value, declaration.type)
        hint = f"write a value of type {declaration.type.value} that the template allows"
        reader.report(Code.BAD_DEFAULT, f"the input `{name}` {trouble}", hint, node.place)
        return None
    if not isinstance(node, Scalar):
        message = f"`{name}` mixes values and expressions"
        hint = "write one expression: `${{ [inputs.one, inputs.other] }}`"
        reader.report(Code.WRONG_VALUE, message, hint, node.place)
        return None
    if formulas.template(node, f"`{name}`", declaration.type) is None:
        return None
    parts = split(str(node.value))
    if len(parts) == 1 and isinstance(parts[0], Hole):
        is_number = declaration.type is ValueType.NUMBER
        return f"double({parts[0].source})" if is_number else parts[0].source
    if declaration.type is not ValueType.STRING:
        message = f"`{name}` is a text, and the template wants {declaration.type.value}"
        hint = "write the one expression alone, without text around it"
        reader.report(Code.BAD_DEFAULT, message, hint, node.place)
        return None
    return " + ".join(
        f"string({part.source})" if isinstance(part, Hole) else literal(part, ValueType.STRING)
        for part in parts
    )


def literal(value: Json, type_: ValueType) -> str:
    """Write a value as an expression of a declared type: what is in a list may be anything."""
    if type_ is ValueType.NUMBER and isinstance(value, int):
        return repr(float(value))
    if isinstance(value, Mapping):
        pairs = (f"{_json(name)}: dyn({_json(each)})" for name, each in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(f"dyn({_json(each)})" for each in value) + "]"
    return _json(value)


def _json(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False)
