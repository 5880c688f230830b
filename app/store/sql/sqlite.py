"""SQLite: a file, one process that works on it, and the command line beside it.

The work runs in a thread of its own: one hop for a batch instead of one for each statement,
and the event loop goes on while the disk is waited for. Statements that carry many rows do so
in one step, since at every step the thread may lose Python's lock to a busy event loop.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError

from app.ports import Conflict, StoreUnavailable
from app.store.sql.database import Held, Work

T = TypeVar("T")

BUSY_TIMEOUT_MS: Final = 5_000
"""How long a writer waits for one of another process, the command line for example."""
READERS_MAX: Final = 2
CARRY_OVER_SECONDS: Final = 0.25
"""How often at most the log of what was written is carried over into the file."""


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

    is_shared = False

    def __init__(self, url: sa.URL) -> None:
        self._readers = sqlite_engine(url)
        self._writer = self._readers.execution_options(is_write=True)
        self._write_thread = ThreadPoolExecutor(1, "store-write")
        self._read_threads = ThreadPoolExecutor(READERS_MAX, "store-read")
        self._carry_thread = ThreadPoolExecutor(1, "store-carry")
        self._carried: Future[None] | None = None
        self._carried_at = 0.0

    async def read(self, work: Work[T]) -> T:
        """Do some reading, all of it on one state of the database."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._read_threads, _transact, self._readers, work)

    async def glance(self, work: Work[T]) -> T:
        """Read: to see one state costs nothing here."""
        return await self.read(work)

    async def write(self, work: Work[T]) -> T:
        """Do some writing: all of it is on disk when this returns, or none."""
        loop = asyncio.get_running_loop()
        result = await loop.run_in_executor(self._write_thread, _transact, self._writer, work)
        is_idle = self._carried is None or self._carried.done()
        if is_idle and loop.time() - self._carried_at >= CARRY_OVER_SECONDS:
            self._carried_at = loop.time()
            self._carried = self._carry_thread.submit(_carry_over, self._readers)
        return result

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[Held]:
        """Hold nothing: there is nobody from whom anything would have to be kept."""
        yield _Loose(self)

    async def listen(self, _channel: str, _heard: Callable[[str], None]) -> None:
        """Hear nothing: there is nobody who would say anything."""
        await asyncio.Event().wait()

    async def close(self) -> None:
        """Finish what is being written and close the file."""
        for threads in (self._write_thread, self._read_threads, self._carry_thread):
            await asyncio.to_thread(threads.shutdown)
        self._readers.dispose()


class _Loose:
    """Reads now and writes later, in two transactions."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def work(self, work: Work[T]) -> T:
        return await self._database.read(work)

    async def finish(self, work: Work[T]) -> T:
        return await self._database.write(work)


def _transact(engine: sa.Engine, work: Work[T]) -> T:
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
    """Tell whether another row has this key."""
    name = getattr(error.orig, "sqlite_errorname", "")
    return name in ("SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY")
