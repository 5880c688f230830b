"""Reading `on.schedule`: when by the clock of which zone, and with which inputs."""

from app.core.definition import Schedule
from app.core.problems import Code
from app.core.reading.declarations import Declared
from app.core.reading.document import Entries, Node, plain
from app.core.reading.reader import Reader, did_you_mean
from app.core.reading.words import SCHEDULE
from app.core.schedules import problem_of
from app.core.terms import Place
from app.core.typed_values import check_value
from app.core.values import Json

SCHEDULES_MAX = 20
_HINT = "write `[{cron: '30 6 * * 1-5', timezone: Europe/Berlin}]`"
_UTC = "UTC"


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
    given = _inputs(reader, keys.get("with"), inputs, entries.place)
    cron = timezone = None
    if "timezone" in keys:
        timezone = _timezone(reader, keys["timezone"])
    if "cron" in keys:
        cron = _cron(reader, keys["cron"])
    if cron is None or ("timezone" in keys and timezone is None):
        return None
    return Schedule(cron=cron, timezone=timezone or _UTC, inputs=given)


def _cron(reader: Reader, node: Node) -> str | None:
    hint = "write five fields: minute hour day month day-of-week, as '30 6 * * 1-5'"
    text = reader.text(node, "`cron`", hint)
    if text is None:
        return None
    trouble = problem_of(text, _UTC)
    if trouble is not None:
        reader.report(Code.BAD_SCHEDULE, trouble, hint, node.place)
        return None
    return text


def _timezone(reader: Reader, node: Node) -> str | None:
    hint = "write a name of the IANA database, such as Europe/Berlin"
    text = reader.text(node, "`timezone`", hint)
    trouble = None if text is None else problem_of("0 0 * * *", text)
    if trouble is not None:
        reader.report(Code.BAD_SCHEDULE, trouble, hint, node.place)
        return None
    return text


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
