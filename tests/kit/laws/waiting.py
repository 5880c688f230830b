"""Laws about waiting: nothing can hang, for whatever waits, waits for something that comes."""

from datetime import datetime

from app.core.actions import Agent, GitHubOperation, Report
from app.core.commands import SetTimer
from app.core.moves import LegStatus, OrchestrationStatus, TaskStatus
from app.core.naming import WHOLE, definition_of, leg_holder, sibling
from app.core.rules import ACTIVE, Decision
from app.core.state import Attempt, Leg, Orchestration
from app.core.values import TaskName

_O = OrchestrationStatus
ON_GITHUB = (LegStatus.QUEUED, LegStatus.RUNNING, LegStatus.HELD, LegStatus.CANCELLING)


def check(before: Orchestration, decision: Decision, now: datetime) -> None:
    """Assert the laws about waiting."""
    after = decision.state
    timers = {each.task: each.due for each in decision.commands if isinstance(each, SetTimer)}
    assert all(due > now for due in timers.values()), "a timer is for later"
    if after.has_ended or after.status is _O.REQUESTED:
        return
    _check_whole(before, after, timers.get(None), now)
    for name, task in after.tasks.items():
        was = before.tasks.get(name)
        known = was.timer if was is not None else None
        if task.timer is not None and task.timer != known:
            assert timers.get(name) == task.timer, "each timer is asked for"
        if not task.has_ended:
            check_waits_for_something(after, name)


def _check_whole(
    before: Orchestration, after: Orchestration, timer: datetime | None, now: datetime
) -> None:
    assert after.deadline is not None, "an orchestration has a deadline"
    if after.timer is not None and after.timer != before.timer:
        assert timer == after.timer, "the whole's timer is asked for"
    if after.status in (_O.BLOCKED, _O.RUNNING):
        assert after.timer is not None, "the whole waits without a timer"
        assert after.timer <= after.deadline, "and a timer for its end"
    if after.status is _O.BLOCKED and after.paused is None:
        seat = after.seats.get(WHOLE)
        assert seat is not None, "the whole waits for a place that it has not asked for"
        assert seat.granted_at is None, "the whole has its place and does not begin"


def check_waits_for_something(after: Orchestration, name: TaskName) -> None:
    """A task waits for a need, a person, a place, an answer, or its timer."""
    task = after.tasks[name]
    is_held = after.paused is not None or after.status is _O.BLOCKED
    if task.status is TaskStatus.ASKING:
        assert task.question is not None, "it asks nothing"
        assert not task.question.choice, "it was answered"
        return
    if task.status is TaskStatus.WAITING:
        needs = definition_of(after.plan.definition, name).needs
        is_open = any(not after.tasks[sibling(name, need)].has_ended for need in needs)
        has_seat = after.machine is None
        assert is_held or is_open or not has_seat, f"{name} waits for ever"
        return
    going = [leg for leg in task.legs.values() if not leg.has_ended]
    is_waving = any(wave.is_open for wave in task.waves.values())
    assert going or is_waving, f"{name} runs, and none of its legs does"
    for leg in going:
        _check_leg(after, name, leg, is_held=is_held)


def _check_leg(after: Orchestration, name: TaskName, leg: Leg, *, is_held: bool) -> None:
    task, where = after.tasks[name], f"{name}/{leg.key} is {leg.status}"
    match leg.status:
        case LegStatus.PENDING:
            is_full = any(each.status in ACTIVE for each in task.legs.values())
            assert is_held or is_full or task.waves, f"{where} for ever"
        case LegStatus.BLOCKED:
            assert is_held or _is_blocked(after, name, leg), f"{where} for nothing"
        case LegStatus.RESTING:
            assert leg.rest_until is not None
            has_timer = task.timer is not None and task.timer <= leg.rest_until
            assert is_held or has_timer, f"{where} for ever"
        case LegStatus.AWAITING:
            passages = after.passages.get(leg_holder(name, leg.key), ())
            is_review = isinstance(definition_of(after.plan.definition, name).action, Agent)
            # People have as long for a review as the whole has.
            has_timer = (after if is_review else task).timer is not None
            assert passages or has_timer, f"{where} without end"
        case _:
            assert is_answered_for(after, name, leg), f"{where} without a timer"


def _is_blocked(after: Orchestration, name: TaskName, leg: Leg) -> bool:
    holder = leg_holder(name, leg.key)
    seat = after.seats.get(holder)
    is_queued = seat is not None and seat.granted_at is None
    return is_queued or any(not each.is_open for each in after.passages.get(holder, ()))


def is_answered_for(after: Orchestration, name: TaskName, leg: Leg) -> bool:
    """Tell whether a leg under way waits for an answer that comes, or has a timer."""
    if leg.status is LegStatus.DISPATCHING:
        return True
    attempt = leg.attempt
    action = definition_of(after.plan.definition, name).action
    if after.tasks[name].timer is not None or _is_asked(attempt):
        return True
    if attempt.child is not None and leg.status is LegStatus.CANCELLING:
        return attempt.cancel_asked_at is not None
    is_unanswered = attempt.accepted_at is None and attempt.workflow_run_id is None
    is_call = isinstance(action, GitHubOperation | Report)
    return leg.status is LegStatus.CANCELLING and (is_unanswered or is_call)


def _is_asked(attempt: Attempt) -> bool:
    lacks_jobs = attempt.jobs_asked_at is not None and attempt.jobs is None
    return lacks_jobs or (attempt.change_asked_at is not None and attempt.change is None)
