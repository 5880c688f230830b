"""The commands about the database itself, and what they take; see `app.cli`."""

from pathlib import Path
from typing import Annotated

import typer

from app.cli.helping import about
from app.cli.options import DATABASE, Database


def add_database(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (migrate, backup, restore):
        app.command(**about(command.__name__))(command)


def migrate(database: Database = DATABASE) -> None:
    """Make the database, or bring it up to date; `signalbox serve` does so by itself."""
    from app.cli.database import prepare
    from app.store.schema import REVISION

    prepare(database)
    typer.echo(f"the database is at revision {REVISION}")


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that is not there yet.")],
    database: Database = DATABASE,
) -> None:
    """Copy the database to a file, while a server may go on writing it."""
    from app.cli.copying import back_up

    back_up(database, file)


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `backup` has written.")],
    database: Database = DATABASE,
    force: Annotated[
        bool, typer.Option("--force", help="Put it in the place of a database that is there.")
    ] = False,
) -> None:
    """Make the database what a backup holds; no server may run meanwhile."""
    from app.cli.copying import restore_from

    restore_from(database, file, is_forced=force)
