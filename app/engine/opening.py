"""Deliveries that are opened: what each says, and by what it is looked up whom it concerns."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from app.core.hearing.asking import (
    PREFIX,
    REPORT,
    SAY,
    WISHES,
    orchestration_meant,
    person_of,
)
from app.core.hearing.catalogue import Catalogue
from app.core.hearing.heard import Heard
from app.core.routing import Routed
from app.core.state import Orchestration
from app.core.values import Json, JsonObject, OrchestrationId
from app.ports import Delivery


@dataclass(slots=True)
class Letter:
    """One delivery, opened; `meant` is the orchestration that a person speaks of.

    `payload` is that of a delivery of our own, `heard` what one of GitHub's says. `routed` is
    what follows `by` the definitions that were known then, `awaited` what had to be read first.
    """

    delivery: Delivery
    payload: JsonObject = field(default_factory=dict)
    heard: Heard | None = None
    workflow_run_id: int | None = None
    marker: str | None = None
    routed: Routed | None = None
    by: Catalogue | None = None
    awaited: str = ""
    meant: OrchestrationId | None = None
    spoken_of: Orchestration | None = None


Opened: TypeAlias = Letter | tuple[Delivery, Exception]
"""A delivery that was read, or why it could not be."""


def keys_of(opened: Iterable[Opened]) -> set[int | str]:
    """Return all by which is looked up whom deliveries concern, but for what listens."""
    letters = [each for each in opened if isinstance(each, Letter)]
    found = {key for it in letters for key in (it.workflow_run_id, it.marker, it.meant)}
    return {key for key in found if key is not None}


def opened_own(delivery: Delivery) -> Letter:
    """Open a delivery that is not GitHub's. What people ask for may hold large integers.

    Raises ValueError or TypeError where it says nothing that we could have said.
    """
    payload = json.loads(delivery.body)
    if not isinstance(payload, dict):
        raise ValueError("the body is no JSON object")
    letter = Letter(delivery=delivery, payload=payload)
    if delivery.event == SAY or _is_of_a_person(delivery, payload):
        letter.meant = orchestration_meant(payload)
    elif delivery.event == REPORT:
        letter.workflow_run_id = integer(payload, "run_id")
    return letter


def _is_of_a_person(delivery: Delivery, payload: JsonObject) -> bool:
    """Tell whether somebody wishes for something whose role has to be asked for first."""
    verb = delivery.event.removeprefix(PREFIX)
    return verb in WISHES and bool(person_of(payload))


def integer(payload: Mapping[str, Json], name: str) -> int:
    """Return a whole number out of a payload, or raise TypeError."""
    value = payload.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} is no whole number")
    return value
