"""The state of one orchestration, as values: a change makes a new state.

An orchestration has tasks; a task, once its needs allow it, has legs (one, or one for each
cell of its matrix); a leg has attempts, of which the last counts. Nothing moves except
through `to` and `becoming`, along the tables of `moves`. Beside the tasks of the definition
there are those that follow from them, with names of their own (`core.naming`): the tasks of a
machine's state at one of its visits, compensations, the checks and roll-backs of waves.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Self

from app.core.copying import quickly_made, replace
from app.core.events import AttemptId, Conclusion, RunStatus, Surface
from app.core.moves import (
    ENDED,
    LEG_ENDED,
    MOVES,
    ORCHESTRATION_MOVES,
    TASK_ENDED,
    TASK_MOVES,
    LegStatus,
    OrchestrationStatus,
    TaskStatus,
)
from app.core.plan import Plan
from app.core.state_of_environments import WaitingRun
from app.core.state_of_gates import Gate as Gate
from app.core.state_of_gates import Gone as Gone
from app.core.state_of_gates import Posed
from app.core.state_of_gates import Vote as Vote
from app.core.state_of_machines import Hearing as Hearing
from app.core.state_of_machines import MachineState as MachineState
from app.core.state_of_places import Passage as Passage
from app.core.state_of_places import Seat as Seat
from app.core.values import (
    Holder,
    Json,
    JsonObject,
    LegKey,
    OrchestrationId,
    Sha,
    TaskName,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why something is as it is: a stable code, and a sentence with the remedy."""

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """How much a branch changes."""

    files: int
    lines: int
    paths: tuple[str, ...]


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try at a leg: what was asked for, and what is known of what came of it.

    Of a call or a child, `repository` and `workflow` name where it goes. A re-run on GitHub is
    an attempt of its own with the marker and the workflow run of the one before it. `jobs`
    are the conclusions by name, and `change` the size of an agent's branch, once asked for.
    """

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
    child: OrchestrationId | None = None
    is_rerun: bool = False
    jobs: Mapping[str, str] | None = None
    jobs_asked_at: datetime | None = None
    change: Change | None = None
    change_asked_at: datetime | None = None
    delayed: Reason | None = None
    delayed_until: datetime | None = None


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One cell of a task's matrix; `matrix` holds the values of this cell.

    `spent` counts the attempts that do not count against `retry` any more, because people
    asked for another try after them, or a policy put them off; `calendars` are those that it
    wants to be open, beside the definition's own.
    """

    key: LegKey
    matrix: Mapping[str, Json] = field(default_factory=dict)
    status: LegStatus = LegStatus.PENDING
    attempts: tuple[Attempt, ...] = ()
    reason: Reason | None = None
    is_tolerated: bool = False
    outputs: Mapping[str, Json] = field(default_factory=dict)
    wave: str = ""
    gate: Gate | None = None
    rest_until: datetime | None = None
    spent: int = 0
    calendars: tuple[str, ...] = ()

    @property
    def attempt(self) -> Attempt:
        """The attempt that counts; a leg that is not pending has one."""
        return self.attempts[-1]

    @property
    def has_ended(self) -> bool:
        return self.status in LEG_ENDED

    def to(self, status: LegStatus, reason: Reason | None = None) -> Self:
        """Move, keeping the old reason unless a new one is given."""
        return replace(self, status=self.becoming(status), reason=reason or self.reason)

    def becoming(self, status: LegStatus) -> LegStatus:
        """Return a status that it may move to, for who changes more of it in the same copy."""
        assert status in MOVES[self.status], f"a leg may not go from {self.status} to {status}"
        return status

    def with_attempt(self, attempt: Attempt) -> Self:
        """Replace the attempt that counts."""
        return replace(self, attempts=(*self.attempts[:-1], attempt))


