"""What has happened: every event that an orchestration can take in.

An event is a fact with the time at which we learned it. It says nothing about what
follows; that is `decide`'s. Adding one is a walk: event, `record`, rule, law, story.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from app.core.values import JsonObject, LegKey, Sha, TaskName


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptId:
    """Which try at which leg of which task; attempts count from 1."""

    task: TaskName
    leg: LegKey
    number: int

    def __str__(self) -> str:
        return (
            f"{self.task}/{self.leg}/{self.number}"
            if self.leg
            else f"{self.task}/{self.number}"
        )


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


@dataclass(frozen=True, slots=True, kw_only=True)
class OrchestrationRequested:
    """Somebody or something asked for this orchestration; always its first event."""

    at: datetime
    by: str


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

    `code` is a stable reason code; `message` says what, and what to do about it.
    """

    at: datetime
    attempt: AttemptId
    code: str
    message: str


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
    """The state stands on GitHub: `remote_id` is the check run's or the comment's id."""

    at: datetime
    surface: Surface
    remote_id: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SurfaceRefused:
    """GitHub will not let us write there (no consent, no permission, gone)."""

    at: datetime
    surface: Surface
    message: str


Event: TypeAlias = (
    OrchestrationRequested
    | DispatchAccepted
    | DispatchRefused
    | WorkflowRunObserved
    | WorkflowRunMissed
    | OutputsReported
    | TimerElapsed
    | CancelRequested
    | SurfaceWritten
    | SurfaceRefused
)
