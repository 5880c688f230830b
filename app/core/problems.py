"""A problem: one mistake in a definition, where it is, and what to do about it.

The codes are listed here and explained, each with an example and its remedy, in
docs/problems.md; a test holds the two together. Who finds which problem is the business of
the files that read definitions; how problems are shown, of those that write.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Code(StrEnum):
    """The kinds of mistake. A code is stable: people search for it and link to it."""

    YAML_SYNTAX = "yaml-syntax"
    YAML_LIMIT = "yaml-limit"
    YAML_FEATURE = "yaml-feature"
    DUPLICATE_KEY = "duplicate-key"
    UNKNOWN_KEY = "unknown-key"
    ACTIONS_KEY = "actions-key"
    MISSING_KEY = "missing-key"
    WRONG_TYPE = "wrong-type"
    WRONG_VALUE = "wrong-value"
    OUT_OF_RANGE = "out-of-range"
    TOO_MANY = "too-many"
    CONFLICTING_KEYS = "conflicting-keys"
    UNKNOWN_EVENT = "unknown-event"
    UNKNOWN_ACTIVITY = "unknown-activity"
    FILTER_NOT_FOR_EVENT = "filter-not-for-event"
    BAD_FILTER = "bad-filter"
    BAD_NAME = "bad-name"
    BAD_TARGET = "bad-target"
    RESERVED_INPUT = "reserved-input"
    BAD_PATTERN = "bad-pattern"
    BAD_DEFAULT = "bad-default"
    UNKNOWN_TASK = "unknown-task"
    CYCLE = "cycle"
    LOCK_CYCLE = "lock-cycle"
    DUPLICATE_NEED = "duplicate-need"
    BAD_MATRIX = "bad-matrix"
    BAD_WAVES = "bad-waves"
    BAD_DURATION = "bad-duration"
    BAD_SCHEDULE = "bad-schedule"
    BAD_PARTY = "bad-party"
    BAD_SCHEMA = "bad-schema"
    BAD_CALL = "bad-call"
    UNKNOWN_OPTION = "unknown-option"
    UNKNOWN_STATE = "unknown-state"
    BAD_TRANSITION = "bad-transition"
    DEAD_TRANSITION = "dead-transition"
    UNREACHABLE_STATE = "unreachable-state"
    ENDLESS_STATE = "endless-state"
    UNBOUNDED_LOOP = "unbounded-loop"
    TEMPLATE_MISSING = "template-missing"
    BAD_TEMPLATE = "bad-template"
    EXPRESSION_SYNTAX = "expression-syntax"
    EXPRESSION_TYPE = "expression-type"
    EXPRESSION_LIMIT = "expression-limit"
    UNKNOWN_NAME = "unknown-name"
    NOT_IN_NEEDS = "not-in-needs"
    ACTIONS_EXPRESSION = "actions-expression"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake in a definition file, where it is, and what to do about it.

    `code` names the section of docs/problems.md that explains it. Line and column count
    from 1, as editors and GitHub's annotations do.
    """

    code: Code
    message: str
    hint: str
    line: int
    column: int


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Sort problems by place, each said once."""
    return tuple(
        sorted(
            set(problems), key=lambda each: (each.line, each.column, each.code, each.message)
        )
    )
