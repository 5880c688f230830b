"""Commands as rows to be stored: whose they are, how urgent, and who carries them first."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from app.core.chores import (
    AnswerRequests,
    CheckDefinitions,
    Chore,
    FindPullRequest,
    JudgeRequests,
    ListChangedFiles,
    ReportPolicy,
)
from app.core.commands import (
    LEVELS,
    CancelWorkflowRun,
    ConcludeCheck,
    DispatchWorkflow,
    ListJobs,
    LookUpWorkflowRun,
    MeasureChange,
    Notify,
    OrchestrationCommand,
    PerformOperation,
    RemoveTag,
    RerunWorkflowRun,
    SetTimer,
    WriteCheck,
    WriteComment,
    WriteIssue,
)
from app.core.environment_commands import AnswerEnvironment, ReportEnvironment
from app.core.gate_commands import AnswerVote, SurveyGate
from app.core.values import OrchestrationId
from app.ports import NewCommand

DECISION: Final = 0
STATUS: Final = 5
SWEEP: Final = 9
"""Decisions before status before sweeps."""

PRIORITIES: Final[Mapping[type[OrchestrationCommand] | type[Chore], int]] = {
    DispatchWorkflow: DECISION,
    RerunWorkflowRun: DECISION,
    CancelWorkflowRun: DECISION,
    PerformOperation: DECISION,
    ListJobs: DECISION,
    MeasureChange: DECISION,
    SetTimer: DECISION,
    SurveyGate: DECISION,
    AnswerEnvironment: DECISION,
    ReportEnvironment: STATUS,
    ListChangedFiles: DECISION,
    FindPullRequest: DECISION,
    JudgeRequests: DECISION,
    AnswerVote: STATUS,
    AnswerRequests: STATUS,
    Notify: STATUS,
    WriteCheck: STATUS,
    ConcludeCheck: STATUS,
    WriteComment: STATUS,
    WriteIssue: STATUS,
    CheckDefinitions: STATUS,
    ReportPolicy: STATUS,
    LookUpWorkflowRun: SWEEP,
    RemoveTag: SWEEP,
}
"""What is not named is a sweep."""

STATUS_SPACING: Final = timedelta(seconds=1)
"""At most one write a second to any one surface."""

READ_SPACING: Final = timedelta(seconds=5)
"""At most one reading of the same repository or installation in this time."""


def row_of(
    subject: OrchestrationId,
    command: OrchestrationCommand,
    now: datetime,
    *,
    owner: str,
    lease_until: datetime,
) -> NewCommand:
    """Make a row of what an orchestration asks for."""
    priority = PRIORITIES.get(type(command), SWEEP)
    if isinstance(command, SetTimer):
        return timer(subject, command.due, command)
    if isinstance(command, LEVELS):
        return NewCommand(
            subject=subject,
            command=command,
            due=now,
            priority=priority,
            spacing=STATUS_SPACING,
        )
    # Saved as claimed: who saves it carries it at once, and needs no second commit. A
    # crash in between leaves a lease with one try, so that the next life looks first.
    return NewCommand(
        subject=subject,
        command=command,
        due=now,
        priority=priority,
        lease_owner=owner,
        lease_until=lease_until,
    )


def timer(subject: str, due: datetime, command: SetTimer | None = None) -> NewCommand:
    """Make a row of a timer, for an orchestration or for something that is shared."""
    command = command or SetTimer(task=None, due=due)
    return NewCommand(subject=subject, command=command, due=due, priority=DECISION)


def chore(command: Chore, subject: str, now: datetime) -> NewCommand:
    """Make a chore a command that is due now."""
    return NewCommand(
        subject=subject,
        command=command,
        due=now,
        priority=PRIORITIES.get(type(command), SWEEP),
        spacing=READ_SPACING,
    )


def subject_of(command: Chore) -> str:
    """Name the row of things that a chore belongs to."""
    repository = getattr(command, "repository_id", None)
    if repository is not None:
        return of_repository(repository)
    installation = getattr(command, "installation_id", None)
    return "app" if installation is None else of_installation(installation)


def of_repository(repository_id: int) -> str:
    """Name what is read of a repository, and what waits for that."""
    return f"repository/{repository_id}"


def of_installation(installation_id: int) -> str:
    """Name what is listed of an installation, and what waits for that."""
    return f"installation/{installation_id}"
