"""Reading `on.schedule`: when by the clock of which zone, and with which inputs.

Five fields, as of cron in GitHub Actions: minute, hour, day, month, day of the week.
"""

import re
from zoneinfo import ZoneInfo

from app.core.definition import Schedule
from app.core.problems import Code
from app.core.reading.declarations import Declared
from app.core.reading.document import Entries, Node, plain
from app.core.reading.reader import Reader, did_you_mean
from app.core.reading.words import SCHEDULE
from app.core.terms import Place
from app.core.typed_values import check_value
from app.core.values import Json

SCHEDULES_MAX = 20
_HINT = "write `[{cron: '30 6 * * 1-5', timezone: Europe/Berlin}]`"
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
_FIELDS = (
    ("the minute", 0, 59, ()),
    ("the hour", 0, 23, ()),
    ("the day", 1, 31, ()),
    ("the month", 1, 12, tuple(_MONTHS)),
    ("the day of the week", 0, 7, tuple(_DAYS)),
)
_PART = re.compile(r"(?:\*|(?P<low>\w+)(?:-(?P<high>\w+))?)(?:/(?P<step>\d{1,2}))?", re.ASCII)
# The longest that each month may be.
_LENGTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def read_schedules(
    reader: Reader, node: Node | None, place: Place, inputs: Declared
) -> tuple[Schedule, ...]:
    """Read the list of schedules."""
    if node is None:
        reader.report(Code.MISSING_KEY, "`schedule` does not say when", _HINT, place)
        return ()
    found: list[Schedule] = []
    for each in reader.several(node, "`schedule`", 1, SCHEDULES_MAX, _HINT):
        entries = reader.entries(each, "an entry of `schedule`", _HINT)
        schedule = entries and _schedule(reader, entries, inputs)
        if schedule:
            found.append(schedule)
    return tuple(found)


def _schedule(reader: Reader, entries: Entries, inputs: Declared) -> Schedule | None:
    keys = dict(reader.known(entries, SCHEDULE))
    if "cron" not in keys:
        reader.missing("cron", "an entry of `schedule`", _HINT, entries.place)
    cron = _cron(reader, keys["cron"]) if "cron" in keys else None
    timezone: str | None = "UTC"
    if "timezone" in keys:
        timezone = _timezone(reader, keys["timezone"])
    given = _inputs(reader, keys.get("with"), inputs, entries.place)
    if cron is None or timezone is None:
        return None
    return Schedule(cron=cron, timezone=timezone, inputs=given)


def _cron(reader: Reader, node: Node) -> str | None:
    text = reader.text(node, "`cron`", "write five fields, such as '30 6 * * 1-5'")
    if text is None:
        return None
    fields = text.lower().split()
    trouble = "" if len(fields) == len(_FIELDS) else f"it has {len(fields)} fields, not 5"
    values: list[set[int]] = []
    for field, (what, least, most, names) in zip(fields, _FIELDS, strict=False):
        value = set() if trouble else _values(field, least, most, names)
        values.append(value or set())
        if not trouble and not value:
            trouble = f"`{field}` is no value for {what} ({least} to {most})"
    if not trouble and fields[4] == "*":
        days, months = values[2], values[3]
        if min(days) > max(_LENGTHS[month - 1] for month in months):
            trouble = "no such month has such a day"
    if trouble:
        message = f"`{text[:40]}` is no schedule: {trouble}"
        hint = "write five fields: minute hour day month day-of-week, as '30 6 * * 1-5'"
        reader.report(Code.BAD_SCHEDULE, message, hint, node.place)
        return None
    return " ".join(fields)


def _values(field: str, least: int, most: int, names: tuple[str, ...]) -> set[int] | None:
    found: set[int] = set()
    for part in field.split(","):
        read = _PART.fullmatch(part)
        if read is None:
            return None
        low, high = least, most
        if read["low"]:
            first = _value(read["low"], least, names)
            last = _value(read["high"], least, names) if read["high"] else first
            if read["step"] and not read["high"]:
                last = most
            if first is None or last is None:
                return None
            low, high = first, last
        step = int(read["step"] or 1)
        if not least <= low <= high <= most or not step:
            return None
        found.update(range(low, high + 1, step))
    return found


def _value(text: str, least: int, names: tuple[str, ...]) -> int | None:
    if text in names:
        return names.index(text) + least
    return int(text) if text.isdigit() and len(text) < 3 else None


def _timezone(reader: Reader, node: Node) -> str | None:
    text = reader.text(node, "`timezone`", "write for instance Europe/Berlin")
    if text is None or _is_zone(text):
        return text
    message = f"there is no time zone `{text[:40]}`"
    hint = "write a name of the IANA database, such as Europe/Berlin"
    reader.report(Code.BAD_SCHEDULE, message, hint, node.place)
    return None


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    # Some names are folders of the database, some no names of files at all.
    except (KeyError, ValueError, OSError):
        return False
    return True


def _inputs(
    reader: Reader, node: Node | None, declared: Declared, place: Place
) -> dict[str, Json]:
    entries = node and reader.entries(node, "`with`", "write `{input: value}`")
    nodes = entries.nodes if entries else {}
    found: dict[str, Json] = {}
    for name, each in nodes.items():
        value = plain(each)
        at = entries.keys[name].place if entries else place
        if name not in declared.types:
            guess = did_you_mean(name, declared.types)
            message = f"there is no input `{name}`{guess}"
            hint = "declare it in `inputs`"
            reader.report(Code.UNKNOWN_NAME, message, hint, at)
        elif isinstance(value, str) and "${{" in value:
            message = "a schedule knows no event: its inputs are plain values"
            reader.report(Code.WRONG_VALUE, message, "write the value itself", each.place)
        elif name in declared.right and (trouble := check_value(declared.right[name], value)):
            message = f"the input `{name}` {trouble}"
            hint = f"write a value of type {declared.right[name].type.value}"
            reader.report(Code.BAD_DEFAULT, message, hint, each.place)
        found[name] = value
    for name, declaration in declared.right.items():
        if declaration.required and name not in nodes:
            message = f"the required input `{name}` is not given"
            hint = f"write `with: {{{name}: ...}}`"
            reader.report(Code.MISSING_KEY, message, hint, entries.place if entries else place)
    return found
