"""The rule about a commit that nobody is asked about any more: its later gates are given up.

Gates that wait when it is told are given up there and then (`recording.votes`). One that would
open later, since what it needs was still under way, must not ask about what has gone, either.
"""

from datetime import datetime

from app.core.legs.asking import gates_of
from app.core.legs.superseding import given_up
from app.core.moves import OrchestrationStatus
from app.core.rules.decision import Decision
from app.core.state import Orchestration
from app.core.values import TaskName


def give_up_late(state: Orchestration, name: TaskName, now: datetime) -> Decision:
    """Give up each gate that opens although its commit has gone."""
    is_going_on = state.status is OrchestrationStatus.RUNNING
    if state.gone is None or not state.gone.is_superseded or not is_going_on:
        return Decision(state=state)
    for where, _ in tuple(gates_of(state, name)):
        state = given_up(state, where, state.gone)
    return Decision(state=state)
