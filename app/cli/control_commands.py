"""Which commands control what is under way, and what they take; see `app.cli`."""

from typing import Annotated, Final

import typer

from app.cli.helping import about
from app.cli.options import DATABASE, Database, Json
from app.core.values import Json as Value

Orchestration = Annotated[str, typer.Argument(help="Its id, or release-train#42.")]
Task = Annotated[str, typer.Argument(help="The name of a task.")]
Reason = Annotated[str, typer.Option(help="Why; it stands in the journal.")]
Needed = Annotated[str, typer.Option(help="Why; it stands in the journal. Needed.")]
Actor = Annotated[str, typer.Option(help="Which operator asks; else you.")]
As = Annotated[
    str,
    typer.Option("--as", metavar="LOGIN", help="For whom: their role is asked for on GitHub."),
]

Override = Annotated[
    bool, typer.Option("--override", help="Decide as the operator; a reason is needed.")
]

APPROVE: Final = "approve"
REJECT: Final = "reject"
FORMAT: Final = "markdown"


def add_controls(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (
        cancel,
        pause,
        resume,
        retry,
        skip,
        rollback,
        approve,
        reject,
        say,
        why,
        freeze,
        locks,
        report,
    ):
        app.command(**about(command.__name__))(command)


def cancel(
    orchestration: Orchestration,
    database: Database = DATABASE,
    reason: Reason = "",
    actor: Actor = "",
    as_: As = "",
    json: Json = False,
) -> None:
    """Cancel an orchestration, and what it runs on GitHub."""
    _ask(database, "cancel", orchestration, (actor, as_), json, reason=reason)


def pause(
    orchestration: Orchestration,
    database: Database = DATABASE,
    reason: Reason = "",
    actor: Actor = "",
    as_: As = "",
    json: Json = False,
) -> None:
    """Let nothing new begin until it is resumed; what runs goes on."""
    _ask(database, "pause", orchestration, (actor, as_), json, reason=reason)


def resume(
    orchestration: Orchestration,
    database: Database = DATABASE,
    actor: Actor = "",
    as_: As = "",
    json: Json = False,
) -> None:
    """Let a paused orchestration go on."""
    _ask(database, "resume", orchestration, (actor, as_), json)


def retry(
    orchestration: Orchestration,
    task: Annotated[str, typer.Argument(help="One task; else all that did not succeed.")] = "",
    database: Database = DATABASE,
    actor: Actor = "",
    as_: As = "",
    json: Json = False,
) -> None:
    """Try a task again, or all that did not succeed; what succeeded is kept."""
    _ask(database, "retry", orchestration, (actor, as_), json, task=task)


def skip(
    orchestration: Orchestration,
    task: Task,
    reason: Needed,
    database: Database = DATABASE,
    actor: Actor = "",
    as_: As = "",
    json: Json = False,
) -> None:
    """Go on without a task."""
    _ask(database, "skip", orchestration, (actor, as_), json, task=task, reason=reason)


def rollback(
    orchestration: Orchestration,
    database: Database = DATABASE,
    reason: Reason = "",
    actor: Actor = "",
    as_: As = "",
    json: Json = False,
) -> None:
    """Undo all that succeeded and can be undone, in reverse order."""
    _ask(database, "rollback", orchestration, (actor, as_), json, reason=reason)


def approve(
    orchestration: Orchestration,
    task: Task,
    inputs: Annotated[list[str] | None, typer.Argument(metavar="[KEY=VALUE]...")] = None,
    option: Annotated[str, typer.Option(help="reject, or an option of its own.")] = APPROVE,
    leg: Annotated[str, typer.Option(help="One cell of a matrix.")] = "",
    wave: Annotated[str, typer.Option(help="The approval of a wave.")] = "",
    database: Database = DATABASE,
    reason: Reason = "",
    override: Override = False,
    actor: Actor = "",
    as_: As = "",
    json: Json = False,
) -> None:
    """Vote at a gate for somebody, or decide as its operator, whoever it asks."""
    from app.cli.saying import pairs

    _ask(
        database,
        APPROVE,
        orchestration,
        (actor, as_),
        json,
        task=task,
        option=option,
        leg=leg,
        wave=wave,
        reason=reason,
        override=override,
        inputs=pairs(tuple(inputs or ())),
    )


def reject(
    orchestration: Orchestration,
    task: Task,
    reason: Needed,
    leg: Annotated[str, typer.Option(help="One cell of a matrix.")] = "",
    wave: Annotated[str, typer.Option(help="The approval of a wave.")] = "",
    database: Database = DATABASE,
    override: Override = False,
    actor: Actor = "",
    as_: As = "",
    json: Json = False,
) -> None:
    """Say no at a gate for somebody, or as its operator, whoever it asks."""
    what: dict[str, Value] = {"task": task, "leg": leg, "wave": wave, "reason": reason}
    what |= {"option": REJECT, "override": override}
    _ask(database, APPROVE, orchestration, (actor, as_), json, **what)


def say(
    orchestration: Orchestration,
    login: Annotated[str, typer.Argument(help="Who says it, by the account on GitHub.")],
    text: Annotated[str, typer.Argument(help="As in a comment: '/approve sign_off'.")],
    database: Database = DATABASE,
    json: Json = False,
) -> None:
    """Say something for somebody: whether they may is asked of GitHub and the policies."""
    _ask(database, "say", orchestration, (login, ""), json, text=text)


def why(
    orchestration: Orchestration,
    task: Annotated[str, typer.Argument(help="One task; else all that waits.")] = "",
    database: Database = DATABASE,
    json: Json = False,
) -> None:
    """Explain what it waits for: what is met, what is missing, and who could end it."""
    from app.cli.explaining import explain

    explain(database, orchestration, task, as_json=json)


def freeze(
    organization: Annotated[str, typer.Argument(help="Whose calendar.")],
    until: Annotated[
        str, typer.Option(help="As 2026-12-24T12:00Z; what is past lifts all freezes.")
    ],
    calendar: Annotated[str, typer.Argument(help="Its name; else all there are.")] = "",
    because: Annotated[str, typer.Option(help="Why; those who wait are told.")] = "",
    database: Database = DATABASE,
    actor: Actor = "",
    as_: As = "",
    json: Json = False,
) -> None:
    """Close a calendar by hand: what it holds back waits until then."""
    from app.cli.controlling import freeze as freeze_by_hand

    freeze_by_hand(
        database,
        organization,
        by=(actor, as_),
        as_json=json,
        calendar=calendar,
        until=until,
        because=because,
    )


def locks(database: Database = DATABASE, json: Json = False) -> None:
    """Show who has a place in a concurrency group, and who waits: at which place, and why."""
    from app.cli.sharing import show_locks

    show_locks(database, as_json=json)


def report(
    orchestration: Orchestration,
    database: Database = DATABASE,
    format_: Annotated[str, typer.Option("--format", help="markdown or json.")] = FORMAT,
) -> None:
    """Print the newest evidence pack of an orchestration."""
    from app.cli.sharing import show_report

    show_report(database, orchestration, form=format_)


def _ask(
    database: str,
    verb: str,
    orchestration: str,
    by: tuple[str, str],
    as_json: bool,
    **what: Value,
) -> None:
    from app.cli.controlling import ask

    ask(database, verb, orchestration, by=by, as_json=as_json, **what)
