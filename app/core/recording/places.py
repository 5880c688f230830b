"""What concurrency groups and calendars say: places granted, queued for, lost; passages."""

from typing import assert_never

from app.core.copying import replace
from app.core.events import CalendarTold, SeatGranted, SeatLost, SeatQueued
from app.core.legs.context import current_visit
from app.core.moves import LegStatus, OrchestrationStatus
from app.core.naming import WHOLE, task_of_holder, waiting_run_of
from app.core.state import Orchestration, Passage, Reason
from app.core.values import LegKey


def record_place(
    state: Orchestration, event: SeatGranted | SeatQueued | SeatLost
) -> Orchestration:
    """Write down what a concurrency group says to one who asked for a place."""
    seat = state.seats.get(event.holder)
    if seat is None or seat.lock != event.lock:
        return state
    match event:
        case SeatGranted():
            if seat.granted_at is not None:
                return state
            seat = replace(seat, granted_at=event.at, position=0, ahead="")
        case SeatQueued():
            if seat.granted_at is not None:
                return state
            seat = replace(seat, position=event.position, ahead=event.ahead)
        case SeatLost():
            return _lose(state, event)
        case _:  # pragma: no cover - the type checker counts the cases
            assert_never(event)
    if seat == state.seats[event.holder]:
        return state
    return replace(state, seats={**state.seats, event.holder: seat})


def _lose(state: Orchestration, event: SeatLost) -> Orchestration:
    reason = Reason(code="superseded", message=f"{event.by} takes its place")
    name = task_of_holder(event.holder)
    if name is None:
        # The whole, or the state that a machine is in, has nothing left to do without it.
        is_open = state.status in (OrchestrationStatus.BLOCKED, OrchestrationStatus.RUNNING)
        is_whole = event.holder in (WHOLE, current_visit(state))
        return (
            state.to(OrchestrationStatus.CANCELLING, reason) if is_open and is_whole else state
        )
    task = state.tasks[name]
    leg = task.legs.get(LegKey(event.holder.partition("/")[2]))
    if leg is None or leg.has_ended or leg.status is LegStatus.CANCELLING:
        return state
    is_idle = leg.status in (LegStatus.PENDING, LegStatus.BLOCKED, LegStatus.RESTING)
    leg = leg.to(LegStatus.CANCELLED if is_idle else LegStatus.CANCELLING, reason)
    return state.with_task(name, task.with_leg(leg))


def record_passage(state: Orchestration, event: CalendarTold) -> Orchestration:
    """Write down what a calendar says to one who asked whether it is open."""
    spot = waiting_run_of(event.holder)
    if spot is not None:
        return _record_at_environment(state, spot, event)
    known = state.passages.get(event.holder, ())
    passages = _told(known, event)
    if passages == known:
        return state
    return replace(state, passages={**state.passages, event.holder: passages})


def _record_at_environment(
    state: Orchestration, spot: int, event: CalendarTold
) -> Orchestration:
    runs = list(state.environments)
    known = runs[spot].passages if spot < len(runs) else ()
    passages = _told(known, event)
    if passages == known:
        return state
    runs[spot] = replace(runs[spot], passages=passages)
    return replace(state, environments=tuple(runs))


def _told(known: tuple[Passage, ...], event: CalendarTold) -> tuple[Passage, ...]:
    return tuple(
        replace(
            each,
            told_at=event.at,
            is_open=event.is_open,
            opens_at=event.opens_at,
            why=event.why,
        )
        if each.calendar == event.calendar
        else each
        for each in known
    )
