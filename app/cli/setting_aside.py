"""`signalbox inbox`: what was set aside because it could not be done, and what comes of it.

Deliveries that wait until their repository has been read are listed with the others: they are
worked off by themselves, unless somebody drops them.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Final

from rich.table import Table

from app.cli.database import opened
from app.cli.saying import Refused, console, print_json, print_trimmed, printable
from app.clock import SystemClock
from app.ports.keeping import Kind, SetAside

LOOKED_THROUGH_MAX: Final = 10_000
WHY_MAX: Final = 100


def list_aside(database: str, limit: int, *, as_json: bool) -> None:
    """Print what was set aside."""
    found = asyncio.run(_all(database, limit))
    if as_json:
        print_json([_as_json(each) for each in found])
        return
    out = console()
    if not found:
        out.print("nothing was set aside, and nothing waits")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("ID", "KIND", "NAME", "STATE", "SINCE"):
        table.add_column(heading, no_wrap=True)
    table.add_column("WHY", overflow="fold")
    for each in found:
        why = each.why.partition("\n")[0]
        short = why if len(why) <= WHY_MAX else f"{why[:WHY_MAX]}…"
        table.add_row(
            printable(each.id),
            each.kind,
            printable(each.name),
            _state(each),
            _moment(each.at),
            printable(short),
        )
    print_trimmed(out, table)


def show_aside(database: str, id_: str, *, as_json: bool) -> None:
    """Print one of them whole. Raises `Refused`."""
    found = asyncio.run(_find(database, id_))
    if as_json:
        print_json(_as_json(found))
        return
    out = console()
    for label, text in (
        ("id", found.id),
        ("kind", found.kind.value),
        ("name", found.name),
        ("of", found.subject),
        ("state", _state(found)),
        ("since", _moment(found.at)),
        ("tries", str(found.tries) if found.tries else ""),
        ("why", found.why),
    ):
        if text:
            out.print(f"{label:<6} {printable(text)}", soft_wrap=True)


def retry_aside(database: str, id_: str, *, as_json: bool) -> None:
    """Let one of them be tried again. Raises `Refused`."""
    asyncio.run(_change(database, id_, is_retried=True))
    _say(id_, "is tried again", as_json=as_json)


def drop_aside(database: str, id_: str, *, as_json: bool) -> None:
    """Give one of them up. Raises `Refused`."""
    asyncio.run(_change(database, id_, is_retried=False))
    _say(id_, "is dropped", as_json=as_json)


def _say(id_: str, what: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"id": id_, "outcome": what})
    else:
        console().print(printable(f"{id_} {what}"), soft_wrap=True)


async def _all(database: str, limit: int) -> Sequence[SetAside]:
    async with opened(database) as store:
        found = [*await store.set_aside(limit), *await store.waiting(limit)]
    return sorted(found, key=lambda each: each.at, reverse=True)[:limit]


async def _find(database: str, id_: str) -> SetAside:
    for each in await _all(database, LOOKED_THROUGH_MAX):
        if each.id == id_:
            return each
    raise _unknown(id_)


async def _change(database: str, id_: str, *, is_retried: bool) -> None:
    # GitHub's ids of deliveries have hyphens, and those of commands are numbers.
    kinds = (Kind.COMMAND, Kind.DELIVERY) if id_.isdigit() else (Kind.DELIVERY,)
    async with opened(database) as store:
        for kind in kinds:
            if is_retried:
                is_done = await store.try_again(kind, id_, now=SystemClock().now())
            else:
                is_done = await store.drop(kind, id_)
            if is_done:
                return
        is_waiting = any(each.id == id_ for each in await store.waiting(LOOKED_THROUGH_MAX))
    if is_waiting:
        why = f"{id_} was not set aside: it waits, and is worked off by itself"
        raise Refused(why, f"see `signalbox inbox show {id_}` for what it waits for")
    raise _unknown(id_)


def _unknown(id_: str) -> Refused:
    remedy = "see `signalbox inbox list` for what was"
    return Refused(f"nothing was set aside as {id_}", remedy)


def _as_json(each: SetAside) -> Mapping[str, object]:
    return {**asdict(each), "kind": each.kind.value, "at": each.at.isoformat()}


def _state(each: SetAside) -> str:
    return "waits" if each.is_waiting else "set aside"


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
