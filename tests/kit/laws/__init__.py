"""The laws of a decision, written once: stories, properties and simulations all check them.

A law says what must hold for any decision on any event in any state. It never says what a
particular story should lead to.
"""

from datetime import datetime

from app.core.decide import decide, settle
from app.core.events import Event
from app.core.naming import origin_of
from app.core.rules import Decision
from app.core.state import Orchestration, Task
from tests.kit.laws import (
    asking,
    beginning,
    ending,
    facts,
    moving,
    places,
    stopping,
    undoing,
    waiting,
    waving,
)


def check(before: Orchestration, event: Event, decision: Decision) -> None:
    """Assert every law about one decision."""
    after = decision.state
    facts.check(before, event, decision)
    assert decide(before, event) == decision, "the same question, the same answer"
    if not facts.may_count_twice(after, event):
        assert decide(after, event) == Decision(state=after), "twice is once"
    if after is before:
        return
    moving.check(before, event, after)
    beginning.check(before, event, decision)
    asking.check(before, event, decision)
    stopping.check(before, decision, event.at)
    places.check(before, decision)
    undoing.check(before, after)
    waiting.check(before, decision, event.at)
    waving.check(before, decision)
    ending.check(before, decision)
    # What became due meanwhile elsewhere waits for its own timer, which is about to elapse.
    due = {origin_of(name) for name, task in after.tasks.items() if _is_due(task, event.at)}
    idle = [name for name in after.tasks if origin_of(name) not in due]
    if after.timer is None or after.timer > event.at:
        assert settle(after, event.at, idle) == Decision(state=after), "nothing is left to do"


def _is_due(task: Task, now: datetime) -> bool:
    return task.timer is not None and task.timer <= now
