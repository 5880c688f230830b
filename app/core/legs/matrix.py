"""A matrix: from its dimensions to its legs, as GitHub Actions would make them.

The rules for `include` and `exclude` are GitHub's: https://docs.github.com/en/actions/
how-tos/write-workflows/choose-what-workflows-do/run-job-variations. What is ours is the key
of a leg, since needs and outputs are addressed by it.
"""

import itertools
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.core.definition import Strategy
from app.core.expressions import ExpressionError, render
from app.core.limits import LEGS_MAX
from app.core.typed_values import text_of
from app.core.values import Json, JsonObject, LegKey

CELLS_MAX = 4_096  # before `exclude`; keeps what somebody writes from filling the memory
KEY_LENGTH_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One cell of a matrix: what `matrix.<name>` is in it, and the key that names it."""

    key: LegKey
    values: JsonObject


class MatrixError(Exception):
    """The matrix cannot be expanded; the text says why."""


def legs_of(strategy: Strategy, values: JsonObject) -> tuple[Leg, ...]:
    """Render the dimensions of a strategy and expand them. Raises `MatrixError`."""
    try:
        dimensions = {name: render(each, values) for name, each in strategy.matrix.items()}
        include = [render(each, values) for each in strategy.include]
        exclude = [render(each, values) for each in strategy.exclude]
    except ExpressionError as error:
        raise MatrixError(str(error)) from error
    return expand(dimensions, include, exclude)


def expand(
    dimensions: Mapping[str, Json], include: Sequence[Json], exclude: Sequence[Json]
) -> tuple[Leg, ...]:
    """Make the legs, in the order in which they are declared. Raises `MatrixError`.

    First every combination of the dimensions, the last one turning fastest; then `exclude`
    takes away; then each object of `include` is added to all combinations where it overwrites
    nothing original, and where there is none it becomes a combination of its own.
    """
    lists = {name: _list(name, values) for name, values in dimensions.items()}
    if lists and math.prod(len(values) for values in lists.values()) > CELLS_MAX:
        raise MatrixError(f"the matrix has more than {CELLS_MAX} combinations")
    cells = [dict(zip(lists, row, strict=True)) for row in itertools.product(*lists.values())]
    excluded = [_object("exclude", each) for each in exclude]
    for each in excluded:
        if unknown := each.keys() - lists.keys():
            raise MatrixError(f"`exclude` names `{min(unknown)}`, which the matrix has not")
    originals = [
        cell for cell in cells if lists and not any(_holds(each, cell) for each in excluded)
    ]
    combined = _included(originals, [_object("include", each) for each in include])
    if not combined:
        raise MatrixError("the matrix has no combination left")
    if len(combined) > LEGS_MAX:
        raise MatrixError(f"the matrix has {len(combined)} legs; the most is {LEGS_MAX}")
    return _keyed(combined, lists)


def _included(
    originals: Sequence[Mapping[str, Json]], include: Sequence[JsonObject]
) -> list[dict[str, Json]]:
    combined = [dict(cell) for cell in originals]
    for each in include:
        is_added = False
        for cell, original in zip(combined, originals, strict=False):
            shared = {name: value for name, value in each.items() if name in original}
            if _holds(shared, original):
                cell.update(each)
                is_added = True
        if not is_added:
            combined.append(dict(each))
    return combined


def _keyed(
    cells: Sequence[Mapping[str, Json]], lists: Mapping[str, Sequence[Json]]
) -> tuple[Leg, ...]:
    legs: dict[LegKey, Leg] = {}
    for position, cell in enumerate(cells, start=1):
        is_original = lists.keys() <= cell.keys()
        names = lists if is_original and lists else [*(n for n in lists if n in cell), *cell]
        parts = [
            _part(cell[name], lists.get(name, ()), position) for name in dict.fromkeys(names)
        ]
        key = LegKey(", ".join(parts))
        if len(key) > KEY_LENGTH_MAX:
            raise MatrixError(f"a leg's key is longer than {KEY_LENGTH_MAX}: {key[:40]}...")
        if key in legs:
            raise MatrixError(f"two legs are both called `{key}`")
        legs[key] = Leg(key=key, values=cell)
    return tuple(legs.values())


def _part(value: Json, values: Sequence[Json], otherwise: int) -> str:
    """Say a value in a leg's key: one that has no name of its own by its place in the list."""
    if isinstance(value, Mapping):
        named = next((value[name] for name in ("name", "id") if name in value), None)
        if named is not None and not isinstance(named, Mapping | list | tuple):
            return text_of(named)
    elif not isinstance(value, list | tuple):
        return text_of(value)
    return str(_position(values, value, otherwise))


def _position(values: Sequence[Json], value: Json, otherwise: int) -> int:
    places = (place for place, each in enumerate(values, start=1) if _same(each, value))
    return next(places, otherwise)


def _list(name: str, values: Json) -> Sequence[Json]:
    if isinstance(values, str) or not isinstance(values, Sequence):
        raise MatrixError(f"`{name}` is not a list")
    if not values:
        # GitHub refuses an empty dimension as well; an `if` on the task is the way around.
        raise MatrixError(f"`{name}` has no values")
    return values


def _object(what: str, value: Json) -> JsonObject:
    if not isinstance(value, Mapping):
        raise MatrixError(f"each item of `{what}` is an object")
    return value


def _holds(wanted: JsonObject, cell: JsonObject) -> bool:
    return all(_same(value, cell[name]) for name, value in wanted.items())


def _same(one: Json, other: Json) -> bool:
    # Python takes True for 1; JSON does not.
    if type(one) in _PLAIN and type(other) in _PLAIN:
        return type(one) is type(other) and one == other
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


_PLAIN = frozenset({str, int, bool, type(None)})
