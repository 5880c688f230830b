"""The tables that migrations make are those that the store works with."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from app.core.audit import first_break
from app.core.state import Orchestration
from app.ports import Batch, Saved, StoreUnavailable
from app.store import migrations
from app.store.schema import METADATA, REVISION
from app.store.sql import open_store
from app.store.sql.database import UnknownDatabaseError, driver_url
from tests.kit import postgres
from tests.shell.store_kit import (
    LEASE,
    at,
    delivery,
    directly,
    dispatch,
    entry,
    first,
    orchestration,
    wanted,
)

Rows = dict[str, list[dict[str, Any]]]
_COLLATIONS = (
    "SELECT attrelid::regclass::text, attname::text, collname::text FROM pg_attribute"
    " JOIN pg_class ON pg_class.oid = attrelid"
    " JOIN pg_collation ON pg_collation.oid = attcollation"
    " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    " AND relname != 'alembic_version' AND attnum > 0"
)


@pytest.fixture(params=["sqlite", "postgres"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of a database without tables."""
    if request.param == "postgres":
        return postgres.empty_database()
    return f"sqlite:///{tmp_path}/a.db"


@pytest.mark.anyio
async def test_migrations_make_what_the_schema_says(empty: str) -> None:
    """Alembic finds nothing to change after the last migration, on either database."""
    migrations.migrate(empty)

    assert await directly(empty, differences) == []


@pytest.mark.anyio
async def test_migrations_make_the_same_indexes_on_postgres() -> None:
    """Conditions of indexes, which Alembic does not compare, are the same too."""
    migrated, made = postgres.fresh_database(), postgres.empty_database()
    await directly(made, METADATA.create_all)

    assert await directly(migrated, indexes) == await directly(made, indexes)


@pytest.mark.anyio
async def test_migrations_make_the_same_constraints_on_postgres() -> None:
    """What refers to what, of which Alembic does not know that it depends on the database."""
    migrated, made = postgres.fresh_database(), postgres.empty_database()
    await directly(made, METADATA.create_all)
    found = await directly(migrated, constraints)

    assert "FOREIGN KEY (digest) REFERENCES texts(digest)" in found.values()
    assert found == await directly(made, constraints)


@pytest.mark.anyio
async def test_postgres_compares_texts_by_their_bytes() -> None:
    """No order depends on a language, nor on the C library, whose next release has another."""
    url = postgres.fresh_database()
    compared = await directly(url, lambda it: it.exec_driver_sql(_COLLATIONS).all())

    assert ("orchestrations", "id", "C") in compared
    assert {collation for _, _, collation in compared} == {"C"}


@pytest.mark.anyio
async def test_tables_of_others_stay_as_they_are() -> None:
    """Whoever keeps tables of their own beside ours finds them unchanged."""
    url = postgres.empty_database()
    other = 'CREATE TABLE "Theirs" (name text)'
    await directly(url, lambda it: it.exec_driver_sql(other))
    migrations.migrate(url)
    compared = await directly(url, lambda it: it.exec_driver_sql(_COLLATIONS).all())

    assert ('"Theirs"', "name", "default") in compared
    assert {collation for table, _, collation in compared if table != '"Theirs"'} == {"C"}


def test_migrations_make_it_to_the_letter(tmp_path: Path) -> None:
    """Conditions of indexes and the like, which Alembic does not compare, are the same too."""
    migrations.migrate(f"sqlite:///{tmp_path}/migrated.db")
    migrated = sa.create_engine(f"sqlite:///{tmp_path}/migrated.db")
    made = sa.create_engine(f"sqlite:///{tmp_path}/made.db")
    METADATA.create_all(made)

    assert statements(migrated) == statements(made)


def test_migrating_twice_is_migrating_once(tmp_path: Path) -> None:
    """A database that is up to date stays as it is."""
    url = f"sqlite:///{tmp_path}/a.db"
    migrations.migrate(url)
    before = (tmp_path / "a.db").read_bytes()
    migrations.migrate(url)

    assert (tmp_path / "a.db").read_bytes() == before


@pytest.mark.anyio
async def test_what_the_first_version_wrote_goes_on(empty: str, tmp_path: Path) -> None:
    """Its orchestrations, commands and journals are there, whole and chained, and go on."""
    state = orchestration()
    rows = await rows_of_today(tmp_path, state)
    migrations.migrate(empty, "0001")
    await directly(empty, lambda it: write_as_the_first_version(it, rows))
    migrations.migrate(empty)
    store = open_store(empty, is_time_rehearsed=True)
    await store.commit(Batch(journal=[entry(state, 3)]))
    chain = await store.chain(state.id)
    loaded = await store.load([state.id])
    claimed = await store.claim(owner="me", now=at(1), lease=LEASE, limit=9)
    waiting = [it.id for it in await store.new_deliveries(9)]
    await store.close()

    assert loaded[state.id] == Saved(state=state, version=1)
    assert [(it.command, it.tries, it.held_until) for it in claimed] == [(dispatch(), 1, None)]
    assert waiting == ["a"]
    assert len(chain.links) == 3
    assert first_break(state.id, chain) is None


