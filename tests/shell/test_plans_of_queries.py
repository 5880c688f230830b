"""No look-up by keys goes through a whole table: its cost must not grow with what is stored."""

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

import app.store.sql
from app.store.migrations import migrate
from app.store.sql.database import driver_url
from app.store.sql.many import Among
from app.store.sql.sqlite import sqlite_engine

HARMLESS = ("SCAN (subquery", "SCAN anon_", "CONSTANT ROW")
"""The list of what is looked up, and what was found."""


def look_ups() -> Iterator[tuple[str, Among]]:
    """Name every statement of the store that looks rows up by a list of keys."""
    for module in pkgutil.walk_packages(app.store.sql.__path__, "app.store.sql."):
        found = vars(importlib.import_module(module.name))
        yield from ((f"{module.name}{name}", it) for name, it in found.items() if _is(it))
    yield from ((f"store{name}", it) for name, it in vars(app.store.sql).items() if _is(it))


def _is(it: object) -> bool:
    return isinstance(it, Among)


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Connection]:
    """Return a connection to an empty database of the newest schema."""
    path: Path = tmp_path_factory.mktemp("plans") / "signalbox.db"
    migrate(f"sqlite:///{path}")
    engine = sqlite_engine(driver_url(f"sqlite:///{path}"))
    with engine.begin() as connection:
        yield connection
    engine.dispose()


@pytest.mark.parametrize(("name", "look_up"), list(look_ups()))
def test_rows_are_found_by_an_index(
    name: str, look_up: Among, connection: sa.Connection
) -> None:
    """SQLite says how it goes about it: by all columns of a key, and never through a table."""
    plan = look_up.explained(connection)
    through = [it for it in plan if "SCAN" in it and not any(each in it for each in HARMLESS)]

    assert max(it.count("=?") for it in plan if "SEARCH" in it) >= look_up.width, plan
    assert not through, f"{name} goes through a whole table"
