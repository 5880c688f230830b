"""A picture of what leads to what: boxes in columns, and arrows that go round them.

Laid out in layers: whatever leads to a box stands left of it, and an arrow that passes a
column gets a place of its own there. What leads back goes beneath. All of it is plain
geometry in pixels; how it looks is for whoever draws it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

BOX_WIDTH, BOX_HEIGHT = 190, 52
GAP_ACROSS, GAP_DOWN = 56, 18
PASSING_HEIGHT = 10
MARGIN = 8
BEND = 28
SWEEPS = 4
"""Times that the columns are put in order by their neighbours: more changes next to nothing."""
BACK_DEPTH = 46
"""How far beneath the boxes an arrow goes that leads back."""

Arrow: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """Where one box stands, by its upper left corner."""

    key: str
    x: int
    y: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A picture without its words; `arrows` are paths, as SVG writes them."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    arrows: tuple[tuple[Arrow, str], ...]


@dataclass(slots=True)
class _Spot:
    """A place in a column: of a box, or of an arrow that passes."""

    key: str
    is_box: bool
    column: int
    middle: float = 0.0


def lay_out(columns: Mapping[str, int], arrows: Sequence[Arrow]) -> Layout:
    """Lay boxes out whose columns are known, counted from 0."""
    spots = {key: _Spot(key=key, is_box=True, column=column) for key, column in columns.items()}
    ways = {arrow: way for arrow in arrows if (way := _way(arrow, columns, spots))}
    table = _ordered(spots, ways.values())
    height = max((_height(column) for column in table), default=0)
    for column in table:
        _stack(column, MARGIN + (height - _height(column)) / 2)
    has_back = any(columns[start] >= columns[end] for start, end in arrows)
    across = max((*columns.values(), -1)) + 1
    return Layout(
        width=MARGIN * 2 + max(0, across * (BOX_WIDTH + GAP_ACROSS) - GAP_ACROSS),
        height=round(MARGIN * 2 + height + (BACK_DEPTH if has_back else 0)),
        boxes=tuple(_box(spots[key]) for key in columns),
        arrows=tuple(
            (arrow, _path(spots, ways[arrow]) if arrow in ways else _back(spots, arrow))
            for arrow in arrows
        ),
    )


def columns_of(needs: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Put each into the column behind the last of what it needs; nothing needs itself."""
    found: dict[str, int] = {}
    # A chain may be longer than Python nests calls, so what waits stands on a list.
    for first in needs:
        waiting = [first]
        while waiting:
            key = waiting[-1]
            missing = [need for need in needs[key] if need not in found]
            if missing:
                waiting.extend(missing)
                continue
            found[key] = max((found[need] + 1 for need in needs[key]), default=0)
            waiting.pop()
    return {key: found[key] for key in needs}


def distances(first: str, arrows: Sequence[Arrow], keys: Sequence[str]) -> dict[str, int]:
    """Put each into the column of how many arrows it is away from the first, at least."""
    found, latest = {first: 0}, [first]
    while latest:
        after = [
            end for key in latest for start, end in arrows if start == key and end not in found
        ]
        found |= dict.fromkeys(after, found[latest[0]] + 1)
        latest = list(dict.fromkeys(after))
    last = max(found.values()) + 1
    return {key: found.get(key, last) for key in keys}


def _way(
    arrow: Arrow, columns: Mapping[str, int], spots: dict[str, _Spot]
) -> tuple[str, ...] | None:
    """Return the spots that an arrow goes through, making those it passes."""
    start, end = arrow
    if columns[start] >= columns[end]:
        return None
    passed = range(columns[start] + 1, columns[end])
    names = [f"{start}\n{end}\n{column}" for column in passed]
    for name, column in zip(names, passed, strict=True):
        spots[name] = _Spot(key=name, is_box=False, column=column)
    return (start, *names, end)


def _ordered(spots: Mapping[str, _Spot], ways: Iterable[Sequence[str]]) -> list[list[_Spot]]:
    """Put the spots of each column in an order in which few arrows cross."""
    before: dict[str, list[str]] = {key: [] for key in spots}
    after: dict[str, list[str]] = {key: [] for key in spots}
    for way in ways:
        for start, end in pairwise(way):
            before[end].append(start)
            after[start].append(end)
    width = max((spot.column for spot in spots.values()), default=-1) + 1
    table: list[list[_Spot]] = [[] for _ in range(width)]
    for spot in spots.values():
        table[spot.column].append(spot)
    for column in table:
        _stack(column, 0)
    for sweep in range(SWEEPS):
        neighbours = after if sweep % 2 else before
        for column in reversed(table) if sweep % 2 else table:
            column.sort(key=lambda spot: _wish(spot, neighbours[spot.key], spots))
            _stack(column, 0)
    return table


def _wish(spot: _Spot, near: Sequence[str], spots: Mapping[str, _Spot]) -> float:
    return sum(spots[key].middle for key in near) / len(near) if near else spot.middle


def _stack(column: Sequence[_Spot], top: float) -> None:
    for spot in column:
        tall = BOX_HEIGHT if spot.is_box else PASSING_HEIGHT
        spot.middle = top + tall / 2
        top += tall + GAP_DOWN


def _height(column: Sequence[_Spot]) -> float:
    tall = sum(BOX_HEIGHT if spot.is_box else PASSING_HEIGHT for spot in column)
    return tall + GAP_DOWN * (len(column) - 1)


def _left(spot: _Spot) -> int:
    return MARGIN + spot.column * (BOX_WIDTH + GAP_ACROSS)


def _box(spot: _Spot) -> Box:
    return Box(key=spot.key, x=_left(spot), y=round(spot.middle - BOX_HEIGHT / 2))


def _path(spots: Mapping[str, _Spot], way: Sequence[str]) -> str:
    first = spots[way[0]]
    x, y = _left(first) + BOX_WIDTH, round(first.middle)
    parts = [f"M{x} {y}"]
    for key in way[1:]:
        spot = spots[key]
        to, down = _left(spot), round(spot.middle)
        parts.append(f"C{x + BEND} {y} {to - BEND} {down} {to} {down}")
        x, y = to, down
        if not spot.is_box:
            x = to + BOX_WIDTH
            parts.append(f"H{x}")
    return "".join(parts)


def _back(spots: Mapping[str, _Spot], arrow: Arrow) -> str:
    start, end = spots[arrow[0]], spots[arrow[1]]
    leaves, arrives = _left(start) + BOX_WIDTH * 2 // 3, _left(end) + BOX_WIDTH // 3
    from_y = round(start.middle + BOX_HEIGHT / 2)
    to_y = round(end.middle + BOX_HEIGHT / 2)
    low = max(from_y, to_y) + BACK_DEPTH
    return f"M{leaves} {from_y}C{leaves} {low} {arrives} {low} {arrives} {to_y}"
