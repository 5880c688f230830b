"""`signalbox locks` and `signalbox report`: what orchestrations share, and their evidence."""

import asyncio
from collections.abc import Mapping, Sequence

import typer
from rich.table import Table

from app.cli.database import opened
from app.cli.looking import find
from app.cli.saying import Refused, console, print_json, print_trimmed, printable
from app.core.shared import CALENDAR, LOCK, Shared
from app.core.telling.shared_report import calendars_as_json, locks_as_json
from app.core.values import Json
from app.ports import Report


def show_locks(database: str, *, as_json: bool) -> None:
    """Print who has a place in a group, who waits at which, and for which calendars."""
    states = asyncio.run(_shared(database))
    locks, calendars = locks_as_json(states), calendars_as_json(states)
    if as_json:
        print_json({"locks": locks, "calendars": calendars})
        return
    out = console()
    if not locks and not calendars:
        out.print("nobody has a place in a group, and nobody waits for one or for a calendar")
        return
    if locks:
        print_trimmed(out, _locks(locks))
    if calendars:
        print_trimmed(out, _calendars(calendars))


def show_report(database: str, name: str, *, form: str) -> None:
    """Print the newest evidence pack of an orchestration. Raises `Refused`."""
    reports = asyncio.run(_reports(database, name))
    of_form = [report for report in reports if report.format == form]
    if not of_form:
        others = ", ".join(sorted({report.format for report in reports}))
        remedy = (
            f"it has one as {others}: say so with --format"
            if others
            else "a `report` task makes one: see docs/definitions.md"
        )
        raise Refused(f"{name} has no evidence pack as {form}", remedy)
    typer.echo(of_form[-1].text)


async def _shared(database: str) -> Sequence[Shared]:
    async with opened(database) as store:
        found = [*await store.shared_of_kind(LOCK), *await store.shared_of_kind(CALENDAR)]
        return [saved.state for saved in found]


async def _reports(database: str, name: str) -> Sequence[Report]:
    async with opened(database) as store:
        return await store.reports(await find(store, name))


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def _locks(locks: Sequence[Mapping[str, Json]]) -> Table:
    table = _table("GROUP", "PLACE", "WHO", "SINCE", "WHY")
    for lock in locks:
        for place in _objects(lock["places"]):
            position = place["position"]
            cells = (
                str(lock["group"]),
                f"waits at {position}" if position else "has it",
                str(place["who"]),
                str(place["since"])[:19],
                str(place["why"]),
            )
            table.add_row(*map(printable, cells))
    return table


def _calendars(calendars: Sequence[Mapping[str, Json]]) -> Table:
    table = _table("CALENDAR", "WAITS", "OPENS", "FROZEN")
    for calendar in calendars:
        frozen = "; ".join(
            f"by {each['by']} until {str(each['until'])[:16]} {each['because']}".strip()
            for each in _objects(calendar["freezes"])
        )
        waiting = len(_objects(calendar["waiting"]))
        opens = str(calendar["opens_at"] or "")[:16]
        cells = (str(calendar["calendar"]), f"{waiting} wait", opens, frozen)
        table.add_row(*map(printable, cells))
    return table


def _objects(value: Json) -> Sequence[Mapping[str, Json]]:
    assert isinstance(value, list), "so it was put together"
    return value
