"""Which facts can be about which attempts: a call has no workflow run, and a run no child."""

from typing import TypeAlias, assert_never

from app.core.actions import (
    Action,
    Agent,
    Approval,
    Dispatch,
    GitHubOperation,
    Orchestrate,
    Report,
    Wait,
)
from app.core.events import (
    ChangeMeasured,
    ChildEnded,
    ChildStarted,
    DispatchAccepted,
    DispatchDelayed,
    DispatchRefused,
    JobsListed,
    OperationPerformed,
    OutputsReported,
    RerunAccepted,
    WorkflowRunMissed,
    WorkflowRunObserved,
)

AboutRun: TypeAlias = (
    DispatchAccepted
    | WorkflowRunObserved
    | WorkflowRunMissed
    | OutputsReported
    | RerunAccepted
    | JobsListed
    | ChangeMeasured
)
Asked: TypeAlias = DispatchRefused | DispatchDelayed
AboutAttempt: TypeAlias = AboutRun | Asked | OperationPerformed | ChildStarted | ChildEnded


def fits(action: Action, event: AboutAttempt) -> bool:
    """Tell whether a fact can be about an attempt at such an action."""
    match action:
        case Dispatch() | Agent():
            return isinstance(event, AboutRun | Asked)
        case Orchestrate():
            return isinstance(event, ChildStarted | ChildEnded | Asked)
        case GitHubOperation() | Report() | Approval() | Wait():
            # A gate has no attempts that anything could be about.
            return isinstance(event, OperationPerformed | Asked)
        case _:  # pragma: no cover - the type checker counts the cases
            assert_never(action)
