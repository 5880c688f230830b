"""What size costs: an event in a plan of a thousand tasks, ten thousand that wait."""

import time
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


async def measure(folder: Path) -> list[Figure]:
    """Measure both."""
    return _large_plan()


def _large_plan() -> list[Figure]:
    definition = widened(definition_of(fan(2)), TASKS)
    decision = decide(
        new_orchestration(plan_of(definition, 0)), OrchestrationRequested(at=EPOCH, by="bench")
    )
    state, commands = decision.state, list(decision.commands)
    events, deciding, writing = 0, 0.0, 0.0
    while commands:
        command = commands.pop(0)
        if not isinstance(command, DispatchWorkflow):
            continue
        for event in carried_out(command, EPOCH):
            begun = time.perf_counter()
            decision = decide(state, event)
            decided = time.perf_counter()
            codec.encode_state(decision.state)
            writing += time.perf_counter() - decided
            deciding += decided - begun
            state = decision.state
            commands += decision.commands
            events += 1
    assert state.has_ended, "a fan without faults comes to its end"
    return [
        Figure(
            name=f"an event in a plan of {TASKS:,} tasks",
            value=(deciding + writing) / events * 1e3,
            unit="ms",
            note=f"deciding {deciding / events * 1e3:.2f} ms, writing the state as text"
            f" {writing / events * 1e3:.2f} ms, over {events:,} events",
        )
    ]
