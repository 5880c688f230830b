"""When something about the whole becomes due: its end, its state's end, what is to be told."""

from collections.abc import Iterator
from datetime import datetime

from app.core.machine.happening import due_of_state
from app.core.moves import OrchestrationStatus
from app.core.state import Orchestration


def next_moment_of_all(state: Orchestration, now: datetime) -> datetime | None:
    """Return the earliest moment, later than now, at which something may be due."""
    return min((moment for moment in _moments(state) if moment > now), default=None)


def _moments(state: Orchestration) -> Iterator[datetime]:
    if state.deadline is not None and state.status is not OrchestrationStatus.CANCELLING:
        yield state.deadline
    due = due_of_state(state)
    if due is not None:
        yield due
