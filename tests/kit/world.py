"""A GitHub in a hundred lines: workflow runs that go their way, and what is told of them.

Pure and quick, for simulations that are about the core alone. It has no manners of its own;
those of the real API are the rehearsal's.
"""

import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush
from typing import TypeAlias

from app.core.events import Conclusion, RunStatus
from app.core.values import Json, Sha
from tests.kit.build import HEAD

CONCLUSIONS = (
    *(["success"] * 8),
    *("failure", "failure", "neutral", "cancelled", "skipped", "timed_out", "stale"),
    *("startup_failure", "action_required"),
)
REPORTS: tuple[Mapping[str, Json] | None, ...] = (
    *([{"image": "v1"}] * 6),
    *({"image": "v2", "count": "7"}, {"image": 5}, {}, None),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A workflow run is this far; the marker shows where the target lets it."""

    run: int
    marker: str | None
    run_attempt: int
    status: RunStatus
    conclusion: Conclusion | None
    sha: Sha


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The companion Action of a run attempt reported."""

    run: int
    run_attempt: int
    outputs: Mapping[str, Json]


Fact: TypeAlias = Seen | Told


@dataclass(slots=True)
class Run:
    """One workflow run; `ends` and `reports` are by run attempt."""

    id: int
    marker: str
    shows_marker: bool
    is_deaf: bool
    attempt: int = 1
    status: RunStatus = RunStatus.QUEUED
    conclusion: Conclusion | None = None
    has_skipped: bool = False
    ends: dict[int, Conclusion] = field(default_factory=dict)
    reports: dict[int, Mapping[str, Json]] = field(default_factory=dict)
    reported_at: dict[int, datetime] = field(default_factory=dict)

    @property
    def jobs(self) -> dict[str, str]:
        """How its jobs ended; of some runs the one that matters was skipped."""
        return {"deploy": "skipped" if self.has_skipped else "success", "lint": "success"}

    @property
    def seen(self) -> Seen:
        return Seen(
            run=self.id,
            marker=self.marker if self.shows_marker else None,
            run_attempt=self.attempt,
            status=self.status,
            conclusion=self.conclusion,
            sha=HEAD,
        )


class World:
    """Workflow runs, and an outbox of what is told of them."""

    def __init__(self, dice: random.Random, now: datetime) -> None:
        self.dice = dice
        self.now = now
        self.runs: dict[int, Run] = {}
        self.dispatches: Counter[str] = Counter()
        self.reruns: Counter[tuple[int, int]] = Counter()
        self.operations: Counter[str] = Counter()
        self.outbox: list[Fact] = []
        self._agenda: list[tuple[datetime, int, Callable[[], None]]] = []
        self._count = 0

    @property
    def next_due(self) -> datetime | None:
        """When the next thing happens by itself."""
        return self._agenda[0][0] if self._agenda else None

    def proceed(self) -> None:
        """Let the next thing happen."""
        self.now, _, happen = heappop(self._agenda)
        happen()

    def dispatch(self, marker: str) -> Run:
        """Start a workflow run, as often as it is asked for: GitHub knows no key."""
        self.dispatches[marker] += 1
        shows = self.dice.random() < 0.8
        run = Run(2_000 + len(self.runs), marker, shows, is_deaf=self.dice.random() < 0.2)
        run.has_skipped = self.dice.random() < 0.3
        self.runs[run.id] = run
        self._begin(run)
        return run

    def find(self, marker: str) -> Run | None:
        """Find a run by its marker, as a look-up may."""
        return next((run for run in self.runs.values() if run.marker == marker), None)

    def rerun(self, run: Run) -> None:
        """Run failed jobs again, as we ask for."""
        self.reruns[run.id, run.attempt] += 1
        self._again(run, run.attempt)

    def cancel(self, run: Run, *, force: bool) -> None:
        """Cancel a run, which takes a moment, and which a deaf one heeds only by force."""
        if run.is_deaf and not force:
            return
        attempt = run.attempt
        self.later(2, lambda: self._end(run, attempt, Conclusion.CANCELLED))

    def _begin(self, run: Run) -> None:
        run.status, run.conclusion, attempt = RunStatus.QUEUED, None, run.attempt
        self.outbox.append(run.seen)
        chance = self.dice.random()
        if chance < 0.03:
            return  # No runner ever takes it up.
        if chance < 0.1:
            self.later(5, lambda: self._move(run, attempt, RunStatus.WAITING))
        self.later(self.dice.choice((6, 30, 900)), lambda: self._start(run, attempt))

    def _start(self, run: Run, attempt: int) -> None:
        self._move(run, attempt, RunStatus.IN_PROGRESS)
        conclusion = Conclusion(self.dice.choice(CONCLUSIONS))
        takes = self.dice.choice((1, 40, 1500, 4000))
        self.later(takes, lambda: self._end(run, attempt, conclusion))

    def _move(self, run: Run, attempt: int, status: RunStatus) -> None:
        if run.attempt == attempt and run.status is not RunStatus.COMPLETED:
            run.status = status
            self.outbox.append(run.seen)

    def _end(self, run: Run, attempt: int, conclusion: Conclusion) -> None:
        if run.attempt != attempt or run.status is RunStatus.COMPLETED:
            return
        outputs = self.dice.choice(REPORTS)
        if outputs is not None and conclusion is not Conclusion.CANCELLED:
            run.reports[attempt], run.reported_at[attempt] = outputs, self.now
            self.outbox.append(Told(run=run.id, run_attempt=attempt, outputs=outputs))
        run.status, run.conclusion = RunStatus.COMPLETED, conclusion
        self.outbox.append(run.seen)
        if conclusion is Conclusion.ACTION_REQUIRED:
            # Somebody lets it go on, which is a new run attempt.
            self.later(60, lambda: self._again(run, attempt))
            return
        run.ends[attempt] = conclusion
        if self.dice.random() < 0.1:
            self.later(self.dice.choice((1, 30)), lambda: self._again(run, attempt))

    def _again(self, run: Run, attempt: int) -> None:
        if run.attempt == attempt:
            run.attempt += 1
            self._begin(run)

    def later(self, seconds: float, happen: Callable[[], None]) -> None:
        """Let something happen by itself after a while."""
        self._count += 1
        due = self.now + timedelta(seconds=seconds)
        heappush(self._agenda, (due, self._count, happen))
