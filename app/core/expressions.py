"""Expressions: CEL, typed from the definition when it is loaded, evaluated when it is needed.

This is the only file that knows the CEL library. `check` types an expression against a
`Scope` and says what is wrong with it in CEL's own words; `app.core.reading.formulas` turns
those into problems. `evaluate`, `evaluate_condition` and `render` work on values by dotted
name: `event`, `inputs.train`, `needs.build.result`, `needs.build.outputs.image`; for a task
with a matrix `needs.build.outputs` is an object by leg key.

Every amount of work is limited: the source by its length and CEL's own depth of 32, the
evaluation by CEL's budget of 10,000 turns in loops, the result by its size.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import TypeAlias

from cel_expr_python import cel
from google.protobuf import descriptor_pb2, descriptor_pool, struct_pb2

from app.core.terms import Expression, Reads, Template
from app.core.tokens import Hole, chains, split
from app.core.values import Json, JsonObject

SOURCE_LENGTH_MAX = 4_096
TEXT_LENGTH_MAX = 262_144  # of a result; four times what a workflow takes as its inputs


class NameType(StrEnum):
    """The types that names have in expressions: those of declarations and three more."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    ARRAY = "array"
    OBJECT = "object"
    ANY = "any"
    TIMESTAMP = "timestamp"
    DURATION = "duration"


