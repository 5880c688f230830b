"""The command line: which commands there are and what they take.

What a command does stands in a file of its own and is imported when it is called, so that
help comes at once. Whatever goes wrong is said in one line with its remedy.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer

from app.cli.audit_commands import add_audit
from app.cli.control_commands import As, add_controls
from app.cli.database_commands import add_database
from app.cli.helping import about
from app.cli.inbox_commands import add_inbox
from app.cli.options import DATABASE, Database, Json
from app.cli.saying import Refused, complain
from app.cli.setup_command import add_setup
from app.cli.template_commands import add_templates

EXIT_CODES: Final = (
    "Exit codes: 0 all is well; 1 the answer is no (a file has problems, nothing would start, "
    "an orchestration failed); 2 wrong arguments, files or settings; 3 the database or the "
    "network does not answer; 130 interrupted."
)

Templates = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", help="Where templates of other repositories stand."),
]

command_line = typer.Typer(
    name="signalbox",
    help="Signalbox: orchestrations over GitHub Actions workflows in many repositories.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> NoReturn:
    """Run the command line and leave with its exit code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    try:
        command_line(list(arguments), prog_name="signalbox")
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else 0
    except Refused as refused:
        complain(refused.message, refused.remedy)
        return refused.code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Who reads us has seen enough; Python must not try to say so when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


@command_line.command(**about("check"))
def check(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE]...", help="Files or folders.")
    ] = None,
    templates: Templates = None,
    json: Json = False,
) -> None:
    """Check definitions, and say each problem as a compiler does."""
    from app.cli.checking import check_files

    raise typer.Exit(check_files(files or (), templates, as_json=json))


@command_line.command(**about("plan"))
def plan(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A definition.")],
    event: Annotated[
        Path | None,
        typer.Option(
            help="A webhook payload, - for standard input; a start by hand if left out."
        ),
    ] = None,
    event_name: Annotated[str, typer.Option(help="GitHub's name of the event.")] = "",
    inputs: Annotated[
        list[str] | None, typer.Option("--input", metavar="KEY=VALUE", help="An input.")
    ] = None,
    changed: Annotated[
        list[str] | None, typer.Option(metavar="PATH", help="A file that the event changed.")
    ] = None,
    repository: Annotated[
        str, typer.Option(help="owner/name of the definition's repository; else the event's.")
    ] = "",
    templates: Templates = None,
    json: Json = False,
) -> None:
    """Say what an event would start, and what would be dispatched, without doing anything."""
    from app.cli.foreseeing import Question
    from app.cli.foretelling import foresee

    question = Question(
        file=file,
        event=event,
        event_name=event_name,
        inputs=tuple(inputs or ()),
        changed=tuple(changed or ()),
        repository=repository,
        templates=templates,
    )
    raise typer.Exit(foresee(question, as_json=json))


@command_line.command(**about("rehearse"))
def rehearse(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A definition.")],
    scenario: Annotated[
        Path | None,
        typer.Option(
            help="What runs and people do, and how it is to end. Without one every workflow "
            "run succeeds, and nobody decides anything."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed takes the same way.")] = 0,
    faults: Annotated[
        bool, typer.Option("--faults", help="Let webhooks and calls go wrong by chance.")
    ] = False,
    templates: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Where templates stand; else beside FILE."),
    ] = None,
    repository: Annotated[
        str,
        typer.Option(
            envvar="GITHUB_REPOSITORY", help="owner/name of the definition's repository."
        ),
    ] = "",
    json: Json = False,
) -> None:
    """Rehearse a definition in a made-up world, from its trigger to its end."""
    from app.cli.rehearsing import Wanted
    from app.cli.rehearsing import rehearse as rehearse_wanted

    wanted = Wanted(
        file=file,
        scenario=scenario,
        templates=templates,
        repository=repository,
        seed=seed,
        faults=faults,
    )
    raise typer.Exit(rehearse_wanted(wanted, as_json=json))


@command_line.command(**about("replay"))
def replay(
    orchestration: Annotated[
        str | None, typer.Argument(help="Its id, or release-train#42.")
    ] = None,
    journal: Annotated[
        Path | None, typer.Option(metavar="FILE", help="An exported journal instead.")
    ] = None,
    export: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the journal to a file.")
    ] = None,
    database: Database = DATABASE,
    json: Json = False,
) -> None:
    """Replay a journal, and compare what it leads to with what is stored; 1 if it differs."""
    from app.cli.replaying import replay_file, replay_stored

    if (orchestration is None) == (journal is None):
        raise Refused("one journal is replayed", "name an orchestration, or --journal FILE")
    if journal is not None:
        raise typer.Exit(replay_file(journal, as_json=json))
    assert orchestration is not None, "one of the two is there"
    raise typer.Exit(replay_stored(database, orchestration, export, as_json=json))


