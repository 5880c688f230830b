"""A database is looked at without anything being changed in it."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.ports import Delivery, StoreUnavailable
from app.store.migrations import migrate
from app.store.schema import REVISION
from app.store.sql import open_store
from app.store.sql.examining import Seen, examine
from tests.kit import postgres
from tests.shell.store_kit import NOW, directly

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["sqlite", "postgres"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without tables."""
    if request.param == "postgres":
        return postgres.empty_database()
    file = tmp_path / "signalbox.db"
    file.touch()
    return f"sqlite:///{file}"


async def test_a_database_without_tables_has_no_revision(empty: str) -> None:
    """It answers, though nothing of ours is in it."""
    assert await examine(empty) == Seen(revision="", set_aside={})


async def test_the_revision_of_an_older_schema_is_told(empty: str) -> None:
    """Nothing else is looked for, since it may be elsewhere or not be there."""
    migrate(empty, "0001")

    assert await examine(empty) == Seen(revision="0001", set_aside={})


async def test_what_was_set_aside_is_counted(empty: str) -> None:
    """Deliveries and commands apart; those that wait or are done do not count."""
    migrate(empty)
    before = await examine(empty)
    await _set_one_aside(empty)
    after = await examine(empty)

    assert before == Seen(revision=REVISION, set_aside={"deliveries": 0, "commands": 0})
    assert after == Seen(revision=REVISION, set_aside={"deliveries": 1, "commands": 0})


async def _set_one_aside(url: str) -> None:
    store = open_store(url)
    guids = ("aside", "new", "done")
    await store.save_deliveries(
        [Delivery(id=each, event="push", body=b"{}", received_at=NOW) for each in guids]
    )
    await store.close()
    for guid, status in (("aside", "failed"), ("done", "done")):
        changed = sa.text("UPDATE deliveries SET status = :status WHERE id = :id")
        given = changed.bindparams(status=status, id=guid)
        await directly(url, lambda it, given=given: it.execute(given))


@pytest.mark.parametrize("mode", ["WAL", "DELETE"])
async def test_a_file_stays_as_it_is(tmp_path: Path, mode: str) -> None:
    """To open it as a store does would choose a way of writing, and write that down."""
    file = tmp_path / "signalbox.db"
    migrate(f"sqlite:///{file}")
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(f"PRAGMA journal_mode = {mode}")
    before = file.read_bytes()
    seen = await examine(f"sqlite:///{file}")

    assert seen.revision == REVISION
    assert (file.read_bytes(), os.listdir(tmp_path)) == (before, [file.name])


async def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    """A mistake in the name must not be hidden by an empty database."""
    with pytest.raises(StoreUnavailable):
        await examine(f"sqlite:///{tmp_path / 'other.db'}")

    assert os.listdir(tmp_path) == []


async def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    """In SQLite's words."""
    file = tmp_path / "signalbox.db"
    file.write_bytes(b"no database at all, but long enough to be looked into\n" * 100)

    with pytest.raises(StoreUnavailable, match="not a database"):
        await examine(f"sqlite:///{file}")


async def test_a_server_that_is_away_is_said() -> None:
    """Nobody listens there."""
    with pytest.raises(StoreUnavailable):
        await examine("postgresql://signalbox:secret@127.0.0.1:9/signalbox")
