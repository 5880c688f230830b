"""A GitHub for each story here: one that a test writes down, or the whole rehearsal."""

from collections.abc import AsyncIterator

import pytest

from tests.github.house import House, house
from tests.github.wire import Wire, wire


@pytest.fixture
async def github() -> AsyncIterator[Wire]:
    """A github.com that lists its versions, mints tokens, and answers what a test writes."""
    made = wire()
    made.grants()
    async with made.client:
        yield made


@pytest.fixture
async def here() -> AsyncIterator[House]:
    """A house on the rehearsed github.com."""
    async with house() as made:
        yield made
