"""The command `signalbox setup`, and what it takes; see `app.cli`."""

from pathlib import Path
from typing import Annotated

import typer

from app.cli.helping import about


def add_setup(app: typer.Typer) -> None:
    """Add the command."""
    app.command(**about("setup"))(setup)


def setup(
    url: Annotated[
        str, typer.Option(help="Where GitHub and runners reach Signalbox: https://...")
    ],
    organization: Annotated[
        str, typer.Option(metavar="LOGIN", help="Who is to own the App; else you.")
    ] = "",
    name: Annotated[str, typer.Option(help="Its name, which no other App has.")] = "Signalbox",
    github: Annotated[
        str,
        typer.Option(help="Where people see GitHub; for an Enterprise Server https://HOST."),
    ] = "https://github.com",
    folder: Annotated[Path, typer.Option(help="Where the two files go.")] = Path(),
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="Where to listen; 0 takes a free one.")
    ] = 0,
    public: Annotated[
        bool, typer.Option("--public/--private", help="Whether others may install it, too.")
    ] = False,
    without: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="An event or permission that this GitHub lacks."),
    ] = None,
    open_: Annotated[bool, typer.Option("--open", help="Open the browser, too.")] = False,
    code: Annotated[
        str, typer.Option(help="The code in the browser's address, where it found no way back.")
    ] = "",
) -> None:
    """Register the GitHub App, with all that it needs, and write the settings to a file."""
    from app.cli.setting_up import set_up
    from app.cli.setup_plan import Wanted

    wanted = Wanted(
        url=url,
        organization=organization,
        name=name,
        github=github,
        folder=folder,
        port=port,
        is_public=public,
        without=tuple(without or ()),
        is_opened=open_,
        code=code,
    )
    set_up(wanted)
