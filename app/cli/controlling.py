"""`signalbox cancel`, `pause`, `approve` and the like: writes a wish down for the server.

A running server finds it in its inbox, as it finds a webhook. Whoever may open the database
may do all of this; who it was stands in the journal.
"""

import asyncio
import json
import uuid
from collections.abc import Mapping
from datetime import datetime
from difflib import get_close_matches

from app.cli.database import opened
from app.cli.doubting import doubt_about
from app.cli.looking import find, unknown
from app.cli.saying import Refused, console, operator, print_json, printable
from app.clock import SystemClock
from app.core.hearing.asking import PREFIX, person_of
from app.core.state import Orchestration
from app.core.values import Json
from app.ports import Delivery, Store


def ask(
    database: str,
    verb: str,
    orchestration: str,
    *,
    by: tuple[str, str],
    as_json: bool,
    **what: Json,
) -> None:
    """Ask for something to be done with an orchestration. Raises `Refused`.

    `by` is which operator asks (else who is at the keyboard), and for whom.
    """
    asyncio.run(_ask(database, verb, orchestration, by, as_json, what))


def freeze(
    database: str, organization: str, *, by: tuple[str, str], as_json: bool, **what: Json
) -> None:
    """Ask for a calendar to be closed, or all of an organization. Raises `Refused`."""
    try:
        datetime.fromisoformat(str(what.get("until")))
    except ValueError:
        message = f"{what.get('until')} is no moment"
        raise Refused(message, "write it as 2026-12-24T12:00Z") from None
    asyncio.run(_freeze(database, organization, by, as_json, what))


async def _ask(
    database: str,
    verb: str,
    name: str,
    by: tuple[str, str],
    as_json: bool,
    what: Mapping[str, Json],
) -> None:
    async with opened(database) as store:
        state = await _existing(store, name)
        task = what.get("task")
        if isinstance(task, str) and task:
            _check_task(state, task)
        wish = {"orchestration": state.id, **_who(by), **what}
        if verb == "approve":
            _check_vote(wish)
        doubt = doubt_about(state, verb, wish, SystemClock().now())
        await store.save_deliveries([_delivery(verb, wish)])
    title = f"{state.plan.definition.id}#{state.plan.number}"
    about = {"id": state.id, "title": title, **({"doubt": doubt} if doubt else {})}
    _say(as_json, verb, about, f"{title}: {verb} is asked for by {_named(by)}", doubt)


async def _freeze(
    database: str,
    organization: str,
    by: tuple[str, str],
    as_json: bool,
    what: Mapping[str, Json],
) -> None:
    async with opened(database) as store:
        wish = {"organization": organization, **_who(by), **what}
        await store.save_deliveries([_delivery("freeze", wish)])
    said = f"{what.get('calendar') or 'every calendar'} of {organization}"
    _say(
        as_json,
        "freeze",
        {"organization": organization},
        f"{said}: freeze is asked for by {_named(by)}",
    )


async def _existing(store: Store, name: str) -> Orchestration:
    number = await find(store, name)
    saved = (await store.load([number])).get(number)
    if saved is None:
        raise unknown(name)
    return saved.state


def _who(by: tuple[str, str]) -> dict[str, Json]:
    actor, person = by
    who: dict[str, Json] = {"actor": actor or operator()}
    return {**who, "as": person} if person else who


def _named(by: tuple[str, str]) -> str:
    actor, person = by
    return person or actor or operator()


def _check_vote(wish: Mapping[str, Json]) -> None:
    """Let it be said for whom a vote is: not to say so must not be the stronger way."""
    if person_of(wish):
        return
    if wish.get("override") is not True:
        remedy = "say for whom with --as LOGIN, or decide as the operator with --override"
        raise Refused("it is not said who votes", remedy)
    if not wish.get("reason"):
        raise Refused("whoever overrides has to say why", "add --reason")


def _check_task(state: Orchestration, task: str) -> None:
    if task in state.tasks:
        return
    names = sorted(state.tasks)
    near = get_close_matches(task, names, n=1)
    remedy = f"did you mean {near[0]}?" if near else f"there are {', '.join(names[:10])}"
    raise Refused(f"{state.plan.title} has no task {task}", remedy)


def _delivery(verb: str, wish: Mapping[str, Json]) -> Delivery:
    return Delivery(
        id=f"{verb}-{uuid.uuid4()}",
        event=f"{PREFIX}{verb}",
        body=json.dumps(wish, sort_keys=True).encode(),
        received_at=SystemClock().now(),
    )


def _say(
    as_json: bool, verb: str, about: Mapping[str, str], text: str, doubt: str = ""
) -> None:
    if as_json:
        print_json({**about, "asked": verb})
        return
    note = "a running `signalbox serve` does it within a second"
    if doubt:
        note = f"as things stand nothing follows of it: {doubt}"
    console().print(f"{printable(text)}\n{printable(note)}", soft_wrap=True)
