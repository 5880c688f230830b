"""The stores that the contract suite runs against."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.shell.store_kit import (
    ClosableStore,
    Home,
    MemoryHome,
    PostgresHome,
    SqliteHome,
)


@pytest.fixture(params=["memory", "memory, encoded", "sqlite", "postgres"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Home:
    if request.param == "sqlite":
        return SqliteHome(tmp_path)
    if request.param == "postgres":
        return PostgresHome()
    return MemoryHome(is_encoded=request.param == "memory, encoded")


@pytest.fixture
async def store(home: Home) -> AsyncIterator[ClosableStore]:
    opened = home.open()
    yield opened
    await opened.close()
