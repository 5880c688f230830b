"""When something about a workflow run becomes due: its end, its force-cancel, a look-up."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from app.core.limits import (
    CANCEL_GRACE,
    LOOK_UP_FIRST,
    LOOK_UP_PAUSE_MAX,
    LOOK_UP_UNKNOWN,
    OUTPUTS_GRACE,
    QUEUE_TIMEOUT_MAX,
)
from app.core.moves import LegStatus
from app.core.state import Attempt, Leg, Reason, Task

TIMED = frozenset({LegStatus.QUEUED, LegStatus.RUNNING})
"""While it waits for a person on GitHub, only the time of the whole orchestration counts."""


def deadline(attempt: Attempt, limit: timedelta) -> tuple[datetime, Reason]:
    """Return when an attempt has taken too long, and the reason that it then gets.

    Running too long and never starting are different faults.
    """
    if attempt.running_since is not None:
        minutes = int(limit.total_seconds() // 60)
        why = f"it ran for more than {minutes} minutes (`timeout-minutes`)"
        return attempt.running_since + limit, Reason(code="timed-out", message=why)
    hours = int(QUEUE_TIMEOUT_MAX.total_seconds() // 3600)
    why = f"no runner took it up within {hours} hours"
    reason = Reason(code="never-started", message=why)
    return attempt.asked_at + QUEUE_TIMEOUT_MAX, reason


def due_look_up(attempt: Attempt) -> datetime | None:
    """Return when a silent workflow run is to be looked up; never before GitHub has it."""
    if attempt.accepted_at is None and attempt.workflow_run_id is None:
        return None
    first = LOOK_UP_UNKNOWN if attempt.workflow_run_id is None else LOOK_UP_FIRST
    last = max(
        moment
        for moment in (attempt.asked_at, attempt.heard_at, attempt.looked_up_at)
        if moment is not None
    )
    # Seven doublings of the first pause are beyond the maximum already.
    pause: timedelta = first * (1 << min(attempt.look_ups, 7))
    return last + min(pause, LOOK_UP_PAUSE_MAX)


def next_moment(task: Task, limit: timedelta) -> datetime | None:
    """Return the earliest moment at which something about this task may be due."""
    moments = (moment for leg in task.legs.values() for moment in _moments(leg, limit))
    return min(moments, default=None)


def _moments(leg: Leg, limit: timedelta) -> Iterator[datetime]:
    if leg.has_ended or not leg.attempts:
        return
    attempt = leg.attempt
    if attempt.ended_at is not None and attempt.known_at is not None:
        yield attempt.known_at + OUTPUTS_GRACE
        return
    if leg.status in TIMED:
        yield deadline(attempt, limit)[0]
    if attempt.cancel_asked_at is not None and attempt.force_asked_at is None:
        yield attempt.cancel_asked_at + CANCEL_GRACE
    look_up = due_look_up(attempt)
    if look_up is not None:
        yield look_up
