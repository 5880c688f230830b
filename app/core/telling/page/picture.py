"""A picture of what leads to what: boxes in columns, and arrows that go round them.

Laid out in layers: whatever leads to a box stands left of it, and an arrow that passes a
column gets a place of its own there. What leads back goes round beneath all boxes, in a lane
for each box that it leads to. All of it is plain geometry in pixels; how it looks is for
whoever draws it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

BOX_WIDTH, BOX_HEIGHT = 176, 52
GAP_ACROSS, GAP_DOWN = 38, 18
PASSING_HEIGHT = 10
MARGIN = 8
BEND = 20
SWEEPS = 4
"""Times that the columns are put in order by their neighbours: more changes next to nothing."""
LANE_DOWN = 12
"""Room of one lane beneath the boxes."""
SIDE = 30
"""Room left of the first column for what leads back to it."""
TRACKS, TRACK = 4, 5
"""Arrows that lead back go down and up between the columns on so many tracks, so far apart."""
ROUND = 5

Arrow: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """Where one box stands, by its upper left corner."""

    key: str
    x: int
    y: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """The way of one arrow, as SVG writes a path."""

    arrow: Arrow
    path: str
    is_back: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A picture without its words."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    ways: tuple[Way, ...]


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
    # What leads to the right has the longest way back, and the lane beneath the others.
    backs = [end for start, end in arrows if columns[start] >= columns[end]]
    lanes = sorted(dict.fromkeys(backs), key=lambda end: -columns[end])
    side = SIDE if lanes else 0
    across = max((*columns.values(), -1)) + 1
    floor = round(MARGIN + height)
    return Layout(
        width=side * 2 + MARGIN * 2 + max(0, across * (BOX_WIDTH + GAP_ACROSS) - GAP_ACROSS),
        height=floor + MARGIN + LANE_DOWN * len(lanes),
        boxes=tuple(_box(spots[key], side) for key in columns),
        ways=tuple(
            Way(
                arrow=arrow,
                path=_path(spots, ways[arrow], side)
                if arrow in ways
                else _back(spots, arrow, side, floor, lanes.index(arrow[1])),
                is_back=arrow not in ways,
            )
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
    """Put each into the column of how many arrows it is away from the first, at least.

    What leads nowhere comes behind all that lead to it: so the ends stand where one looks for
    them, and no arrow to them goes back.
    """
    found, latest = {first: 0}, [first]
    while latest:
        after = [
            end for key in latest for start, end in arrows if start == key and end not in found
        ]
        found |= dict.fromkeys(after, found[latest[0]] + 1)
        latest = list(dict.fromkeys(after))
    last = max(found.values()) + 1
    columns = {key: found.get(key, last) for key in keys}
    ends = set(keys) - {start for start, _ in arrows}
    for key in ends:
        before = [columns[start] + 1 for start, end in arrows if end == key]
        columns[key] = max([columns[key], *before])
    return columns


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


def _left(spot: _Spot, side: int) -> int:
    return side + MARGIN + spot.column * (BOX_WIDTH + GAP_ACROSS)


def _box(spot: _Spot, side: int) -> Box:
    return Box(key=spot.key, x=_left(spot, side), y=round(spot.middle - BOX_HEIGHT / 2))


def _path(spots: Mapping[str, _Spot], way: Sequence[str], side: int) -> str:
    first = spots[way[0]]
    x, y = _left(first, side) + BOX_WIDTH, round(first.middle)
    parts = [f"M{x} {y}"]
    for key in way[1:]:
        spot = spots[key]
        to, down = _left(spot, side), round(spot.middle)
        parts.append(f"C{x + BEND} {y} {to - BEND} {down} {to} {down}")
        x, y = to, down
        if not spot.is_box:
            x = to + BOX_WIDTH
            parts.append(f"H{x}")
    return "".join(parts)


def _back(spots: Mapping[str, _Spot], arrow: Arrow, side: int, floor: int, lane: int) -> str:
    """Go out at the right, down, along the lane, up, and in at the left, with round corners."""
    start, end = spots[arrow[0]], spots[arrow[1]]
    track = TRACK * (lane % TRACKS + 1)
    leaves, out = _left(start, side) + BOX_WIDTH, round(start.middle) + TRACK
    arrives, into = _left(end, side), round(end.middle) + TRACK
    down, up, low = leaves + track, arrives - track - TRACK, floor + LANE_DOWN * (lane + 1)
    return (
        f"M{leaves} {out}H{down - ROUND}Q{down} {out} {down} {out + ROUND}"
        f"V{low - ROUND}Q{down} {low} {down - ROUND} {low}"
        f"H{up + ROUND}Q{up} {low} {up} {low - ROUND}"
        f"V{into + ROUND}Q{up} {into} {up + ROUND} {into}H{arrives}"
    )
