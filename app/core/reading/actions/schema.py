"""The part of the JSON Schema that is about what tasks do: made from the readers' tables."""

from datetime import timedelta

from app.core.reading import words as w
from app.core.reading.actions import agent, approval
from app.core.reading.declarations import DECLARATIONS_MAX
from app.core.reading.reader import ITEMS_MAX, SPAN_MAX
from app.core.reading.shapes import (
    Shape,
    choice,
    condition,
    named,
    place,
    ref,
    several,
    some,
    span,
    text,
    truth,
    whole,
)
from app.core.values import Json

_SPAN = span(timedelta(minutes=1), SPAN_MAX)
_OUTPUTS = named(ref("declaration"), 0, DECLARATIONS_MAX)


def of_actions() -> dict[str, Shape]:
    """Return the shapes of approvals, waits, agents and reports."""
    return {
        "approval": _approval(),
        "wait": _wait(),
        "report": place(
            w.REPORT,
            {
                "format": some(choice(w.REPORT_FORMATS), 2),
                "include": some(choice(w.REPORT_PARTS), 4),
            },
        ),
        "limits": place(
            w.LIMITS,
            {
                "max-files": whole(1, agent.FILES_MAX),
                "max-lines": whole(1, agent.LINES_MAX),
                "deny-paths": some(text(), agent.DENIED_MAX),
            },
        ),
        "on-invalid-output": place(
            w.ON_INVALID,
            {"retry": whole(0, agent.RETRIES_MAX), "then": choice(w.INVALID_THEN)},
        ),
        "agent-outputs": place(w.AGENT_OUTPUTS, {"schema": _of_agent()}, ("schema",)),
    }


def _of_agent() -> Shape:
    return {
        "type": "object",
        "properties": {"type": {"const": "object"}, "properties": named({}, 1, 100)},
        "required": ["type", "properties"],
    }


def _wait() -> Shape:
    long = span(timedelta(seconds=1), SPAN_MAX)
    shapes: dict[str, Shape] = {
        "for": long,
        "until": text(),
        "max": long,
        "event": text(),
        "when": condition(),
    }
    kinds: list[Json] = [
        {"required": ["for"], "propertyNames": {"enum": ["for"]}},
        {"required": ["until"], "propertyNames": {"enum": ["until", "max"]}},
        {"required": ["event"], "propertyNames": {"enum": ["event", "when", "for"]}},
    ]
    return {**place(w.WAIT, shapes), "oneOf": kinds}


def _approval() -> Shape:
    parties = some(text(), approval.PARTIES_MAX)
    people: dict[str, Shape] = {"teams": parties, "users": parties}
    requirement = place(
        w.REQUIREMENT,
        {
            **people,
            "permission": choice(w.PERMISSIONS),
            "code-owners": truth(),
            "count": whole(1, approval.COUNT_MAX),
        },
    )
    rule = place(
        w.RULE,
        {"when": condition(), "require": several(requirement, 1, approval.RULES_MAX)},
        ("require",),
    )
    return place(
        w.APPROVAL,
        {
            "title": text(),
            "rules": several(rule, 1, approval.RULES_MAX),
            "exclude": some(choice(w.EXCLUDED), ITEMS_MAX),
            "sources": some(choice(w.SOURCES), ITEMS_MAX),
            "inputs": _OUTPUTS,
            "options": {**several(text(), 2, approval.OPTIONS_MAX), "uniqueItems": True},
            "auto": place(w.AUTO, {"when": condition(), "choose": text()}, ("when", "choose")),
            "break-glass": place(w.BREAK_GLASS, {**people, "reason": {"const": "required"}}),
            "expires-after": _SPAN,
            "invalidate-on": some(choice(w.INVALIDATIONS), 1),
        },
    )
