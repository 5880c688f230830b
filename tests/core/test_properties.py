"""Properties: random definitions, and events of every kind in every state.

The laws hold at every step, whatever is heard, and however often, late or out of place; and
whatever has happened, the whole can be brought to its end.
"""

from datetime import datetime, timedelta
from typing import get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.actions import Agent, Dispatch, Orchestrate
from app.core.decide import decide
from app.core.events import (
    CancelRequested,
    ChildEnded,
    Conclusion,
    Event,
    JobsListed,
    OperationPerformed,
    OrchestrationRequested,
    RunStatus,
    TimerElapsed,
    WorkflowRunObserved,
)
from app.core.moves import LegStatus
from app.core.naming import definition_of
from app.core.state import Leg, Orchestration, new_orchestration
from app.core.values import AttemptId, OrchestrationId, TaskName
from tests.kit import laws
from tests.kit.build import HEAD, START, run_id
from tests.kit.chance import DRAWS, any_event
from tests.kit.graphs import random_plan

STEPS = 40
PAUSES = (0, 0, 1, 30, 70, 400, 2_000, 90_000)
LATER = timedelta(seconds=61)


def test_an_event_of_every_kind_is_drawn() -> None:
    """Whoever adds a kind of event is told here that nobody tries it yet."""
    assert set(DRAWS) == set(get_args(Event))


@settings(max_examples=120)
@given(data=st.data())
def test_the_laws_hold_whatever_is_heard(data: st.DataObject) -> None:
    """Of any definition, in any order, at any pace: every decision keeps every law."""

    def pick(low: int, high: int) -> int:
        return data.draw(st.integers(low, high))

    state = new_orchestration(random_plan(pick))
    if pick(0, 9):
        state = hear(state, OrchestrationRequested(at=START, by="mona"))
    now, heard = START, list[Event]()
    for _ in range(pick(0, STEPS)):
        now += timedelta(seconds=PAUSES[pick(0, len(PAUSES) - 1)])
        if heard and pick(0, 9) == 0:
            event = heard[pick(0, len(heard) - 1)]
        else:
            event = any_event(state, now, pick)
        heard.append(event)
        state = hear(state, event)

    assert brought_to_its_end(state, now).has_ended


def hear(state: Orchestration, event: Event) -> Orchestration:
    """Decide, with every law checked."""
    decision = decide(state, event)
    laws.check(state, event, decision)
    return decision.state


def brought_to_its_end(state: Orchestration, now: datetime) -> Orchestration:
    """Cancel the whole, and let all that is under way come to its end."""
    state = hear(state, OrchestrationRequested(at=now, by="mona"))
    state = hear(state, CancelRequested(at=now, by="mona", reason=""))
    # What runs ends, and then what is undone does, each with a report that may be waited for.
    for _ in range(200):
        going = under_way(state)
        if not going:
            return state
        now += LATER
        state = hear(state, the_end_of(state, *going[0], now))
    return state


def under_way(state: Orchestration) -> list[tuple[AttemptId, Leg]]:
    """Return the attempts whose end has not been heard."""
    return [
        (AttemptId(task=TaskName(name), leg=key, number=leg.attempt.number), leg)
        for name, task in state.tasks.items()
        for key, leg in task.legs.items()
        if leg.attempts and not leg.has_ended
    ]


def the_end_of(state: Orchestration, where: AttemptId, leg: Leg, now: datetime) -> Event:
    """Return what brings a leg to its end."""
    attempt = leg.attempt
    action = definition_of(state.plan.definition, where.task).action
    if leg.status is LegStatus.RESTING:
        return TimerElapsed(at=now + timedelta(days=1), task=where.task)
    if isinstance(action, Orchestrate):
        child = attempt.child or OrchestrationId("c1")
        return ChildEnded(
            at=now, attempt=where, child=child, conclusion=Conclusion.SUCCESS, outputs={}
        )
    if not isinstance(action, Dispatch | Agent):
        return OperationPerformed(at=now, attempt=where, outputs={}, url="")
    if attempt.jobs_asked_at is not None and attempt.jobs is None:
        return JobsListed(at=now, attempt=where, run_attempt=attempt.run_attempt, jobs={})
    if attempt.ended_at is not None:
        return TimerElapsed(at=now, task=where.task)
    return WorkflowRunObserved(
        at=now,
        attempt=where,
        workflow_run_id=attempt.workflow_run_id or run_id(str(where)),
        run_attempt=attempt.run_attempt,
        status=RunStatus.COMPLETED,
        conclusion=Conclusion.SUCCESS,
        head_sha=HEAD,
        url="",
    )
