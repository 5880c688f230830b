"""How long the core takes for ten thousand orchestrations, without any shell."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from app.core.commands import DispatchWorkflow
from app.core.decide import decide
from app.core.events import (
    Conclusion,
    DispatchAccepted,
    Event,
    OrchestrationRequested,
    RunStatus,
    WorkflowRunObserved,
)
from app.core.state import Orchestration, new_orchestration
from app.core.values import Sha
from tests.bench.definitions import chain
from tests.bench.figures import Figure
from tests.bench.plans import definition_of, plan_of

ORCHESTRATIONS: Final = 10_000
EPOCH: Final = datetime(2026, 1, 1, tzinfo=UTC)


async def measure(_folder: Path) -> list[Figure]:
    """Let the core alone carry out orchestrations of three tasks each."""
    definition = definition_of(chain(3))
    begun = time.perf_counter()
    events = 0
    for number in range(ORCHESTRATIONS):
        state = run_through(new_orchestration(plan_of(definition, number)))
        events += state.events
    lasted = time.perf_counter() - begun
    note = f"{events:,} events, {lasted / events * 1e6:.0f} µs each; three tasks, no faults"
    name = f"{ORCHESTRATIONS:,} simulated orchestrations"
    return [Figure(name=name, value=lasted, unit="s", note=note)]


def run_through(state: Orchestration) -> Orchestration:
    """Let every dispatch be accepted, start and succeed, until nothing is left to do."""
    now = EPOCH
    pending: list[Event] = [OrchestrationRequested(at=now, by="bench")]
    # Ends, since every dispatch belongs to one task, and each task has one.
    while pending:
        decision = decide(state, pending.pop(0))
        state = decision.state
        for command in decision.commands:
            if isinstance(command, DispatchWorkflow):
                now += timedelta(seconds=1)
                pending += carried_out(command, now)
    assert state.has_ended, "a chain without faults comes to its end"
    return state


def carried_out(command: DispatchWorkflow, now: datetime) -> list[Event]:
    """Return what is heard of a dispatch that goes well."""
    attempt, run_id = command.attempt, int(command.marker[-8:], 16)

    def seen(status: RunStatus, conclusion: Conclusion | None) -> WorkflowRunObserved:
        return WorkflowRunObserved(
            at=now,
            attempt=attempt,
            workflow_run_id=run_id,
            run_attempt=1,
            status=status,
            conclusion=conclusion,
            head_sha=Sha("a" * 40),
            url="",
        )

    return [
        DispatchAccepted(at=now, attempt=attempt, workflow_run_id=run_id, url=""),
        seen(RunStatus.IN_PROGRESS, None),
        seen(RunStatus.COMPLETED, Conclusion.SUCCESS),
    ]
