"""The state of one orchestration, and the table of every move in it.

An orchestration has tasks; a task, once its needs allow it, has legs (one, or one for each
cell of its matrix); a leg has attempts, of which the last counts. All of it is values:
a change makes a new state. Nothing moves except through `Leg.to` and `Task.to`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

from app.core.events import AttemptId, Conclusion, RunStatus, Surface
from app.core.plan import Plan
from app.core.values import Json, JsonObject, LegKey, OrchestrationId, Sha, TaskName


class LegStatus(StrEnum):
    """How far one leg of a task is."""

    PENDING = "pending"
    """Not dispatched yet: waits for a place among `max-parallel`."""
    DISPATCHING = "dispatching"
    """The dispatch was asked for; GitHub has not answered yet."""
    QUEUED = "queued"
    """The workflow run exists and waits for a runner."""
    RUNNING = "running"
    """Jobs of the workflow run are running."""
    HELD = "held"
    """The workflow run waits for a person on GitHub: an environment or an approval."""
    CANCELLING = "cancelling"
    """We want it cancelled; its end has not been heard yet."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class TaskStatus(StrEnum):
    """How far a task is, all its legs together."""

    WAITING = "waiting"
    """Something it needs has not ended."""
    RUNNING = "running"
    """It has legs, and not all of them have ended."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"


class OrchestrationStatus(StrEnum):
    """How far the whole is."""

    REQUESTED = "requested"
    """Made, and about to begin: so it is only before its first event."""
    RUNNING = "running"
    """Tasks begin as what they need ends."""
    CANCELLING = "cancelling"
    """Nothing new begins; what runs is being cancelled on GitHub."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


_L = LegStatus
_T = TaskStatus
_O = OrchestrationStatus

