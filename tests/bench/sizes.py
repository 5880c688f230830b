"""What size costs: an event in plans of five hundred, a thousand and two thousand tasks."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.core.commands import DispatchWorkflow
from app.core.decide import decide
from app.core.events import OrchestrationRequested
from app.core.state import new_orchestration
from app.store import codec
from tests.bench.definitions import fan
from tests.bench.figures import Figure
from tests.bench.plans import definition_of, plan_of, widened
from tests.bench.thinking import EPOCH, carried_out

TASKS: Final = 1_000
GOAL_MS: Final = 5.0
SIZES: Final = (500, 1_000, 2_000)
NOISE: Final = 1.2
"""Two runs of the same differ by so much on a shared machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What an event costs in a plan of so many tasks, and how long the text of its state is."""

    tasks: int
    events: int
    deciding: float
    writing: float
    text: int

    @property
    def ms(self) -> float:
        """Milliseconds an event takes."""
        return (self.deciding + self.writing) / self.events * 1e3


async def measure(_folder: Path) -> list[Figure]:
    """Measure plans of each size, and how the cost of an event grows with them."""
    costs = {tasks: _cost(tasks) for tasks in SIZES}
    one, small, large = costs[TASKS], costs[SIZES[0]], costs[SIZES[-1]]
    growth, longer = large.ms / small.ms, large.text / small.text
    each = ", ".join(f"{cost.ms:.2f} ms at {cost.tasks:,}" for cost in costs.values())
    return [
        Figure(
            name=f"an event in a plan of {TASKS:,} tasks",
            value=one.ms,
            unit="ms",
            goal=GOAL_MS,
            note=f"deciding {one.deciding / one.events * 1e3:.2f} ms, writing the state as text"
            f" {one.writing / one.events * 1e3:.2f} ms, over {one.events:,} events",
        ),
        Figure(
            name=f"… its growth to {SIZES[-1]:,} tasks, beside that of the text",
            value=growth / longer,
            unit="",
            goal=NOISE,
            note=f"{each}; {growth:.1f} times the cost for {longer:.1f} times the text:"
            f" not above 1 but for noise is O(n)",
        ),
    ]


def _cost(tasks: int) -> Cost:
    """Let a plan of so many tasks go its way."""
    definition = widened(definition_of(fan(2)), tasks)
    decision = decide(
        new_orchestration(plan_of(definition, 0)), OrchestrationRequested(at=EPOCH, by="bench")
    )
    state, commands = decision.state, list(decision.commands)
    events, deciding, writing, text = 0, 0.0, 0.0, ""
    while commands:
        command = commands.pop(0)
        if not isinstance(command, DispatchWorkflow):
            continue
        for event in carried_out(command, EPOCH):
            begun = time.process_time()
            decision = decide(state, event)
            decided = time.process_time()
            text = codec.encode_state(decision.state)
            writing += time.process_time() - decided
            deciding += decided - begun
            state = decision.state
            commands += decision.commands
            events += 1
    assert state.has_ended, "a fan without faults comes to its end"
    return Cost(tasks=tasks, events=events, deciding=deciding, writing=writing, text=len(text))
