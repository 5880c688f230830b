"""Laws about places: among the legs of a matrix, and in concurrency groups."""

from app.core.commands import AskSeat, LeaveSeat
from app.core.moves import LegStatus
from app.core.naming import WHOLE, definition_of, task_of_holder
from app.core.rules import ACTIVE, Decision
from app.core.state import Orchestration
from app.core.values import Holder, LegKey
from tests.kit.laws.beginning import is_failed


def check(before: Orchestration, decision: Decision) -> None:
    """Assert the laws about places."""
    after = decision.state
    if before.tasks is not after.tasks:
        _check_parallel(after)
    _check_seats(before, decision)
    for holder in (*after.seats, *after.passages):
        _check_holder(after, holder)


def _check_parallel(after: Orchestration) -> None:
    """No more legs are under way than `max-parallel` allows; `fail-fast` stops the others."""
    for name, task in after.tasks.items():
        strategy = definition_of(after.plan.definition, name).strategy
        if strategy is None:
            assert len(task.legs) <= 1, "without a matrix there is one leg"
            continue
        active = sum(
            leg.status in ACTIVE and not (leg.attempts and leg.attempt.is_rerun)
            for leg in task.legs.values()
        )
        # What people run again on GitHub asks us for no place.
        assert active <= (strategy.max_parallel or active), f"{name}: `max-parallel`"
        has_failed = any(is_failed(leg) for leg in task.legs.values())
        if strategy.fail_fast and not strategy.waves and has_failed and not task.has_ended:
            still = ACTIVE - {LegStatus.CANCELLING} | {LegStatus.PENDING}
            going = [leg.key for leg in task.legs.values() if leg.status in still]
            assert not going, f"{name}: `fail-fast` stops {going}"


def _check_seats(before: Orchestration, decision: Decision) -> None:
    """Each place is asked for once and given back once."""
    after = decision.state
    asked = [each for each in decision.commands if isinstance(each, AskSeat)]
    left = [each for each in decision.commands if isinstance(each, LeaveSeat)]
    holders = {each.holder for each in asked} | {each.holder for each in left}
    for holder in holders | before.seats.keys() | after.seats.keys():
        was, now = before.seats.get(holder), after.seats.get(holder)
        asks = [each.lock for each in asked if each.holder == holder]
        leaves = [each.lock for each in left if each.holder == holder]
        balance = (now is not None) - (was is not None)
        assert len(asks) - len(leaves) == balance, f"{holder}: places asked for and given back"
        if asks and now is not None:
            assert asks == [now.lock], f"{holder} asks for its place"
        if leaves and was is not None:
            assert leaves == [was.lock], f"{holder} gives its own place back"


def _check_holder(after: Orchestration, holder: Holder) -> None:
    """Only what is under way holds or waits for anything."""
    name = task_of_holder(holder)
    if name is None:
        assert not after.has_ended, f"{holder or 'the whole'} has not given back its place"
        assert holder == WHOLE or holder.startswith("@"), f"{holder} is nobody"
        return
    leg = after.tasks[name].legs[LegKey(holder.partition("/")[2])]
    assert not leg.has_ended, f"{holder} has ended and not given back its place"
