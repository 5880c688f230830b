"""Looks at a database without changing anything in it, not even what opening a store would."""

import asyncio
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from app.ports import StoreUnavailable
from app.store.schema import REVISION, commands, deliveries, is_failed
from app.store.sql.database import driver_url, is_postgres
from app.store.sql.postgres import PostgresDatabase


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is in a database; `revision` is empty where Signalbox never made its tables.

    What was set aside is counted by kind, where the schema is ours.
    """

    revision: str
    set_aside: Mapping[str, int]


async def examine(database_url: str) -> Seen:
    """Look at a database that is there. Raises `StoreUnavailable`."""
    url = driver_url(database_url)
    if not is_postgres(url):
        return await asyncio.to_thread(_examine_file, Path(url.database or ""))
    database = PostgresDatabase(url)
    try:
        return await database.read(_look)
    finally:
        await database.close()


def _examine_file(file: Path) -> Seen:
    def connect() -> sqlite3.Connection:
        # With `rw` nothing is made that is not there; with `ro` SQLite would leave the files of
        # its log behind: https://sqlite.org/wal.html#read_only_databases
        connection = sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True)
        connection.execute("PRAGMA query_only = ON")
        return connection

    engine = sa.create_engine("sqlite+pysqlite://", creator=connect, poolclass=sa.NullPool)
    try:
        with engine.connect() as connection:
            return _look(connection)
    except (DBAPIError, OSError) as error:
        raise StoreUnavailable(str(getattr(error, "orig", error))) from error


def _look(connection: sa.Connection) -> Seen:
    if not sa.inspect(connection).has_table("alembic_version"):
        return Seen(revision="", set_aside={})
    column: sa.ColumnClause[str] = sa.column("version_num", sa.String)
    version = sa.select(column).select_from(sa.table("alembic_version"))
    revision = connection.execute(version).scalar() or ""
    if revision != REVISION:
        return Seen(revision=revision, set_aside={})
    tables = {"deliveries": deliveries, "commands": commands}
    counted = {
        name: sa.select(sa.func.count()).select_from(table).where(is_failed(table))
        for name, table in tables.items()
    }
    aside = {name: connection.execute(each).scalar_one() for name, each in counted.items()}
    return Seen(revision=revision, set_aside=aside)
