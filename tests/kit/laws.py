"""The laws of a decision, written once: stories, properties and simulations all check them.

A law says what must hold for any decision on any event in any state. It never says what a
particular story should lead to.
"""

from collections.abc import Hashable, Iterable, Mapping
from datetime import datetime
from typing import TypeVar

from app.core.commands import (
    CancelWorkflowRun,
    DispatchWorkflow,
    LookUpWorkflowRun,
    SetTimer,
    WriteCheck,
    WriteComment,
)
from app.core.decide import decide, is_overdue, settle
from app.core.events import (
    AttemptId,
    DispatchAccepted,
    DispatchRefused,
    Event,
    OutputsReported,
    WorkflowRunMissed,
    WorkflowRunObserved,
)
from app.core.expressions import evaluate_condition
from app.core.legs.context import values_for
from app.core.limits import CANCEL_GRACE
from app.core.moves import (
    MOVES,
    ORCHESTRATION_MOVES,
    TASK_MOVES,
    LegStatus,
    OrchestrationStatus,
    TaskStatus,
)
from app.core.rules import ACTIVE, Decision
from app.core.state import Attempt, Leg, Orchestration, Task
from app.core.typed_values import check_value
from app.core.values import TaskName

S = TypeVar("S", bound=Hashable)
OF_ATTEMPT = (
    DispatchAccepted,
    DispatchRefused,
    WorkflowRunObserved,
    WorkflowRunMissed,
    OutputsReported,
)


def check(before: Orchestration, event: Event, decision: Decision) -> None:
    """Assert every law about one decision."""
    after = decision.state
    check_count(before, decision)
    check_stale_facts_are_ignored(before, event, decision)
    assert decide(before, event) == decision, "the same question, the same answer"
    assert decide(after, event) == Decision(state=after), "twice is once"
    if after is before:
        return
    check_moves(before, after)
    check_history(before, after)
    check_dispatches(before, decision, event.at)
    check_cancels(before, decision, event.at)
    check_timers(before, decision, event.at)
    check_places(after)
    check_outputs(after)
    check_end(after, decision)
    # What became due meanwhile elsewhere waits for its own timer, which is about to elapse.
    idle = [name for name, task in after.tasks.items() if not _is_due(task, event.at)]
    assert settle(after, event.at, idle) == Decision(state=after), "nothing is left to do"


def _is_due(task: Task, now: datetime) -> bool:
    return task.timer is not None and task.timer <= now


def check_count(before: Orchestration, decision: Decision) -> None:
    """A decision that changes nothing asks for nothing; any other counts as one event."""
    after = decision.state
    if after is before:
        assert decision.commands == (), "what changes nothing asks for nothing"
        return
    assert after.events == before.events + 1, "each event that counts is counted once"
    assert after.plan is before.plan, "the plan at the start is the plan to the end"
    keys = [command.key for command in decision.commands]
    assert len(keys) == len(set(keys)), "nothing is asked for twice in one breath"


def check_stale_facts_are_ignored(
    before: Orchestration, event: Event, decision: Decision
) -> None:
    """What is about an attempt that does not count, or is known better, changes nothing."""
    if is_overdue(before, event.at):
        return
    if isinstance(event, OF_ATTEMPT) and is_stale(before, event):
        assert decision == Decision(state=before), "stale facts are ignored"


def is_stale(before: Orchestration, event: Event) -> bool:
    """Tell whether a fact is about an attempt that does not count, or a lower run attempt."""
    assert isinstance(event, OF_ATTEMPT), "only these are about an attempt"
    leg = before.leg(event.attempt)
    if leg is None or leg.has_ended:
        return True
    known = leg.attempt
    if isinstance(event, OutputsReported):
        return event.run_attempt < known.run_attempt
    if isinstance(event, WorkflowRunObserved):
        is_foreign = known.workflow_run_id not in (None, event.workflow_run_id)
        return is_foreign or event.run_attempt < known.run_attempt
    if isinstance(event, DispatchAccepted | DispatchRefused):
        return known.accepted_at is not None or known.workflow_run_id is not None
    return False


def check_moves(before: Orchestration, after: Orchestration) -> None:
    """Everything moves along the tables, and what has ended stays as it ended."""
    _check_move(before.status, after.status, ORCHESTRATION_MOVES)
    assert before.tasks.keys() == after.tasks.keys(), "tasks neither come nor go"
    for name, now in after.tasks.items():
        was = before.tasks[name]
        _check_move(was.status, now.status, TASK_MOVES)
        if was.has_ended:
            assert now == was, f"{name} has ended and stays as it is"
        if was.legs:
            assert list(was.legs) == list(now.legs), "legs neither come nor go"
        for key, leg in now.legs.items():
            _check_move(_status(was, key), leg.status, MOVES)
            if key in was.legs and was.legs[key].has_ended:
                assert leg == was.legs[key], "a leg that has ended stays as it is"


