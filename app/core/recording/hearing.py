"""What is heard: events of GitHub and commands that waits and transitions listen to.

A wait takes it at once. For a machine it is kept until the rules have tried the transitions
of its state, which is in the same decision unless it is paused.
"""

import hashlib
import json
from collections.abc import Iterator

from app.core.actions import Wait
from app.core.copying import replace
from app.core.events import CommandGiven, GitHubEventHeard
from app.core.expressions import ExpressionError, evaluate_condition
from app.core.legs.context import event_values, values_for
from app.core.limits import HEARD_MAX
from app.core.machine.happening import listens, names
from app.core.moves import LegStatus, OrchestrationStatus
from app.core.naming import definition_of
from app.core.state import Hearing, Leg, Orchestration
from app.core.values import TaskName

HEARD = "heard"
"""The choice of a gate that waited for an event."""


def record_hearing(
    state: Orchestration, event: CommandGiven | GitHubEventHeard
) -> Orchestration:
    """Write down what was heard where something listens to it; else it is forgotten."""
    if state.status is not OrchestrationStatus.RUNNING:
        return state
    if isinstance(event, CommandGiven):
        return _keep(state, Hearing(name=f"command.{event.name}", at=event.at, by=event.by))
    is_taken = False
    for name, leg in list(_waiting(state, event)):
        assert leg.gate is not None, "what waits has a gate"
        gate = replace(leg.gate, choice=HEARD, by=event.cause.actor)
        task = state.tasks[name].with_leg(replace(leg, gate=gate))
        state = state.with_task(name, task)
        is_taken = True
    hearing = Hearing(name=event.name, at=event.at, cause=event.cause)
    state = _keep(state, hearing)
    if is_taken and state.machine is not None:
        # What a wait has taken may lead on by that; it does not lead on once more.
        machine = replace(state.machine, led_by=told_apart(hearing))
        state = replace(state, machine=machine)
    return state


def _waiting(state: Orchestration, event: GitHubEventHeard) -> Iterator[tuple[TaskName, Leg]]:
    """Find the legs that wait for this; one with a condition that has no value waits on."""
    for name, task in state.tasks.items():
        if task.has_ended:
            continue
        action = definition_of(state.plan.definition, name).action
        if not isinstance(action, Wait) or action.event is None:
            continue
        if not names(action.event, event.name):
            continue
        for leg in task.legs.values():
            if _is_open(leg, event) and _holds(state, name, leg, action, event):
                yield name, leg


def _is_open(leg: Leg, event: GitHubEventHeard) -> bool:
    # What led up to the wait is not what it waits for.
    is_later = leg.gate is not None and event.at > leg.gate.opened_at
    return leg.status is LegStatus.AWAITING and is_later


def _holds(
    state: Orchestration, name: TaskName, leg: Leg, action: Wait, event: GitHubEventHeard
) -> bool:
    if action.when is None:
        return True
    values = {**values_for(state, name, event.at, leg.matrix), **event_values(event.cause)}
    try:
        return evaluate_condition(action.when, values)
    except ExpressionError:
        return False


def _keep(state: Orchestration, hearing: Hearing) -> Orchestration:
    if not listens(state, hearing.name) or hearing in state.heard:
        return state
    if state.machine is None or state.machine.led_by == told_apart(hearing):
        # It was this that led the machine to where it is: twice is once.
        return state
    # While it is paused much may come; what came last says best how things are.
    return replace(state, heard=(*state.heard, hearing)[-HEARD_MAX:])


def told_apart(hearing: Hearing) -> str:
    """Return a word that tells what was heard from all else that is."""
    said = json.dumps(hearing.cause.event, sort_keys=True) if hearing.cause else hearing.by
    digest = hashlib.sha256(said.encode()).hexdigest()[:16]
    return f"{hearing.name} {hearing.at.isoformat()} {digest}"
