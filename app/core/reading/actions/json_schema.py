"""Reading the JSON Schema of an agent's outputs: draft 2020-12 without references.

What is not in the table is refused by name: a keyword that nobody checks would let through
what it forbids, and a reference may lead round in a circle, or out of the file.
https://json-schema.org/draft/2020-12/json-schema-validation
"""

from collections.abc import Mapping
from typing import Final

from app.core.expressions import ExpressionError, NameType, has_match
from app.core.legs.schemas import problem_of
from app.core.problems import Code
from app.core.reading.document import Entries, Items, Node, Scalar, plain
from app.core.reading.reader import Reader, did_you_mean
from app.core.reading.words import words
from app.core.terms import Declaration, ValueType
from app.core.values import Json, JsonObject

DEPTH_MAX: Final = 8
PROPERTIES_MAX: Final = 100
_TYPES = words("string integer number boolean array object null")
_SAYING = words("title description examples default $schema $comment")
_COUNTS = words(
    "minLength maxLength minItems maxItems minProperties maxProperties minContains maxContains"
)
_BOUNDS = words("minimum maximum exclusiveMinimum exclusiveMaximum multipleOf")
_INNER = words("items contains not if then else additionalProperties propertyNames")
_LISTS = words("allOf anyOf oneOf prefixItems")
_OTHERS = words(
    "type enum const properties required uniqueItems pattern format dependentRequired"
)
KEYWORDS: Final = _SAYING | _COUNTS | _BOUNDS | _INNER | _LISTS | _OTHERS


def read_schema(reader: Reader, node: Node) -> JsonObject | None:
    """Read the schema for all outputs together: an object with named properties."""
    before = len(reader.problems)
    hint = "write `{type: object, properties: {name: {type: string}}}`"
    entries = reader.entries(node, "`schema`", hint)
    if entries is None:
        return None
    _check(reader, entries, 1)
    properties = entries.nodes.get("properties")
    kind = entries.nodes.get("type")
    is_object = isinstance(kind, Scalar) and kind.value == "object"
    if not is_object or not isinstance(properties, Entries) or not properties.nodes:
        message = "the schema of outputs is an object with `properties`"
        reader.report(Code.BAD_SCHEMA, message, hint, entries.place)
    for key in properties.keys.values() if isinstance(properties, Entries) else ():
        reader.name(key, "an output")
    found = {name: plain(each) for name, each in entries.nodes.items()}
    if len(reader.problems) == before and (trouble := problem_of(found)):
        message = f"the schema is wrong: {trouble}"
        reader.report(Code.BAD_SCHEMA, message, "see https://json-schema.org", entries.place)
    return found if len(reader.problems) == before else None


def outputs_of(schema: JsonObject) -> dict[str, NameType]:
    """Say which outputs there are, each with the type that expressions see."""
    properties = schema["properties"]
    assert isinstance(properties, Mapping), "a schema was read"
    return {name: _type_of(each) for name, each in properties.items()}


def declarations_of(schema: JsonObject, place: Node) -> dict[str, Declaration]:
    """Declare the outputs whose type the schema tells; the schema itself says the rest."""
    required = schema.get("required")
    listed = required if isinstance(required, list) else []
    return {
        name: Declaration(
            type=ValueType(type_.value), place=place.place, required=name in listed
        )
        for name, type_ in outputs_of(schema).items()
        if type_ is not NameType.ANY
    }


def _type_of(schema: Json) -> NameType:
    assert isinstance(schema, Mapping), "a property was read as a schema"
    kind = schema.get("type")
    if isinstance(kind, str) and kind != "null":
        return NameType(kind)
    values = schema.get("enum", [schema["const"]] if "const" in schema else [])
    kinds = {type(each) for each in values} if isinstance(values, list) else set()
    return _KINDS.get(kinds.pop(), NameType.ANY) if len(kinds) == 1 else NameType.ANY


_KINDS: Mapping[type, NameType] = {
    str: NameType.STRING,
    bool: NameType.BOOLEAN,
    int: NameType.INTEGER,
    float: NameType.NUMBER,
}


def _check(reader: Reader, node: Node, depth: int) -> None:
    entries = reader.entries(node, "a schema", "write `{type: string}`")
    if entries is None:
        return
    if depth > DEPTH_MAX:
        message = f"the schema is nested deeper than {DEPTH_MAX} levels"
        reader.report(Code.BAD_SCHEMA, message, "flatten it", entries.place)
        return
    for key, each in entries.nodes.items():
        if key not in KEYWORDS:
            message = f"the keyword `{key}` is not checked here{did_you_mean(key, KEYWORDS)}"
            hint = f"there are {', '.join(sorted(KEYWORDS - _SAYING))}"
            reader.report(Code.BAD_SCHEMA, message, hint, entries.keys[key].place)
        elif key == "properties":
            _check_properties(reader, each, depth)
        elif key in _INNER and not _is_truth(each):
            _check(reader, each, depth + 1)
        elif key in _LISTS:
            hint = f"write `{key}: [{{type: string}}]`"
            for item in reader.several(each, f"`{key}`", 1, PROPERTIES_MAX, hint):
                _check(reader, item, depth + 1)
        elif trouble := _trouble(key, each):
            message = f"`{key}` of a schema {trouble}"
            reader.report(Code.BAD_SCHEMA, message, "see https://json-schema.org", each.place)


def _check_properties(reader: Reader, node: Node, depth: int) -> None:
    properties = reader.entries(node, "`properties`", "write `{name: {type: string}}`")
    if properties is None:
        return
    if len(properties.nodes) > PROPERTIES_MAX:
        message = f"a schema has at most {PROPERTIES_MAX} properties"
        reader.report(Code.TOO_MANY, message, "put several into one", properties.place)
    for each in properties.nodes.values():
        _check(reader, each, depth + 1)


def _trouble(key: str, node: Node) -> str:
    value = plain(node)
    if key == "type":
        kinds = value if isinstance(value, list) else [value]
        is_right = bool(kinds) and all(each in _TYPES for each in kinds if _is_text(each))
        is_right = is_right and all(_is_text(each) for each in kinds)
        return "" if is_right else f"is one of {', '.join(sorted(_TYPES))}"
    if key in _COUNTS:
        is_count = isinstance(value, int) and not isinstance(value, bool) and value >= 0
        return "" if is_count else "is a whole number"
    if key in _BOUNDS:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return "" if is_number else "is a number"
    if key == "enum":
        return "" if isinstance(node, Items) and node.nodes else "is a list of values"
    if key == "required":
        names = value if isinstance(value, list) else [None]
        return "" if all(_is_text(each) for each in names) else "is a list of names"
    return _trouble_of_pattern(value) if key == "pattern" else ""


def _trouble_of_pattern(value: Json) -> str:
    if not isinstance(value, str):
        return "is a text"
    try:
        has_match(value, "")
    except ExpressionError:
        return "is no pattern of RE2"
    return ""


def _is_text(value: Json) -> bool:
    return isinstance(value, str)


def _is_truth(node: Node) -> bool:
    return isinstance(node, Scalar) and isinstance(node.value, bool)
