"""What should be done: commands are data with a key, so that twice is once.

Three families. An orchestration's commands come out of `decide`, and their outcome comes
back as one of its events. Some of them go no further than the engine (`Message`): they are
for a lock, a calendar, another orchestration, and are delivered in the transaction that
saves them. A chore concerns a repository or an installation and comes out
of `routing`; its outcome is a finding that the engine stores.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from app.core.chores import Chore, ListInstallations, ListRepositories, ReadRepository
from app.core.environment_commands import AnswerEnvironment, ReportEnvironment
from app.core.events import AttemptId, Conclusion
from app.core.gate_commands import AnswerVote, SurveyGate
from app.core.queue_commands import FindVotes as FindVotes
from app.core.queue_commands import TellQueue as TellQueue
from app.core.values import (
    Holder,
    JsonObject,
    LockKey,
    OrchestrationId,
    RepositoryName,
    Sha,
    TaskName,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchWorkflow:
    """Start the workflow of one attempt.

    Returns as `DispatchAccepted`, `DispatchRefused`, or, where an earlier try turns out to
    have worked, as `WorkflowRunObserved`. `ref` is a branch, a tag or a SHA.
    """

    attempt: AttemptId
    repository: RepositoryName
    workflow: str
    ref: str
    inputs: JsonObject
    marker: str

    @property
    def key(self) -> str:
        return f"dispatch/{self.attempt}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelWorkflowRun:
    """Cancel one workflow run. Returns as `WorkflowRunObserved` where it has already ended."""

    attempt: AttemptId
    repository: RepositoryName
    workflow_run_id: int
    force: bool

    @property
    def key(self) -> str:
        return f"{'force-cancel' if self.force else 'cancel'}/{self.attempt}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LookUpWorkflowRun:
    """Ask GitHub how far a workflow run is that has been silent for too long.

    By its id where that is known, else by the marker. Returns as `WorkflowRunObserved` or
    `WorkflowRunMissed`. The attempt was begun at `since`.
    """

    attempt: AttemptId
    repository: RepositoryName
    workflow: str
    ref: str
    workflow_run_id: int | None
    marker: str
    since: datetime
    asked_at: datetime

    @property
    def key(self) -> str:
        return f"look-up/{self.attempt}/{self.asked_at.isoformat()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveTag:
    """Remove the short-lived tag through which a SHA was dispatched."""

    repository: RepositoryName
    tag: str

    @property
    def key(self) -> str:
        return f"remove-tag/{self.tag}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetTimer:
    """Come back at `due`. Returns as `TimerElapsed`."""

    task: TaskName | None
    due: datetime

    @property
    def key(self) -> str:
        return f"timer/{self.task or ''}/{self.due.isoformat()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteCheck:
    """Bring the check run up to the state. A level: one row, written if it changed."""

    @property
    def key(self) -> str:
        return "write/check"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConcludeCheck:
    """Conclude a check run on a commit that an orchestration has gone on from.

    `by` is the commit that it goes on with.
    """

    remote_id: int
    by: Sha

    @property
    def key(self) -> str:
        return f"conclude-check/{self.remote_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteComment:
    """Bring the comment up to the state. A level, not a stream, like `WriteCheck`."""

    @property
    def key(self) -> str:
        return "write/comment"


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteIssue:
    """Bring the comment on the issue of `report-to` up to the state. A level."""

    @property
    def key(self) -> str:
        return "write/issue"


@dataclass(frozen=True, slots=True, kw_only=True)
class RerunWorkflowRun:
    """Run the failed jobs of a workflow run again.

    Returns as `RerunAccepted`, `WorkflowRunObserved` or `DispatchRefused`.
    """

    attempt: AttemptId
    repository: RepositoryName
    workflow_run_id: int
    run_attempt: int

    @property
    def key(self) -> str:
        return f"rerun/{self.attempt}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListJobs:
    """Ask how the jobs of one run attempt ended. Returns as `JobsListed`."""

    attempt: AttemptId
    repository: RepositoryName
    workflow_run_id: int
    run_attempt: int

    @property
    def key(self) -> str:
        return f"list-jobs/{self.attempt}/{self.run_attempt}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureChange:
    """Ask how much a branch changes against the default branch. Returns as `ChangeMeasured`."""

    attempt: AttemptId
    repository: RepositoryName
    branch: str

    @property
    def key(self) -> str:
        return f"measure-change/{self.attempt}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PerformOperation:
    """Make one call to GitHub: `operation` is a word of the language, as `issue.create`.

    Returns as `OperationPerformed` or `DispatchRefused`. What it makes carries the marker, so
    that it is found again and not made twice.
    """

    attempt: AttemptId
    operation: str
    arguments: JsonObject
    marker: str

    @property
    def key(self) -> str:
        return f"operation/{self.attempt}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify:
    """Tell people something, by a comment, an issue or a webhook; once for each key.

    `about` names what it is about within the orchestration, as `escalation/build/1`.
    """

    about: str
    via: str
    to: str
    text: str

    @property
    def key(self) -> str:
        return f"notify/{self.about}/{self.via}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AskSeat:
    """Ask a concurrency group for a place. Returns as `SeatGranted` or `SeatQueued`."""

    holder: Holder
    lock: LockKey
    limit: int
    priority: int
    queue: Literal["all", "latest"]
    cancel_in_progress: bool
    who: str

    @property
    def key(self) -> str:
        return f"ask-seat/{self.lock}/{self.holder}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveSeat:
    """Give a place in a concurrency group back, or stop waiting for one."""

    holder: Holder
    lock: LockKey

    @property
    def key(self) -> str:
        return f"leave-seat/{self.lock}/{self.holder}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AskCalendar:
    """Ask a calendar whether it is open. Returns as `CalendarTold`, again when it opens."""

    holder: Holder
    calendar: str

    @property
    def key(self) -> str:
        return f"ask-calendar/{self.calendar}/{self.holder}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StartChild:
    """Start a child orchestration. Returns as `ChildStarted` or `DispatchRefused`.

    Its id is derived from the marker, so that it is never started twice.
    """

    attempt: AttemptId
    target: str
    inputs: JsonObject
    marker: str

    @property
    def key(self) -> str:
        return f"start-child/{self.attempt}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelChild:
    """Ask a child orchestration to cancel. Its end comes back as `ChildEnded`."""

    child: OrchestrationId
    reason: str

    @property
    def key(self) -> str:
        return f"cancel-child/{self.child}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TellEnd:
    """Tell the parent, if there is one, and all who listen, that this orchestration ended."""

    conclusion: Conclusion
    outputs: JsonObject
    count: int

    @property
    def key(self) -> str:
        return f"tell-end/{self.count}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeReport:
    """Put an evidence pack together. Returns as `OperationPerformed`."""

    attempt: AttemptId
    formats: tuple[str, ...]
    include: tuple[str, ...]

    @property
    def key(self) -> str:
        return f"report/{self.attempt}"


OrchestrationCommand: TypeAlias = (
    DispatchWorkflow
    | CancelWorkflowRun
    | LookUpWorkflowRun
    | RemoveTag
    | SetTimer
    | WriteCheck
    | ConcludeCheck
    | WriteComment
    | WriteIssue
    | RerunWorkflowRun
    | ListJobs
    | MeasureChange
    | PerformOperation
    | Notify
    | SurveyGate
    | AnswerEnvironment
    | ReportEnvironment
    | AnswerVote
)
Message: TypeAlias = (
    AskSeat
    | LeaveSeat
    | AskCalendar
    | StartChild
    | CancelChild
    | TellEnd
    | MakeReport
    | FindVotes
    | TellQueue
)
Command: TypeAlias = OrchestrationCommand | Chore
"""What is stored and carried; messages are delivered by the engine and never stored."""

LEVELS = (
    WriteCheck,
    WriteComment,
    WriteIssue,
    ListInstallations,
    ListRepositories,
    ReadRepository,
)
"""Commands that mean "make it so": asked for again, the one row is simply due again."""
