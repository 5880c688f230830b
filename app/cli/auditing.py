"""`signalbox audit`: whether journals are as they were written, and evidence for others."""

import asyncio
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.cli.database import opened
from app.cli.looking import LOOKED_THROUGH_MAX, find, title_of, unknown
from app.cli.saying import Refused, console, print_json, printable
from app.clock import SystemClock
from app.core.audit import Break, first_break
from app.core.evidence import evidence
from app.core.values import OrchestrationId

PARTS: Final = ("definition", "approvals", "attempts", "journal")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One journal, checked: how long it is, its head, and where it breaks, if it does."""

    id: str
    title: str
    entries: int
    dropped: int
    head: str
    broken: Break | None


def verify(database: str, name: str | None, *, as_json: bool) -> int:
    """Check one journal, or all. Return the exit code: 1 where a chain is broken."""
    checked = asyncio.run(_verify(database, name))
    broken = [each for each in checked if each.broken is not None]
    if as_json:
        print_json([_as_json(each) for each in checked])
        return 1 if broken else 0
    out = console()
    for each in checked:
        if each.broken is not None:
            said = f"{each.title} ({each.id}): {each.broken.message} [{each.broken.code}]"
            out.print(printable(said), style="bold red", soft_wrap=True)
        elif name is not None:
            head = f", head {each.head}" if each.head else ""
            gone = f", {each.dropped} dropped for their age" if each.dropped else ""
            entries = f"{each.entries} {'entry' if each.entries == 1 else 'entries'}"
            said = f"{each.title} ({each.id}): {entries}{head}{gone}"
            out.print(printable(said), soft_wrap=True)
    if broken:
        out.print(f"{len(broken)} of {len(checked)} journals are broken", soft_wrap=True)
        return 1
    count = len(checked)
    out.print("the journal is as written" if count == 1 else f"{count} journals, as written")
    return 0


def export(database: str, name: str, form: str, to: Path | None) -> None:
    """Write the evidence about one orchestration, made now from what is kept."""
    text = asyncio.run(_export(database, name, form))
    if to is None:
        sys.stdout.write(text + "\n")
        return
    try:
        to.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise Refused(f"{to} cannot be written: {error.strerror}", "name another") from error


async def _verify(database: str, name: str | None) -> list[Checked]:
    checked: list[Checked] = []
    async with opened(database) as store:
        rows = await store.orchestrations(limit=LOOKED_THROUGH_MAX)
        wanted = {row.id: title_of(row) for row in rows}
        if name is not None:
            key = await find(store, name)
            if not await store.load([key]):
                raise unknown(name)
            wanted = {key: wanted.get(key, name)}
        for key, title in wanted.items():
            chain = await store.chain(key)
            found = Checked(
                id=key,
                title=title,
                entries=len(chain.links),
                dropped=chain.dropped,
                head=chain.head,
                broken=first_break(key, chain),
            )
            checked.append(found)
    return checked


async def _export(database: str, name: str, form: str) -> str:
    async with opened(database) as store:
        key: OrchestrationId = await find(store, name)
        saved = (await store.load([key])).get(key)
        if saved is None:
            raise unknown(name)
        chain = await store.chain(key)
        broken = first_break(key, chain)
        if broken is not None:
            remedy = "see `signalbox audit verify`; restore the database from a backup"
            raise Refused(f"no evidence: {broken.message}", remedy, code=1)
        journal = [(entry.seq, entry.event) for entry in await store.journal(key)]
        now = SystemClock().now()
        return evidence(saved.state, journal, (form,), PARTS, now, chain)[form]


def _as_json(each: Checked) -> dict[str, object]:
    broken = each.broken
    return {
        "id": each.id,
        "title": each.title,
        "entries": each.entries,
        "dropped": each.dropped,
        "head": each.head,
        "is_whole": broken is None,
        "broken_at": broken.seq if broken else None,
        "code": broken.code if broken else None,
        "message": broken.message if broken else None,
    }
