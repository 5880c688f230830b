"""One database behind one face: whatever differs between SQLite and PostgreSQL is here.

Work is a plain function of a SQLAlchemy connection, run whole in one transaction. On SQLite
it runs in a thread of its own: one hop for a batch instead of one for each statement, and the
event loop goes on while the disk is waited for. Statements that carry many rows do so in one
step, since at every step the thread may lose Python's lock to a busy event loop.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import Any, Final, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError

from app.ports import Conflict, StoreUnavailable

T = TypeVar("T")

BUSY_TIMEOUT_MS: Final = 5_000
"""How long a writer waits for one of another process, the command line for example."""
READERS_MAX: Final = 2
CARRY_OVER_SECONDS: Final = 0.25
"""How often at most the log of what was written is carried over into the file."""


class UnknownDatabaseError(Exception):
    """`DATABASE_URL` names a database that Signalbox does not know."""


def driver_url(database_url: str) -> sa.URL:
    """Return the URL with the driver that Signalbox uses for this database.

    `sqlite:///relative.db`, `sqlite:////absolute.db` or `postgresql://…`, as other tools
    spell them.
    """
    try:
        url = sa.make_url(database_url)
    except sa.exc.ArgumentError as error:
        raise UnknownDatabaseError("DATABASE_URL is no URL of a database") from error
    if url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:"):
        return url.set(drivername="sqlite+pysqlite")
    if url.get_backend_name() in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+asyncpg")
    raise UnknownDatabaseError(
        "DATABASE_URL must be sqlite:///FILE or postgresql://USER@HOST/NAME,"
        f" not {url.render_as_string(hide_password=True)}"
    )


def sqlite_engine(url: sa.URL) -> sa.Engine:
    """Make an engine whose connections are safe against power loss and patient with others.

    Transactions of the engine's option `is_write` lock at once, so that what they read is
    what they change.
    """
    engine = sa.create_engine(
        url,
        pool_size=READERS_MAX + 2,  # the writer, and who carries over
        max_overflow=0,
        connect_args={"check_same_thread": False, "cached_statements": 256},
    )
    engine.dialect.use_insertmanyvalues_wo_returning = True

    @sa.event.listens_for(engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # we begin transactions ourselves, below
        # https://sqlite.org/pragma.html: with FULL, what was committed survives power loss.
        for pragma in (
            f"busy_timeout = {BUSY_TIMEOUT_MS}",
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
            "cache_size = -16384",  # KiB
            # Pages, 64 MB: only where `SqliteDatabase` has not carried them over before.
            "wal_autocheckpoint = 16000",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        is_write = connection.get_execution_options().get("is_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if is_write else "BEGIN")

    return engine


class SqliteDatabase:
    """A file, with one writer thread and a few readers that never wait for it.

    A commit writes to the log, and what is in the log has to be carried over into the file
    some time. That takes as long again, so it is no writer's business: a thread of its own
    does it while the next commits go on, and no delivery waits for it.
    """

    def __init__(self, url: sa.URL) -> None:
        self._readers = sqlite_engine(url)
        self._writer = self._readers.execution_options(is_write=True)
        self._write_thread = ThreadPoolExecutor(1, "store-write")
        self._read_threads = ThreadPoolExecutor(READERS_MAX, "store-read")
        self._carry_thread = ThreadPoolExecutor(1, "store-carry")
        self._carried: Future[None] | None = None
        self._carried_at = 0.0

    async def read(self, work: Callable[[sa.Connection], T]) -> T:
        """Do some reading, all of it on one state of the database."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._read_threads, _transact, self._readers, work)

    async def write(self, work: Callable[[sa.Connection], T]) -> T:
        """Do some writing: all of it is on disk when this returns, or none."""
        loop = asyncio.get_running_loop()
        result = await loop.run_in_executor(self._write_thread, _transact, self._writer, work)
        is_idle = self._carried is None or self._carried.done()
        if is_idle and loop.time() - self._carried_at >= CARRY_OVER_SECONDS:
            self._carried_at = loop.time()
            self._carried = self._carry_thread.submit(_carry_over, self._readers)
        return result

    async def close(self) -> None:
        """Finish what is being written and close the file."""
        for threads in (self._write_thread, self._read_threads, self._carry_thread):
            await asyncio.to_thread(threads.shutdown)
        self._readers.dispose()


def _transact(engine: sa.Engine, work: Callable[[sa.Connection], T]) -> T:
    try:
        with engine.begin() as connection:
            return work(connection)
    except IntegrityError as error:
        if not _is_taken(error):
            raise  # a broken promise of our own
        raise Conflict(str(error.orig)) from error
    except (DataError, ProgrammingError):
        raise
    except (DBAPIError, OSError) as error:
        raise StoreUnavailable(str(getattr(error, "orig", error))) from error


def _carry_over(engine: sa.Engine) -> None:
    """Carry the log over as far as nobody reads or writes it: https://sqlite.org/wal.html"""
    try:
        connection = engine.raw_connection()
        try:
            connection.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)")
        finally:
            connection.close()
    except (sqlite3.Error, sa.exc.SQLAlchemyError):
        # Nothing is lost: it stays in the log, and a writer will say what is the matter.
        return


def _is_taken(error: IntegrityError) -> bool:
    """Tell whether another row has this key, from what either database says."""
    code = getattr(error.orig, "sqlstate", None)  # PostgreSQL's 23505 is unique_violation
    name = getattr(error.orig, "sqlite_errorname", "")
    return code == "23505" or name in (
        "SQLITE_CONSTRAINT_UNIQUE",
        "SQLITE_CONSTRAINT_PRIMARYKEY",
    )


def insert_into(connection: sa.Connection, table: sa.Table) -> sqlite.Insert:
    """Return an insert that knows `ON CONFLICT`.

    Both databases spell it alike; SQLAlchemy keeps it with each of their dialects.
    """
    return _insert(connection.dialect.name, table)


@cache
def _insert(dialect: str, table: sa.Table) -> sqlite.Insert:
    if dialect == "postgresql":
        return cast(sqlite.Insert, postgresql.insert(table))
    return sqlite.insert(table)


def upsert_into(
    connection: sa.Connection, table: sa.Table, key: tuple[str, ...], changing: tuple[str, ...]
) -> sqlite.Insert:
    """Return an insert that brings known rows up to date; without `changing`, leaves them.

    To put a statement together takes SQLAlchemy longer than to carry it out takes SQLite, so
    each is put together once.
    """
    return _upsert(connection.dialect.name, table, key, changing)


@cache
def _upsert(
    dialect: str, table: sa.Table, key: tuple[str, ...], changing: tuple[str, ...]
) -> sqlite.Insert:
    insert = _insert(dialect, table)
    if not changing:
        return insert.on_conflict_do_nothing(index_elements=key)
    return insert.on_conflict_do_update(
        index_elements=key, set_={name: insert.excluded[name] for name in changing}
    )
