"""The second half of a decision, rule by rule: do what the state calls for.

A rule sees the state, perhaps one task, and the time, and nothing of what happened: whether
an event came late or twice, it cannot tell and cannot mind. It moves and asks in one breath,
so that having asked it has nothing left to ask.
"""

from app.core.rules.beginning import begin_ready
from app.core.rules.compensating import compensate
from app.core.rules.decision import Decision, Rule, WholeRule
from app.core.rules.dispatching import ACTIVE, dispatch_legs, give_back, wake_resting
from app.core.rules.ending import (
    close_gates,
    conclude_legs,
    finish_task,
    stop_legs,
    stop_overdue,
)
from app.core.rules.environments import answer_environments
from app.core.rules.following import (
    ask_about_ends,
    cancel_workflow_runs,
    look_up_silent,
    set_timer,
)
from app.core.rules.judging import judge_gates
from app.core.rules.machine import (
    conclude_old_checks,
    enter_first_state,
    give_back_states,
    move_on,
    seat_state,
)
from app.core.rules.superseding import give_up_late
from app.core.rules.telling import escalate, escalate_state, tell_alerts
from app.core.rules.waves import advance_waves
from app.core.rules.whole import begin_whole, expire, finish, set_whole_timer

__all__ = ["ACTIVE", "RULES", "WHOLE_RULES", "Decision", "Rule", "WholeRule", "set_whole_timer"]

RULES: tuple[Rule, ...] = (
    begin_ready,
    ask_about_ends,
    conclude_legs,
    give_up_late,
    judge_gates,
    close_gates,
    stop_overdue,
    stop_legs,
    wake_resting,
    advance_waves,
    dispatch_legs,
    cancel_workflow_runs,
    look_up_silent,
    give_back,
    finish_task,
    escalate,
    set_timer,
)
"""About one task, in the order in which they are applied."""

WHOLE_RULES: tuple[WholeRule, ...] = (
    expire,
    begin_whole,
    enter_first_state,
    move_on,
    seat_state,
    give_back_states,
    conclude_old_checks,
    compensate,
    finish,
    answer_environments,
    escalate_state,
    tell_alerts,
)
"""About the whole, applied once no rule about a task has anything left to do.

What is to be done later is asked for once none of these has (`set_whole_timer`).
"""
