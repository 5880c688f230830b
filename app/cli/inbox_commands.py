"""The commands of `signalbox inbox`, and what they take; see `app.cli`."""

from typing import Annotated

import typer

from app.cli.helping import about
from app.cli.options import DATABASE, Database, Json

Which = Annotated[str, typer.Argument(metavar="ID", help="As `signalbox inbox list` says it.")]


def add_inbox(app: typer.Typer) -> None:
    """Add the commands, under one name."""
    inbox = typer.Typer(
        help="See what could not be done, or waits; try it again or drop it.",
        no_args_is_help=True,
    )
    inbox.command("list")(list_)
    for command in (show, retry, drop):
        inbox.command()(command)
    app.add_typer(inbox, name="inbox", **about("inbox"))


def list_(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 50,
    database: Database = DATABASE,
    json: Json = False,
) -> None:
    """List deliveries and commands that were set aside, or wait, the newest first."""
    from app.cli.setting_aside import list_aside

    list_aside(database, limit, as_json=json)


def show(which: Which, database: Database = DATABASE, json: Json = False) -> None:
    """Show one of them with its error, whole."""
    from app.cli.setting_aside import show_aside

    show_aside(database, which, as_json=json)


def retry(which: Which, database: Database = DATABASE, json: Json = False) -> None:
    """Let one of them be tried again; a running server does so within a second."""
    from app.cli.setting_aside import retry_aside

    retry_aside(database, which, as_json=json)


def drop(which: Which, database: Database = DATABASE, json: Json = False) -> None:
    """Give one of them up: it is listed no more, and never done."""
    from app.cli.setting_aside import drop_aside

    drop_aside(database, which, as_json=json)
