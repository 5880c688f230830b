"""When what waited and when it ran, as bars beside one another on one scale.

What waits is told apart from what runs. Places are thousandths of the whole time, so that
whoever draws them needs to know nothing of time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.core.actions import Wait
from app.core.events import Conclusion
from app.core.moves import LegStatus
from app.core.naming import definition_of
from app.core.state import Attempt, Leg, Orchestration, Task
from app.core.telling.looks import name_of
from app.core.telling.markdown import one_line
from app.core.telling.page.anchors import anchor_of_task
from app.core.telling.task_table import duration
from app.core.values import TaskName

SCALE = 1_000
BARS_MAX = 200
NAME_MAX = 120
NARROWEST = 4
"""Thousandths that even a moment gets: what cannot be seen might as well not be there."""

STYLES = {
    None: "running",
    Conclusion.SUCCESS: "succeeded",
    Conclusion.NEUTRAL: "succeeded",
    Conclusion.SKIPPED: "skipped",
    Conclusion.CANCELLED: "cancelled",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A stretch of time: where it begins and how long it is, what it was, and in words."""

    start: int
    width: int
    style: str
    told: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """The stretches of one leg; `anchor` is the row that tells more."""

    name: str
    anchor: str
    segments: tuple[Segment, ...]

    @property
    def told(self) -> str:
        """All of them in words."""
        return ", then ".join(each.told for each in self.segments)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """All bars, and the moments between which they lie; `more` counts those left out."""

    start: datetime
    end: datetime
    bars: tuple[Bar, ...]
    more: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stretch:
    start: datetime
    end: datetime
    style: str
    verb: str
    is_open: bool


def timeline(state: Orchestration, now: datetime) -> Timeline | None:
    """Draw what has happened until now, or until the end; nothing before there is anything."""
    if state.started_at is None:
        return None
    end = max(state.started_at + timedelta(seconds=1), state.ended_at or now)
    found = [
        (name, leg, stretches)
        for name, task in state.tasks.items()
        for leg in task.legs.values()
        if (stretches := list(_stretches(state, name, leg, now)))
    ]
    bars = tuple(
        Bar(
            name=one_line(name_of(name, leg.key), NAME_MAX),
            anchor=anchor_of_task(name),
            segments=tuple(_placed(each, state.started_at, end) for each in stretches),
        )
        for name, leg, stretches in found[:BARS_MAX]
    )
    if not bars:
        return None
    return Timeline(start=state.started_at, end=end, bars=bars, more=len(found) - len(bars))


def _stretches(
    state: Orchestration, name: TaskName, leg: Leg, now: datetime
) -> Iterator[_Stretch]:
    for attempt in leg.attempts:
        yield from _attempt(attempt, now)
    if leg.gate is None:
        return
    task = state.tasks[name]
    is_open = leg.status is LegStatus.AWAITING
    end = now if is_open else _closed_at(task, leg)
    is_wait = isinstance(definition_of(state.plan.definition, name).action, Wait)
    style, verb = ("waiting", "waited") if is_wait else ("held", "waited for people")
    yield _Stretch(
        start=leg.gate.opened_at,
        end=end,
        style=style,
        verb=verb,
        is_open=is_open,
    )


def _closed_at(task: Task, leg: Leg) -> datetime:
    """Return when a gate was closed: with its task, or else when its last vote came."""
    assert leg.gate is not None, "it was found there"
    last = max((vote.at for vote in leg.gate.votes), default=leg.gate.opened_at)
    return last if task.ended_at is None else task.ended_at


def _attempt(attempt: Attempt, now: datetime) -> Iterator[_Stretch]:
    end, since = attempt.ended_at or now, attempt.running_since
    is_open = attempt.ended_at is None
    if since is None and is_open:
        yield _Stretch(
            start=attempt.asked_at, end=end, style="waiting", verb="waited", is_open=True
        )
        return
    began = min(since or attempt.asked_at, end)
    if began > attempt.asked_at:
        yield _Stretch(
            start=attempt.asked_at, end=began, style="waiting", verb="waited", is_open=False
        )
    style = STYLES.get(attempt.conclusion, "failed")
    yield _Stretch(start=began, end=end, style=style, verb="ran", is_open=is_open)


def _placed(stretch: _Stretch, start: datetime, end: datetime) -> Segment:
    whole = (end - start).total_seconds()
    first = _thousandths((stretch.start - start).total_seconds(), whole)
    last = _thousandths((stretch.end - start).total_seconds(), whole)
    width = max(NARROWEST, last - first)
    span = duration(stretch.end - stretch.start)
    told = f"{stretch.verb} {span}{' so far' if stretch.is_open else ''}"
    if stretch.style in ("failed", "cancelled"):
        told = f"{told}, {stretch.style}"
    return Segment(start=min(first, SCALE - width), width=width, style=stretch.style, told=told)


def _thousandths(seconds: float, whole: float) -> int:
    return min(SCALE, max(0, round(SCALE * seconds / whole)))
