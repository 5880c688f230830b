"""Reading `wait`: for some time, until a moment or a calendar opens, or for an event."""

import re
from datetime import datetime, timedelta

from app.core.actions import Wait
from app.core.problems import Code
from app.core.reading.document import Entries, Node
from app.core.reading.formulas import Formulas
from app.core.reading.happenings import GITHUB_EVENTS, TYPES
from app.core.reading.reader import Reader, did_you_mean, spelt
from app.core.reading.words import WAIT
from app.core.terms import Place, Template, ValueType

CALENDAR = re.compile(r"[a-zA-Z][a-zA-Z0-9_-]{0,99}")
_SECOND = timedelta(seconds=1)
_KINDS = ("for", "until", "event")
_HINT = "write `{for: 1h}`, `{until: a-calendar, max: 7d}` or `{event: ..., for: 7d}`"


def read_wait(
    reader: Reader, node: Node, formulas: Formulas, longest: timedelta
) -> Wait | None:
    """Read a wait; without a bound of its own it ends with the whole, `longest`."""
    entries = reader.entries(node, "`wait`", _HINT)
    if entries is None:
        return None
    before = len(reader.problems)
    keys = dict(reader.known(entries, WAIT))
    _check_kind(reader, entries)
    until = event = when = None
    if "until" in keys:
        until = _until(reader, keys["until"], formulas)
    if "event" in keys:
        event = read_event(reader, keys["event"], "`event`")
    if "when" in keys:
        when = formulas.condition(keys["when"], "`when`")
    bound = "max" if "until" in keys else "for"
    duration = longest
    if bound in keys:
        duration = reader.span(keys[bound], f"`{bound}`", _SECOND) or longest
        if duration > longest:
            message = f"`{bound}` is longer than the whole may take, {spelt(longest)}"
            hint = "shorten it, or raise the definition's `timeout-minutes`"
            reader.report(Code.OUT_OF_RANGE, message, hint, keys[bound].place)
    if len(reader.problems) > before:
        return None
    return Wait(duration=duration, until=until, event=event, when=when)


def read_event(reader: Reader, node: Node, what: str) -> str | None:
    """Read the name of a GitHub event with its activity, such as `pull_request.closed`."""
    text = reader.text(node, what, "write for instance `pull_request.closed`")
    if text is None or is_event(reader, text, node.place):
        return text
    return None


def is_event(reader: Reader, text: str, place: Place) -> bool:
    """Tell whether a text names a GitHub event with its activity, and say what is wrong."""
    event, _, activity = text.partition(".")
    if event not in GITHUB_EVENTS:
        message = f"there is no event `{event}`{did_you_mean(event, GITHUB_EVENTS)}"
        hint = f"there are {', '.join(GITHUB_EVENTS)}"
        reader.report(Code.UNKNOWN_EVENT, message, hint, place)
        return False
    known = TYPES.get(event)
    if known and activity not in known:
        message = f"`{event}` has no activity `{activity}`{did_you_mean(activity, known)}"
        if not activity:
            message = f"`{event}` does not say which activity"
        hint = f"write `{event}.` with one of {', '.join(known)}"
        reader.report(Code.UNKNOWN_ACTIVITY, message, hint, place)
        return False
    if not known and activity and event != "repository_dispatch":
        message = f"`{event}` has no activities"
        reader.report(Code.UNKNOWN_ACTIVITY, message, f"write `{event}` alone", place)
        return False
    return True


def _check_kind(reader: Reader, entries: Entries) -> None:
    keys = entries.keys
    if not any(key in keys for key in _KINDS):
        reader.report(Code.MISSING_KEY, "`wait` says not for what", _HINT, entries.place)
    excluded = {"until": ("for", "event", "when"), "event": ("max",), "for": ("max",)}
    for key, others in excluded.items():
        for other in others:
            if key in keys and other in keys:
                message = f"`{key}` and `{other}` of one `wait` exclude each other"
                reader.report(Code.CONFLICTING_KEYS, message, _HINT, keys[other].place)
                return
    if "when" in keys and "event" not in keys:
        message = "`when` is asked of an `event`, and there is none"
        reader.report(Code.CONFLICTING_KEYS, message, _HINT, keys["when"].place)


def _until(reader: Reader, node: Node, formulas: Formulas) -> Template | None:
    hint = "write a calendar's name, or a moment as 2026-11-23T09:00:00+01:00"
    text = reader.text(node, "`until`", hint)
    if text is None:
        return None
    if "${{" not in text and not CALENDAR.fullmatch(text) and not _is_moment(text):
        message = f"`{text[:40]}` is no calendar's name and no moment with its zone"
        reader.report(Code.WRONG_VALUE, message, hint, node.place)
        return None
    return formulas.template(node, "`until`", ValueType.STRING)


def _is_moment(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
