"""The tables that migrations make are those that the store works with."""

import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from app.core.audit import first_break
from app.ports import Batch, StoreUnavailable
from app.store import migrations
from app.store.schema import METADATA, REVISION
from app.store.sql import open_store
from app.store.sql.database import UnknownDatabaseError, driver_url
from tests.shell.store_kit import entry, first, orchestration


def test_migrations_make_what_the_schema_says(tmp_path: Path) -> None:
    """Alembic finds nothing to change after the last migration."""
    migrations.migrate(f"sqlite:///{tmp_path}/a.db")
    engine = sa.create_engine(f"sqlite:///{tmp_path}/a.db")
    with engine.connect() as connection:
        changes = compare_metadata(MigrationContext.configure(connection), METADATA)
    engine.dispose()

    assert changes == []


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
async def test_what_was_written_before_is_chained(tmp_path: Path) -> None:
    """A database of the version before gets a whole chain, and goes on with it."""
    url = f"sqlite:///{tmp_path}/a.db"
    migrations.migrate(url)
    state = orchestration()
    store = open_store(url)
    await store.commit(first(state))
    await store.commit(Batch(journal=[entry(state, 2)]))
    await store.close()
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE turns")
        connection.exec_driver_sql("DROP INDEX ix_deliveries_failed")
        connection.exec_driver_sql("DROP INDEX ix_commands_failed")
        connection.exec_driver_sql("ALTER TABLE orchestrations DROP COLUMN gate_since")
        connection.exec_driver_sql("ALTER TABLE journal DROP COLUMN digest")
        connection.exec_driver_sql("ALTER TABLE orchestrations DROP COLUMN chain")
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0002'")
    engine.dispose()
    migrations.migrate(url)
    store = open_store(url)
    await store.commit(Batch(journal=[entry(state, 3)]))
    chain = await store.chain(state.id)
    await store.close()

    assert len(chain.links) == 3
    assert first_break(state.id, chain) is None


def test_ready_asks_for_the_newest_migration() -> None:
    """The revision that the store wants is the one that migrations end with."""
    scripts = ScriptDirectory(str(Path(migrations.__file__).parent))

    assert scripts.get_heads() == [REVISION]


@pytest.mark.anyio
async def test_a_database_without_tables_is_not_ready(tmp_path: Path) -> None:
    """A database that was never migrated is unavailable, and so is one of another version."""
    url = f"sqlite:///{tmp_path}/a.db"
    empty = open_store(url)
    with pytest.raises(StoreUnavailable):
        await empty.ready()
    await empty.close()
    migrations.migrate(url)
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()
    newer = open_store(url)
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


def statements(engine: sa.Engine) -> dict[str, str]:
    """Return the statement behind each table and index, spaces and all its names apart."""
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT name, sql FROM sqlite_master"
            " WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' AND name != 'alembic_version'"
        ).all()
    engine.dispose()
    return {name: re.sub(r"\s+", " ", sql) for name, sql in rows}
