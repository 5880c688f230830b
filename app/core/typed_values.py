"""Values against their declarations: inputs that somebody gives, outputs that a task reports.

The declarations themselves are checked when a definition is read, with the same functions.
"""

import json
import re
from collections.abc import Mapping
from math import isfinite
from typing import TypeGuard, assert_never

from app.core.expressions import ExpressionError, has_match, text_of
from app.core.terms import Declaration, ValueType
from app.core.values import Json, JsonObject

__all__ = ["check_value", "fill_inputs", "from_text", "text_of"]

TEXT_LENGTH_MAX = 65_535  # as much as GitHub takes for all inputs of a workflow together
INTEGER_MAX = 2**63 - 1  # of CEL and of most that reads JSON
_INTEGER = re.compile(r"[-+]?[0-9]{1,19}")


def check_value(declaration: Declaration, value: Json) -> str | None:
    """Say why a value is not what was declared, or None if it is."""
    if not _is_of(declaration.type, value):
        return f"is {_kind(value)}, not {_WORDS[declaration.type]}"
    if isinstance(value, str) and len(value) > TEXT_LENGTH_MAX:
        return f"is longer than {TEXT_LENGTH_MAX} characters"
    if declaration.enum and not any(same(value, each) for each in declaration.enum):
        return f"is not one of {', '.join(text_of(each) for each in declaration.enum)}"
    if declaration.pattern is not None and isinstance(value, str):
        return _check_pattern(declaration.pattern, value)
    return None


def fill_inputs(
    declarations: Mapping[str, Declaration], given: JsonObject, *, is_text: bool = False
) -> tuple[JsonObject, tuple[str, ...]]:
    """Check given inputs and add the defaults. Return the inputs and what is wrong with them.

    `is_text` turns texts from a command line or a form into the declared types. An input
    that is neither given nor has a default is left out; reading it is an error.
    """
    filled: dict[str, Json] = {}
    problems = [f"`{name}` is not an input" for name in given if name not in declarations]
    for name, declaration in declarations.items():
        value = given.get(name)
        if value is None:
            if declaration.required:
                problems.append(f"`{name}` is required")
            elif declaration.default is not None:
                filled[name] = declaration.default
            continue
        if is_text and isinstance(value, str):
            value = from_text(declaration.type, value)
        trouble = check_value(declaration, value)
        if trouble is None:
            filled[name] = value
        else:
            problems.append(f"`{name}` {trouble}")
    return filled, tuple(problems)


def from_text(type_: ValueType, text: str) -> Json:
    """Read a value of a type from text; a text that is none of it is returned as it is."""
    match type_:
        case ValueType.STRING:
            return text
        case ValueType.BOOLEAN:
            return {"true": True, "false": False}.get(text.strip().lower(), text)
        case ValueType.INTEGER:
            return int(text) if _INTEGER.fullmatch(text.strip()) else text
        case ValueType.NUMBER | ValueType.ARRAY | ValueType.OBJECT:
            try:
                value: Json = json.loads(text)
            except (ValueError, RecursionError):
                return text
            return value if _is_of(type_, value) else text
        case _:
            assert_never(type_)


def same(one: Json, other: Json) -> bool:
    """Tell whether two values are equal in JSON, where true is not 1 and 1.0 is 1."""
    return _canonical(one) == _canonical(other)


def _canonical(value: Json) -> str:
    return text_of(value) if isinstance(value, float) else json.dumps(value, sort_keys=True)


def _check_pattern(pattern: str, value: str) -> str | None:
    try:
        is_found = has_match(pattern, value)
    except ExpressionError as error:
        return f"cannot be compared with the pattern: {error}"
    return None if is_found else f"does not match the pattern {pattern}"


def _is_of(type_: ValueType, value: Json) -> bool:
    match type_:
        case ValueType.STRING:
            return isinstance(value, str)
        case ValueType.BOOLEAN:
            return isinstance(value, bool)
        case ValueType.INTEGER:
            return _is_number(value) and float(value).is_integer()
        case ValueType.NUMBER:
            return _is_number(value)
        case ValueType.ARRAY:
            return isinstance(value, list | tuple)
        case ValueType.OBJECT:
            return isinstance(value, Mapping)
        case _:
            assert_never(type_)


def _is_number(value: Json) -> TypeGuard[int | float]:
    # Python takes a bool for an int.
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return isfinite(value) if isinstance(value, float) else abs(value) <= INTEGER_MAX


_WORDS: Mapping[ValueType, str] = {
    ValueType.STRING: "a text (string)",
    ValueType.INTEGER: "a whole number (integer)",
    ValueType.NUMBER: "a number",
    ValueType.BOOLEAN: "true or false (boolean)",
    ValueType.ARRAY: "a list (array)",
    ValueType.OBJECT: "an object",
}


def _kind(value: Json) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case str():
            return "a text"
        case int():
            return "a whole number"
        case float():
            return "a number"
        case Mapping():
            return "an object"
        case _:
            return "a list"
