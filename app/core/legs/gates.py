"""Gates: a question to people, or a wait. How they open, and how what is said closes them.

Who may decide is not judged here: an `ApprovalDecided` says what the people asked have
chosen. While a gate is open nothing runs and nothing is held.
"""

from collections.abc import Mapping
from datetime import datetime

from app.core.actions import APPROVE, Agent, Approval, Wait
from app.core.copying import replace
from app.core.expressions import ExpressionError, render
from app.core.legs.context import values_for
from app.core.legs.outcome import fail, fail_for_good, succeed
from app.core.moves import LegStatus
from app.core.naming import definition_of
from app.core.spans import in_words
from app.core.state import Gate, Leg, Orchestration, Reason
from app.core.values import Json, TaskName

BY_TIME = "timeout"
UNDECIDED = "nobody decided"
OPEN = "open"
"""The choice of a gate whose calendar is open or whose moment is past."""


def open_gate(state: Orchestration, name: TaskName, leg: Leg, now: datetime) -> Leg:
    """Open the gate that a leg is. Raises `ExpressionError`."""
    action = definition_of(state.plan.definition, name).action
    assert isinstance(action, Approval | Wait), "the others do not wait"
    if isinstance(action, Wait):
        values = values_for(state, name, now, leg.matrix)
        return replace(leg.to(LegStatus.AWAITING), gate=_wait(action, values, now))
    # Whether `auto` decides it is judged like everything else that is said at it.
    return replace(leg.to(LegStatus.AWAITING), gate=Gate(opened_at=now))


def _wait(action: Wait, values: Mapping[str, Json], now: datetime) -> Gate:
    due = now + action.duration
    if action.until is not None:
        until = render(action.until, values)
        moment = moment_of(until)
        if moment is None and not isinstance(until, str):
            raise ExpressionError(
                f"`until` came out as {until!r}; write a moment or a calendar"
            )
        if moment is not None and moment <= now:
            return Gate(opened_at=now, due=due, choice=OPEN)
        # A moment is reached by the clock; a calendar says by itself when it opens.
        return Gate(opened_at=now, due=min(due, moment) if moment is not None else due)
    return Gate(opened_at=now, due=due)


def moment_of(value: Json) -> datetime | None:
    """Read a moment with its zone, as RFC 3339 writes it; anything else is none."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def calendar_of(state: Orchestration, name: TaskName, leg: Leg, now: datetime) -> str | None:
    """Return the calendar that a waiting leg waits for, if it is one."""
    action = definition_of(state.plan.definition, name).action
    if not isinstance(action, Wait) or action.until is None:
        return None
    until = render(action.until, values_for(state, name, now, leg.matrix))
    return until if isinstance(until, str) and moment_of(until) is None else None


def close_gate(state: Orchestration, name: TaskName, leg: Leg, now: datetime) -> Leg:
    """End a leg whose gate has a choice; without one it stays as it is."""
    gate = leg.gate
    if leg.status is not LegStatus.AWAITING or gate is None or not gate.choice:
        return leg
    action = definition_of(state.plan.definition, name).action
    if isinstance(action, Wait):
        return succeed(leg, {})
    if isinstance(action, Agent):
        if gate.choice == APPROVE:
            return succeed(leg, leg.outputs)
        why = f"{gate.by} rejected what the agent proposes" + _because(gate.reason)
        return fail_for_good(state, name, leg, Reason(code="rejected", message=why), now)
    assert isinstance(action, Approval), "nothing else has a gate"
    if action.is_no(gate.choice):
        why = f"rejected by {gate.by}" + _because(gate.reason)
        return fail_for_good(state, name, leg, Reason(code="rejected", message=why), now)
    return succeed(leg, {**gate.inputs, "choice": gate.choice})


def _because(reason: str) -> str:
    return f": {reason}" if reason else ""


def overdue_gate(state: Orchestration, name: TaskName, leg: Leg, now: datetime) -> Leg:
    """End a leg whose gate has been open for too long; before its time it stays as it is."""
    due = due_of(state, name, leg)
    if due is None or now < due or leg.gate is None:
        return leg
    definition = definition_of(state.plan.definition, name)
    action = definition.action
    if isinstance(action, Wait) and _is_reached(action, leg.gate):
        return succeed(leg, {})
    if definition.on_timeout.then == "choose":
        chosen = replace(leg.gate, choice=definition.on_timeout.choose, by=BY_TIME)
        return close_gate(state, name, replace(leg, gate=chosen), now)
    why = f"{UNDECIDED} within {in_words(due - leg.gate.opened_at)}"
    if isinstance(action, Wait):
        why = f"what it waits for did not come within {in_words(due - leg.gate.opened_at)}"
    return fail(state, name, leg, Reason(code="timed-out", message=why), now)


def _is_reached(action: Wait, gate: Gate) -> bool:
    """Tell whether the end of the time is what was waited for."""
    if action.event is not None:
        return False
    is_whole = gate.due == gate.opened_at + action.duration
    return action.until is None or not is_whole


def due_of(state: Orchestration, name: TaskName, leg: Leg) -> datetime | None:
    """Return when an open gate is over by itself.

    For the review of what an agent proposes people have as long as the whole has: the
    time-out of the task is that of its workflow run.
    """
    if leg.status is not LegStatus.AWAITING or leg.gate is None or leg.gate.choice:
        return None
    definition = definition_of(state.plan.definition, name)
    if leg.gate.due is not None or isinstance(definition.action, Agent):
        return leg.gate.due
    return leg.gate.opened_at + definition.timeout
