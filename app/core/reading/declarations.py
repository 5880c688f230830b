"""Reading the declarations of inputs and outputs: types, defaults, choices, patterns."""

from dataclasses import dataclass, replace

from app.core.expressions import ExpressionError, NameType, has_match
from app.core.problems import Code
from app.core.reading.document import Entries, Items, Node, Scalar, plain
from app.core.reading.reader import Reader, did_you_mean
from app.core.reading.words import DECLARATION
from app.core.terms import Declaration, Place, ValueType
from app.core.typed_values import check_value

DECLARATIONS_MAX = 100
ENUM_MAX = 100
PATTERN_LENGTH_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Declared:
    """The declarations that are right, and the types of all, so that one mistake is one."""

    right: dict[str, Declaration]
    types: dict[str, NameType]


def read_declarations(reader: Reader, node: Node, what: str) -> Declared:
    """Read a mapping of names to declarations."""
    declared = Declared({}, {})
    entries = reader.entries(node, f"`{what}`", "write `name: {type: string}`")
    if entries is None:
        return declared
    if len(entries.nodes) > DECLARATIONS_MAX:
        message = (
            f"`{what}` declares {len(entries.nodes)} names; the most is {DECLARATIONS_MAX}"
        )
        reader.report(Code.TOO_MANY, message, "put several into one object", entries.place)
    for name, each in entries.nodes.items():
        if not reader.name(entries.keys[name], f"an item of `{what}`"):
            continue
        found = _declaration(reader, each, f"`{what}.{name}`")
        declared.types[name] = NameType(found.type.value) if found else NameType.ANY
        if found:
            declared.right[name] = found
    return declared


def _declaration(reader: Reader, node: Node, what: str) -> Declaration | None:
    entries = reader.entries(node, what, "write `{type: string}`")
    if entries is None:
        return None
    before = len(reader.problems)
    keys = dict(reader.known(entries, DECLARATION))
    type_ = _type(reader, keys.get("type"), what, entries.place)
    required = reader.truth(keys["required"], "`required`") if "required" in keys else False
    described = "description" in keys and reader.text(keys["description"], "`description`")
    if type_ is None or len(reader.problems) > before:
        return None
    declaration = Declaration(
        type=type_, place=entries.place, required=bool(required), description=described or ""
    )
    declaration = _with_pattern(reader, keys.get("pattern"), declaration)
    declaration = _with_enum(reader, keys.get("enum"), declaration)
    declaration = _with_default(reader, keys.get("default"), declaration, entries)
    return declaration if len(reader.problems) == before else None


def _type(reader: Reader, node: Node | None, what: str, place: Place) -> ValueType | None:
    types = [each.value for each in ValueType]
    if node is None:
        hint = f"add `type:` with one of {', '.join(types)}"
        reader.report(Code.MISSING_KEY, f"{what} has no `type`", hint, place)
        return None
    text = reader.text(node, "`type`", f"write one of {', '.join(types)}")
    if text is None or text in types:
        return ValueType(text) if text else None
    hint = f"write one of {', '.join(types)}"
    if text in ("choice", "environment"):
        hint = "write `type: string`, and the choices as `enum`"
    message = f"`type` is `{text}`{did_you_mean(text, types)}"
    reader.report(Code.WRONG_VALUE, message, hint, node.place)
    return None


def _with_pattern(reader: Reader, node: Node | None, declaration: Declaration) -> Declaration:
    if node is None:
        return declaration
    pattern = reader.text(node, "`pattern`")
    if pattern is None:
        return declaration
    message, hint = "", "it is RE2: no look-ahead, no back-references"
    if declaration.type is not ValueType.STRING:
        message, hint = "a `pattern` is for texts", "leave it out, or declare `type: string`"
    elif len(pattern) > PATTERN_LENGTH_MAX:
        message = f"a pattern has at most {PATTERN_LENGTH_MAX} characters"
    else:
        try:
            has_match(pattern, "")
        except ExpressionError as error:
            message = (
                f"the pattern is wrong: {str(error).partition('expression: ')[2] or error}"
            )
    if message:
        reader.report(Code.BAD_PATTERN, message, hint, node.place)
        return declaration
    return replace(declaration, pattern=pattern)


def _with_enum(reader: Reader, node: Node | None, declaration: Declaration) -> Declaration:
    if node is None:
        return declaration
    items = reader.items(node, "`enum`", "write `[one, other]`")
    if items is None:
        return declaration
    if not 1 <= len(items.nodes) <= ENUM_MAX:
        message = f"`enum` has {len(items.nodes)} values"
        reader.report(Code.OUT_OF_RANGE, message, f"write 1 to {ENUM_MAX} values", node.place)
    if declaration.type in (ValueType.ARRAY, ValueType.OBJECT):
        message = f"`enum` is for single values, not for `{declaration.type.value}`"
        reader.report(Code.CONFLICTING_KEYS, message, "leave it out", node.place)
        return declaration
    what = "the value in `enum`"
    values = [plain(each) for each in items.nodes if _fits(reader, each, declaration, what)]
    return replace(declaration, enum=tuple(values))


def _with_default(
    reader: Reader, node: Node | None, declaration: Declaration, entries: Entries
) -> Declaration:
    if node is None:
        return declaration
    if declaration.required:
        message = "what is `required` is never filled by its `default`"
        place = entries.keys["default"].place
        reader.report(Code.CONFLICTING_KEYS, message, "leave out one of the two", place)
    if isinstance(node, Scalar) and isinstance(node.value, str) and "${{" in node.value:
        hint = "write a plain value; put the expression where the input is used"
        message = "a `default` holds no expression"
        reader.report(Code.BAD_DEFAULT, message, hint, node.place)
        return declaration
    if _fits(reader, node, declaration, "the `default`"):
        return replace(declaration, default=plain(node))
    return declaration


def _fits(reader: Reader, node: Node, declaration: Declaration, what: str) -> bool:
    trouble = check_value(declaration, plain(node))
    if trouble is None:
        return True
    hint = f"write a value of type {declaration.type.value} that the declaration allows"
    is_text = declaration.type is ValueType.STRING
    if isinstance(node, Scalar) and is_text and not isinstance(node.value, str):
        hint = f"put quotes around it: '{node.raw}'"
    place = node.nodes[0].place if isinstance(node, Items) and node.nodes else node.place
    reader.report(Code.BAD_DEFAULT, f"{what} {trouble}", hint, place)
    return False
