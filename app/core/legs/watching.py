"""When something about a leg becomes due: its end, its force-cancel, a look-up, its rest."""

from datetime import datetime, timedelta

from app.core.definition import TaskDefinition
from app.core.events import RunStatus
from app.core.legs import baking, escalating
from app.core.legs.context import is_held
from app.core.legs.gates import due_of
from app.core.limits import (
    CANCEL_GRACE,
    LOOK_UP_FIRST,
    LOOK_UP_HELD,
    LOOK_UP_PAUSE_MAX,
    LOOK_UP_UNKNOWN,
    OUTPUTS_GRACE,
    QUEUE_TIMEOUT_MAX,
)
from app.core.moves import LegStatus
from app.core.naming import definition_of
from app.core.spans import in_words
from app.core.state import Attempt, Leg, Orchestration, Reason
from app.core.values import TaskName

TIMED = frozenset({LegStatus.QUEUED, LegStatus.RUNNING})
"""While it waits for a person on GitHub, only the time of the whole orchestration counts."""
ON_GITHUB = frozenset({LegStatus.QUEUED, LegStatus.RUNNING, LegStatus.HELD})


def deadline(attempt: Attempt, definition: TaskDefinition) -> datetime:
    """Return when an attempt has taken too long: to run, or to start."""
    if attempt.running_since is not None:
        return attempt.running_since + definition.timeout
    return attempt.asked_at + (definition.queue_timeout or QUEUE_TIMEOUT_MAX)


def why_overdue(attempt: Attempt, definition: TaskDefinition) -> Reason:
    """Say why an attempt is stopped at its deadline.

    Running too long and never starting are different faults.
    """
    if attempt.running_since is not None:
        why = f"it ran for more than {in_words(definition.timeout)} (`timeout-minutes`)"
        return Reason(code="timed-out", message=why)
    queue = definition.queue_timeout or QUEUE_TIMEOUT_MAX
    why = f"no runner took it up within {in_words(queue)}"
    return Reason(code="never-started", message=why)


def due_look_up(attempt: Attempt, definition: TaskDefinition) -> datetime | None:
    """Return when a silent workflow run is to be looked up; never before GitHub has it.

    One that may soon be given up because nobody took it up is looked up before: it may wait
    for a person, of which no webhook tells.
    """
    if attempt.accepted_at is None and attempt.workflow_run_id is None:
        return None
    if attempt.child is not None:
        return None
    first = LOOK_UP_UNKNOWN if attempt.workflow_run_id is None else LOOK_UP_FIRST
    if attempt.run_status is RunStatus.WAITING:
        first = LOOK_UP_HELD
    elif definition.queue_timeout is not None and attempt.running_since is None:
        first = min(first, definition.queue_timeout / 2)
    # Asked of every leg at every event: one comparison after the other is soonest done.
    last = attempt.asked_at
    for later in (attempt.heard_at, attempt.looked_up_at):
        if later is not None and later > last:
            last = later
    return last + (_pause(first, attempt.look_ups) if attempt.look_ups else first)


def _pause(first: timedelta, look_ups: int) -> timedelta:
    """Return how long to be silent after some look-ups that told nothing new."""
    # Seven doublings of the first pause are beyond the maximum already.
    pause: timedelta = first * (1 << min(look_ups, 7))
    return min(pause, LOOK_UP_PAUSE_MAX)


def next_moment(state: Orchestration, name: TaskName) -> datetime | None:
    """Return the earliest moment at which something about a task may be due."""
    definition = definition_of(state.plan.definition, name)
    legs = state.tasks[name].legs.values()
    moments = [
        each
        for leg in legs
        if not leg.has_ended
        for each in _moments(state, name, leg, definition)
    ]
    if state.tasks[name].waves:
        moments.extend(baking.moments(state, name))
    moments.extend(escalating.moments(state, name))
    return min(moments, default=None)


def _moments(
    state: Orchestration, name: TaskName, leg: Leg, definition: TaskDefinition
) -> list[datetime]:
    if leg.status is LegStatus.RESTING:
        if leg.rest_until is None or is_held(state):
            # What is paused goes on when somebody says so, and not by the clock.
            return []
        return [leg.rest_until]
    due = due_of(state, name, leg)
    moments = [] if due is None else [due]
    if leg.status in ON_GITHUB or leg.status is LegStatus.CANCELLING:
        moments += _of_attempt(leg, definition)
    return moments


def _of_attempt(leg: Leg, definition: TaskDefinition) -> list[datetime]:
    attempt = leg.attempt
    if attempt.ended_at is not None:
        if attempt.known_at is None or _is_asked(attempt):
            # Where jobs or a change were asked for, the answer ends the leg, not the clock.
            return []
        return [attempt.known_at + OUTPUTS_GRACE]
    moments: list[datetime] = []
    if leg.status in TIMED:
        moments.append(deadline(attempt, definition))
    is_forced = attempt.force_asked_at is not None or attempt.child is not None
    if attempt.cancel_asked_at is not None and not is_forced:
        moments.append(attempt.cancel_asked_at + CANCEL_GRACE)
    look_up = due_look_up(attempt, definition)
    if look_up is not None:
        moments.append(look_up)
    return moments


def _is_asked(attempt: Attempt) -> bool:
    lacks_jobs = attempt.jobs_asked_at is not None and attempt.jobs is None
    lacks_change = attempt.change_asked_at is not None and attempt.change is None
    return lacks_jobs or lacks_change
