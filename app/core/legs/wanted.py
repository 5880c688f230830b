"""Whether a command is still wanted at the moment at which it is about to be carried.

A dispatch may wait for an hour on a rate limit; meanwhile somebody cancels. Such a dispatch
must not leave. A look-up or a cancellation of what has ended would be a call for nothing.
"""

from app.core.commands import (
    CancelWorkflowRun,
    DispatchWorkflow,
    LookUpWorkflowRun,
    PerformOperation,
    RerunWorkflowRun,
)
from app.core.moves import LegStatus
from app.core.state import Orchestration


def is_wanted(
    state: Orchestration, command: DispatchWorkflow | RerunWorkflowRun | PerformOperation
) -> bool:
    """Tell whether the leg still waits for this very dispatch, re-run or call."""
    leg = state.leg(command.attempt)
    if leg is None or leg.attempt.number != command.attempt.number:
        return False
    return leg.status is LegStatus.DISPATCHING


def is_over(state: Orchestration, command: CancelWorkflowRun | LookUpWorkflowRun) -> bool:
    """Tell whether the workflow run that a command is about has ended, as we know already."""
    leg = state.leg(command.attempt)
    return leg is None or leg.has_ended


def look_up_instead(
    state: Orchestration, command: DispatchWorkflow
) -> LookUpWorkflowRun | None:
    """Return the look-up of an unwanted dispatch that an earlier try may have carried out."""
    leg = state.leg(command.attempt)
    if leg is None or leg.has_ended:
        return None
    return LookUpWorkflowRun(
        attempt=command.attempt,
        repository=command.repository,
        workflow=command.workflow,
        ref=command.ref,
        workflow_run_id=leg.attempt.workflow_run_id,
        marker=command.marker,
        since=leg.attempt.asked_at,
        asked_at=leg.attempt.asked_at,
    )
