"""The commands of `signalbox audit`, and what they take; see `app.cli`."""

from pathlib import Path
from typing import Annotated

import typer

from app.cli.helping import about
from app.cli.options import DATABASE, Database, Json
from app.cli.saying import Refused


def add_audit(app: typer.Typer) -> None:
    """Add the commands, under one name."""
    audit = typer.Typer(
        help="Check that journals are as they were written, and hand out evidence.",
        no_args_is_help=True,
    )
    audit.command()(verify)
    audit.command()(export)
    app.add_typer(audit, name="audit", **about("audit"))


def verify(
    orchestration: Annotated[
        str | None, typer.Argument(help="Its id, or release-train#42; all if left out.")
    ] = None,
    database: Database = DATABASE,
    json: Json = False,
) -> None:
    """Check the chain of journals, and name the first link that is broken; 1 if one is."""
    from app.cli.auditing import verify as verify_chains

    raise typer.Exit(verify_chains(database, orchestration, as_json=json))


def export(
    orchestration: Annotated[str, typer.Argument(help="Its id, or release-train#42.")],
    database: Database = DATABASE,
    form: Annotated[str, typer.Option("--format", help="json or markdown.")] = "json",
    to: Annotated[
        Path | None, typer.Option("--to", metavar="FILE", help="Write it to a file.")
    ] = None,
) -> None:
    """Print the evidence about an orchestration: definition, policies, votes, attempts."""
    from app.cli.auditing import export as export_evidence

    if form not in ("json", "markdown"):
        raise Refused(f"there is no format {form!r}", "write json or markdown")
    export_evidence(database, orchestration, form, to)
