"""Options that many commands take."""

from typing import Annotated, Final

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")]
Database = Annotated[
    str, typer.Option("--database", envvar="DATABASE_URL", help="URL of the database.")
]
DATABASE: Final = "sqlite:///signalbox.db"
