"""Whole copies of a database in a file, by SQLite's own way to copy one that is being written.

See https://sqlite.org/backup.html. A copy is checked before it is called one, and takes its
place in one step: there is never half a one.
"""

import os
import sqlite3
from contextlib import closing
from pathlib import Path


class NotADatabase(Exception):
    """The file holds no database of Signalbox, or a damaged one."""


class StillInUse(Exception):
    """Somebody has the database open."""


def copy_to(source: Path, target: Path) -> None:
    """Copy a database as it is now. Raises `OSError` and `NotADatabase`."""
    unfinished = target.with_name(f"{target.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    try:
        with closing(_opened(source)) as ours, closing(sqlite3.connect(unfinished)) as copy:
            ours.backup(copy)
            # One file alone, whatever the copied one had beside it.
            copy.execute("PRAGMA journal_mode = DELETE")
            _check(copy)
        _to_disk(unfinished)
        for beside in ("-wal", "-shm"):
            # What was written ahead of an old one must not be carried over into the new one.
            target.with_name(target.name + beside).unlink(missing_ok=True)
        unfinished.replace(target)
        _to_disk(target.parent)
    except sqlite3.Error as error:
        raise NotADatabase(str(error)) from error
    finally:
        unfinished.unlink(missing_ok=True)


def put_in_place(source: Path, target: Path) -> None:
    """Put a copy where the database is. Raises `StillInUse`, `OSError`, `NotADatabase`."""
    if target.exists():
        _refuse_if_in_use(target)
    copy_to(source, target)


def _opened(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True)


def _check(connection: sqlite3.Connection) -> None:
    [(said,)] = connection.execute("PRAGMA quick_check(1)").fetchall()
    if said != "ok":
        raise NotADatabase(said)
    try:
        connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.OperationalError as error:
        raise NotADatabase("it is no database of Signalbox") from error


def _refuse_if_in_use(file: Path) -> None:
    """Lock everybody out for a moment, which succeeds only where there is nobody."""
    try:
        with closing(_opened(file)) as connection:
            connection.execute("PRAGMA busy_timeout = 100")
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("BEGIN EXCLUSIVE")
            # All that was written ahead is in the file, and nothing is left beside it.
            connection.execute("COMMIT")
            connection.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise StillInUse(str(error)) from error
        raise NotADatabase(str(error)) from error
    except sqlite3.DatabaseError:
        return  # It is damaged: all the more it is to be replaced.


def _to_disk(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
