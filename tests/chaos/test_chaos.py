"""A few rounds of chaos in every run of the tests; `make chaos` plays many."""

import asyncio
from pathlib import Path

import pytest

from tests.chaos.battle import play
from tests.chaos.plan import Kind, draw

pytestmark = pytest.mark.anyio

SEEDS = (8, 12)


async def test_nothing_is_lost_and_nothing_done_twice(tmp_path: Path) -> None:
    """Whatever is killed, lost, doubled or refused: at rest, belief and GitHub agree."""
    told = await asyncio.gather(*(play(draw(seed), tmp_path) for seed in SEEDS))

    assert all(each.orchestrations > 0 for each in told)
    assert all(each.dispatches > 0 for each in told)


def test_a_seed_gives_the_same_plan() -> None:
    """What failed once can be played again, and many seeds see every kind of GitHub."""
    plans = [draw(seed) for seed in range(50)]

    assert plans == [draw(seed) for seed in range(50)]
    assert {plan.kind for plan in plans} == set(Kind)
    assert all(plan.strikes for plan in plans)
