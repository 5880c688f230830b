"""`signalbox start`: checks a wish against what the database knows, and writes it down.

A running server finds it in its inbox, as it finds a webhook. Nothing is started here, so
this needs the database alone.
"""

import asyncio
import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from typing import Final

from app.cli.database import opened
from app.cli.saying import Refused, console, operator, pairs, print_json, printable
from app.clock import SystemClock
from app.core.hearing.catalogue import Entry
from app.core.moves import OrchestrationStatus
from app.core.parse import parse
from app.core.plan import Origin
from app.core.planning import orchestration_id
from app.core.state import Orchestration
from app.core.telling.headline import headline
from app.core.typed_values import fill_inputs
from app.core.values import JsonObject, OrchestrationId
from app.ports import Catalogue, Delivery, Store

MANUAL: Final = "manual"
LOOKS_EVERY_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody wants started."""

    definition: str
    inputs: tuple[str, ...]
    repository: str
    actor: str
    person: str = ""
    wait_seconds: int


def start_by_hand(database: str, wish: Wish, *, as_json: bool) -> int:
    """Write a start down, and wait for its end if that is wished. Return 1 if it failed."""
    given = pairs(wish.inputs)
    return asyncio.run(_start(database, wish, given, as_json))


async def _start(database: str, wish: Wish, given: JsonObject, as_json: bool) -> int:
    async with opened(database) as store:
        entry = choose(entries(await store.catalogue()), wish.definition, wish.repository)
        check(entry, given)
        delivery = delivery_of(entry, given, wish.actor or operator(), wish.person)
        await store.save_deliveries([delivery])
        number = orchestration_id(entry, delivery.id)
        name = f"{entry.origin.repository}/{entry.definition.id}"
        if not wish.wait_seconds:
            if as_json:
                print_json({"id": number, "definition": name, "status": "waiting"})
            else:
                note = "a running `signalbox serve` begins it within a second"
                console().print(f"{name} is asked for: {number}\n{note}", soft_wrap=True)
            return 0
        state = await _wait(store, number, wish.wait_seconds)
    if as_json:
        print_json({"id": number, "definition": name, "status": str(state.status)})
    else:
        title = f"{entry.definition.id}#{state.plan.number}: {headline(state)}"
        console().print(printable(title), soft_wrap=True)
    return 0 if state.status is OrchestrationStatus.SUCCEEDED else 1


def entries(catalogue: Catalogue) -> Sequence[Entry]:
    """Return the definitions that are in force."""
    known = {each.repository.id: each for each in catalogue.repositories}
    found = []
    for each in catalogue.definitions:
        repository = known.get(each.repository_id)
        definition, _ = parse(each.file.text, each.file.path)
        if repository is None or definition is None:
            continue
        origin = Origin(
            repository_id=each.repository_id,
            repository=repository.repository.name,
            installation_id=repository.installation_id,
            path=each.file.path,
        )
        found.append(Entry(origin=origin, definition=definition, text=each.file.text))
    return found


def choose(known: Iterable[Entry], name: str, repository: str) -> Entry:
    """Find the one definition that is meant. Raises `Refused`."""
    place, _, stem = name.rpartition("/")
    place = repository or place
    by_name = {f"{each.origin.repository}/{each.definition.id}": each for each in known}
    found = [
        whole
        for whole, each in by_name.items()
        if each.definition.id == stem
        and (not place or each.origin.repository.lower() == place.lower())
    ]
    if len(found) > 1:
        remedy = f"say which: {', '.join(sorted(found)[:10])}"
        raise Refused(f"more than one repository has a definition {stem}", remedy)
    if not found:
        stems = {whole.rpartition("/")[2] for whole in by_name}
        near = get_close_matches(stem, sorted(stems), n=1)
        remedy = (
            f"did you mean {near[0]}?"
            if near and near[0] != stem
            else f"there are {', '.join(sorted(by_name)[:10])}"
            if by_name
            else "the server reads them when it starts and when they are pushed"
        )
        where = f" in {place}" if place else ""
        raise Refused(f"there is no definition {stem}{where}", remedy)
    return by_name[found[0]]


def check(entry: Entry, given: JsonObject) -> None:
    """Refuse what the server would refuse, while somebody is there to read it."""
    definition = entry.definition
    if not any(each.event == MANUAL for each in definition.on):
        remedy = f"add `manual: {{}}` under `on` in {entry.origin.path}"
        raise Refused(f"{definition.id} may not be started by hand", remedy)
    _, faults = fill_inputs(definition.inputs, given, is_text=True)
    if faults:
        declared = ", ".join(
            f"{name} ({each.type}{', required' if each.required else ''})"
            for name, each in definition.inputs.items()
        )
        remedy = f"its inputs are {declared}" if declared else "it takes no inputs"
        raise Refused("; ".join(faults), remedy)


def delivery_of(entry: Entry, given: JsonObject, actor: str, person: str = "") -> Delivery:
    """Write a start as the delivery that the server looks for."""
    body = {
        "repository": entry.origin.repository,
        "definition": entry.definition.id,
        "inputs": given,
        "actor": actor,
        **({"as": person} if person else {}),
    }
    return Delivery(
        id=f"start-{uuid.uuid4()}",
        event="signalbox/start",
        body=json.dumps(body, sort_keys=True).encode(),
        received_at=SystemClock().now(),
    )


async def _wait(store: Store, number: OrchestrationId, seconds: int) -> Orchestration:
    end = SystemClock().now() + timedelta(seconds=seconds)
    while True:
        saved = (await store.load([number])).get(number)
        if saved is not None and saved.state.has_ended:
            return saved.state
        if SystemClock().now() >= end:
            about = "has not ended" if saved is not None else "has not begun"
            remedy = f"look again with `signalbox show {number}`; is `signalbox serve` running?"
            raise Refused(f"{number} {about} after {seconds} s", remedy, code=1)
        await asyncio.sleep(LOOKS_EVERY_SECONDS)
