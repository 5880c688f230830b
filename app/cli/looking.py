"""`signalbox list` and `signalbox show`: what the database holds."""

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, is_dataclass
from datetime import datetime
from typing import Final

from rich.table import Table

from app.cli.database import opened
from app.cli.delays import delayed_as_json, print_delayed
from app.cli.saying import Refused, console, print_json, print_trimmed, printable
from app.core.events import AttemptId, Event
from app.core.gate_events import GateId
from app.core.state import Leg, Orchestration, Reason
from app.core.telling.drawing import draw_tree
from app.core.telling.headline import headline
from app.core.telling.looks import name_of
from app.core.telling.markdown import unmarked
from app.core.telling.masking import mask
from app.core.telling.task_table import duration, rows_of
from app.core.telling.waiting import moment
from app.core.values import Json, OrchestrationId
from app.ports import JournalEntry, OrchestrationRow, Store
from app.ports.keeping import Delayed

LOOKED_THROUGH_MAX: Final = 10_000
"""Orchestrations that are looked through for one of a certain number."""
VALUE_MAX: Final = 100
ID: Final = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One line of the list, with the name of the definition's repository."""

    row: OrchestrationRow
    repository: str


def list_orchestrations(database: str, *, open_only: bool, limit: int, as_json: bool) -> None:
    """Print the newest orchestrations."""
    listed = asyncio.run(_list(database, open_only, limit))
    if as_json:
        print_json([_listed_as_json(each) for each in listed])
        return
    out = console()
    if not listed:
        out.print("no orchestration is open" if open_only else "there is no orchestration yet")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("ORCHESTRATION", "REPOSITORY", "STATUS", "STARTED", "TOOK", "ID"):
        table.add_column(heading, no_wrap=True)
    for each in listed:
        row = each.row
        table.add_row(
            printable(title_of(row)),
            printable(each.repository),
            row.status,
            moment(row.started_at),
            duration(row.ended_at - row.started_at) if row.ended_at else "",
            row.id,
        )
    print_trimmed(out, table)


def show_orchestration(database: str, name: str, *, as_json: bool) -> None:
    """Print one orchestration and its journal."""
    state, journal, delayed = asyncio.run(_show(database, name))
    if as_json:
        print_json({**_state_as_json(state, journal), "delayed": delayed_as_json(delayed)})
        return
    _print_state(state)
    print_delayed(delayed)
    _print_journal(journal)


async def find(store: Store, name: str) -> OrchestrationId:
    """Find an orchestration by its id or by its definition and number."""
    definition, separator, number = name.rpartition("#")
    if not separator and ID.fullmatch(name):
        return OrchestrationId(name)
    rows = await store.orchestrations(limit=LOOKED_THROUGH_MAX)
    if not separator:
        title = next((title_of(row) for row in rows if row.definition_id == name), "")
        if title:
            message = f"{name} is a definition, not one of its orchestrations"
            raise Refused(message, f"write for instance {title}, its newest")
        return OrchestrationId(name)
    wanted = (definition.strip(), number.strip())
    found = [row.id for row in rows if (row.definition_id, str(row.number)) == wanted]
    if len(found) > 1:
        raise Refused(
            f"{name} is ambiguous: {len(found)} repositories have one",
            f"take an id instead: {', '.join(found[:5])}",
        )
    return found[0] if found else OrchestrationId("")


def unknown(name: str) -> Refused:
    """Refuse a name that no orchestration has."""
    remedy = "see `signalbox list` for those that there are"
    return Refused(f"there is no orchestration {name}", remedy)


def title_of(row: OrchestrationRow) -> str:
    """Name an orchestration so that `show` finds it."""
    return f"{row.definition_id}#{row.number}"


async def _list(database: str, open_only: bool, limit: int) -> Sequence[Listed]:
    async with opened(database) as store:
        rows = await store.orchestrations(limit=limit, open_only=open_only)
        known = (await store.catalogue()).repositories
        names = {each.repository.id: each.repository.name for each in known}
        return [
            Listed(row=row, repository=names.get(row.definition_repository_id, ""))
            for row in rows
        ]


async def _show(
    database: str, name: str
) -> tuple[Orchestration, Sequence[JournalEntry], Sequence[Delayed]]:
    async with opened(database) as store:
        number = await find(store, name)
        saved = (await store.load([number])).get(number)
        if saved is None:
            raise unknown(name)
        return saved.state, await store.journal(number), await store.delayed(number)


# --- for people -----------------------------------------------------------------------