# Every move that a leg, a task and an orchestration may make. docs/state.md is drawn from
# these tables, not by hand. A webhook may be lost, so a leg may skip stations on its way.
MOVES: Mapping[LegStatus, frozenset[LegStatus]] = {
    _L.PENDING: frozenset({_L.DISPATCHING, _L.FAILED, _L.CANCELLED}),
    _L.DISPATCHING: frozenset(
        {_L.QUEUED, _L.RUNNING, _L.HELD, _L.CANCELLING, _L.SUCCEEDED, _L.FAILED, _L.CANCELLED}
    ),
    _L.QUEUED: frozenset(
        {_L.RUNNING, _L.HELD, _L.CANCELLING, _L.SUCCEEDED, _L.FAILED, _L.CANCELLED}
    ),
    _L.RUNNING: frozenset(
        {_L.QUEUED, _L.HELD, _L.CANCELLING, _L.SUCCEEDED, _L.FAILED, _L.CANCELLED}
    ),
    _L.HELD: frozenset(
        {_L.QUEUED, _L.RUNNING, _L.CANCELLING, _L.SUCCEEDED, _L.FAILED, _L.CANCELLED}
    ),
    _L.CANCELLING: frozenset({_L.SUCCEEDED, _L.FAILED, _L.CANCELLED}),
    _L.SUCCEEDED: frozenset(),
    _L.FAILED: frozenset(),
    _L.CANCELLED: frozenset(),
}
TASK_MOVES: Mapping[TaskStatus, frozenset[TaskStatus]] = {
    _T.WAITING: frozenset({_T.RUNNING, _T.FAILED, _T.CANCELLED, _T.SKIPPED}),
    _T.RUNNING: frozenset({_T.SUCCEEDED, _T.FAILED, _T.CANCELLED}),
    _T.SUCCEEDED: frozenset(),
    _T.FAILED: frozenset(),
    _T.CANCELLED: frozenset(),
    _T.SKIPPED: frozenset(),
}
ORCHESTRATION_MOVES: Mapping[OrchestrationStatus, frozenset[OrchestrationStatus]] = {
    _O.REQUESTED: frozenset({_O.RUNNING}),
    _O.RUNNING: frozenset({_O.CANCELLING, _O.SUCCEEDED, _O.FAILED, _O.CANCELLED}),
    _O.CANCELLING: frozenset({_O.SUCCEEDED, _O.FAILED, _O.CANCELLED}),
    _O.SUCCEEDED: frozenset(),
    _O.FAILED: frozenset(),
    _O.CANCELLED: frozenset(),
}
LEG_ENDED = frozenset(status for status, moves in MOVES.items() if not moves)
TASK_ENDED = frozenset(status for status, moves in TASK_MOVES.items() if not moves)
ENDED = frozenset(status for status, moves in ORCHESTRATION_MOVES.items() if not moves)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why something is as it is: a stable code, and a sentence with the remedy."""

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try at a leg: what was asked for, and what is known of its workflow run."""

    number: int
    marker: str
    repository: str
    workflow: str
    ref: str
    asked_at: datetime
    accepted_at: datetime | None = None
    workflow_run_id: int | None = None
    known_at: datetime | None = None
    run_attempt: int = 1
    run_status: RunStatus | None = None
    conclusion: Conclusion | None = None
    url: str = ""
    head_sha: Sha | None = None
    heard_at: datetime | None = None
    running_since: datetime | None = None
    ended_at: datetime | None = None
    cancel_asked_at: datetime | None = None
    force_asked_at: datetime | None = None
    look_ups: int = 0
    looked_up_at: datetime | None = None
    outputs: JsonObject | None = None
    summary: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One cell of a task's matrix; `matrix` holds the values of this cell."""

    key: LegKey
    matrix: Mapping[str, Json] = field(default_factory=dict)
    status: LegStatus = LegStatus.PENDING
    attempts: tuple[Attempt, ...] = ()
    reason: Reason | None = None
    is_tolerated: bool = False
    outputs: Mapping[str, Json] = field(default_factory=dict)

    @property
    def attempt(self) -> Attempt:
        """The attempt that counts; a leg that is not pending has one."""
        return self.attempts[-1]

    @property
    def has_ended(self) -> bool:
        return self.status in LEG_ENDED

    def to(self, status: LegStatus, reason: Reason | None = None) -> Self:
        """Move, keeping the old reason unless a new one is given."""
        assert status in MOVES[self.status], f"a leg may not go from {self.status} to {status}"
        return replace(self, status=status, reason=reason or self.reason)

    def with_attempt(self, attempt: Attempt) -> Self:
        """Replace the attempt that counts."""
        return replace(self, attempts=(*self.attempts[:-1], attempt))


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One task of the plan; without legs until its needs allow it to start."""

    status: TaskStatus = TaskStatus.WAITING
    legs: Mapping[LegKey, Leg] = field(default_factory=dict)
    reason: Reason | None = None
    is_tolerated: bool = False
    is_matrix: bool = False
    timer: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def has_ended(self) -> bool:
        return self.status in TASK_ENDED

    @property
    def result(self) -> str:
        """The word that `needs.<task>.result` shows, as in GitHub Actions."""
        if self.status is TaskStatus.FAILED and self.is_tolerated:
            return "success"
        return RESULTS[self.status]

    @property
    def outputs(self) -> Mapping[str, Json]:
        """What `needs.<task>.outputs` shows: of a matrix, a map by leg key."""
        if self.is_matrix:
            return {key: leg.outputs for key, leg in self.legs.items()}
        return next((leg.outputs for leg in self.legs.values()), {})

    def to(self, status: TaskStatus, reason: Reason | None = None) -> Self:
        """Move, keeping the old reason unless a new one is given."""
        allowed = TASK_MOVES[self.status]
        assert status in allowed, f"a task may not go from {self.status} to {status}"
        return replace(self, status=status, reason=reason or self.reason)

    def with_leg(self, leg: Leg) -> Self:
        """Replace one leg."""
        return replace(self, legs={**self.legs, leg.key: leg})


RESULTS: Mapping[TaskStatus, str] = {
    TaskStatus.SUCCEEDED: "success",
    TaskStatus.FAILED: "failure",
    TaskStatus.CANCELLED: "cancelled",
    TaskStatus.SKIPPED: "skipped",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What stands on one surface: the remote thing's id and the digest of the text."""

    remote_id: int | None = None
    digest: str = ""
    refused: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Orchestration:
    """One plan being carried out; `events` counts those that made it what it is."""

    plan: Plan
    status: OrchestrationStatus
    tasks: Mapping[TaskName, Task]
    events: int = 0
    requested_by: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    deadline: datetime | None = None
    reason: Reason | None = None
    surfaces: Mapping[Surface, Written] = field(default_factory=dict)

    @property
    def id(self) -> OrchestrationId:
        return self.plan.id

    @property
    def has_ended(self) -> bool:
        return self.status in ENDED

    def to(self, status: OrchestrationStatus, reason: Reason | None = None) -> Self:
        """Move, keeping the old reason unless a new one is given."""
        allowed = ORCHESTRATION_MOVES[self.status]
        assert status in allowed, f"an orchestration may not go from {self.status} to {status}"
        return replace(self, status=status, reason=reason or self.reason)

    def with_task(self, name: TaskName, task: Task) -> Self:
        """Replace one task."""
        return replace(self, tasks={**self.tasks, name: task})

    def leg(self, attempt: AttemptId) -> Leg | None:
        """Return the leg that an attempt belongs to, if the attempt is the one that counts."""
        task = self.tasks.get(attempt.task)
        leg = task.legs.get(attempt.leg) if task else None
        if leg is None or not leg.attempts or leg.attempt.number != attempt.number:
            return None
        return leg


def new_orchestration(plan: Plan) -> Orchestration:
    """Return the state before the first event: requested, every task waiting."""
    return Orchestration(
        plan=plan,
        status=OrchestrationStatus.REQUESTED,
        tasks={name: Task() for name in plan.definition.tasks},
    )
