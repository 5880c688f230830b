"""Rules about the whole: its place, its time, its end."""

from datetime import datetime
from operator import attrgetter

from app.core.commands import SetTimer, TellEnd
from app.core.copying import replace
from app.core.events import Conclusion
from app.core.expressions import ExpressionError, render
from app.core.legs.context import cause_values, values_of_all
from app.core.legs.superseding import reason_of
from app.core.moves import OrchestrationStatus, TaskStatus
from app.core.naming import WHOLE, is_following
from app.core.rules.decision import Decision
from app.core.rules.moments import next_moment_of_all
from app.core.rules.seats import ask_seat, leave_seat
from app.core.spans import in_words
from app.core.state import Orchestration, Reason
from app.core.values import Json, JsonObject, TaskName

_O = OrchestrationStatus
CONCLUSIONS = {
    _O.SUCCEEDED: Conclusion.SUCCESS,
    _O.FAILED: Conclusion.FAILURE,
    _O.CANCELLED: Conclusion.CANCELLED,
}


def begin_whole(state: Orchestration, now: datetime) -> Decision | None:
    """Begin once it has its place in its concurrency group, if it needs one."""
    if state.status is not _O.BLOCKED:
        return None
    concurrency = state.plan.definition.concurrency
    seat = state.seats.get(WHOLE)
    if concurrency is None or (seat is not None and seat.granted_at is not None):
        return Decision(state=state.to(_O.RUNNING))
    if seat is not None or state.paused is not None:
        return None
    try:
        return ask_seat(state, WHOLE, concurrency, cause_values(state, now), "", now)
    except ExpressionError as error:
        reason = Reason(code="expression-failed", message=str(error))
        return Decision(state=state.to(_O.CANCELLING, reason))


def expire(state: Orchestration, now: datetime) -> Decision | None:
    """Cancel the whole orchestration once its time is over."""
    if not is_overdue(state, now):
        return None
    limit = in_words(state.plan.definition.timeout)
    why = f"the orchestration took more than {limit} (`timeout-minutes`)"
    return Decision(state=state.to(_O.CANCELLING, Reason(code="timed-out", message=why)))


def is_overdue(state: Orchestration, now: datetime) -> bool:
    """Tell whether the orchestration's own time is over and nobody has said so yet."""
    is_open = state.status in (_O.BLOCKED, _O.RUNNING)
    return is_open and state.deadline is not None and now >= state.deadline


def outcome_of(state: Orchestration) -> tuple[OrchestrationStatus, Reason | None]:
    """Say how the whole has ended, by how its tasks have."""
    failed = [
        name
        for name, task in state.tasks.items()
        if task.status is TaskStatus.FAILED and not task.is_tolerated and _counts(state, name)
    ]
    cancelled = any(
        task.status is TaskStatus.CANCELLED and _counts(state, name)
        for name, task in state.tasks.items()
    )
    if state.conclusion:
        return _outcome_of_machine(state)
    if state.reason is not None and state.reason.code in FAILURES:
        return _O.FAILED, state.reason
    if state.plan.definition.machine is not None:
        return _O.CANCELLED, state.reason
    if failed:
        why = f"{', '.join(failed)} failed"
        return _O.FAILED, state.reason or Reason(code="task-failed", message=why)
    if cancelled:
        return _O.CANCELLED, state.reason or _why_cancelled(state)
    return _O.SUCCEEDED, None


def _why_cancelled(state: Orchestration) -> Reason:
    """Say why tasks were cancelled: because what they asked about has gone, or else by whom."""
    if state.gone is not None:
        gone = reason_of(state.gone)
        if any(task.reason == gone for task in state.tasks.values()):
            return gone
    return Reason(code="task-cancelled", message="a task was cancelled")


def _outcome_of_machine(state: Orchestration) -> tuple[OrchestrationStatus, Reason | None]:
    """Say how a machine has ended, by its final state; whatever came later came too late."""
    assert state.machine is not None, "only a machine comes to a final state"
    where = state.machine.state
    why = Reason(code="final-state", message=f"it ended in the state {where}")
    match state.conclusion:
        case "failure":
            return _O.FAILED, why
        case "cancelled":
            return _O.CANCELLED, why
        case _:
            return _O.SUCCEEDED, None


FAILURES = frozenset({"timed-out", "expression-failed", "no-transition"})
"""Reasons for which a whole that was cancelled has failed."""


def _counts(state: Orchestration, name: TaskName) -> bool:
    """Tell whether how a task ended says how the whole did: of a machine, its state does."""
    return not is_following(name) and state.machine is None


def _is_over(state: Orchestration) -> bool:
    """Tell whether a machine has come to a final state, or is not to go on."""
    is_machine = state.plan.definition.machine is not None
    return not is_machine or state.status is not _O.RUNNING or bool(state.conclusion)


def is_all_over(state: Orchestration) -> bool:
    """Tell whether nothing runs any more and nothing is to begin."""
    if state.status is _O.BLOCKED or not _is_over(state):
        return False
    # What comes last in the file mostly ends last: it tells soonest that not all is over.
    return all(map(_HAS_ENDED, reversed(tuple(state.tasks.values()))))


_HAS_ENDED = attrgetter("has_ended")


def finish(state: Orchestration, now: datetime) -> Decision | None:
    """End the orchestration once all its tasks have ended, and tell whoever waits for it."""
    if state.has_ended or state.status is _O.REQUESTED:
        return None
    if not is_all_over(state):
        return None
    status, reason = outcome_of(state)
    if state.wish is not None:
        status, reason = state.wish, state.reason
    state = replace(state.to(status, reason), reason=reason, ended_at=now, timer=None)
    outputs = _outputs(state, now)
    conclusion = Conclusion(state.conclusion) if state.conclusion else CONCLUSIONS[status]
    state = replace(state, outputs=outputs, conclusion=conclusion.value, wish=None, paused=None)
    left = leave_seat(state, WHOLE)
    told = TellEnd(conclusion=conclusion, outputs=outputs, count=state.events + 1)
    return Decision(state=left.state, commands=(*left.commands, told))


def _outputs(state: Orchestration, now: datetime) -> JsonObject:
    """Return what others may read of it; an output that has no value is not there."""
    values = values_of_all(state, now)
    outputs: dict[str, Json] = {}
    for name, template in state.plan.definition.outputs.items():
        try:
            outputs[name] = render(template, values)
        except ExpressionError:
            continue
    return outputs


def set_whole_timer(state: Orchestration, now: datetime) -> Decision | None:
    """Come back at the next moment at which something about the whole may be due."""
    if state.has_ended or state.status is _O.REQUESTED:
        return None
    due = next_moment_of_all(state, now)
    if due is None or (state.timer is not None and state.timer <= due):
        return None
    state = replace(state, timer=due)
    return Decision(state=state, commands=(SetTimer(task=None, due=due),))