def _status(task: Task, key: object) -> LegStatus:
    return next((leg.status for leg in task.legs.values() if leg.key == key), LegStatus.PENDING)


def _check_move(was: S, now: S, moves: Mapping[S, frozenset[S]]) -> None:
    # One decision may take several steps, each of them along the table.
    reached, agenda = {was}, [was]
    while agenda:
        fresh = moves[agenda.pop()] - reached
        reached |= fresh
        agenda.extend(fresh)
    assert now in reached, f"no way leads from {was} to {now}"


def check_history(before: Orchestration, after: Orchestration) -> None:
    """Attempts are only added; a workflow run, once known, is not exchanged."""
    for name, task in after.tasks.items():
        for key, leg in task.legs.items():
            known = before.tasks[name].legs.get(key)
            if known is None:
                continue
            assert len(known.attempts) <= len(leg.attempts) <= len(known.attempts) + 1
            for was, now in zip(known.attempts, leg.attempts, strict=False):
                assert was.marker == now.marker, "a marker is for ever"
                assert was.workflow_run_id in (None, now.workflow_run_id)
                assert now.run_attempt >= was.run_attempt, "run attempts only grow"


def check_dispatches(before: Orchestration, decision: Decision, now: datetime) -> None:
    """Each new attempt is dispatched exactly once, and only when its time has come."""
    after = decision.state
    asked = [each for each in decision.commands if isinstance(each, DispatchWorkflow)]
    fresh = {
        AttemptId(task=name, leg=key, number=attempt.number): attempt.marker
        for name, task in after.tasks.items()
        for key, leg in task.legs.items()
        for attempt in leg.attempts[_tries(before, name, key) :]
    }
    assert {each.attempt: each.marker for each in asked} == fresh, "one dispatch an attempt"
    assert len(asked) == len(fresh), "a dispatch once per attempt"
    for each in asked:
        check_may_begin(before, after, each.attempt.task, now)


def _tries(state: Orchestration, name: TaskName, key: object) -> int:
    return next(
        (len(leg.attempts) for leg in state.tasks[name].legs.values() if leg.key == key), 0
    )


def check_may_begin(
    before: Orchestration, after: Orchestration, name: TaskName, now: datetime
) -> None:
    """Needs have ended well, the condition holds, and nothing calls for a stop."""
    task = after.plan.definition.tasks[name]
    assert before.status is not OrchestrationStatus.CANCELLING, "nothing begins at the end"
    for need in task.needs:
        assert after.tasks[need].has_ended, f"{name} needs {need}, which has not ended"
        assert after.tasks[need].result == "success", f"{name} needs {need}"
    if task.condition is not None:
        assert evaluate_condition(task.condition, values_for(after, name, now)), "its `if`"
    if task.strategy is not None and task.strategy.fail_fast:
        failed = [leg for leg in before.tasks[name].legs.values() if is_failed(leg)]
        assert not failed, "with `fail-fast` nothing begins after a failure"


def is_failed(leg: Leg) -> bool:
    """Tell whether a leg failed and nothing tolerates it."""
    return leg.status is LegStatus.FAILED and not leg.is_tolerated


def check_places(after: Orchestration) -> None:
    """No more legs are under way than `max-parallel` allows; `fail-fast` stops the others."""
    for name, task in after.tasks.items():
        strategy = after.plan.definition.tasks[name].strategy
        if strategy is None:
            assert len(task.legs) <= 1, "without a matrix there is one leg"
            continue
        active = sum(leg.status in ACTIVE for leg in task.legs.values())
        assert active <= (strategy.max_parallel or active), f"{name}: `max-parallel`"
        if strategy.fail_fast and any(is_failed(leg) for leg in task.legs.values()):
            still = ACTIVE - {LegStatus.CANCELLING} | {LegStatus.PENDING}
            going = [leg.key for leg in task.legs.values() if leg.status in still]
            assert not going, f"{name}: `fail-fast` stops {going}"


