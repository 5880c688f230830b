"""Which facts can be about which attempts: a call has no workflow run, and a run no child."""

from typing import Final, TypeAlias, assert_never, get_args

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

# Asked of nearly every event: of a tuple Python can tell it several times as fast.
_OF_RUN: Final = get_args(AboutRun | Asked)
_OF_CHILD: Final = get_args(ChildStarted | ChildEnded | Asked)
_OF_OPERATION: Final = get_args(OperationPerformed | Asked)


def fits(action: Action, event: AboutAttempt) -> bool:
    """Tell whether a fact can be about an attempt at such an action."""
    match action:
        case Dispatch() | Agent():
            return isinstance(event, _OF_RUN)
        case Orchestrate():
            return isinstance(event, _OF_CHILD)
        case GitHubOperation() | Report() | Approval() | Wait():
            # A gate has no attempts that anything could be about.
            return isinstance(event, _OF_OPERATION)
        case _:  # pragma: no cover - the type checker counts the cases
            assert_never(action)
