"""One database behind one face: which there are, and what they have in common.

Work is a plain function of a SQLAlchemy connection, run whole in one transaction. What
differs between SQLite and PostgreSQL stands in `sqlite` and `postgres`, and nowhere else.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import cache
from typing import Protocol, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

T = TypeVar("T")
Work = Callable[[sa.Connection], T]


class UnknownDatabaseError(Exception):
    """`DATABASE_URL` names a database that Signalbox does not know."""


class Held(Protocol):
    """A transaction that is open between two pieces of work."""

    async def work(self, work: Work[T]) -> T:
        """Do some work in it."""
        ...

    async def finish(self, work: Work[T]) -> T:
        """Do the last work in it, and commit: all is on disk when this returns, or none."""
        ...


class Database(Protocol):
    """What a store needs of its database. Whatever goes wrong is a `StoreUnavailable`."""

    @property
    def is_shared(self) -> bool:
        """Whether other replicas may write, too."""
        ...

    async def read(self, work: Work[T]) -> T:
        """Do some reading, all of it on one state of the database."""
        ...

    async def glance(self, work: Work[T]) -> T:
        """Do some reading whose statements need not see one and the same state."""
        ...

    async def write(self, work: Work[T]) -> T:
        """Do some writing: all of it is on disk when this returns, or none."""
        ...

    def hold(self) -> AbstractAsyncContextManager[Held]:
        """Keep a transaction open; what was not finished at the end is undone."""
        ...

    async def listen(self, channel: str, heard: Callable[[str], None]) -> None:
        """Hear what others say, until cancelled or the connection is lost."""
        ...

    async def close(self) -> None:
        """Finish what is being written and let go."""
        ...


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
        return _asyncpg_url(url)
    raise UnknownDatabaseError(
        "DATABASE_URL must be sqlite:///FILE or postgresql://USER@HOST/NAME,"
        f" not {url.render_as_string(hide_password=True)}"
    )


def _asyncpg_url(url: sa.URL) -> sa.URL:
    """Say it to asyncpg, which knows libpq's `sslmode` as `ssl`."""
    query = {("ssl" if name == "sslmode" else name): it for name, it in url.query.items()}
    return url.set(drivername="postgresql+asyncpg", query=query)


def is_postgres(url: sa.URL) -> bool:
    """Tell whether a URL of `driver_url` names PostgreSQL."""
    return url.get_backend_name() == "postgresql"


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
