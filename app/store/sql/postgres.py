"""PostgreSQL: any number of replicas on one database.

The work runs on the event loop through asyncpg, each piece on a connection of its own, so
that many go on at once. What two of them change at the same time is settled by row locks and
by the versions that the store compares.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, TypeVar

import asyncpg
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from app.ports import Conflict, StoreUnavailable
from app.store.sql.database import Held, Work

T = TypeVar("T")

CONNECTIONS_MAX: Final = 8
"""Of one replica; PostgreSQL takes 100 in all unless it is told otherwise."""
CONNECT_SECONDS: Final = 5
COMMAND_SECONDS: Final = 8
"""Longer than any statement of ours takes, and shorter than GitHub waits for an answer."""
TRIES_MAX: Final = 5
"""Of work that got into the way of other work, which ended one of the two."""
LISTEN_CHECKED_EVERY: Final = 5.0
MIGRATION_LOCK: Final = -0x516E_A1B0  # no id of a workflow run, by which others lock
SESSION: Final = {
    "application_name": "signalbox",
    "jit": "off",  # compiling takes longer than any of our statements
    # Whatever we look for while we decide goes by an index. Where the server knows nothing of a
    # table yet it would rather go through all of it, and keeps to that while the table grows.
    "enable_seqscan": "off",
    # Locks of a machine that is gone are free again within this time, and those of a process
    # that hangs a little later: https://postgresql.org/docs/current/runtime-config-connection.html
    "tcp_keepalives_idle": "4",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "idle_in_transaction_session_timeout": "60s",
}
MIGRATION_SESSION: Final = {
    name: value for name, value in SESSION.items() if name.startswith(("app", "tcp"))
}
# What a driver or an operating system may say where a connection cannot be had or breaks.
_BROKEN: Final = (
    SQLAlchemyError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    OSError,
    TimeoutError,
)
UNREACHABLE: Final = (sa.exc.OperationalError, sa.exc.InterfaceError, *_BROKEN[1:])
_UNIQUE_VIOLATION: Final = "23505"
_MISSING_TABLE: Final = "42P01"
_IN_THE_WAY: Final = ("40001", "40P01")
"""Serialization failure and deadlock: https://postgresql.org/docs/current/errcodes-appendix.html"""


def postgres_engine(url: sa.URL, connections: int = CONNECTIONS_MAX) -> AsyncEngine:
    """Make an engine whose connections give up in time."""
    engine = create_async_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=CONNECT_SECONDS,
        connect_args={
            "timeout": CONNECT_SECONDS,
            "command_timeout": COMMAND_SECONDS,
            "server_settings": SESSION,
        },
    )
    sa.event.listen(engine.sync_engine, "checkout", _refuse_closed)
    return engine


def _refuse_closed(connection: Any, _record: object, _proxy: object) -> None:
    """Have a new connection made in place of one that the server has closed meanwhile.

    The driver knows, so it costs no round trip. After a restart nobody meets an old one:
    https://docs.sqlalchemy.org/en/20/core/pooling.html#disconnect-handling-pessimistic
    """
    if connection.driver_connection.is_closed():
        raise sa.exc.DisconnectionError("the server has closed the connection")


def migration_engine(url: sa.URL) -> AsyncEngine:
    """Make an engine for what may take its time, and runs alone."""
    return create_async_engine(
        url,
        poolclass=sa.NullPool,
        connect_args={"timeout": CONNECT_SECONDS, "server_settings": MIGRATION_SESSION},
    )


class PostgresDatabase:
    """A database that other replicas work on, too."""

    is_shared = True

    def __init__(self, url: sa.URL) -> None:
        self._engine = postgres_engine(url)
        self._reading = self._engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        self._glancing = self._engine.execution_options(isolation_level="AUTOCOMMIT")

    async def read(self, work: Work[T]) -> T:
        """Do some reading, all of it on one state of the database."""
        return await _transact(self._reading, work)

    async def glance(self, work: Work[T]) -> T:
        """Read without a transaction, whose begin and end would be two more round trips."""
        return await _transact(self._glancing, work)

    async def write(self, work: Work[T]) -> T:
        """Do some writing: all of it is on disk when this returns, or none."""
        for _ in range(TRIES_MAX):
            with suppress(_InTheWay):
                return await _transact(self._engine, work)
        raise StoreUnavailable("others were in the way, again and again")

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[Held]:
        """Keep a transaction open; what was not finished at the end is undone."""
        held = _Held(self._engine.connect())
        try:
            yield held
        finally:
            await held.let_go()

    async def listen(self, channel: str, heard: Callable[[str], None]) -> None:
        """Hear what others say, until cancelled or the connection is lost."""
        lost = asyncio.Event()
        try:
            async with self._engine.connect() as connection:
                raw = await connection.get_raw_connection()
                driver: Any = raw.driver_connection
                driver.add_termination_listener(lambda *_: lost.set())
                await driver.add_listener(channel, lambda *said: heard(said[-1]))
                # What was said before, nobody has heard.
                heard("")
                try:
                    while not lost.is_set():
                        with suppress(TimeoutError):
                            async with asyncio.timeout(LISTEN_CHECKED_EVERY):
                                await lost.wait()
                        await driver.execute("SELECT 1")
                finally:
                    # Nobody else is to get a connection that listens.
                    await connection.invalidate()
        except _BROKEN as error:
            raise _said(error) from error

    async def close(self) -> None:
        """Let go of all connections."""
        await self._engine.dispose()


class _Held:
    """A transaction that is open between two pieces of work."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def work(self, work: Work[T]) -> T:
        try:
            if not self._connection.sync_connection:
                await self._connection.start()
            return await self._connection.run_sync(work)
        except _BROKEN as error:
            raise _said(error) from error

    async def finish(self, work: Work[T]) -> T:
        try:
            result = await self._connection.run_sync(work)
            await self._connection.commit()
        except _BROKEN as error:
            raise _said(error) from error
        else:
            return result
        finally:
            # Whatever became of it, others need not wait for the end.
            await self.let_go()

    async def let_go(self) -> None:
        """Undo what was not committed; where the connection is broken that has happened."""
        with suppress(*_BROKEN):
            await self._connection.close()


class _InTheWay(Conflict):
    """PostgreSQL has ended one of two transactions that waited for each other."""


async def _transact(engine: AsyncEngine, work: Work[T]) -> T:
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(work)
    except _BROKEN as error:
        raise _said(error) from error


def _said(error: BaseException) -> Exception:
    """Return what an error means for whoever asked."""
    assert isinstance(error, Exception), "an exit is no error"
    original = getattr(error, "orig", None) or error
    state = getattr(original, "sqlstate", None) or ""
    if state == _UNIQUE_VIOLATION:
        return Conflict(str(original))
    if state in _IN_THE_WAY:
        return _InTheWay(str(original))
    if _is_ours(error, original, state):
        return error
    return StoreUnavailable(str(original) or type(original).__name__)


def _is_ours(error: Exception, original: Exception, state: str) -> bool:
    """Tell whether it is a broken promise of our own, and no trouble of the world."""
    if isinstance(error, SQLAlchemyError) and not isinstance(
        error, DBAPIError | sa.exc.TimeoutError
    ):
        return True
    if isinstance(error, IntegrityError) or isinstance(original.__cause__, ValueError):
        return True
    # Wrong data or wrong words; a table that is missing was never made, and may be yet.
    return state[:2] in ("22", "42") and state != _MISSING_TABLE
