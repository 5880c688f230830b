"""The second half of a decision, rule by rule: do what the state calls for.

A rule sees the state, perhaps one task, and the time, and nothing of what happened: whether
an event came late or twice, it cannot tell and cannot mind. It moves and asks in one breath,
so that having asked it has nothing left to ask.
"""

from functools import cache
from typing import TypeAlias

from app.core.legs.watching import TIMED
from app.core.moves import LEG_ENDED, LegStatus, TaskStatus
from app.core.rules.beginning import begin_ready
from app.core.rules.compensating import compensate
from app.core.rules.decision import Decision, Rule, TaskRule, WholeRule
from app.core.rules.dispatching import (
    ACTIVE,
    TO_BEGIN,
    dispatch_legs,
    give_back,
    wake_resting,
)
from app.core.rules.ending import (
    IDLE,
    STARTED,
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
from app.core.rules.queueing import seek_votes
from app.core.rules.superseding import give_up_late
from app.core.rules.telling import escalate, escalate_state, tell_alerts
from app.core.rules.waves import advance_waves
from app.core.rules.whole import begin_whole, expire, finish, set_whole_timer
from app.core.state import Task

__all__ = [
    "ACTIVE",
    "RULES",
    "WHOLE_RULES",
    "Decision",
    "Rule",
    "TaskRule",
    "WholeRule",
    "due_rules",
    "set_timer",
    "set_whole_timer",
]

Due: TypeAlias = tuple[tuple[int, Rule], ...]
"""Rules with their places in `RULES`."""

_WAITING = frozenset({TaskStatus.WAITING})
_RUNNING = frozenset({TaskStatus.RUNNING})
_GOING = frozenset({TaskStatus.RUNNING, TaskStatus.ASKING})
_AWAITING = frozenset({LegStatus.AWAITING})

RULES: tuple[TaskRule, ...] = (
    TaskRule(apply=begin_ready, tasks=_WAITING),
    TaskRule(apply=ask_about_ends, tasks=_GOING, legs=STARTED),
    TaskRule(apply=conclude_legs, tasks=_GOING, legs=STARTED),
    TaskRule(apply=give_up_late, tasks=_GOING, legs=_AWAITING, waves=True),
    TaskRule(apply=seek_votes, tasks=_GOING, legs=_AWAITING, waves=True),
    TaskRule(apply=judge_gates, tasks=_GOING, legs=_AWAITING, waves=True),
    TaskRule(apply=close_gates, tasks=_GOING, legs=_AWAITING),
    TaskRule(apply=stop_overdue, tasks=_GOING, legs=TIMED),
    TaskRule(apply=stop_legs, tasks=_GOING, legs=IDLE | STARTED),
    TaskRule(apply=wake_resting, tasks=_RUNNING, legs=frozenset({LegStatus.RESTING})),
    TaskRule(apply=advance_waves, tasks=_RUNNING, legs=frozenset(), waves=True),
    TaskRule(apply=dispatch_legs, tasks=_RUNNING, legs=TO_BEGIN),
    TaskRule(apply=cancel_workflow_runs, tasks=_GOING, legs=frozenset({LegStatus.CANCELLING})),
    TaskRule(apply=look_up_silent, tasks=_GOING, legs=STARTED - {LegStatus.DISPATCHING}),
    TaskRule(apply=give_back, tasks=frozenset(TaskStatus), legs=LEG_ENDED),
    TaskRule(apply=finish_task, tasks=_GOING, legs=LEG_ENDED),
    TaskRule(apply=escalate, tasks=_GOING),
)
"""About one task, in the order in which they are applied.

When to come back to it is asked for once none of these has anything left to do (`set_timer`).
"""

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


def due_rules(task: Task, place: int = 0) -> Due:
    """Return the rules about a task that may find anything to do there, from a place on."""
    legs = frozenset([leg.status for leg in task.legs.values()])
    return _due(task.status, legs, bool(task.waves), place)


@cache
def _due(task: TaskStatus, legs: frozenset[LegStatus], has_waves: bool, place: int) -> Due:
    return tuple(
        (at, rule.apply)
        for at, rule in enumerate(RULES)
        if at >= place and rule.may_apply(task, legs, has_waves)
    )
