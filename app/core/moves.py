"""What may happen: the statuses of a leg, a task and a whole, and every move between them.

docs/state.md is drawn from these tables, not by hand. A webhook may be lost, so a leg may
skip stations on its way. What has ended moves again only when it is tried again: because a
person asks for it, or re-runs the workflow run on GitHub.
"""

from collections.abc import Mapping
from enum import StrEnum


class LegStatus(StrEnum):
    """How far one leg of a task is."""

    PENDING = "pending"
    """Not begun: waits for a place among `max-parallel`, or for its wave."""
    BLOCKED = "blocked"
    """Waits for a place in a concurrency group, or for a calendar to open."""
    RESTING = "resting"
    """An attempt failed; the next begins after a pause."""
    DISPATCHING = "dispatching"
    """The dispatch, the call or the child was asked for; there is no answer yet."""
    QUEUED = "queued"
    """The workflow run exists and waits for a runner."""
    RUNNING = "running"
    """Jobs of the workflow run are running, or the child orchestration is."""
    HELD = "held"
    """The workflow run waits for a person on GitHub: an environment or an approval."""
    AWAITING = "awaiting"
    """A gate: it waits for people, for time, or for something to happen."""
    CANCELLING = "cancelling"
    """We want it cancelled; its end has not been heard yet."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"
    """It never began, because its task was skipped or its wave never came."""


class TaskStatus(StrEnum):
    """How far a task is, all its legs together."""

    WAITING = "waiting"
    """Something it needs has not ended."""
    RUNNING = "running"
    """It has legs, and not all of them have ended."""
    ASKING = "asking"
    """Its legs have ended, not all well; people choose between retry, skip and fail."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"


class OrchestrationStatus(StrEnum):
    """How far the whole is."""

    REQUESTED = "requested"
    """Made, and about to begin: so it is only before its first event."""
    BLOCKED = "blocked"
    """Waits for its place in a concurrency group."""
    RUNNING = "running"
    """Tasks begin as what they need ends."""
    CANCELLING = "cancelling"
    """Nothing new begins; what runs is being cancelled on GitHub."""
    COMPENSATING = "compensating"
    """What had succeeded is undone, in reverse order."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


_L = LegStatus
_T = TaskStatus
_O = OrchestrationStatus

LEG_ENDED = frozenset({_L.SUCCEEDED, _L.FAILED, _L.CANCELLED, _L.SKIPPED})
TASK_ENDED = frozenset({_T.SUCCEEDED, _T.FAILED, _T.CANCELLED, _T.SKIPPED})
ENDED = frozenset({_O.SUCCEEDED, _O.FAILED, _O.CANCELLED})

_ON_GITHUB = frozenset({_L.QUEUED, _L.RUNNING, _L.HELD})
_OVER = frozenset({_L.RESTING, _L.SUCCEEDED, _L.FAILED, _L.CANCELLED})
_AGAIN = _ON_GITHUB | {_L.PENDING}
"""Tried again: by us from the beginning, or on GitHub, where we hear of it as it goes."""

MOVES: Mapping[LegStatus, frozenset[LegStatus]] = {
    _L.PENDING: frozenset(
        {_L.BLOCKED, _L.DISPATCHING, _L.AWAITING, _L.FAILED, _L.CANCELLED, _L.SKIPPED}
    ),
    _L.BLOCKED: frozenset(
        {_L.DISPATCHING, _L.AWAITING, _L.FAILED, _L.CANCELLED, _L.SKIPPED, _L.SUCCEEDED}
    ),
    _L.RESTING: _AGAIN | {_L.FAILED, _L.CANCELLED, _L.SKIPPED},
    _L.DISPATCHING: _ON_GITHUB | _OVER | {_L.AWAITING, _L.CANCELLING},
    _L.QUEUED: (_ON_GITHUB - {_L.QUEUED}) | _OVER | {_L.AWAITING, _L.CANCELLING},
    _L.RUNNING: (_ON_GITHUB - {_L.RUNNING}) | _OVER | {_L.AWAITING, _L.CANCELLING},
    _L.HELD: (_ON_GITHUB - {_L.HELD}) | _OVER | {_L.AWAITING, _L.CANCELLING},
    _L.AWAITING: _ON_GITHUB
    | {_L.PENDING, _L.SUCCEEDED, _L.FAILED, _L.CANCELLED, _L.SKIPPED, _L.BLOCKED},
    _L.CANCELLING: _OVER,
    _L.SUCCEEDED: _AGAIN,
    _L.FAILED: _AGAIN,
    _L.CANCELLED: _AGAIN,
    _L.SKIPPED: frozenset({_L.PENDING}),
}
TASK_MOVES: Mapping[TaskStatus, frozenset[TaskStatus]] = {
    _T.WAITING: frozenset({_T.RUNNING, _T.FAILED, _T.CANCELLED, _T.SKIPPED}),
    _T.RUNNING: frozenset({_T.ASKING, _T.SUCCEEDED, _T.FAILED, _T.CANCELLED, _T.SKIPPED}),
    _T.ASKING: frozenset(
        {_T.WAITING, _T.RUNNING, _T.SUCCEEDED, _T.FAILED, _T.CANCELLED, _T.SKIPPED}
    ),
    _T.SUCCEEDED: frozenset({_T.WAITING, _T.RUNNING}),
    _T.FAILED: frozenset({_T.WAITING, _T.RUNNING, _T.SKIPPED}),
    _T.CANCELLED: frozenset({_T.WAITING, _T.RUNNING, _T.SKIPPED}),
    _T.SKIPPED: frozenset({_T.WAITING, _T.RUNNING}),
}
_LAST = frozenset({_O.SUCCEEDED, _O.FAILED, _O.CANCELLED})
ORCHESTRATION_MOVES: Mapping[OrchestrationStatus, frozenset[OrchestrationStatus]] = {
    _O.REQUESTED: frozenset({_O.BLOCKED, _O.RUNNING}),
    _O.BLOCKED: frozenset({_O.RUNNING, _O.CANCELLING, _O.CANCELLED, _O.FAILED}),
    _O.RUNNING: _LAST | {_O.CANCELLING, _O.COMPENSATING},
    _O.CANCELLING: _LAST | {_O.COMPENSATING},
    _O.COMPENSATING: _LAST | {_O.CANCELLING},
    _O.SUCCEEDED: frozenset({_O.BLOCKED, _O.RUNNING, _O.COMPENSATING}),
    _O.FAILED: frozenset({_O.BLOCKED, _O.RUNNING, _O.COMPENSATING}),
    _O.CANCELLED: frozenset({_O.BLOCKED, _O.RUNNING, _O.COMPENSATING}),
}
