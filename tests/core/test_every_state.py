"""A machine of Hypothesis: events of every kind, in every state that they lead to.

Where `test_properties` draws whole histories, this draws step by step, and what it finds it
makes as short as it can. Every law is checked at every decision.
"""

from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from app.core.events import Event, OrchestrationRequested
from app.core.state import Orchestration, new_orchestration
from tests.core.test_properties import brought_to_its_end, hear
from tests.kit.build import START
from tests.kit.chance import DRAWS, Chance
from tests.kit.graphs import random_plan

KINDS = sorted(DRAWS, key=lambda kind: kind.__name__)
PAUSES = st.sampled_from((0, 1, 70, 2_000, 90_000))


class EveryEvent(RuleBasedStateMachine):
    """One orchestration of a random definition, which hears anything at all."""

    state: Orchestration

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.last: Event | None = None

    @initialize(data=st.data(), is_begun=st.booleans())
    def make(self, data: st.DataObject, *, is_begun: bool) -> None:
        """Make the plan, and begin it or not yet."""
        plan = random_plan(lambda low, high: data.draw(st.integers(low, high)))
        self.state = new_orchestration(plan)
        if is_begun:
            self.state = hear(self.state, OrchestrationRequested(at=START, by="mona"))

    @rule(kind=st.sampled_from(KINDS), pause=PAUSES, data=st.data())
    def hear_one(self, kind: type[Event], pause: int, data: st.DataObject) -> None:
        """Hear one event of a kind, about what is there or is not."""
        self.now += timedelta(seconds=pause)
        chance = Chance(
            self.state, self.now, lambda low, high: data.draw(st.integers(low, high))
        )
        self.last = DRAWS[kind](chance)
        self.state = hear(self.state, self.last)

    @rule()
    def hear_again(self) -> None:
        """Hear the last event once more."""
        if self.last is not None:
            self.state = hear(self.state, self.last)

    @invariant()
    def nothing_runs_after_the_end(self) -> None:
        """Whoever reads that it has ended may rely on it."""
        if hasattr(self, "state") and self.state.has_ended:
            assert all(task.has_ended for task in self.state.tasks.values())

    def teardown(self) -> None:
        """Whatever was heard, it can be brought to its end."""
        if hasattr(self, "state"):
            assert brought_to_its_end(self.state, self.now).has_ended


TestEveryEvent = EveryEvent.TestCase
TestEveryEvent.settings = settings(max_examples=60, stateful_step_count=25)