def check_cancels(before: Orchestration, decision: Decision, now: datetime) -> None:
    """A workflow run is asked to stop once politely and, after a while, once by force."""
    wanted: list[tuple[AttemptId, int | None, bool]] = []
    for where, was, attempt in _attempts(before, decision.state):
        polite = was.cancel_asked_at if was else None
        force = was.force_asked_at if was else None
        assert polite in (None, attempt.cancel_asked_at), "asked politely once"
        assert force in (None, attempt.force_asked_at), "asked by force once"
        if polite is None and attempt.cancel_asked_at is not None:
            wanted.append((where, attempt.workflow_run_id, False))
        if force is None and attempt.force_asked_at is not None:
            assert polite is not None, "first politely"
            assert now >= polite + CANCEL_GRACE, "by force only after a while"
            wanted.append((where, attempt.workflow_run_id, True))
    asked = [
        (each.attempt, each.workflow_run_id, each.force)
        for each in decision.commands
        if isinstance(each, CancelWorkflowRun)
    ]
    assert asked == wanted, "each wish to cancel is asked for once"


def _attempts(
    before: Orchestration, after: Orchestration
) -> Iterable[tuple[AttemptId, Attempt | None, Attempt]]:
    for name, task in after.tasks.items():
        for key, leg in task.legs.items():
            known = before.tasks[name].legs.get(key)
            for place, attempt in enumerate(leg.attempts):
                has_one = known is not None and place < len(known.attempts)
                was = known.attempts[place] if known is not None and has_one else None
                yield AttemptId(task=name, leg=key, number=attempt.number), was, attempt


def check_timers(before: Orchestration, decision: Decision, now: datetime) -> None:
    """Nothing can hang: whatever has not ended waits for something that will come."""
    after = decision.state
    timers = {each.task: each.due for each in decision.commands if isinstance(each, SetTimer)}
    assert all(due > now for due in timers.values()), "a timer is for later"
    if after.status is OrchestrationStatus.RUNNING:
        assert after.deadline is not None, "an orchestration has a deadline"
        if before.deadline is None:
            assert timers.get(None) == after.deadline, "and a timer for it"
    for name, task in after.tasks.items():
        if task.timer is not None and task.timer != before.tasks[name].timer:
            assert timers.get(name) == task.timer, "each timer is asked for"
        if not task.has_ended and after.status is not OrchestrationStatus.REQUESTED:
            check_waits_for_something(after, name, now)


def check_waits_for_something(after: Orchestration, name: TaskName, now: datetime) -> None:
    """A task waits for a need, for the answer to a dispatch, or for its timer."""
    task = after.tasks[name]
    if task.status is TaskStatus.WAITING:
        needs = after.plan.definition.tasks[name].needs
        assert any(not after.tasks[need].has_ended for need in needs), f"{name} waits for ever"
        return
    going = [leg for leg in task.legs.values() if leg.status in ACTIVE]
    assert going, f"{name} runs, and none of its legs does"
    for leg in going:
        attempt = leg.attempt
        is_answered = attempt.accepted_at is not None or attempt.workflow_run_id is not None
        assert is_answered or leg.status in (LegStatus.DISPATCHING, LegStatus.CANCELLING)
        if is_answered:
            assert task.timer is not None, f"{name}/{leg.key} waits without a timer"


def check_outputs(after: Orchestration) -> None:
    """What ended well has the outputs that were declared, of the declared types."""
    for name, task in after.tasks.items():
        declared = after.plan.definition.tasks[name].outputs
        for leg in task.legs.values():
            if leg.status is not LegStatus.SUCCEEDED:
                continue
            assert leg.outputs.keys() <= declared.keys(), "only what is declared is kept"
            for output, declaration in declared.items():
                if output in leg.outputs:
                    assert check_value(declaration, leg.outputs[output]) is None, output
                else:
                    assert not declaration.required, f"{output} is required"


def check_end(after: Orchestration, decision: Decision) -> None:
    """When the end is reported nothing runs, and nothing but the writing of it is asked for."""
    for task in after.tasks.values():
        if task.has_ended:
            assert all(leg.has_ended for leg in task.legs.values()), "nothing is left running"
            assert task.timer is None, "what has ended has no timer"
            assert task.ended_at is not None
    is_over = all(task.has_ended for task in after.tasks.values())
    assert after.has_ended == is_over, "the whole ends with its last task, and not before"
    if after.has_ended:
        work = DispatchWorkflow | SetTimer | LookUpWorkflowRun | CancelWorkflowRun
        assert not any(isinstance(each, work) for each in decision.commands), "it is over"
        assert after.ended_at is not None
    writes = [each for each in decision.commands if isinstance(each, WriteCheck | WriteComment)]
    assert not writes or after.plan.cause.sha or after.plan.cause.pull_request is not None
