"""Rules about how legs begin: their places, the calendars, the dispatch, and after a rest."""

from collections.abc import Iterator
from datetime import datetime

from app.core.actions import Approval, Wait
from app.core.commands import AskCalendar
from app.core.copying import replace
from app.core.definition import Retry
from app.core.events import Conclusion
from app.core.expressions import ExpressionError
from app.core.legs.context import is_held, values_for
from app.core.legs.dispatching import Asked, begin_attempt, begin_rerun
from app.core.legs.gates import calendar_of, open_gate
from app.core.legs.outcome import fail_for_good
from app.core.legs.waves import room_in
from app.core.limits import PASSAGE_FRESH
from app.core.moves import LegStatus, OrchestrationStatus, TaskStatus
from app.core.naming import definition_of, is_following, leg_holder
from app.core.rules.decision import Decision
from app.core.rules.seats import ask_seat, leave_seat
from app.core.state import Leg, Orchestration, Passage, Reason
from app.core.telling.looks import name_of
from app.core.values import Holder, TaskName

ACTIVE = frozenset(
    {
        LegStatus.BLOCKED,
        LegStatus.DISPATCHING,
        LegStatus.QUEUED,
        LegStatus.RUNNING,
        LegStatus.HELD,
        LegStatus.AWAITING,
        LegStatus.CANCELLING,
    }
)
"""A leg that takes a place among `max-parallel`."""
TO_BEGIN = frozenset({LegStatus.PENDING, LegStatus.BLOCKED})


def wake_resting(state: Orchestration, name: TaskName, now: datetime) -> Decision | None:
    """Let each leg go on whose rest between two attempts is over."""
    task = state.tasks[name]
    if not _may_go_on(state, name):
        return None
    for leg in task.legs.values():
        if leg.status is LegStatus.RESTING and (leg.rest_until or now) <= now:
            task = task.with_leg(replace(leg.to(LegStatus.PENDING), rest_until=None))
    if task is state.tasks[name]:
        return None
    return Decision(state=state.with_task(name, task))


def _is_rerun(retry: Retry | None, leg: Leg) -> bool:
    """Tell whether failed jobs are to be run again: for that there must have been some.

    When people ask for another try, all of it is dispatched anew.
    """
    if retry is None or retry.scope == "all" or len(leg.attempts) <= leg.spent:
        return False
    failed = (Conclusion.FAILURE, Conclusion.TIMED_OUT, Conclusion.CANCELLED)
    return leg.attempt.workflow_run_id is not None and leg.attempt.conclusion in failed


def _may_go_on(state: Orchestration, name: TaskName) -> bool:
    if state.tasks[name].status is not TaskStatus.RUNNING or is_held(state):
        return False
    if is_following(name):
        return not state.has_ended and state.status is not OrchestrationStatus.CANCELLING
    return state.status is OrchestrationStatus.RUNNING


def dispatch_legs(state: Orchestration, name: TaskName, now: datetime) -> Decision | None:
    """Begin legs, as many at once as `max-parallel` allows, each once it is let through."""
    task = state.tasks[name]
    if not _may_go_on(state, name):
        return None
    strategy = definition_of(state.plan.definition, name).strategy
    places = strategy.max_parallel if strategy and strategy.max_parallel else len(task.legs)
    places -= sum(leg.status in ACTIVE for leg in task.legs.values())
    commands: list[Asked] = []
    for leg in _candidates(state, name):
        is_new = leg.status is LegStatus.PENDING
        if is_new and places <= 0:
            continue
        try:
            decision = _admit(state, name, leg, now)
        except ExpressionError as error:
            reason = Reason(code="expression-failed", message=str(error))
            failed = fail_for_good(state, name, leg, reason, now)
            state = state.with_task(name, state.tasks[name].with_leg(failed))
            # Whether the others may still begin is for `stop_legs` to say first.
            break
        state = decision.state
        commands.extend(decision.commands)
        places -= is_new
    return Decision(state=state, commands=tuple(commands))


