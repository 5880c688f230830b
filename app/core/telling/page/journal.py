"""The journal in words, a line for each event. What strangers said is cut and masked."""

import re
from typing import assert_never

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
    SurfaceRefused,
    SurfaceWritten,
    TimerElapsed,
    WorkflowRunMissed,
    WorkflowRunObserved,
)
from app.core.gate_events import (
    GateId,
    GateSurveyed,
    QueueMoved,
    SubjectGone,
    VoteCast,
    VotesFound,
    VotesWithdrawn,
)
from app.core.telling.looks import name_of
from app.core.telling.markdown import one_line
from app.core.telling.waiting import moment
from app.core.values import AttemptId

LINE_MAX = 300

OfAttempts = (
    DispatchAccepted
    | DispatchRefused
    | DispatchDelayed
    | WorkflowRunObserved
    | WorkflowRunMissed
    | OutputsReported
    | RerunAccepted
    | JobsListed
    | ChangeMeasured
    | OperationPerformed
    | ChildStarted
    | ChildEnded
)
"""What is about one attempt."""
OfPeople = (
    OrchestrationRequested
    | CancelRequested
    | ApprovalDecided
    | PauseRequested
    | ResumeRequested
    | RetryRequested
    | SkipRequested
    | RollBackRequested
    | CommandGiven
    | VoteCast
    | VotesWithdrawn
)
"""What people asked for or said."""


def event_in_words(event: Event) -> str:
    """Say in one line of plain text what has happened."""
    if isinstance(event, OfAttempts):
        said = f"{_named(event.attempt)}: {_of_attempt(event)}"
    elif isinstance(event, OfPeople):
        said = _of_people(event)
    else:
        said = _of_others(event)
    return one_line(said, LINE_MAX)


def name_of_event(event: Event) -> str:
    """Return the name of an event as it is searched for: `workflow run observed`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(event).__name__).lower()


def _of_attempt(event: OfAttempts) -> str:
    match event:
        case DispatchAccepted():
            return "GitHub took the dispatch"
        case DispatchRefused():
            return f"not dispatched: {event.message} ({event.code})"
        case DispatchDelayed():
            return f"delayed until {moment(event.until)} by {event.message}"
        case WorkflowRunObserved():
            how = event.conclusion.value if event.conclusion is not None else ""
            word = event.status.value.replace("_", " ")
            return f"the workflow run is {word}{f': {how}' if how else ''}"
        case WorkflowRunMissed():
            return "its workflow run was looked for and not found"
        case OutputsReported():
            return f"reported {', '.join(event.outputs) or 'no outputs'}"
        case RerunAccepted():
            return "GitHub runs its failed jobs again"
        case JobsListed():
            return f"its jobs were listed: {len(event.jobs)}"
        case ChangeMeasured():
            return f"its branch changes {event.lines} lines in {event.files} files"
        case OperationPerformed():
            return "done on GitHub"
        case ChildStarted():
            return f"started {event.title}"
        case ChildEnded():
            return f"what it started ended: {event.conclusion.value}"
        case _:  # pragma: no cover - the type checker counts the cases
            assert_never(event)


def _of_people(event: OfPeople) -> str:
    match event:
        case OrchestrationRequested():
            return f"requested{_by(event.by)}"
        case CancelRequested():
            return f"to be cancelled{_by(event.by)}{_because(event.reason)}"
        case ApprovalDecided():
            gate = GateId(task=event.task, leg=event.leg, wave=event.wave)
            return f"{gate}: {event.option}{_by(event.by)}{_because(event.reason)}"
        case PauseRequested():
            return f"paused{_by(event.by)}{_because(event.reason)}"
        case ResumeRequested():
            return f"resumed{_by(event.by)}"
        case RetryRequested():
            return f"{_what(event.task)} to be tried again{_by(event.by)}"
        case SkipRequested():
            return f"{name_of(event.task)} to be skipped{_by(event.by)}{_because(event.reason)}"
        case RollBackRequested():
            return f"to be rolled back{_by(event.by)}{_because(event.reason)}"
        case CommandGiven():
            return f"/{event.name}{_by(event.by)}"
        case VoteCast(vote=vote):
            way = f", by {vote.source}" if vote.source else ""
            said = f"{event.gate}: {vote.option}{_by(vote.by)}{way}"
            return f"{said}{_because(vote.reason)}"
        case VotesWithdrawn():
            return "what was said was withdrawn or changed"
        case _:  # pragma: no cover - the type checker counts the cases
            assert_never(event)


def _of_others(event: Event) -> str:
    match event:
        case TimerElapsed():
            return f"a time set for {_what(event.task)} has come"
        case SurfaceWritten():
            return f"the {event.surface.value} was written"
        case SurfaceRefused():
            return f"the {event.surface.value} was not written: {event.message}"
        case SeatGranted():
            return f"a place in {_group(event.lock)} was granted"
        case SeatQueued():
            behind = f", behind {event.ahead}" if event.ahead else ""
            return f"place {event.position} in the queue of {_group(event.lock)}{behind}"
        case SeatLost():
            return f"the place in {_group(event.lock)} was lost to {event.by}"
        case CalendarTold():
            until = f" until {moment(event.opens_at)}" if event.opens_at is not None else ""
            state = "open" if event.is_open else f"closed{until}{_because(event.why)}"
            return f"the calendar {event.calendar} is {state}"
        case GitHubEventHeard():
            return f"heard {event.name}{_by(event.cause.actor)}"
        case EnvironmentAsked():
            return f"{event.repository} asks about its environment {event.environment}"
        case EnvironmentAnswered():
            about = f": {event.message}" if event.message else ""
            return f"the environment {event.environment} was answered: {event.outcome}{about}"
        case SubjectGone():
            return event.message
        case GateSurveyed():
            return f"{event.gate}: those who voted were asked about"
        case VotesFound():
            return f"{event.gate}: votes given elsewhere were looked for"
        case _:
            assert isinstance(event, QueueMoved), "the others are told elsewhere"
            return "the merge queue moved"


def _named(attempt: AttemptId) -> str:
    again = f", attempt {attempt.number}" if attempt.number > 1 else ""
    return f"{name_of(attempt.task, attempt.leg)}{again}"


def _what(task: str | None) -> str:
    return task or "the whole"


def _group(lock: str) -> str:
    return lock.split("/", 2)[-1]


def _by(who: str) -> str:
    return f" by {who}" if who else ""


def _because(why: str) -> str:
    return f": {why}" if why else ""
