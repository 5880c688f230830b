"""The smallest parts of a definition: places, expressions, templates, declared types.

Everything else that a definition says is made of these (`actions`, `definition`).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from app.core.values import Json

Reads: TypeAlias = tuple[tuple[str, str], ...]
"""The names that an expression reads, each with its type, as the check found them."""


class ValueType(StrEnum):
    """The types that inputs and outputs may be declared with."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    ARRAY = "array"
    OBJECT = "object"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A spot in the file, counted from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """One CEL expression, without the `${{ }}` around it.

    `reads` is what the check found out, so that evaluation need not know the definition.
    An expression made by hand may leave it empty: its names are then untyped.
    """

    source: str
    place: Place
    reads: Reads = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """Any value whose strings may hold `${{ }}`; `reads` is as in `Expression`."""

    value: Json
    place: Place
    reads: Reads = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """The type of an input or output, and what else must hold for its value."""

    type: ValueType
    place: Place
    required: bool = False
    default: Json | None = None
    enum: tuple[Json, ...] = ()
    pattern: str | None = None
    description: str = ""
