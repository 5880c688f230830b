"""A definition: the checked content of one file in `.github/orchestrations/`, as values.

`parse` makes these from text and vouches for them: names are well formed, needs exist and
have no cycle, every expression is typed. What the words mean is written in
docs/definitions.md. Nothing here does anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Literal, TypeAlias

from app.core.values import Json, TaskName

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen:
    """One event that starts the orchestration, and the filters that it must pass.

    No `repositories` means the definition's own. No `types` means any: where Actions listens
    to fewer when none are named, as for pull requests, those are filled in.
    """

    event: str
    place: Place
    repositories: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()
    branches_ignore: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    tags_ignore: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    paths_ignore: tuple[str, ...] = ()
    workflows: tuple[str, ...] = ()
    condition: Expression | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatch:
    """Start a workflow and follow its run to the end.

    `target` renders to `owner/repo/.github/workflows/file.yml`, with or without `@ref`;
    `ref` overrides what stands behind the `@`.
    """

    target: Template
    ref: Template | None = None
    inputs: Mapping[str, Template]


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """One task in many legs: each dimension renders to a list of values."""

    matrix: Mapping[str, Template]
    include: tuple[Template, ...] = ()
    exclude: tuple[Template, ...] = ()
    max_parallel: int | None = None
    fail_fast: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDefinition:
    """One node of the graph: an action, and when and how it is carried out."""

    name: TaskName
    place: Place
    action: Dispatch
    needs: tuple[TaskName, ...] = ()
    condition: Expression | None = None
    strategy: Strategy | None = None
    outputs: Mapping[str, Declaration]
    timeout: timedelta
    continue_on_error: Template


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportTo:
    """Where people read how it goes: the check of the commit, a comment on the pull request."""

    check: bool = True
    comment: Literal["changed", "always", "never"] = "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One checked file. `id` is the file's stem; `digest` is the SHA-256 of its text."""

    id: str
    name: str
    on: tuple[Listen, ...]
    inputs: Mapping[str, Declaration]
    tasks: Mapping[TaskName, TaskDefinition]
    timeout: timedelta
    report_to: ReportTo
    digest: str
