"""Stories about who may still ask GitHub, and who has to wait."""

from datetime import timedelta

import pytest

from app.github.budget import Budget, Urgency
from app.github.errors import RateLimitedError
from app.github.limits import SharedLimits
from app.store.memory import MemoryStore
from tests.github.wire import NOON, Clock

pytestmark = pytest.mark.anyio


def left(remaining: int, *, reset_minutes: int = 30) -> dict[str, str]:
    reset = NOON + timedelta(minutes=reset_minutes)
    return {
        "x-ratelimit-limit": "5000",
        "x-ratelimit-remaining": str(remaining),
        "x-ratelimit-reset": str(int(reset.timestamp())),
    }


async def admitted(budget: Budget, installation: int = 7) -> set[Urgency]:
    """Return which kinds of call may be made now."""
    found = set()
    for urgency in Urgency:
        try:
            await budget.admit(installation, urgency, is_write=False)
        except RateLimitedError:
            continue
        found.add(urgency)
    return found


@pytest.mark.parametrize(
    ("remaining", "expected"),
    [
        (5000, set(Urgency)),
        (2500, {Urgency.DECISION, Urgency.STATUS, Urgency.SWEEP}),
        (1500, {Urgency.DECISION, Urgency.STATUS}),
        (500, {Urgency.DECISION}),
        (1, {Urgency.DECISION}),
        (0, set()),
    ],
)
async def test_the_less_urgent_stops_first(remaining: int, expected: set[Urgency]) -> None:
    """As the calls run out, pages stop first, then sweeps, status; decisions go to the end."""
    budget = Budget(clock=Clock())
    budget.answered(7, left(remaining))

    assert await admitted(budget) == expected


async def test_a_new_hour_is_a_new_allowance() -> None:
    """After the reset all may ask again."""
    clock = Clock()
    budget = Budget(clock=clock)
    budget.answered(7, left(0))
    clock.go(minutes=30)

    assert await admitted(budget) == set(Urgency)


async def test_one_installation_does_not_pay_for_another() -> None:
    """Limits are GitHub's per installation, and so are ours."""
    budget = Budget(clock=Clock())
    budget.answered(7, left(0))

    assert await admitted(budget, 8) == set(Urgency)


async def test_writes_are_spent_by_the_minute() -> None:
    """A write counts five points; when the minute's are spent, it tells when they come back."""
    clock = Clock()
    budget = Budget(clock=clock)
    for _ in range(180):
        await budget.admit(7, Urgency.DECISION, is_write=True)
    with pytest.raises(RateLimitedError) as caught:
        await budget.admit(7, Urgency.DECISION, is_write=True)
    clock.go(minutes=1)
    await budget.admit(7, Urgency.DECISION, is_write=True)

    assert caught.value.until == NOON + timedelta(minutes=1)
    assert caught.value.kind == "secondary"


async def test_a_limit_met_again_is_waited_out_for_longer() -> None:
    """Each further refusal doubles the pause, up to half an hour, until GitHub answers."""
    clock = Clock()
    budget = Budget(clock=clock)
    pauses = []
    for _ in range(7):
        asked = RateLimitedError(
            "slow", until=clock.now() + timedelta(minutes=1), kind="secondary"
        )
        until = budget.limited(7, asked)
        pauses.append((until - clock.now()) / timedelta(minutes=1))
        clock.time = until
    budget.answered(7, {})
    asked = RateLimitedError("slow", until=clock.now() + timedelta(minutes=1), kind="secondary")

    assert pauses == [1, 2, 4, 8, 16, 30, 30]
    assert budget.limited(7, asked) == asked.until


async def test_refusals_of_calls_made_together_count_once() -> None:
    """Five calls that were under way when the limit was met do not lengthen the pause."""
    budget = Budget(clock=Clock())
    until = NOON + timedelta(minutes=1)
    asked = [RateLimitedError("slow", until=until, kind="secondary") for _ in range(5)]

    assert [budget.limited(7, error) for error in asked] == [until] * 5


async def made(budget: Budget, count: int, urgency: Urgency = Urgency.DECISION) -> int:
    """Create things until a limit says no; return how many could be."""
    for number in range(count):
        try:
            await budget.admit(7, urgency, is_write=True, is_creation=True)
        except RateLimitedError:
            return number
    return count


async def test_only_so_much_is_created_in_a_minute() -> None:
    """Whoever comes later waits until the oldest of those is a minute old."""
    clock = Clock()
    budget = Budget(clock=clock)
    first = await made(budget, 100)
    with pytest.raises(RateLimitedError) as refused:
        await budget.admit(7, Urgency.DECISION, is_write=True, is_creation=True)
    clock.go(minutes=1)
    again = await made(budget, 1)

    assert (first, again) == (80, 1)
    assert refused.value.until == NOON + timedelta(minutes=1)
    assert await admitted(budget) == set(Urgency), "to read is something else"


async def test_only_so_much_is_created_in_an_hour() -> None:
    """Of 500 the last tenth is left to decisions."""
    clock = Clock()
    budget = Budget(clock=clock)
    for _ in range(6):
        await made(budget, 75)
        clock.go(minutes=2)
    status = await made(budget, 1, Urgency.STATUS)
    decisions = await made(budget, 80)

    assert (status, decisions) == (0, 50)


async def test_writes_that_can_wait_are_spaced() -> None:
    """After a burst they go one a second; what is decided goes at once all the same."""
    clock = Clock()
    budget = Budget(clock=clock)
    for _ in range(20):
        await budget.admit(7, Urgency.STATUS, is_write=True)
    with pytest.raises(RateLimitedError) as refused:
        await budget.admit(7, Urgency.STATUS, is_write=True)
    await budget.admit(7, Urgency.DECISION, is_write=True)
    clock.go(seconds=60)
    await budget.admit(7, Urgency.STATUS, is_write=True)

    assert NOON < refused.value.until <= NOON + timedelta(seconds=2)


async def test_what_one_process_was_told_the_others_heed() -> None:
    """Until the stated time none of them asks; what is past is nobody's concern."""
    clock, store = Clock(), MemoryStore()
    budgets = [Budget(clock=clock), Budget(clock=clock)]
    shared = [SharedLimits(budget=each, store=store, clock=clock) for each in budgets]
    until = NOON + timedelta(minutes=3)
    budgets[0].limited(7, RateLimitedError("wait", until=until, kind="secondary"))
    budgets[0].limited(None, RateLimitedError("wait", until=until, kind="primary"))
    for each in shared:
        await each.share()
    told = [await admitted(budgets[1]), await admitted(budgets[1], 8)]
    clock.go(minutes=3)
    fresh = Budget(clock=clock)
    await SharedLimits(budget=fresh, store=store, clock=clock).share()

    assert told == [set(), set(Urgency)]
    assert budgets[1].closures() == fresh.closures() == {}
    assert await admitted(budgets[1]) == set(Urgency)


def test_one_that_has_to_wait_is_among_the_figures_whatever_else_is_known() -> None:
    """GitHub may turn the very first call away, or another process may tell of it."""
    clock = Clock()
    budget = Budget(clock=clock)
    budget.close(7, clock.now() + timedelta(minutes=5), "secondary")
    [figures] = budget.figures()

    assert (figures.installation_id, figures.remaining, figures.limit) == (7, 0, 0)
    assert figures.closed_until == clock.now() + timedelta(minutes=5)
