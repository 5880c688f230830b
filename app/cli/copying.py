"""`signalbox backup` and `restore`: whole copies of a database in a file."""

from pathlib import Path

import typer

from app.cli.database import database_file, prepare
from app.cli.saying import Refused
from app.store.sql.copies import NotADatabase, StillInUse, copy_to, put_in_place

PG_DUMP = "PostgreSQL has its own: pg_dump and pg_restore, as docs/operating.md says"


def back_up(database: str, file: Path) -> None:
    """Copy the database. Raises `Refused`."""
    source = _file_of(database)
    if not source.is_file():
        remedy = "say where it is with --database or DATABASE_URL"
        raise Refused(f"there is no database {source}", remedy, code=3)
    if file.exists():
        raise Refused(f"{file} is there already", "name a file that is not there yet")
    try:
        copy_to(source, file)
    except (OSError, NotADatabase) as error:
        remedy = "see whether there is room, and whether its folder may be written to"
        raise Refused(f"{source} could not be copied: {error}", remedy, code=3) from error
    typer.echo(f"{source} is copied to {file}, {file.stat().st_size:,} bytes")


def restore_from(database: str, file: Path, *, is_forced: bool) -> None:
    """Put a copy in the database's place, and bring it up to date. Raises `Refused`."""
    target = _file_of(database)
    if not file.is_file():
        raise Refused(f"there is no file {file}", "name what `signalbox backup` has written")
    if target.exists() and not is_forced:
        raise Refused(f"{target} is there already", "add --force if it is to be replaced")
    try:
        put_in_place(file, target)
    except StillInUse as error:
        raise Refused(f"{target} is in use", "stop the server first", code=3) from error
    except (OSError, NotADatabase) as error:
        remedy = "name what `signalbox backup` has written"
        raise Refused(f"{file} could not be restored: {error}", remedy, code=3) from error
    prepare(database)
    typer.echo(f"{target} is what {file} holds")


def _file_of(database: str) -> Path:
    file = database_file(database)
    if file is None:
        raise Refused("only a database in a file is copied so", PG_DUMP)
    return file
