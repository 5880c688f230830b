"""The first half of a decision: write the fact into the state, and ask for nothing.

Every event is welcome in every state. What is late, doubled or about something that no
longer counts changes nothing. `recording` has the kinds of facts, each in its file.
"""

from typing import assert_never

from app.core.copying import replace
from app.core.environment_events import EnvironmentAnswered, EnvironmentAsked
from app.core.events import (
    ApprovalDecided,
    CalendarTold,
    CancelRequested,
    ChangeMeasured,
    ChildEnded,
    ChildStarted,
    CommandGiven,
    DispatchAccepted,
    DispatchDelayed,
    DispatchRefused,
    Event,
    GitHubEventHeard,
    JobsListed,
    OperationPerformed,
    OrchestrationRequested,
    OutputsReported,
    PauseRequested,
    RerunAccepted,
    ResumeRequested,
    RetryRequested,
    RollBackRequested,
    SeatGranted,
    SeatLost,
    SeatQueued,
    SkipRequested,
    Surface,
    SurfaceRefused,
    SurfaceWritten,
    TimerElapsed,
    WorkflowRunMissed,
    WorkflowRunObserved,
)
from app.core.gate_events import (
    GateSurveyed,
    QueueMoved,
    SubjectGone,
    VoteCast,
    VotesFound,
    VotesWithdrawn,
)
from app.core.legs.context import cause_of
from app.core.legs.posing import taken_over
from app.core.moves import OrchestrationStatus
from app.core.recording.attempts import record_attempt
from app.core.recording.environments import (
    record_answered,
    record_asked,
    wait_for,
    waiting_at_start,
)
from app.core.recording.hearing import record_hearing
from app.core.recording.people import record_decision, record_request
from app.core.recording.places import record_passage, record_place
from app.core.recording.votes import (
    give_up_gates,
    record_found,
    record_move,
    record_survey,
    record_vote,
    withdraw_votes,
)
from app.core.state import Orchestration, Written


def record(state: Orchestration, event: Event) -> Orchestration:
    """Write one fact into the state."""
    match event:
        # What is heard most stands first: the cases are tried one after the other.
        case WorkflowRunObserved() | DispatchAccepted() | OutputsReported() | JobsListed():
            return record_attempt(state, event)
        case DispatchRefused() | DispatchDelayed() | RerunAccepted() | WorkflowRunMissed():
            return record_attempt(state, event)
        case ChangeMeasured() | OperationPerformed() | ChildStarted() | ChildEnded():
            return record_attempt(state, event)
        case SurfaceWritten() | SurfaceRefused():
            return _record_surface(state, event)
        case OrchestrationRequested():
            return _record_request(state, event)
        case TimerElapsed():
            return _record_timer(state, event)
        case CancelRequested() | PauseRequested() | ResumeRequested():
            return record_request(state, event)
        case RetryRequested() | SkipRequested() | RollBackRequested():
            return record_request(state, event)
        case ApprovalDecided():
            return record_decision(state, event)
        case VoteCast():
            return record_vote(state, event)
        case VotesWithdrawn():
            return withdraw_votes(state, event)
        case GateSurveyed():
            return record_survey(state, event)
        case VotesFound():
            return record_found(state, event)
        case QueueMoved():
            return record_move(state)
        case EnvironmentAsked():
            return record_asked(state, event)
        case EnvironmentAnswered():
            return record_answered(state, event)
        case SubjectGone():
            return give_up_gates(state, event)
        case SeatGranted() | SeatQueued() | SeatLost():
            return record_place(state, event)
        case CalendarTold():
            return record_passage(state, event)
        case CommandGiven():
            return record_hearing(state, event)
        case GitHubEventHeard():
            return wait_for(record_hearing(state, event), event.cause, event.at)
        case _:  # pragma: no cover - the type checker counts the cases
            assert_never(event)


def _record_surface(
    state: Orchestration, event: SurfaceWritten | SurfaceRefused
) -> Orchestration:
    before = state.surfaces.get(event.surface, Written())
    if isinstance(event, SurfaceWritten):
        if event.surface is Surface.CHECK and event.sha not in ("", cause_of(state).sha):
            return _record_old_check(state, event)
        after = Written(remote_id=event.remote_id, digest=event.digest)
    else:
        after = replace(before, refused=event.message)
    if after == before:
        return state
    return replace(state, surfaces={**state.surfaces, event.surface: after})


def _record_old_check(state: Orchestration, event: SurfaceWritten) -> Orchestration:
    """A machine went on from a commit while the check on it was being written."""
    if event.remote_id in state.old_checks:
        return state
    return replace(state, old_checks=(*state.old_checks, event.remote_id))


def _record_request(state: Orchestration, event: OrchestrationRequested) -> Orchestration:
    if state.status is not OrchestrationStatus.REQUESTED:
        return state
    state = waiting_at_start(state, event.at)
    has_place = state.plan.definition.concurrency is None
    return replace(
        state.to(OrchestrationStatus.RUNNING if has_place else OrchestrationStatus.BLOCKED),
        requested_by=event.by,
        started_at=event.at,
        deadline=event.at + state.plan.definition.timeout,
        posed=taken_over(event.posed),
    )


def _record_timer(state: Orchestration, event: TimerElapsed) -> Orchestration:
    if event.task is None:
        is_due = state.timer is not None and event.at >= state.timer
        return replace(state, timer=None) if is_due else state
    task = state.tasks.get(event.task)
    if task is None or task.timer is None or event.at < task.timer:
        return state
    return state.with_task(event.task, replace(task, timer=None))