@command_line.command(**about("schema"))
def schema() -> None:
    """Print the JSON Schema of the language, with which editors complete and check."""
    from app.cli.schema import print_schema

    print_schema()


@command_line.command(**about("serve"))
def serve() -> None:
    """Serve: hear webhooks, carry orchestrations on. Settings come from the environment."""
    from app.cli.serving import serve_with

    serve_with(os.environ)


@command_line.command(**about("doctor"))
def doctor(json: Json = False) -> None:
    """Examine the App, its webhook, the database and the server; say what is amiss."""
    from app.cli.doctoring import examine_with

    raise typer.Exit(examine_with(os.environ, as_json=json))


@command_line.command(**about("demo"))
def demo(
    once: Annotated[
        bool, typer.Option(help="Exit when done; 0 only if all went well.")
    ] = False,
    port: Annotated[int, typer.Option(help="Port of Signalbox; 0 takes a free one.")] = 0,
) -> None:
    """Run Signalbox against a rehearsed GitHub, and show what happens."""
    from app.demo import run_demo

    raise typer.Exit(run_demo(once=once, port=port))


@command_line.command("list", **about("list"))
def list_(
    database: Database = DATABASE,
    is_open: Annotated[bool, typer.Option("--open", help="Only those that go on.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 50,
    json: Json = False,
) -> None:
    """List orchestrations, the newest first."""
    from app.cli.looking import list_orchestrations

    list_orchestrations(database, open_only=is_open, limit=limit, as_json=json)


@command_line.command(**about("show"))
def show(
    orchestration: Annotated[str, typer.Argument(help="Its id, or release-train#42.")],
    database: Database = DATABASE,
    json: Json = False,
) -> None:
    """Show one orchestration: its tasks, why they are as they are, and its journal."""
    from app.cli.looking import show_orchestration

    show_orchestration(database, orchestration, as_json=json)


@command_line.command(**about("start"))
def start(
    definition: Annotated[str, typer.Argument(help="Its id, or owner/repo/id.")],
    inputs: Annotated[list[str] | None, typer.Argument(metavar="[KEY=VALUE]...")] = None,
    database: Database = DATABASE,
    repository: Annotated[
        str, typer.Option(metavar="OWNER/REPO", help="Where the definition stands.")
    ] = "",
    actor: Annotated[str, typer.Option(help="Who starts it; else you.")] = "",
    as_: As = "",
    wait: Annotated[
        int, typer.Option(metavar="SECONDS", min=0, help="Wait for its end, at most so long.")
    ] = 0,
    json: Json = False,
) -> None:
    """Start an orchestration by hand. A running `signalbox serve` carries it out."""
    from app.cli.starting import Wish, start_by_hand

    wish = Wish(
        definition=definition,
        inputs=tuple(inputs or ()),
        repository=repository,
        actor=actor,
        person=as_,
        wait_seconds=wait,
    )
    raise typer.Exit(start_by_hand(database, wish, as_json=json))


add_setup(command_line)
add_controls(command_line)
add_audit(command_line)
add_inbox(command_line)
add_templates(command_line)
add_database(command_line)


@command_line.callback(invoke_without_command=True)
def _top(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        from app import __version__

        typer.echo(__version__)
        raise typer.Exit