def _print_state(state: Orchestration) -> None:
    out = console()
    plan, cause = state.plan, state.plan.cause

    def say(label: str, text: str) -> None:
        if text:
            out.print(f"{label:<11} {printable(text)}", soft_wrap=True)

    title = f"{plan.definition.id}#{plan.number}: {headline(state)}"
    out.print(printable(title), style="bold", soft_wrap=True)
    say("id", state.id)
    say("definition", f"{plan.origin.repository}/{plan.origin.path}")
    by = f" by {state.requested_by}" if state.requested_by else ""
    say(
        "cause", f"{cause.event_name} of {cause.repository} at {cause.sha[:12]} {cause.ref}{by}"
    )
    say("status", str(state.status))
    say("reason", _reason(state.reason))
    say("started", moment(state.started_at) if state.started_at else "")
    say("ended", moment(state.ended_at) if state.ended_at else "")
    for name, value in plan.inputs.items():
        say("input", f"{name} = {_shown(mask(value, name))}")
    out.print(f"\n{printable(draw_tree(plan.definition, state))}\n", soft_wrap=True)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("TASK", "STATE", "TOOK", "WORKFLOW RUN", "WHY"):
        table.add_column(heading, overflow="fold")
    for row in rows_of(state):
        word = f"{row.look.sign} {row.told or row.look.word}" if row.look is not None else ""
        cells = (row.name, word, row.took, row.workflow_run, row.why)
        table.add_row(*(printable(unmarked(each)) for each in cells))
    print_trimmed(out, table)
    for name, task in state.tasks.items():
        for leg in task.legs.values():
            for output, value in leg.outputs.items():
                say(
                    "output",
                    f"{name_of(name, leg.key)}.{output} = {_shown(mask(value, output))}",
                )


def _print_journal(journal: Sequence[JournalEntry]) -> None:
    out = console()
    out.print("\nJournal", style="bold")
    for entry in journal:
        about = _said(entry.event)
        line = f"{entry.seq:>4}  {entry.event.at:%Y-%m-%d %H:%M:%S}  {about}"
        out.print(printable(line), soft_wrap=True)


def _said(event: Event) -> str:
    """Say an event in one line: its name, and what it tells."""
    told = []
    for name, value in _event_as_json(event).items():
        if name not in ("at", "event") and value not in (None, ""):
            text = value if isinstance(value, str) else _shown(value)
            told.append(f"{name}={text if len(text) <= VALUE_MAX else text[:VALUE_MAX] + '…'}")
    return " ".join([type(event).__name__, *told])


def _reason(reason: Reason | None) -> str:
    return f"{reason.message} ({reason.code})" if reason is not None else ""


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


# --- for programs ---------------------------------------------------------------------


def _listed_as_json(listed: Listed) -> Mapping[str, object]:
    row = listed.row
    return {
        "id": row.id,
        "title": title_of(row),
        "name": row.name,
        "repository": listed.repository or None,
        "definition": row.definition_id,
        "number": row.number,
        "status": row.status,
        "started_at": _moment(row.started_at),
        "ended_at": _moment(row.ended_at),
    }


def _state_as_json(
    state: Orchestration, journal: Sequence[JournalEntry]
) -> Mapping[str, object]:
    plan, cause = state.plan, state.plan.cause
    return {
        "id": state.id,
        "title": f"{plan.definition.id}#{plan.number}",
        "name": plan.definition.name,
        "status": str(state.status),
        "headline": headline(state),
        "reason": _reason_as_json(state.reason),
        "repository": plan.origin.repository,
        "path": plan.origin.path,
        "cause": {
            "event": cause.event_name,
            "repository": cause.repository,
            "sha": cause.sha,
            "ref": cause.ref,
            "actor": cause.actor,
            "pull_request": cause.pull_request,
        },
        "requested_by": state.requested_by,
        "started_at": _moment(state.started_at),
        "ended_at": _moment(state.ended_at),
        "inputs": {name: mask(value, name) for name, value in plan.inputs.items()},
        "tasks": [
            {
                "name": name,
                "status": str(task.status),
                "result": task.result if task.has_ended else None,
                "reason": _reason_as_json(task.reason),
                "started_at": _moment(task.started_at),
                "ended_at": _moment(task.ended_at),
                "legs": [_leg_as_json(leg) for leg in task.legs.values()],
            }
            for name, task in state.tasks.items()
        ],
        "journal": [{"seq": each.seq, **_event_as_json(each.event)} for each in journal],
    }


def _leg_as_json(leg: Leg) -> Mapping[str, object]:
    return {
        "key": leg.key,
        "status": str(leg.status),
        "reason": _reason_as_json(leg.reason),
        "outputs": {name: mask(value, name) for name, value in leg.outputs.items()},
        "attempts": [
            {
                "number": each.number,
                "repository": each.repository,
                "workflow": each.workflow,
                "ref": each.ref,
                "workflow_run_id": each.workflow_run_id,
                "url": each.url or None,
                "conclusion": str(each.conclusion) if each.conclusion else None,
                "asked_at": _moment(each.asked_at),
                "ended_at": _moment(each.ended_at),
            }
            for each in leg.attempts
        ],
    }


def _event_as_json(event: Event) -> dict[str, Json]:
    told: dict[str, Json] = {"event": type(event).__name__}
    for field in fields(event):
        value = getattr(event, field.name)
        if isinstance(value, datetime):
            value = value.isoformat()
        elif is_dataclass(value) and not isinstance(value, type | AttemptId | GateId):
            value = json.loads(json.dumps(asdict(value), default=str))
        elif value is not None and not isinstance(value, str | int | float | bool | dict):
            value = str(value)
        told[field.name] = mask(value, field.name)
    return told


def _reason_as_json(reason: Reason | None) -> Mapping[str, str] | None:
    return {"code": reason.code, "message": reason.message} if reason is not None else None


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