Types: TypeAlias = tuple[tuple[str, NameType], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The names that an expression may read at one place of a definition.

    `legs` holds the outputs of tasks with a matrix: `needs.build.outputs` is then an object
    by leg key, whose members have the types given here. It is hashable, so that what is
    made from it is made once.
    """

    names: Types
    legs: tuple[tuple[str, Types], ...] = ()


@dataclass(frozen=True, slots=True)
class Mistake:
    """What CEL has against an expression, and how many characters into it."""

    text: str
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What the check found: CEL's name of the type, the names read, what is wrong."""

    type: str
    reads: Reads
    mistakes: tuple[Mistake, ...]


class ExpressionError(Exception):
    """An expression has no value: a name is missing, types do not fit, or it works too long."""


def check(source: str, scope: Scope) -> Checked:
    """Type an expression. Any text is welcome; what is wrong comes back as mistakes."""
    if len(source) > SOURCE_LENGTH_MAX:
        text = f"an expression has at most {SOURCE_LENGTH_MAX} characters"
        return Checked(type="", reads=(), mistakes=(Mistake(text, 0),))
    try:
        program = _checking_environment(scope).compile(source)
    except RuntimeError as error:
        return Checked(type="", reads=(), mistakes=_mistakes(str(error), source))
    return Checked(type=program.return_type().name(), reads=_reads(source, scope), mistakes=())


def evaluate(expression: Expression, values: JsonObject) -> Json:
    """Work out an expression. Raises `ExpressionError`; a null result is one, too.

    Numbers are converted to the types that the names were declared with: JSON writes the
    number 2.0 as 2.
    """
    return _evaluate(expression.source, expression.reads, values)


def evaluate_condition(expression: Expression, values: JsonObject) -> bool:
    """Work out a yes or no. Raises `ExpressionError` also for any other kind of value."""
    result = evaluate(expression, values)
    if not isinstance(result, bool):
        raise ExpressionError(
            f"`{expression.source}` gave {_said(result)} instead of true or false"
        )
    return result


def render(template: Template, values: JsonObject) -> Json:
    """Fill in each `${{ }}` of a value. Raises `ExpressionError`.

    A text that is one expression takes the value with its type; otherwise it becomes text.
    """
    return _render(template.value, template.reads, values)


def text_of(value: Json) -> str:
    """Say a value as text: as CEL's `string()` does, objects and arrays as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def has_match(pattern: str, text: str) -> bool:
    """Tell whether a pattern is found in a text. Raises `ExpressionError` for a bad pattern.

    It is CEL's `matches`, that is RE2: no pattern takes more than linear time.
    """
    values: JsonObject = {"text": text, "pattern": pattern}
    reads = (("text", NameType.STRING.value), ("pattern", NameType.STRING.value))
    return _evaluate("text.matches(pattern)", reads, values) is True


def _render(value: Json, reads: Reads, values: JsonObject) -> Json:
    if isinstance(value, str):
        parts = split(value)
        if len(parts) == 1 and isinstance(parts[0], Hole):
            return _evaluate(parts[0].source, reads, values)
        return "".join(
            text_of(_evaluate(part.source, reads, values)) if isinstance(part, Hole) else part
            for part in parts
        )
    if isinstance(value, Mapping):
        return {name: _render(each, reads, values) for name, each in value.items()}
    if isinstance(value, Sequence):
        return [_render(each, reads, values) for each in value]
    return value


def _evaluate(source: str, reads: Reads, values: JsonObject) -> Json:
    if reads == ((source, NameType.STRING),):
        # Most expressions only name a text. CEL says the same, and takes twenty times as long.
        # What it refuses is not ASCII: halves of surrogate pairs; and at a NUL it cuts.
        value = values.get(source)
        if type(value) is str and value.isascii() and "\0" not in value:
            return _checked(value, source)
    reads = reads or tuple((name, NameType.ANY.value) for name in values)
    try:
        data = {name: _to_cel(type_, values[name]) for name, type_ in reads if name in values}
        answer = _program(source, reads).eval(data=data)
        if answer.type() == cel.Type.ERROR:
            raise ExpressionError(f"`{source}`: {_plainly(str(answer.value()))}")
        result = answer.plain_value()
    except (RuntimeError, TypeError, ValueError, OverflowError) as error:
        # The library reports some faults by exceptions: a text that is not Unicode, the budget.
        raise ExpressionError(f"`{source}`: {_plainly(str(error))}") from error
    if result is None:
        raise ExpressionError(f"`{source}` is null")
    return _checked(_from_cel(result, source), source)


def _checked(result: Json, source: str) -> Json:
    if isinstance(result, str) and len(result) > TEXT_LENGTH_MAX:
        raise ExpressionError(f"`{source}` gave more than {TEXT_LENGTH_MAX} characters")
    return result


@lru_cache(maxsize=4096)
def _program(source: str, reads: Reads) -> cel.Expression:
    variables = {
        name: _ANYTHING if type_.startswith(_LEGS) else _CEL_TYPES[NameType(type_)]
        for name, type_ in reads
    }
    return cel.NewEnv(variables=variables).compile(source)


# The type of a matrix task's outputs in `Reads`: this, and which of them are numbers.
_LEGS = "legs:"
_ANYTHING = cel.Type.DYN
_CEL_TYPES: Mapping[NameType, cel.Type] = {
    NameType.STRING: cel.Type.STRING,
    NameType.INTEGER: cel.Type.INT,
    NameType.NUMBER: cel.Type.DOUBLE,
    NameType.BOOLEAN: cel.Type.BOOL,
    NameType.ARRAY: cel.Type.List(_ANYTHING),
    NameType.OBJECT: cel.Type.Map(cel.Type.STRING, _ANYTHING),
    NameType.ANY: _ANYTHING,
    NameType.TIMESTAMP: cel.Type.TIMESTAMP,
    NameType.DURATION: cel.Type.DURATION,
}


def _to_cel(type_: str, value: Json) -> object:
    if isinstance(value, bool) and type_ in (NameType.NUMBER, NameType.INTEGER):
        raise ValueError("true or false is no number")
    if type_ == NameType.NUMBER and isinstance(value, int):
        return float(value)
    if type_ == NameType.INTEGER and isinstance(value, float) and value.is_integer():
        return int(value)
    if type_ == NameType.TIMESTAMP and isinstance(value, str):
        return datetime.fromisoformat(value)
    if type_ == NameType.DURATION and isinstance(value, str):
        # As CEL's `string()` writes it: `90s`.
        return timedelta(seconds=float(value.removesuffix("s")))
    if type_.startswith(_LEGS) and isinstance(value, Mapping):
        numbers = type_.removeprefix(_LEGS).split(",")
        return {key: _leg_to_cel(numbers, leg) for key, leg in value.items()}
    return _plain(value)


def _leg_to_cel(numbers: Sequence[str], leg: Json) -> object:
    if not isinstance(leg, Mapping):
        return _plain(leg)
    return {
        name: _to_cel(NameType.NUMBER if name in numbers else NameType.ANY, value)
        for name, value in leg.items()
    }


def _plain(value: Json) -> object:
    # What came out of JSON is handed over as it is, since CEL converts only what it touches.
    if type(value) in (str, int, float, bool, dict, list):
        return value
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(each) for each in value]
    return value


def _from_cel(value: object, source: str) -> Json:
    match value:
        case None | bool() | str():
            return value
        case int():
            return int(value)
        case float() if math.isfinite(value):
            return value
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case list():
            return [_from_cel(each, source) for each in value]
        case dict() if all(isinstance(name, str) for name in value):
            return {name: _from_cel(each, source) for name, each in value.items()}
    raise ExpressionError(f"`{source}` gave {value}, which JSON cannot say")


def _plainly(text: str) -> str:
    text = text.removesuffix("]").rpartition(" [")[0] if text.endswith("]") else text
    if "Iteration budget" in text:
        return "it takes more than 10,000 turns of its loops"
    if found := re.search(r'No value with name "([^"]*)"', text):
        return f"`{found[1]}` has no value"
    if found := re.search(r"Key not found in map : (.*)", text):
        return f"there is no member {found[1]}"
    return re.sub(r"^[A-Z_]+: ", "", text)


def _said(value: Json) -> str:
    text = text_of(value)
    return text if len(text) <= 40 else f"{text[:40]}..."


# ------------------------------------------------------------------------------- the check


def _reads(source: str, scope: Scope) -> Reads:
    types: dict[str, str] = {name: type_.value for name, type_ in scope.names}
    for name, outputs in scope.legs:
        types[name] = _LEGS + ",".join(n for n, type_ in outputs if type_ is NameType.NUMBER)
    found: dict[str, str] = {}
    for chain in chains(source):
        for length in range(len(chain.names), 0, -1):
            name = ".".join(chain.names[:length])
            if name in types:
                found[name] = types[name]
                break
    return tuple(sorted(found.items()))


_ERROR = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): ([^\n]*)")


def _mistakes(text: str, source: str) -> tuple[Mistake, ...]:
    found = [
        Mistake(each[3].removesuffix(" [INVALID_ARGUMENT]"), _offset(source, each))
        for each in _ERROR.finditer(text)
    ]
    return tuple(found) or (Mistake(text, 0),)


def _offset(source: str, found: re.Match[str]) -> int:
    line, column = int(found[1]), int(found[2])
    lines = source.split("\n")
    if not 1 <= line <= len(lines):
        return 0
    return sum(len(each) + 1 for each in lines[: line - 1]) + max(0, column - 1)


@lru_cache(maxsize=64)
def _checking_environment(scope: Scope) -> cel.Env:
    variables = {name: _CEL_TYPES[type_] for name, type_ in scope.names}
    if not scope.legs:
        return cel.NewEnv(variables=variables)
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(struct_pb2.DESCRIPTOR.serialized_pb)
    file = descriptor_pb2.FileDescriptorProto(
        name="legs.proto",
        package="legs",
        syntax="proto3",
        dependency=["google/protobuf/struct.proto"],
    )
    for number, (_, types) in enumerate(scope.legs):
        _add_message(file.message_type.add(name=f"Outputs{number}"), types)
    pool.Add(file)
    for number, (name, _) in enumerate(scope.legs):
        one_leg = cel.Type(f"legs.Outputs{number}")
        variables[name] = cel.Type.Map(cel.Type.STRING, one_leg)
    return cel.NewEnv(descriptor_pool=pool, variables=variables)


_Field = descriptor_pb2.FieldDescriptorProto
_SCALARS: Mapping[NameType, _Field.Type.ValueType] = {
    NameType.STRING: _Field.TYPE_STRING,
    NameType.INTEGER: _Field.TYPE_INT64,
    NameType.NUMBER: _Field.TYPE_DOUBLE,
    NameType.BOOLEAN: _Field.TYPE_BOOL,
}
_MESSAGES: Mapping[NameType, str] = {
    NameType.ARRAY: ".google.protobuf.ListValue",
    NameType.OBJECT: ".google.protobuf.Struct",
}


def _add_message(message: descriptor_pb2.DescriptorProto, types: Types) -> None:
    """Declare the outputs of one leg as a protobuf message: the only records that CEL types."""
    for number, (name, type_) in enumerate(types, start=1):
        field = message.field.add(name=name, number=number, label=_Field.LABEL_OPTIONAL)
        if type_ in _SCALARS:
            field.type = _SCALARS[type_]
        else:
            field.type = _Field.TYPE_MESSAGE
            field.type_name = _MESSAGES.get(type_, ".google.protobuf.Value")
