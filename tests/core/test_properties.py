"""Properties: random graphs, and events drawn from what could well be heard at the moment.

Events drawn blindly are ignored nearly always and find nothing. These are drawn from the
state, now and then late, doubled, foreign or of an older attempt; the laws hold at every step.
"""

from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.decide import decide
from app.core.events import (
    AttemptId,
    CancelRequested,
    Conclusion,
    DispatchAccepted,
    DispatchRefused,
    Event,
    OrchestrationRequested,
    OutputsReported,
    RunStatus,
    TimerElapsed,
    WorkflowRunMissed,
    WorkflowRunObserved,
)
from app.core.state import Leg, Orchestration, new_orchestration
from app.core.values import TaskName
from tests.kit import laws
from tests.kit.build import HEAD, START, run_id
from tests.kit.graphs import Pick, random_plan

STEPS = 40
PAUSES = (0, 0, 1, 30, 70, 400, 2_000, 90_000)
OUTPUTS = ({"image": "v1"}, {"image": "v2", "count": "7"}, {"image": 5}, {})


@settings(max_examples=150)
@given(data=st.data())
def test_the_laws_hold_whatever_is_heard(data: st.DataObject) -> None:
    """In any graph, in any order, at any pace: every decision keeps every law."""

    def pick(low: int, high: int) -> int:
        return data.draw(st.integers(low, high))

    state = hear(new_orchestration(random_plan(pick)), OrchestrationRequested(at=START, by="m"))
    now, heard = START, list[Event]()
    for _ in range(pick(0, STEPS)):
        now += timedelta(seconds=PAUSES[pick(0, len(PAUSES) - 1)])
        if heard and pick(0, 9) == 0:
            event = heard[pick(0, len(heard) - 1)]
        else:
            event = what_could_be_heard(state, now, pick)
        heard.append(event)
        state = hear(state, event)

    assert driven_to_its_end(state, now).has_ended


def hear(state: Orchestration, event: Event) -> Orchestration:
    """Decide, with every law checked."""
    decision = decide(state, event)
    laws.check(state, event, decision)
    return decision.state


def driven_to_its_end(state: Orchestration, now: datetime) -> Orchestration:
    """Let every workflow run under way end well until nothing is left."""
    for _ in range(steps_max(state)):
        going = under_way(state)
        if not going:
            break
        now += timedelta(seconds=90)
        attempt, leg = going[0]
        known = leg.attempt.workflow_run_id
        if known is None and leg.attempt.accepted_at is None:
            accepted = DispatchAccepted(
                at=now, attempt=attempt, workflow_run_id=run_id(str(attempt)), url=""
            )
            state = hear(state, accepted)
            known = run_id(str(attempt))
        status, run_attempt = RunStatus.COMPLETED, leg.attempt.run_attempt
        if leg.attempt.ended_at is not None:
            state = hear(state, TimerElapsed(at=now, task=attempt.task))
            continue
        state = hear(state, seen(attempt, now, known, status, Conclusion.SUCCESS, run_attempt))
        state = hear(state, TimerElapsed(at=now + timedelta(seconds=61), task=attempt.task))
    return state


def steps_max(state: Orchestration) -> int:
    """Return how many steps the longest way to the end may take: each leg takes two."""
    return 4 * 4 * len(state.tasks) + 4


def what_could_be_heard(state: Orchestration, now: datetime, pick: Pick) -> Event:
    """Draw an event that could well come now, seldom one that should not."""
    chance = pick(0, 19)
    names = list(state.tasks)
    task = names[pick(0, len(names) - 1)]
    if chance == 0:
        return CancelRequested(at=now, by="mona", reason="")
    if chance < 4:
        return TimerElapsed(at=now, task=None if chance == 1 else task)
    going = under_way(state)
    if not going:
        ended = [
            AttemptId(task=name, leg=key, number=1)
            for name, each in state.tasks.items()
            for key in each.legs
        ]
        if not ended:
            return TimerElapsed(at=now, task=task)
        attempt = ended[pick(0, len(ended) - 1)]
        return seen(attempt, now, None, RunStatus.COMPLETED, Conclusion.FAILURE, 2)
    attempt, leg = going[pick(0, len(going) - 1)]
    return about(attempt, leg, now, pick)


def under_way(state: Orchestration) -> list[tuple[AttemptId, Leg]]:
    """Return the attempts whose end has not been heard."""
    return [
        (AttemptId(task=TaskName(name), leg=key, number=leg.attempt.number), leg)
        for name, task in state.tasks.items()
        for key, leg in task.legs.items()
        if leg.attempts and not leg.has_ended
    ]


def about(attempt: AttemptId, leg: Leg, now: datetime, pick: Pick) -> Event:
    """Draw a fact about one attempt."""
    run_attempt = max(1, leg.attempt.run_attempt + (0, 0, 0, 0, 1, -1)[pick(0, 5)])
    match pick(0, 9):
        case 0 | 1:
            known = run_id(str(attempt)) if pick(0, 2) else None
            return DispatchAccepted(at=now, attempt=attempt, workflow_run_id=known, url="")
        case 2:
            return DispatchRefused(at=now, attempt=attempt, code="not-found", message="")
        case 3:
            return WorkflowRunMissed(at=now, attempt=attempt)
        case 4 | 5:
            return OutputsReported(
                at=now,
                attempt=attempt,
                run_attempt=run_attempt,
                outputs=OUTPUTS[pick(0, len(OUTPUTS) - 1)],
                summary="",
            )
        case _:
            status = list(RunStatus)[pick(0, 3)]
            is_over = status is RunStatus.COMPLETED
            conclusion = list(Conclusion)[pick(0, 8)] if is_over else None
            foreign = 4 if pick(0, 19) == 0 else None
            return seen(attempt, now, foreign, status, conclusion, run_attempt)


def seen(
    attempt: AttemptId,
    now: datetime,
    run: int | None,
    status: RunStatus,
    conclusion: Conclusion | None,
    run_attempt: int,
) -> WorkflowRunObserved:
    """Say that a workflow run was seen, its own unless another is named."""
    return WorkflowRunObserved(
        at=now,
        attempt=attempt,
        workflow_run_id=run_id(str(attempt)) if run is None else run,
        run_attempt=run_attempt,
        status=status,
        conclusion=conclusion,
        head_sha=HEAD,
        url="",
    )