async def rows_of_today(folder: Path, state: Orchestration) -> Rows:
    """Return what is stored of an orchestration, as rows of today's tables."""
    url = f"sqlite:///{folder}/today.db"
    migrations.migrate(url)
    store = open_store(url)
    await store.save_deliveries([delivery("a")])
    await store.commit(first(state))
    await store.commit(Batch(journal=[entry(state, 2)], commands=[wanted(dispatch())]))
    await store.close()
    return await directly(
        url,
        lambda it: {
            table.name: [dict(row._mapping) for row in it.execute(sa.select(table))]
            for table in METADATA.sorted_tables
        },
    )


def write_as_the_first_version(connection: sa.Connection, rows: Rows) -> None:
    """Write rows into the tables of the first version, without what it did not know."""
    known = sa.MetaData()
    known.reflect(connection)
    for table in known.sorted_tables:
        names = set(table.columns.keys())
        for row in rows.get(table.name, []):
            values = {name: value for name, value in row.items() if name in names}
            connection.execute(sa.insert(table).values(**values))


@pytest.mark.anyio
async def test_replicas_that_start_together_migrate_once() -> None:
    """All find the tables made, whoever was first, and none stumbles over another."""
    url = postgres.empty_database()
    await asyncio.gather(*(asyncio.to_thread(migrations.migrate, url) for _ in range(4)))
    store = open_store(url)
    await store.ready()
    await store.close()


def test_ready_asks_for_the_newest_migration() -> None:
    """The revision that the store wants is the one that migrations end with."""
    scripts = ScriptDirectory(str(Path(migrations.__file__).parent))

    assert scripts.get_heads() == [REVISION]


@pytest.mark.anyio
async def test_a_database_without_tables_is_not_ready(empty: str) -> None:
    """A database that was never migrated is unavailable, and so is one of another version."""
    bare = open_store(empty)
    with pytest.raises(StoreUnavailable):
        await bare.ready()
    await bare.close()
    migrations.migrate(empty)
    newest = sa.text("UPDATE alembic_version SET version_num = '9999'")
    await directly(empty, lambda it: it.execute(newest))
    newer = open_store(empty)
    with pytest.raises(StoreUnavailable, match=f"is 9999, this Signalbox needs {REVISION}"):
        await newer.ready()
    await newer.close()


def test_a_folder_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    """A database that cannot be opened is trouble of the world, not a fault of ours."""
    with pytest.raises(StoreUnavailable, match="unable to open"):
        migrations.migrate(f"sqlite:///{tmp_path}/missing/a.db")


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("sqlite:///signalbox.db", "sqlite+pysqlite:///signalbox.db"),
        ("sqlite:////var/lib/signalbox.db", "sqlite+pysqlite:////var/lib/signalbox.db"),
        ("postgresql://ada@db/box", "postgresql+asyncpg://ada@db/box"),
        ("postgres://ada@db/box", "postgresql+asyncpg://ada@db/box"),
    ],
)
def test_a_database_is_named_as_other_tools_do(given: str, meant: str) -> None:
    """The driver is our business, not that of whoever sets DATABASE_URL."""
    assert driver_url(given).render_as_string(hide_password=False) == meant


@pytest.mark.parametrize(
    "url", ["", "signalbox.db", "sqlite://", "sqlite:///:memory:", "mysql://ada:secret@db/box"]
)
def test_another_database_is_refused(url: str) -> None:
    """What cannot hold our state is refused with the remedy, and no password is shown."""
    with pytest.raises(UnknownDatabaseError, match="DATABASE_URL") as refusal:
        driver_url(url)

    assert "secret" not in str(refusal.value)


def differences(connection: sa.Connection) -> list[Any]:
    """Return what Alembic would change; it does not know which references are SQLite's only."""
    passed_over = "foreign_key_constraint" if connection.dialect.name != "sqlite" else None
    options = {"include_object": lambda _it, _name, kind, *_: kind != passed_over}
    context = MigrationContext.configure(connection, opts=options)
    return list(compare_metadata(context, METADATA))


def indexes(connection: sa.Connection) -> dict[str, str]:
    """Return the statement behind each index."""
    rows = connection.exec_driver_sql(
        "SELECT indexname, indexdef FROM pg_indexes"
        " WHERE schemaname = 'public' AND tablename != 'alembic_version'"
    )
    return {row.indexname: row.indexdef for row in rows}


def constraints(connection: sa.Connection) -> dict[str, str]:
    """Return the text of each constraint."""
    rows = connection.exec_driver_sql(
        "SELECT conname, pg_get_constraintdef(oid) AS text FROM pg_constraint"
        " WHERE connamespace = 'public'::regnamespace"
        " AND conname NOT LIKE 'alembic%%' AND contype IN ('f', 'p', 'u')"
    )
    return {row.conname: row.text for row in rows}


def statements(engine: sa.Engine) -> dict[str, str]:
    """Return the statement behind each table and index, spaces and all its names apart."""
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT name, sql FROM sqlite_master"
            " WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' AND name != 'alembic_version'"
        ).all()
    engine.dispose()
    return {name: re.sub(r"\s+", " ", sql) for name, sql in rows}
