"""Places in concurrency groups: asked for and given back, by the whole, a state or a leg."""

from datetime import datetime

from app.core.commands import AskSeat, LeaveSeat
from app.core.copying import replace
from app.core.definition import Concurrency
from app.core.expressions import ExpressionError, render
from app.core.naming import lock_key
from app.core.rules.decision import Decision
from app.core.state import Orchestration, Seat
from app.core.values import Holder, JsonObject

GROUP_LENGTH_MAX = 200


def ask_seat(
    state: Orchestration,
    holder: Holder,
    concurrency: Concurrency,
    values: JsonObject,
    who: str,
    now: datetime,
) -> Decision:
    """Ask for a place. Raises `ExpressionError` where the group or priority has no value."""
    group = render(concurrency.group, values)
    priority = render(concurrency.priority, values)
    if not isinstance(group, str) or not group or len(group) > GROUP_LENGTH_MAX:
        raise ExpressionError(f"the concurrency group came out as {group!r}; it must be a name")
    if not isinstance(priority, int) or isinstance(priority, bool):
        raise ExpressionError(f"the priority came out as {priority!r}; it must be an integer")
    lock = lock_key(state.plan, concurrency.scope, group)
    command = AskSeat(
        holder=holder,
        lock=lock,
        limit=concurrency.limit,
        priority=priority,
        queue=concurrency.queue,
        cancel_in_progress=concurrency.cancel_in_progress,
        who=f"{state.plan.title} {who}".strip(),
    )
    seats = {**state.seats, holder: Seat(lock=lock, asked_at=now)}
    return Decision(state=replace(state, seats=seats), commands=(command,))


def leave_seat(state: Orchestration, holder: Holder) -> Decision:
    """Give a place back, or stop waiting for it; nothing where there is none."""
    seat = state.seats.get(holder)
    if seat is None:
        return Decision(state=state)
    rest = {each: seat for each, seat in state.seats.items() if each != holder}
    return Decision(
        state=replace(state, seats=rest), commands=(LeaveSeat(holder=holder, lock=seat.lock),)
    )
