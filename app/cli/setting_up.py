"""`signalbox setup`: registers the GitHub App, and writes what a server needs to be it.

Everything that can be refused is refused before GitHub is asked for anything (`setup_plan`). A
browser does the asking, and brings a code back to a page of ours (`setup_desk`), or somebody
types it in; `registering` changes it for the App and its secrets.
"""

import asyncio

import typer

from app.cli.registering import next_steps, register
from app.cli.saying import printable
from app.cli.settings_files import places_in
from app.cli.setup_desk import wait_for_browser
from app.cli.setup_plan import Wanted, plan_of


def set_up(wanted: Wanted) -> None:
    """Register the App and write the files. Raises `Refused`."""
    plan = plan_of(wanted)
    # What could not be written is found out before anything is registered.
    with places_in(plan.folder):
        pass
    if wanted.code:
        registered = asyncio.run(register(plan, wanted.code))
    else:
        registered = wait_for_browser(plan, port=wanted.port, is_opened=wanted.is_opened)
    for sentence, about in next_steps(plan, registered):
        lines = "".join(f"\n     {line}" for line in about.splitlines())
        typer.echo(printable(f"{sentence}{lines}"))