class WaveStatus(StrEnum):
    """How far one wave of a task is."""

    WAITING = "waiting"
    ASKING = "asking"
    """Its approval is asked for."""
    RUNNING = "running"
    BAKING = "baking"
    """Its legs succeeded, and must hold for a while."""
    FAILING = "failing"
    """Too much of it failed: what runs is stopped, then what succeeded is rolled back."""
    PASSED = "passed"
    FAILED = "failed"
    STOPPED = "stopped"
    """It never came, or not to its end: another one failed, or its task was stopped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveProgress:
    """How far one wave is; `checks` counts the rounds of checks while it bakes.

    The first `checks_before` of them are of earlier bakes. `is_again`: a workflow run of it
    was re-run on GitHub after it had ended. `rolled_back_at` is when its roll-back was begun,
    or found not to be needed.
    """

    status: WaveStatus = WaveStatus.WAITING
    gate: Gate | None = None
    baking_since: datetime | None = None
    checked_at: datetime | None = None
    checks: int = 0
    checks_before: int = 0
    is_again: bool = False
    rolled_back_at: datetime | None = None
    reason: Reason | None = None

    @property
    def may_begin(self) -> bool:
        """Whether legs of this wave may begin."""
        return self.status is WaveStatus.RUNNING

    @property
    def is_open(self) -> bool:
        """Whether this wave has not come to its end."""
        return self.status not in WAVE_ENDED


WAVE_ENDED = frozenset({WaveStatus.PASSED, WaveStatus.FAILED, WaveStatus.STOPPED})


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One task; without legs until its needs allow it to start.

    `is_warned`: it ended well, but not all of it. `is_stale`: something it needs was tried
    again after it had ended. `is_undone`: its compensation has begun since it ended.
    `question` is what people are asked while it is `asking`.
    """

    status: TaskStatus = TaskStatus.WAITING
    legs: Mapping[LegKey, Leg] = field(default_factory=dict)
    reason: Reason | None = None
    is_tolerated: bool = False
    is_matrix: bool = False
    is_warned: bool = False
    is_stale: bool = False
    is_undone: bool = False
    question: Gate | None = None
    skip: Reason | None = None
    waves: Mapping[str, WaveProgress] = field(default_factory=dict)
    escalated: int = 0
    timer: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def has_ended(self) -> bool:
        return self.status in TASK_ENDED

    @property
    def is_passed(self) -> bool:
        """Whether what needs it may go on: it succeeded, or what went wrong is tolerated."""
        if self.status is TaskStatus.SKIPPED:
            return self.is_tolerated
        return self.result == "success"

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
        return replace(self, status=self.becoming(status), reason=reason or self.reason)

    def becoming(self, status: TaskStatus) -> TaskStatus:
        """Return a status that it may move to, for who changes more of it in the same copy."""
        allowed = TASK_MOVES[self.status]
        assert status in allowed, f"a task may not go from {self.status} to {status}"
        return status

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


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Orchestration:
    """One plan being carried out; `events` counts those that made it what it is.

    `seats` and `passages` are by who holds or asks (`core.naming`). `wish` is what the whole
    will have become once what had succeeded is undone. `timer` is the whole's own.
    `old_checks` are check runs on commits that a machine has gone on from; the first
    `concluded` of them are concluded. `posed` is what people were last asked about, by question
    (`legs.posing`). `gone` is why nobody is asked about its commit any more.
    """

    plan: Plan
    status: OrchestrationStatus
    tasks: Mapping[TaskName, Task]
    events: int = 0
    requested_by: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    deadline: datetime | None = None
    reason: Reason | None = None
    conclusion: str = ""
    outputs: JsonObject = field(default_factory=dict)
    paused: Reason | None = None
    wish: OrchestrationStatus | None = None
    machine: MachineState | None = None
    seats: Mapping[Holder, Seat] = field(default_factory=dict)
    passages: Mapping[Holder, tuple[Passage, ...]] = field(default_factory=dict)
    heard: tuple[Hearing, ...] = ()
    alerted: tuple[int, ...] = ()
    timer: datetime | None = None
    surfaces: Mapping[Surface, Written] = field(default_factory=dict)
    old_checks: tuple[int, ...] = ()
    concluded: int = 0
    environments: tuple[WaitingRun, ...] = ()
    posed: Mapping[str, Posed] = field(default_factory=dict)
    gone: Gone | None = None

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
        """Return the leg that an attempt belongs to, if the attempt is the one that counts.

        Re-runs on GitHub share a marker with the attempt they repeat, and so its name.
        """
        task = self.tasks.get(attempt.task)
        leg = task.legs.get(attempt.leg) if task else None
        if leg is None or not 1 <= attempt.number <= len(leg.attempts):
            return None
        if leg.attempts[attempt.number - 1].marker != leg.attempt.marker:
            return None
        return leg


def new_orchestration(plan: Plan) -> Orchestration:
    """Return the state before the first event: requested, every task waiting."""
    return Orchestration(
        plan=plan,
        status=OrchestrationStatus.REQUESTED,
        tasks={name: Task() for name in plan.definition.tasks},
    )
