"""Reading calendars: from `calendars:` of a policy to values of `app.core.calendars`."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from app.core.calendars import MINUTES_OF_WEEK, Calendar, Span, Weekly, Window, moment
from app.core.problems import Code
from app.core.reading.document import Node
from app.core.reading.reader import Reader
from app.core.reading.words import Vocabulary, words

CALENDARS_MAX = 50
WINDOWS_MAX = 50
_YEARS = range(2000, 3000)
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIME = r"([01][0-9]|2[0-3]):([0-5][0-9])"
_WEEKLY = re.compile(rf"\s*(\w+) +{_TIME} +- +(\w+) +{_TIME}\s*", re.ASCII)
_CALENDAR = Vocabulary(of="a calendar", known=words("timezone closed open"))
_WINDOW = Vocabulary(of="a window", known=words("from to weekly why"))
_HINT = "write `{weekly: 'Fri 16:00 - Mon 08:00'}` or `{from: 2026-12-20T00:00, to: ...}`"


def read_calendars(reader: Reader, node: Node) -> dict[str, Calendar]:
    """Read every calendar of a policy, by name; what is wrong goes to the reader."""
    hint = "write `calendars: {production-freeze: {timezone: Europe/Berlin, closed: [...]}}`"
    entries = reader.entries(node, "`calendars`", hint)
    if entries is None:
        return {}
    if len(entries.nodes) > CALENDARS_MAX:
        message = f"there are {len(entries.nodes)} calendars; the most is {CALENDARS_MAX}"
        reader.report(Code.TOO_MANY, message, "several things may share one", entries.place)
        return {}
    found = ((name, _calendar(reader, name, each)) for name, each in entries.nodes.items())
    return {name: calendar for name, calendar in found if calendar is not None}


def read_weekly(text: str, why: str = "") -> Weekly | None:
    """Read `Fri 16:00 - Mon 08:00`; `None` if it is something else."""
    found = _WEEKLY.fullmatch(text)
    if found is None:
        return None
    from_day, from_hour, from_minute, to_day, to_hour, to_minute = found.groups()
    days = [from_day.lower()[:3], to_day.lower()[:3]]
    if not set(days) <= set(_DAYS):
        return None
    starts = _DAYS.index(days[0]) * 24 * 60 + int(from_hour) * 60 + int(from_minute)
    ends = _DAYS.index(days[1]) * 24 * 60 + int(to_hour) * 60 + int(to_minute)
    assert max(starts, ends) < MINUTES_OF_WEEK, "the pattern lets through no later time"
    return None if starts == ends else Weekly(starts=starts, ends=ends, text=text, why=why)


def zone_of(name: str) -> ZoneInfo | None:
    """Return a zone of the IANA database; `None` if there is none of that name."""
    try:
        return ZoneInfo(name)
    # Some names are folders of the database, some no names of files at all.
    except (KeyError, ValueError, OSError):
        return None


def _calendar(reader: Reader, name: str, node: Node) -> Calendar | None:
    hint = "write `{timezone: Europe/Berlin, closed: [{weekly: 'Fri 16:00 - Mon 08:00'}]}`"
    entries = reader.entries(node, f"the calendar `{name}`", hint)
    if entries is None:
        return None
    keys = dict(reader.known(entries, _CALENDAR))
    if "/" in name:
        # With one it is of another organisation.
        message = f"`{name}` is no name of a calendar: it has a `/`"
        reader.report(Code.WRONG_VALUE, message, "write `-` in its place", entries.place)
    zone: ZoneInfo | None = None
    if "timezone" not in keys:
        reader.report(Code.MISSING_KEY, "there is no `timezone`", hint, entries.place)
    elif text := reader.text(keys["timezone"], "`timezone`"):
        zone = zone_of(text)
        if zone is None:
            message = f"`timezone` is `{text}`, which is no zone"
            hint = "write a name of the IANA database, as Europe/Berlin or UTC"
            reader.report(Code.WRONG_VALUE, message, hint, keys["timezone"].place)
    if not {"closed", "open"} & keys.keys():
        message = f"the calendar `{name}` has neither `closed` nor `open`"
        reader.report(Code.MISSING_KEY, message, hint, entries.place)
    # Windows are read in any zone, so that all problems are found at once.
    read_in = zone or ZoneInfo("UTC")
    closed = _windows(reader, keys.get("closed"), "closed", read_in)
    opened = _windows(reader, keys.get("open"), "open", read_in)
    return Calendar(name=name, timezone=read_in.key, closed=closed, open=opened)


def _windows(
    reader: Reader, node: Node | None, name: str, zone: ZoneInfo
) -> tuple[Window, ...]:
    items = reader.items(node, f"`{name}`", _HINT) if node is not None else None
    if items is None:
        return ()
    if len(items.nodes) > WINDOWS_MAX:
        message = f"`{name}` has {len(items.nodes)} windows; the most is {WINDOWS_MAX}"
        reader.report(Code.TOO_MANY, message, "use a `weekly` window", items.place)
        return ()
    # An empty `open` would be read as a calendar that is never open, or as one that always is.
    if not items.nodes:
        reader.report(Code.WRONG_VALUE, f"`{name}` is empty", "leave it out", items.place)
    return tuple(
        window
        for each in items.nodes
        for window in _window(reader, each, zone, is_closing=name == "closed")
    )


def _window(reader: Reader, node: Node, zone: ZoneInfo, *, is_closing: bool) -> list[Window]:
    entries = reader.entries(node, "a window", _HINT)
    if entries is None:
        return []
    keys = dict(reader.known(entries, _WINDOW))
    why = (reader.text(keys["why"], "`why`") if "why" in keys else None) or ""
    is_once, is_weekly = bool({"from", "to"} & keys.keys()), "weekly" in keys
    if is_once and is_weekly:
        message = "a window has either `weekly` or `from` and `to`"
        reader.report(Code.CONFLICTING_KEYS, message, "write two windows", entries.place)
        return []
    if is_weekly:
        return list(_weekly(reader, keys["weekly"], why))
    missing = [f"`{name}`" for name in ("from", "to") if name not in keys]
    if missing:
        message = f"a window has no {' and no '.join(missing)}"
        reader.report(Code.MISSING_KEY, message, _HINT, entries.place)
        return []
    starts = _moment(reader, keys["from"], "`from`", zone, is_late=not is_closing)
    ends = _moment(reader, keys["to"], "`to`", zone, is_late=is_closing)
    if starts is None or ends is None:
        return []
    if starts >= ends:
        message = "the window ends before it begins"
        reader.report(Code.WRONG_VALUE, message, "swap `from` and `to`", keys["to"].place)
    return [Span(starts=starts, ends=ends, why=why)]


def _weekly(reader: Reader, node: Node, why: str) -> list[Weekly]:
    found = []
    for text, place in reader.one_or_more(node, "`weekly`"):
        window = read_weekly(text, why)
        if window is None:
            hint = "write `Fri 16:00 - Mon 08:00`, two different times from 00:00 to 23:59"
            message = f"`weekly` is `{text}`, which is no window of a week"
            reader.report(Code.WRONG_VALUE, message, hint, place)
        else:
            found.append(window)
    return found


def _moment(
    reader: Reader, node: Node, what: str, zone: ZoneInfo, *, is_late: bool
) -> datetime | None:
    hint = "write `2026-12-20T00:00`, on the clock of `timezone`, or with an offset or `Z`"
    text = reader.text(node, what, hint)
    if text is None:
        return None
    try:
        wall = datetime.fromisoformat(text)
    except ValueError:
        wall = None
    if wall is None or wall.year not in _YEARS:
        reader.report(
            Code.WRONG_VALUE, f"{what} is `{text}`, which is no moment", hint, node.place
        )
        return None
    return moment(wall, zone, is_late=is_late) if wall.tzinfo is None else wall.astimezone(UTC)
