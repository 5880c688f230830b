"""When to try again, when to stop trying, and what is said then."""

from datetime import datetime, timedelta
from typing import Final, TypeAlias

from app.core.commands import (
    LEVELS,
    CancelWorkflowRun,
    DispatchWorkflow,
    ListJobs,
    MeasureChange,
    PerformOperation,
    RerunWorkflowRun,
)
from app.core.environment_commands import AnswerEnvironment
from app.core.gate_commands import SurveyGate
from app.ports import ClaimedCommand, Postponed

BACK_OFF_FIRST: Final = timedelta(seconds=1)
BACK_OFF_MAX: Final = timedelta(minutes=5)
BACK_OFF_HOPELESS: Final = timedelta(hours=1)
TRIES_MAX: Final = 50
"""With the back-off this is about four hours of asking."""
DISPATCH_GIVEN_UP_AFTER: Final = timedelta(hours=24)
NEVER_GIVEN_UP: Final = (
    *LEVELS, AnswerEnvironment, CancelWorkflowRun, ListJobs, MeasureChange, SurveyGate,
)  # fmt: skip
"""What people read must become right some day, what we cancelled must not run on, and what
something waits for to be judged is asked until there is an answer: it stays shut till then."""
Once: TypeAlias = DispatchWorkflow | RerunWorkflowRun | PerformOperation
ONCE: Final = (DispatchWorkflow, RerunWorkflowRun, PerformOperation)
"""What must not be done twice, and is refused only when nothing else can be known."""


def back_off(tries: int) -> timedelta:
    """Return the pause after a number of tries: doubling, up to a limit."""
    most = BACK_OFF_MAX if tries < TRIES_MAX else BACK_OFF_HOPELESS
    return min(BACK_OFF_FIRST * (1 << min(tries - 1, 20)), most)


def is_given_up(claimed: ClaimedCommand, now: datetime) -> bool:
    """Tell whether a command that failed once more is not tried again."""
    if claimed.tries < TRIES_MAX or isinstance(claimed.command, NEVER_GIVEN_UP):
        return False
    if isinstance(claimed.command, ONCE):
        # It may have been done: to call it failed is the very last resort.
        return claimed.first_tried_at + DISPATCH_GIVEN_UP_AFTER <= now
    return True


def why_given_up(command: Once, outcome: Postponed) -> str:
    """Say what is not known, and where to look."""
    hours = int(DISPATCH_GIVEN_UP_AFTER.total_seconds() // 3600)
    where = (
        f"what `{command.operation}` was to do"
        if isinstance(command, PerformOperation)
        else f"the Actions tab of {command.repository}"
    )
    return (
        f"after {hours} hours it is not known whether GitHub took it: see {where} "
        f"before you try again ({outcome.why})"
    )