def _candidates(state: Orchestration, name: TaskName) -> Iterator[Leg]:
    """Find the legs that may begin: of a task with waves, only those of a running wave."""
    task = state.tasks[name]
    strategy = definition_of(state.plan.definition, name).strategy
    room = room_in(task, strategy, ACTIVE) if task.waves else {}
    for leg in task.legs.values():
        if leg.status not in TO_BEGIN:
            continue
        if leg.wave in task.waves and not task.waves[leg.wave].may_begin:
            continue
        if leg.status is LegStatus.PENDING and leg.wave in room:
            if room[leg.wave] <= 0:
                continue
            room[leg.wave] -= 1
        yield leg


def _admit(state: Orchestration, name: TaskName, leg: Leg, now: datetime) -> Decision:
    """Let one leg begin, or ask for what it still needs. Raises `ExpressionError`."""
    definition = definition_of(state.plan.definition, name)
    if isinstance(definition.action, (Approval, Wait)):
        return _open(state, name, leg, now)
    holder = leg_holder(name, leg.key)
    # Undoing is never held back by a calendar: a freeze is there to keep things safe.
    freeze = (*state.plan.definition.freeze, *leg.calendars)
    calendars = () if is_following(name) else tuple(dict.fromkeys(freeze))
    asked = _ask(state, name, holder, calendars, leg, now)
    if asked is not None:
        if leg.status is LegStatus.PENDING:
            blocked = leg.to(LegStatus.BLOCKED)
            task = asked.state.tasks[name].with_leg(blocked)
            return Decision(state=asked.state.with_task(name, task), commands=asked.commands)
        return asked
    if _is_rerun(definition.retry, leg):
        begun, command = begin_rerun(name, leg, now)
    else:
        begun, command = begin_attempt(state, name, leg, now)
    state = state.with_task(name, state.tasks[name].with_leg(begun))
    return Decision(state=_without_passages(state, holder), commands=(command,))


def _open(state: Orchestration, name: TaskName, leg: Leg, now: datetime) -> Decision:
    opened = open_gate(state, name, leg, now)
    state = state.with_task(name, state.tasks[name].with_leg(opened))
    calendar = calendar_of(state, name, leg, now)
    if calendar is None:
        return Decision(state=state)
    return _ask_calendars(state, leg_holder(name, leg.key), (calendar,), now)


def _ask(
    state: Orchestration,
    name: TaskName,
    holder: Holder,
    calendars: tuple[str, ...],
    leg: Leg,
    now: datetime,
) -> Decision | None:
    """Ask for the next thing that is needed first; `None` once nothing is."""
    seat = state.seats.get(holder)
    if seat is not None and seat.granted_at is None:
        return Decision(state=state)
    passages = state.passages.get(holder, ())
    if calendars and not passages:
        return _ask_calendars(state, holder, calendars, now)
    if not all(each.is_open for each in passages):
        return Decision(state=state)
    # While it waited for its place, or was paused, a calendar may have closed.
    if any(now - (each.told_at or each.asked_at) > PASSAGE_FRESH for each in passages):
        return _ask_calendars(state, holder, calendars, now)
    concurrency = definition_of(state.plan.definition, name).concurrency
    if concurrency is None or seat is not None:
        return None
    values = values_for(state, name, now, leg.matrix)
    return ask_seat(state, holder, concurrency, values, name_of(name, leg.key), now)


def _ask_calendars(
    state: Orchestration, holder: Holder, calendars: tuple[str, ...], now: datetime
) -> Decision:
    passages = tuple(Passage(calendar=each, asked_at=now) for each in calendars)
    state = replace(state, passages={**state.passages, holder: passages})
    commands = tuple(AskCalendar(holder=holder, calendar=each) for each in calendars)
    return Decision(state=state, commands=commands)


def _without_passages(state: Orchestration, holder: Holder) -> Orchestration:
    if holder not in state.passages:
        return state
    rest = {each: passages for each, passages in state.passages.items() if each != holder}
    return replace(state, passages=rest)


def give_back(state: Orchestration, name: TaskName, now: datetime) -> Decision | None:
    """Give back the place of each leg that has ended, by whatever road it did."""
    if not state.seats and not state.passages:
        return None
    commands: list[Asked] = []
    for leg in state.tasks[name].legs.values():
        if not leg.has_ended:
            continue
        holder = leg_holder(name, leg.key)
        decision = leave_seat(_without_passages(state, holder), holder)
        state = decision.state
        commands.extend(decision.commands)
    return Decision(state=state, commands=tuple(commands))
