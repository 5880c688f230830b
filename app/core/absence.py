"""What we cannot reach, or may not do, for the time being, and who is paused meanwhile.

An App is suspended, uninstalled, or taken off a repository: what lives there is paused with
that reason rather than fail. Or the App lacks a permission: whatever needs it is paused. Both
go on when that is over, unless a person paused them: those that could not be reached when
repositories are covered again, the others as soon as what was refused has been done.
"""

from datetime import datetime
from enum import StrEnum

from app.core.commands import (
    Command,
    DispatchWorkflow,
    ListJobs,
    LookUpWorkflowRun,
    MeasureChange,
    PerformOperation,
    RerunWorkflowRun,
)
from app.core.environment_commands import AnswerEnvironment
from app.core.events import PauseRequested, ResumeRequested
from app.core.gate_commands import SurveyGate
from app.core.interests import Interest
from app.core.state import Orchestration, Reason


class Absence(StrEnum):
    """Why a repository cannot be reached: the code of the reason."""

    SUSPENDED = "installation-suspended"
    UNINSTALLED = "installation-removed"
    REMOVED = "repository-removed"
    FORBIDDEN = "permission-missing"


WHY = {
    Absence.SUSPENDED: "the App is suspended there",
    Absence.UNINSTALLED: "the App was uninstalled there",
    Absence.REMOVED: "the App does not reach a repository that it needs any more",
}
OURSELVES = "signalbox"
NEEDED = (
    DispatchWorkflow,
    RerunWorkflowRun,
    LookUpWorkflowRun,
    ListJobs,
    MeasureChange,
    PerformOperation,
    SurveyGate,
    AnswerEnvironment,
)
"""Commands without which an orchestration does not go on; to write what people read is none."""
TRIED_UNTIL_DONE = frozenset({Absence.REMOVED, Absence.FORBIDDEN})
"""Reasons that are over as soon as a command that had met with them has been carried out."""


def lives_in(repository_id: int) -> Interest:
    """Name what concerns all that live in a repository."""
    return Interest(event="(lives)", repository_id=repository_id)


def waits_for(repository_id: int) -> Interest:
    """Name what concerns those that wait until a repository can be reached again."""
    return Interest(event="(waits)", repository_id=repository_id)


def homes(state: Orchestration) -> frozenset[int]:
    """Return the repositories without which an orchestration cannot go on."""
    return frozenset({state.plan.origin.repository_id, state.plan.cause.repository_id})


def presence(state: Orchestration) -> frozenset[Interest]:
    """Return in which repositories an orchestration lives, and which of them it waits for."""
    if state.has_ended:
        return frozenset()
    here = homes(state)
    found = {lives_in(each) for each in here}
    if is_away(state):
        found |= {waits_for(each) for each in here}
    return frozenset(found)


def is_away(state: Orchestration) -> bool:
    """Tell whether it is paused because a repository cannot be reached."""
    return state.paused is not None and state.paused.code in set(Absence)


def is_forbidden(state: Orchestration) -> bool:
    """Tell whether it is paused because the App lacks a permission."""
    return state.paused is not None and state.paused.code == Absence.FORBIDDEN


def pause(command: Command, reason: Reason, now: datetime) -> PauseRequested | None:
    """Return what an orchestration is told if it cannot go on without a command."""
    if reason.code == Absence.FORBIDDEN and not isinstance(command, NEEDED):
        return None
    return PauseRequested(at=now, by=OURSELVES, reason=reason.message, code=reason.code)


def resume(
    state: Orchestration, command: Command, now: datetime
) -> tuple[ResumeRequested, ...]:
    """Return what an orchestration is told when a command was carried out at a later try."""
    if state.paused is None or state.paused.code not in TRIED_UNTIL_DONE:
        return ()
    if is_forbidden(state) and not isinstance(command, NEEDED):
        return ()
    return (ResumeRequested(at=now, by=OURSELVES, code=state.paused.code),)
