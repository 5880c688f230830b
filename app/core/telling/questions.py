"""What a gate asks, in the words of its definition: its title, filled in."""

from app.core.actions import Agent, Approval
from app.core.expressions import ExpressionError, render, text_of
from app.core.gate_events import GateId
from app.core.legs.asking import approval_at
from app.core.legs.context import values_for
from app.core.naming import definition_of
from app.core.state import Gate, Orchestration
from app.core.telling.markdown import plain

TITLE_MAX = 200


def title_of(state: Orchestration, where: GateId, gate: Gate) -> str:
    """Return the title of a gate as it is written, filled in; empty where it has none.

    One of which an expression has no value stands there as the definition has it: nothing
    hangs on it.
    """
    definition = definition_of(state.plan.definition, where.task)
    action = definition.action
    is_wave = bool(where.wave) and definition.strategy is not None
    asks = is_wave or isinstance(action, Approval)
    if not asks and (not isinstance(action, Agent) or action.review is None):
        return ""
    title = approval_at(state, where).title
    if title is None:
        return ""
    leg = state.tasks[where.task].legs.get(where.leg)
    matrix = leg.matrix if leg is not None and not where.wave else None
    try:
        # What reads the time does not change while people read it.
        return text_of(render(title, values_for(state, where.task, gate.opened_at, matrix)))
    except ExpressionError:
        return text_of(title.value)


def titled(state: Orchestration, where: GateId, gate: Gate) -> str:
    """Return the title as Markdown, in quotation marks with a space before; or nothing."""
    title = title_of(state, where, gate)
    return f" “{plain(title, TITLE_MAX)}”" if title else ""
