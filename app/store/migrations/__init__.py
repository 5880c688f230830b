"""Makes the tables and brings those of an older Signalbox up to date; only ever forward."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from app.ports import StoreUnavailable
from app.store.sql.database import driver_url, is_postgres
from app.store.sql.postgres import MIGRATION_LOCK, UNREACHABLE, migration_engine
from app.store.sql.sqlite import sqlite_engine


def migrate(database_url: str, revision: str = "head") -> None:
    """Bring the database up to date: all of it or nothing, and one process at a time.

    To stop at an earlier `revision` is for tests, which have to come from somewhere.
    """
    url = driver_url(database_url)
    try:
        if is_postgres(url):
            # In a thread of its own, since an event loop may run in the caller's.
            with ThreadPoolExecutor(1, "migrate") as one:
                one.submit(asyncio.run, _migrate_postgres(url, revision)).result()
        else:
            _migrate_sqlite(url, revision)
    except UNREACHABLE as error:
        raise _unavailable(error) from error
    except sa.exc.DatabaseError as error:
        # Those that say more, of which this is the parent, are mistakes of ours.
        if type(error) is not sa.exc.DatabaseError:
            raise
        raise _unavailable(error) from error


def _unavailable(error: Exception) -> StoreUnavailable:
    why = getattr(error, "orig", None) or error
    return StoreUnavailable(f"the database cannot be opened: {why}")


def _migrate_sqlite(url: sa.URL, revision: str) -> None:
    engine = sqlite_engine(url)
    try:
        with engine.execution_options(is_write=True).begin() as connection:
            _upgrade(connection, revision)
    finally:
        engine.dispose()


async def _migrate_postgres(url: sa.URL, revision: str) -> None:
    engine = migration_engine(url)
    try:
        async with engine.begin() as connection:
            # Replicas that start together wait for the first, and find nothing left to do.
            await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(MIGRATION_LOCK)))
            await connection.run_sync(_upgrade, revision)
    finally:
        await engine.dispose()


def _upgrade(connection: sa.Connection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(files(__name__)))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
