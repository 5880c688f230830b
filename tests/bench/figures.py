"""The figures of the bench and the table that shows them, each beside its goal."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured value. With a goal, `at_least` says on which side of it is good."""

    name: str
    value: float
    unit: str
    goal: float | None = None
    at_least: bool = False
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """How good it is: 1 reaches the goal, 2 is twice as good, 0.5 half as good."""
        if self.goal is None or not self.value or not self.goal:
            return None
        return self.value / self.goal if self.at_least else self.goal / self.value


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def middle_of(rates: Sequence[float]) -> str:
    """Say of which rates a second the figure is the median."""
    return f"the median of {len(rates)}, from {min(rates):,.0f} to {max(rates):,.0f}"


def table(figures: Sequence[Figure]) -> str:
    """Lay the figures out as text."""
    rows = [("figure", "measured", "goal", "ratio", "")]
    for it in figures:
        goal = "" if it.goal is None else f"{'≥' if it.at_least else '≤'} {_number(it.goal)}"
        ratio = "" if it.ratio is None else f"{it.ratio:.2f}"
        mark = "" if it.ratio is None else ("reached" if it.ratio >= 1 else "MISSED")
        value = f"{_number(it.value)} {it.unit}".strip()
        rows.append((it.name, value, goal, ratio, mark))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    lines = [
        f"{row[0]:<{widths[0]}}  {row[1]:>{widths[1]}}  {row[2]:>{widths[2]}}"
        f"  {row[3]:>{widths[3]}}  {row[4]}".rstrip()
        for row in rows
    ]
    lines.insert(1, "-" * max(len(line) for line in lines))
    notes = [f"  {it.name}: {it.note}" for it in figures if it.note]
    return "\n".join([*lines, "", *notes])


def as_json(figures: Sequence[Figure]) -> str:
    """Write the figures as JSON."""
    return json.dumps([{**asdict(it), "ratio": it.ratio} for it in figures], indent=2)


def _number(value: float) -> str:
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
