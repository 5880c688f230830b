"""When something about the whole becomes due: its end, its state's end, what is to be told."""

from collections.abc import Iterator
from datetime import datetime

from app.core.definition import Alert
from app.core.limits import ALERT_PAUSE
from app.core.machine.escalating import pressing_state
from app.core.machine.happening import due_of_state
from app.core.moves import OrchestrationStatus
from app.core.state import Orchestration


def next_moment_of_all(state: Orchestration, now: datetime) -> datetime | None:
    """Return the earliest moment, later than now, at which something may be due."""
    ahead = [moment for moment in _moments(state, now) if moment > now]
    return min(ahead) if ahead else None


def _moments(state: Orchestration, now: datetime) -> Iterator[datetime]:
    if state.deadline is not None and state.status is not OrchestrationStatus.CANCELLING:
        yield state.deadline
    due = due_of_state(state)
    if due is not None:
        yield due
    waiting = pressing_state(state)
    if waiting is not None and waiting.next_due is not None:
        yield waiting.next_due
    if state.started_at is not None and _has_timed_alerts(state):
        looks = (now - state.started_at) // ALERT_PAUSE
        yield state.started_at + (looks + 1) * ALERT_PAUSE


def _has_timed_alerts(state: Orchestration) -> bool:
    """Tell whether an alert that is not told yet may come to hold by the clock alone."""
    alerts = state.plan.definition.alerts
    return bool(alerts) and any(
        number not in state.alerted and _is_timed(alert) for number, alert in enumerate(alerts)
    )


def _is_timed(alert: Alert) -> bool:
    return any(name in TIMED for name, _ in alert.when.reads)


TIMED = ("now", "orchestration.age")
"""What an expression reads that comes to hold, or ceases to, though nothing happens."""
