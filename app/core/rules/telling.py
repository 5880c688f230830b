"""Rules that tell people: what has waited for too long, and what an alert is about.

Each is told once. Telling begins nothing, so that it goes on while the whole is paused.
"""

from collections.abc import Sequence
from datetime import datetime

from app.core.commands import Notify
from app.core.copying import replace
from app.core.definition import Escalation
from app.core.expressions import ExpressionError, evaluate_condition
from app.core.legs.context import cause_values
from app.core.legs.escalating import pressing, with_told
from app.core.machine.escalating import pressing_state
from app.core.moves import OrchestrationStatus
from app.core.rules.decision import Decision
from app.core.state import Orchestration
from app.core.telling.pressing import alert_text, state_text, task_text
from app.core.values import TaskName


def escalate(state: Orchestration, name: TaskName, now: datetime) -> Decision | None:
    """Tell people about a task that has not ended for too long."""
    waiting = pressing(state, name)
    if waiting is None:
        return None
    due = _due(waiting.ahead, waiting.since, now)
    if not due:
        return None
    text = task_text(state, name, waiting)
    commands = _notices(f"{waiting.about}/{waiting.since:{STAMP}}", due, waiting.told, text)
    task = with_told(state.tasks[name], waiting, waiting.told + len(due))
    return Decision(state=state.with_task(name, task), commands=commands)


STAMP = "%Y%m%dT%H%M%SZ"
"""Tells one wait from another of the same task: what is tried again may wait again."""


def escalate_state(state: Orchestration, now: datetime) -> Decision | None:
    """Tell people about a state that a machine has been in for too long."""
    waiting = pressing_state(state)
    if waiting is None:
        return None
    due = _due(waiting.ahead, waiting.since, now)
    if not due:
        return None
    assert state.machine is not None, "only a machine is in a state"
    commands = _notices(waiting.about, due, waiting.told, state_text(state, state.machine))
    machine = replace(state.machine, escalated=waiting.told + len(due))
    return Decision(state=replace(state, machine=machine), commands=commands)


def _due(ahead: Sequence[Escalation], since: datetime, now: datetime) -> list[Escalation]:
    return [each for each in ahead if since + each.after <= now]


def _notices(about: str, due: Sequence[Escalation], told: int, text: str) -> tuple[Notify, ...]:
    return tuple(
        Notify(about=f"escalation/{about}/{number}", via=via, to=each.notify, text=text)
        for number, each in enumerate(due, start=told + 1)
        for via in each.via
    )


def tell_alerts(state: Orchestration, now: datetime) -> Decision | None:
    """Tell people about each alert whose condition has come to hold.

    One that has no value is not told: it may have one later.
    """
    alerts = state.plan.definition.alerts
    if len(state.alerted) == len(alerts) or state.has_ended:
        return None
    if state.status is OrchestrationStatus.REQUESTED:
        return None
    values = cause_values(state, now)
    commands: list[Notify] = []
    for number, alert in enumerate(alerts):
        if number in state.alerted:
            continue
        try:
            is_so = evaluate_condition(alert.when, values)
        except ExpressionError:
            continue
        if is_so:
            text = alert_text(state, alert)
            about = f"alert/{number + 1}"
            state = replace(state, alerted=(*state.alerted, number))
            commands.extend(
                Notify(about=about, via=via, to=alert.notify, text=text) for via in alert.via
            )
    return Decision(state=state, commands=tuple(commands))
