"""What has happened: every event that an orchestration can take in.

An event is a fact with the time at which we learned it. It says nothing about what
follows; that is `decide`'s. Adding one is a walk: event, `record`, rule, law, story.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from app.core.copying import quickly_made
from app.core.environment_events import EnvironmentAnswered, EnvironmentAsked
from app.core.gate_events import (
    GateSurveyed,
    QueueMoved,
    SubjectGone,
    VoteCast,
    VotesFound,
    VotesWithdrawn,
)
from app.core.place_events import CalendarTold as CalendarTold
from app.core.place_events import SeatGranted as SeatGranted
from app.core.place_events import SeatLost as SeatLost
from app.core.place_events import SeatQueued as SeatQueued
from app.core.plan import Cause
from app.core.state_of_gates import Part
from app.core.values import AttemptId as AttemptId
from app.core.values import JsonObject, LegKey, OrchestrationId, Sha, TaskName


class RunStatus(StrEnum):
    """How far a workflow run is. GitHub's `requested` and `pending` count as queued."""

    QUEUED = "queued"
    WAITING = "waiting"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"


class Conclusion(StrEnum):
    """How a workflow run ended, in GitHub's words.

    https://docs.github.com/en/webhooks/webhook-events-and-payloads#workflow_run
    """

    SUCCESS = "success"
    FAILURE = "failure"
    NEUTRAL = "neutral"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"
    TIMED_OUT = "timed_out"
    ACTION_REQUIRED = "action_required"
    STALE = "stale"
    STARTUP_FAILURE = "startup_failure"


class Surface(StrEnum):
    """A place on GitHub where the state is written."""

    CHECK = "check"
    COMMENT = "comment"
    ISSUE = "issue"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrchestrationRequested:
    """Somebody or something asked for this orchestration; always its first event.

    `posed` is what an earlier one about the same has asked people, by question.
    """

    at: datetime
    by: str
    posed: Mapping[str, Mapping[str, Part]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchAccepted:
    """GitHub took the dispatch of one attempt; the id is `None` where the host tells none."""

    at: datetime
    attempt: AttemptId
    workflow_run_id: int | None
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchRefused:
    """The dispatch of one attempt will not happen: GitHub, a policy or ourselves said no.

    `code` is a stable reason code; `message` says what, and what to do about it. With
    `calendars` it is only put off: a policy wants these to be open first.
    """

    at: datetime
    attempt: AttemptId
    code: str
    message: str
    calendars: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchDelayed:
    """What was asked for of one attempt is put off until `until`: GitHub wants us to wait."""

    at: datetime
    attempt: AttemptId
    until: datetime
    message: str


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowRunObserved:
    """The workflow run of one attempt was seen to be this far, by a webhook or a look-up."""

    at: datetime
    attempt: AttemptId
    workflow_run_id: int
    run_attempt: int
    status: RunStatus
    conclusion: Conclusion | None
    head_sha: Sha
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowRunMissed:
    """A look-up found no workflow run for this attempt on GitHub."""

    at: datetime
    attempt: AttemptId


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputsReported:
    """The companion Action of this attempt's workflow run reported outputs."""

    at: datetime
    attempt: AttemptId
    run_attempt: int
    outputs: JsonObject
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerElapsed:
    """A moment came that a task (or, with no task, the whole orchestration) waited for."""

    at: datetime
    task: TaskName | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRequested:
    """Somebody asked for the whole orchestration to be cancelled."""

    at: datetime
    by: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SurfaceWritten:
    """The state stands on GitHub: `remote_id` is the check run's or the comment's id.

    `sha` is the commit that a check run stands on.
    """

    at: datetime
    surface: Surface
    remote_id: int
    digest: str
    sha: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SurfaceRefused:
    """GitHub will not let us write there (no consent, no permission, gone)."""

    at: datetime
    surface: Surface
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RerunAccepted:
    """GitHub runs the failed jobs of this attempt's workflow run again."""

    at: datetime
    attempt: AttemptId


@dataclass(frozen=True, slots=True, kw_only=True)
class JobsListed:
    """The jobs of one run attempt, each with its conclusion, by name."""

    at: datetime
    attempt: AttemptId
    run_attempt: int
    jobs: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeMeasured:
    """How much the branch that an agent proposes changes."""

    at: datetime
    attempt: AttemptId
    files: int
    lines: int
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationPerformed:
    """One call to GitHub, or a report, was made; a refusal comes as `DispatchRefused`."""

    at: datetime
    attempt: AttemptId
    outputs: JsonObject
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildStarted:
    """The child orchestration of one attempt began; a refusal comes as `DispatchRefused`."""

    at: datetime
    attempt: AttemptId
    child: OrchestrationId
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildEnded:
    """The child orchestration of one attempt ended; `conclusion` is that of its check."""

    at: datetime
    attempt: AttemptId
    child: OrchestrationId
    conclusion: Conclusion
    outputs: JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalDecided:
    """The people asked at a gate, or at a task that asks, have chosen an option.

    Who may, was settled before. `leg` tells a review of one leg from a question about all,
    `wave` the approval of a wave. `reason` is required to skip.
    """

    at: datetime
    task: TaskName
    leg: LegKey
    wave: str = ""
    option: str
    by: str
    reason: str
    inputs: JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseRequested:
    """Somebody wants nothing new to begin until further notice.

    With a `code` it is ourselves, for that reason.
    """

    at: datetime
    by: str
    reason: str
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeRequested:
    """Somebody wants a paused orchestration to go on; with a `code` only if paused by that."""

    at: datetime
    by: str
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryRequested:
    """Somebody wants a task tried again, or with no task all that did not succeed."""

    at: datetime
    task: TaskName | None
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SkipRequested:
    """Somebody wants to go on without a task; what needs it takes it for passed."""

    at: datetime
    task: TaskName
    by: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RollBackRequested:
    """Somebody wants all that succeeded and can be undone to be undone."""

    at: datetime
    by: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandGiven:
    """Somebody gave a command that transitions may listen to (`command.<name>`)."""

    at: datetime
    name: str
    by: str
    arguments: JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class GitHubEventHeard:
    """A delivery concerns this orchestration: one that it waits for, or of its correlation.

    `name` is `event.action`, or `event` where there is no action.
    """

    at: datetime
    name: str
    cause: Cause


Event: TypeAlias = (
    OrchestrationRequested
    | DispatchAccepted
    | DispatchRefused
    | DispatchDelayed
    | WorkflowRunObserved
    | WorkflowRunMissed
    | OutputsReported
    | TimerElapsed
    | CancelRequested
    | SurfaceWritten
    | SurfaceRefused
    | RerunAccepted
    | JobsListed
    | ChangeMeasured
    | OperationPerformed
    | ChildStarted
    | ChildEnded
    | SeatGranted
    | SeatQueued
    | SeatLost
    | CalendarTold
    | ApprovalDecided
    | PauseRequested
    | ResumeRequested
    | RetryRequested
    | SkipRequested
    | RollBackRequested
    | CommandGiven
    | GitHubEventHeard
    | VoteCast
    | VotesWithdrawn
    | GateSurveyed
    | EnvironmentAsked
    | EnvironmentAnswered
    | SubjectGone
    | VotesFound
    | QueueMoved
)
