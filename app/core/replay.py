"""Replaying a journal: the events alone tell how an orchestration became what it is.

Since `decide` is pure, the same plan and the same events must give the same state and ask for
the same things, today and in every later version.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import TypeAlias

from app.core.commands import Message, OrchestrationCommand
from app.core.decide import decide
from app.core.events import Event
from app.core.plan import Plan
from app.core.state import Orchestration, Reason, new_orchestration

Asked: TypeAlias = OrchestrationCommand | Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What the events lead to: the last state, and all that was asked for, in order."""

    state: Orchestration
    commands: tuple[Asked, ...]


def replay(plan: Plan, events: Iterable[Event]) -> Replayed:
    """Take in every event once more, from the beginning."""
    state = new_orchestration(plan)
    commands: list[Asked] = []
    for event in events:
        decision = decide(state, event)
        state = decision.state
        commands.extend(decision.commands)
    return Replayed(state=state, commands=tuple(commands))


def gap_in(numbers: Sequence[int]) -> int | None:
    """Return the first number that is missing from a journal; `None` where none is."""
    for wanted, number in enumerate(numbers, 1):
        if number != wanted:
            return wanted
    return None


def first_difference(one: object, other: object, path: str = "") -> str | None:
    """Say where two values first differ, as `tasks.build.status: running, not failed`.

    Of reasons only the codes count: a later version may find better words for them.
    """
    if isinstance(one, Reason) and isinstance(other, Reason):
        return first_difference(one.code, other.code, f"{path}.code")
    if type(one) is type(other) and is_dataclass(one):
        for each in fields(one):
            name = f"{path}.{each.name}" if path else each.name
            found = first_difference(getattr(one, each.name), getattr(other, each.name), name)
            if found is not None:
                return found
        return None
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return _of_mappings(one, other, path)
    if isinstance(one, tuple | list) and isinstance(other, tuple | list):
        for position, (left, right) in enumerate(zip(one, other, strict=False), 1):
            found = first_difference(left, right, f"{path}[{position}]")
            if found is not None:
                return found
        if len(one) != len(other):
            return f"{path}: {len(one)} of them, not {len(other)}"
        return None
    return None if one == other else f"{path}: {one}, not {other}"


def _of_mappings(
    one: Mapping[object, object], other: Mapping[object, object], path: str
) -> str | None:
    for key in {**one, **other}:
        name = f"{path}.{key}"
        if key not in one or key not in other:
            return f"{name}: {'missing' if key not in one else 'there, and should not be'}"
        found = first_difference(one[key], other[key], name)
        if found is not None:
            return found
    return None
