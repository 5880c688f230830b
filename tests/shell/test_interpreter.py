"""Garbage is looked for in quiet moments, and in no others."""

import asyncio
import gc
import itertools
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from app.interpreter import THRESHOLDS, WORTH, tidy_when_quiet

pytestmark = pytest.mark.anyio
LOOK = 0.001
LOOKS = 3


class Circle:
    """Refers to itself, so that only a search finds out that nobody else does."""

    def __init__(self) -> None:
        self.itself = self


@contextmanager
def seldom_searched() -> Iterator[None]:
    """Let nobody else search meanwhile: neither by itself nor for another test."""
    before = gc.get_threshold()
    gc.collect()
    gc.set_threshold(10_000_000, *THRESHOLDS[1:])
    yield
    gc.set_threshold(*before)


async def _looked(used: Callable[[], float]) -> None:
    """Let it look a few times: twice for each look it is asked what was used."""
    asked: asyncio.Queue[float] = asyncio.Queue()

    def counted() -> float:
        asked.put_nowait(0.0)
        return used()

    tidying = asyncio.create_task(tidy_when_quiet(LOOK, counted))
    for _ in range(2 * LOOKS + 1):
        await asyncio.wait_for(asked.get(), 60)
    tidying.cancel()
    with suppress(asyncio.CancelledError):
        await tidying


async def test_garbage_is_found_in_a_quiet_moment() -> None:
    """Whatever was made since, if that is worth it."""
    with seldom_searched():
        gone = weakref.ref(Circle())
        made = [[] for _ in range(WORTH + 1)]  # type: ignore[var-annotated]  # empty for ever
        await _looked(lambda: 0.0)

        assert gone() is None
        assert gc.get_count()[0] < len(made)


async def test_where_there_is_little_nothing_is_looked_for() -> None:
    """A few objects are no reason to go through all."""
    with seldom_searched():
        circle = weakref.ref(Circle())
        await _looked(lambda: 0.0)

        assert circle() is not None
        gc.collect()


async def test_in_a_rush_nothing_is_looked_for() -> None:
    """Who has had the processor all the time is not to wait for a search."""
    rush = itertools.count(0, LOOK)
    with seldom_searched():
        circle = weakref.ref(Circle())
        made = [[] for _ in range(WORTH + 1)]  # type: ignore[var-annotated]  # empty for ever
        await _looked(lambda: next(rush))

        assert circle() is not None
        assert gc.get_count()[0] > len(made) - 1_000
        gc.collect()


@pytest.mark.parametrize("age", [1, 2])
async def test_what_has_grown_old_is_looked_through_now_and_then(age: int) -> None:
    """After as many rounds of the younger as Python itself would wait for."""
    with seldom_searched():
        gone = weakref.ref(circle := Circle())
        for younger in range(age):
            gc.collect(younger)
        del circle
        while gc.get_count()[age] <= THRESHOLDS[age]:
            gc.collect(age - 1)
        made = [[] for _ in range(WORTH + 1)]  # type: ignore[var-annotated]  # empty for ever
        assert gone() is not None
        await _looked(lambda: 0.0)

        assert gone() is None
        assert made
