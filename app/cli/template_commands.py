"""The command `signalbox templates`, and what it takes; see `app.cli`."""

import os
from typing import Annotated

import typer

from app.cli.helping import about
from app.cli.options import Json


def add_templates(app: typer.Typer) -> None:
    """Add the command."""
    app.command("templates", **about("templates"))(templates)


def templates(
    organization: Annotated[
        str, typer.Option(metavar="LOGIN", help="Whose repositories are to be offered them.")
    ],
    repository: Annotated[
        str, typer.Option(metavar="NAME", help="Where GitHub looks for workflow templates.")
    ] = ".github",
    server_url: Annotated[
        str,
        typer.Option(
            metavar="URL",
            help="Where Signalbox is, to be filled in; else SIGNALBOX_URL, else left open.",
        ),
    ] = "",
    action: Annotated[
        str,
        typer.Option(
            metavar="OWNER/REPO@SHA",
            help="Your copy of the companion Action, to be filled in; else left open.",
        ),
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")
    ] = False,
    json: Json = False,
) -> None:
    """Offer our workflow templates (GitHub's kind) to an organization, by a pull request."""
    from app.cli.offering_templates import Wish, offer_with

    wish = Wish(
        organization=organization,
        repository=repository,
        server_url=server_url,
        action=action,
        is_dry_run=dry_run,
    )
    raise typer.Exit(offer_with(os.environ, wish, as_json=json))
