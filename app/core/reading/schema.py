"""The JSON Schema of the language, for editors: made from the tables that the readers use.

Keys, choices, events, filters, activities, actions, operations and limits are those of
`words`, `happenings` and the readers. What stands here is the shape of each key's value; a
key without a shape fails an assertion. What a schema cannot say, the readers do: types of
expressions, needs, cycles, ways between states.
"""

from datetime import timedelta
from typing import Final

from app.core.reading import words as w
from app.core.reading.actions.schema import of_actions
from app.core.reading.actions.wait import CALENDAR
from app.core.reading.declarations import DECLARATIONS_MAX, ENUM_MAX, PATTERN_LENGTH_MAX
from app.core.reading.graph import handling
from app.core.reading.graph.schema import of_tasks
from app.core.reading.happenings import FILTERS, TYPES
from app.core.reading.machine import states, transitions
from app.core.reading.reader import SPAN_MAX
from app.core.reading.shapes import (
    Shape,
    anything,
    choice,
    condition,
    expression,
    keyed,
    named,
    or_hole,
    place,
    ref,
    several,
    some,
    span,
    text,
    told,
    truth,
    whole,
)
from app.core.reading.whole import body, definition, schedules, triggers
from app.core.terms import ValueType
from app.core.values import Json, JsonObject

ADDRESS: Final = "https://json-schema.org/draft/2020-12/schema"
_MINUTES = whole(1, handling.TIMEOUT_MINUTES_MAX)
_QUEUE_MINUTES = whole(1, handling.QUEUE_MINUTES_MAX)
_SPAN = span(timedelta(minutes=1), SPAN_MAX)


def schema() -> JsonObject:
    """Return the schema of a definition, in draft 2020-12."""
    parts = {**_parts(), **of_tasks(), **of_actions(), **_machine()}
    return {
        "$schema": ADDRESS,
        "title": "Signalbox orchestration",
        "description": "A definition in .github/orchestrations/, language version 1.",
        **ref("definition"),
        "$defs": parts,
    }


def _definition() -> Shape:
    kinds: list[Json] = [
        {"required": ["tasks"]},
        {"required": ["initial", "states"]},
        {"required": ["uses"]},
    ]
    calendar: Shape = {"type": "string", "pattern": f"^{CALENDAR.pattern}$"}
    data = named(ref("declaration"), 0, DECLARATIONS_MAX)
    shapes: dict[str, Shape] = {
        "version": {"const": 1},
        "name": text(),
        "on": _on(),
        "inputs": data,
        "correlate": text(),
        "concurrency": ref("concurrency"),
        "freeze": some(calendar, definition.CALENDARS_MAX),
        "timeout-minutes": _MINUTES,
        "defaults": ref("defaults"),
        "tasks": ref("tasks"),
        "initial": text(),
        "data": data,
        "states": named(ref("state"), 1, states.STATES_MAX),
        "uses": {**text(), "pattern": r"^(\./[^/]+|[^/]+/[^/]+/.+@.+)$"},
        "with": anything(DECLARATIONS_MAX),
        "outputs": named({}, 0, body.OUTPUTS_MAX),
        "report-to": ref("report-to"),
        "alerts": several(ref("alert"), 1, definition.ALERTS_MAX),
    }
    return {**place(w.DEFINITION, shapes, ("version", "on")), "oneOf": kinds}


def _parts() -> dict[str, Shape]:
    notice: dict[str, Shape] = {"notify": text(), "via": some(choice(w.CHANNELS), 3)}
    return {
        "definition": _definition(),
        "defaults": place(
            w.DEFAULTS,
            {
                "retry": ref("retry"),
                "timeout-minutes": _MINUTES,
                "queue-timeout-minutes": _QUEUE_MINUTES,
            },
        ),
        "declaration": place(
            w.DECLARATION,
            {
                "type": choice([each.value for each in ValueType]),
                "required": truth(),
                "default": {},
                "enum": several({}, 1, ENUM_MAX),
                "pattern": text(PATTERN_LENGTH_MAX),
                "description": text(),
            },
            ("type",),
        ),
        "concurrency": {"anyOf": [text(handling.GROUP_LENGTH_MAX), _concurrency()]},
        "report-to": place(
            w.REPORT_TO,
            {
                "check": truth(),
                "comment": choice(w.COMMENTS),
                "issue": or_hole(whole(1, 2**31)),
            },
        ),
        "alert": place(w.ALERT, {"when": condition(), **notice}, w.ALERT.known),
        "escalations": several(ref("escalation"), 1, handling.ESCALATIONS_MAX),
        "escalation": place(w.ESCALATION, {"after": _SPAN, **notice}, w.ESCALATION.known),
    }


def _concurrency() -> Shape:
    priority = whole(-handling.PRIORITY_MAX, handling.PRIORITY_MAX)
    return place(
        w.CONCURRENCY,
        {
            "group": text(),
            "scope": choice(w.SCOPES),
            "limit": whole(1, handling.PLACES_MAX),
            "queue": choice(w.QUEUES),
            "priority": or_hole(priority),
            "cancel-in-progress": truth(),
        },
        ("group",),
    )


def _on() -> Shape:
    events: dict[str, Shape] = {event: _listen(event) for event in FILTERS}
    plain = choice([event for event in FILTERS if event != "schedule"])
    return {"anyOf": [some(plain, len(FILTERS)), {**keyed(events), "minProperties": 1}]}


def _listen(event: str) -> Shape:
    if event == "schedule":
        entry = place(
            w.SCHEDULE,
            {"cron": text(), "timezone": text(), "with": anything(DECLARATIONS_MAX)},
            ("cron",),
        )
        return several(entry, 1, schedules.SCHEDULES_MAX)
    filters: dict[str, Shape] = {}
    for key in sorted(FILTERS[event]):
        filters[key] = some(text(), triggers.FILTER_ITEMS_MAX)
        if key == "if":
            filters[key] = condition()
        elif key == "types" and event in TYPES:
            filters[key] = some(choice(TYPES[event]), len(TYPES[event]))
        filters[key] = told(key, "a filter", filters[key])
    return {"anyOf": [keyed(filters), {"type": "null"}]}


def _machine() -> dict[str, Shape]:
    to = place(w.ON_MAX_VISITS, {"to": text()}, ("to",))
    transition = place(
        w.TRANSITION,
        {
            "on": text(),
            "when": condition(),
            "set": named(expression(), 0, DECLARATIONS_MAX),
            "to": text(),
        },
        ("on", "to"),
    )
    final: Shape = {
        "required": ["final", "conclusion"],
        "propertyNames": {"enum": ["final", "conclusion"]},
    }
    state = place(
        w.STATE,
        {
            "tasks": ref("tasks"),
            "approval": ref("approval"),
            "wait": ref("wait"),
            "timeout-minutes": _MINUTES,
            "max-visits": whole(1, states.VISITS_MAX),
            "on-max-visits": to,
            "escalate": ref("escalations"),
            "concurrency": ref("concurrency"),
            "transitions": several(transition, 1, transitions.TRANSITIONS_MAX),
            "final": {"const": True},
            "conclusion": choice(w.CONCLUSIONS),
        },
    )
    return {"state": {**state, "oneOf": [final, {"required": ["transitions"]}]}}
