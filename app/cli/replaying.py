"""`signalbox replay`: a journal is taken in once more, and compared with what is stored."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, get_args

from app.cli.database import opened
from app.cli.looking import find, unknown
from app.cli.saying import Refused, console, print_json, printable
from app.core.commands import Message
from app.core.replay import Replayed, first_difference, gap_in, replay
from app.core.state import Orchestration
from app.ports import JournalEntry
from app.store.codec import UnreadableError
from app.store.journals import FILE_BYTES_MAX, end_of, read_journal, write_journal

MESSAGES: Final[tuple[type, ...]] = get_args(Message)
"""What is delivered within the transaction that saves it, and never stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What was replayed, and where it first differs from what is stored, if it does."""

    title: str
    events: int
    commands: int
    status: str
    difference: str = ""


def replay_stored(database: str, name: str, export: Path | None, *, as_json: bool) -> int:
    """Replay an orchestration of the database. Return 1 where it differs."""
    state, journal, keys = asyncio.run(_load(database, name))
    if export is not None:
        events = [entry.event for entry in journal]
        try:
            export.write_text(write_journal(state.plan, events), encoding="utf-8")
        except OSError as error:
            message = f"{export} cannot be written: {error.strerror}"
            raise Refused(message, "name a file in a folder that there is") from error
    return _say(_compare(state, journal, keys), as_json=as_json)


def replay_file(file: Path, *, as_json: bool) -> int:
    """Replay a journal that was exported. Return 1 where it ends otherwise than it did."""
    try:
        if file.stat().st_size > FILE_BYTES_MAX:
            raise Refused(f"{file} is larger than a journal can be", "name an exported journal")
        journal = read_journal(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise Refused(f"{file} cannot be read: {why}", "name an exported journal") from error
    except UnreadableError as error:
        raise Refused(
            f"{file}: {error}", "export it with `signalbox replay --export`"
        ) from error
    replayed = replay(journal.plan, journal.events)
    found = end_of(replayed.state, replayed.commands)
    gap = gap_in(journal.numbers)
    difference = f"the event {gap} is missing" if gap is not None else ""
    comparison = Comparison(
        title=journal.plan.title,
        events=len(journal.events),
        commands=len(replayed.commands),
        status=str(replayed.state.status),
        difference=difference or first_difference(found, journal.end) or "",
    )
    return _say(comparison, as_json=as_json)


async def _load(
    database: str, name: str
) -> tuple[Orchestration, Sequence[JournalEntry], Sequence[str]]:
    async with opened(database) as store:
        number = await find(store, name)
        saved = (await store.load([number])).get(number)
        if saved is None:
            raise unknown(name)
        dropped = (await store.chain(number)).dropped
        if dropped:
            remedy = "replay a file: `signalbox replay --export` writes one while it is whole"
            why = f"of its journal the entries up to {dropped} were dropped for their age"
            raise Refused(f"{saved.state.plan.title} cannot be replayed: {why}", remedy, code=1)
        return saved.state, await store.journal(number), await store.keys_asked(number)


def _compare(
    state: Orchestration, journal: Sequence[JournalEntry], keys: Sequence[str]
) -> Comparison:
    gap = gap_in([entry.seq for entry in journal])
    replayed = replay(state.plan, (entry.event for entry in journal))
    difference = f"the event {gap} is missing" if gap is not None else ""
    return Comparison(
        title=state.plan.title,
        events=len(journal),
        commands=len(replayed.commands),
        status=str(replayed.state.status),
        difference=difference
        or first_difference(replayed.state, state)
        or _other_commands(replayed, keys),
    )


def _other_commands(replayed: Replayed, keys: Sequence[str]) -> str:
    """Say which command the journal asks for and is not stored, or the other way round."""
    asked = {each.key for each in replayed.commands if not isinstance(each, MESSAGES)}
    for key in sorted(asked ^ set(keys)):
        if key in asked:
            return f"the command {key} should have been stored, and is not"
        return f"the command {key} is stored, and nothing asked for it"
    return ""


def _say(found: Comparison, *, as_json: bool) -> int:
    if as_json:
        print_json(
            {
                "orchestration": found.title,
                "events": found.events,
                "commands": found.commands,
                "status": found.status,
                "is_same": not found.difference,
                "difference": found.difference or None,
            }
        )
        return 1 if found.difference else 0
    out = console()
    told = f"{found.title}: {found.events} events, {found.commands} commands, {found.status}"
    out.print(printable(told), soft_wrap=True)
    if found.difference:
        message = f"it is not what its journal tells: {found.difference}"
        out.print(printable(message), style="bold red", soft_wrap=True)
        return 1
    out.print("the journal tells how it became what it is", style="bold green")
    return 0
