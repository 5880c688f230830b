"""Which rules are asked about a task: one that is not would have found nothing to do.

The table of rules says of each where alone it may find work, and elsewhere it is not called.
Here all are called everywhere, in states of every kind on their way through the rules.
"""

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.copying import replace
from app.core.decide import decide
from app.core.events import Event, OrchestrationRequested
from app.core.plan import Plan
from app.core.record import record
from app.core.rules import RULES, Decision, TaskRule, due_rules
from app.core.state import Orchestration, new_orchestration
from app.core.values import TaskName
from app.store.journals import read_journal
from tests.core.test_properties import PAUSES
from tests.journals.recorded import RECORDED, file_of
from tests.kit.build import START
from tests.kit.chance import any_event
from tests.kit.graphs import Pick, random_plan
from tests.kit.machines import random_machine

STEPS = 30
ROUNDS = 3
"""Of rules over all tasks: the first changes most, and after the last there is little left."""


@settings(max_examples=60)
@given(data=st.data())
def test_a_rule_that_is_not_asked_would_have_done_nothing(data: st.DataObject) -> None:
    """Of any definition, whatever is heard, and wherever the rules before it have led."""

    def pick(low: int, high: int) -> int:
        return data.draw(st.integers(low, high))

    plan = random_machine(pick) if pick(0, 2) == 0 else random_plan(pick)
    walk(plan, pick)


@pytest.mark.parametrize("name", RECORDED)
def test_nothing_recorded_needs_a_rule_that_is_not_asked(name: str) -> None:
    """Nor does any of the examples, on its way to its end."""
    journal = read_journal(file_of(name).read_text(encoding="utf-8"))
    state = new_orchestration(journal.plan)

    for event in journal.events:
        ask_everybody(record(state, event), event.at)
        state = decide(state, event).state


def walk(plan: Plan, pick: Pick) -> None:
    """Let an orchestration hear anything, and ask every rule at each step."""
    state, now = new_orchestration(plan), START
    event: Event = OrchestrationRequested(at=now, by="mona")
    for _ in range(pick(1, STEPS)):
        ask_everybody(record(state, event), now)
        state = decide(state, event).state
        now += timedelta(seconds=PAUSES[pick(0, len(PAUSES) - 1)])
        event = any_event(state, now, pick)


def ask_everybody(state: Orchestration, now: datetime) -> None:
    """Apply every rule to every task, in their order, as if there were no table."""
    for _ in range(ROUNDS):
        for name in tuple(state.tasks):
            for place, rule in enumerate(RULES):
                decision = rule.apply(state, name, now)
                is_due = (place, rule.apply) in due_rules(state.tasks[name], place)
                assert is_due or is_idle(decision, state), f"{rule.apply.__name__} at {name}"
                assert is_idle(decision, state) == minds_no_timer(rule, state, name, now)
                state = state if decision is None else decision.state


def is_idle(decision: Decision | None, state: Orchestration) -> bool:
    """Tell whether a rule found nothing to do."""
    return decision is None or decision == Decision(state=state)


def minds_no_timer(rule: TaskRule, state: Orchestration, name: TaskName, now: datetime) -> bool:
    """Tell whether a rule finds nothing to do where the task has another timer."""
    other = replace(state.tasks[name], timer=now + timedelta(days=400))
    state = state.with_task(name, other)
    return is_idle(rule.apply(state, name, now), state)
