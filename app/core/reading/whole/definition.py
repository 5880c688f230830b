"""Reading a whole definition from its root."""

from collections.abc import Mapping

from app.core.definition import Alert, Definition, Listen, ReportTo
from app.core.expressions import Types
from app.core.problems import Code
from app.core.reading.actions.wait import CALENDAR
from app.core.reading.declarations import Declared, read_declarations
from app.core.reading.document import Entries, Node, Scalar
from app.core.reading.formulas import Formulas
from app.core.reading.graph.handling import read_concurrency, read_notice
from app.core.reading.reader import Reader
from app.core.reading.scopes import OF_EVENT, Ground, of_declared, start_scope
from app.core.reading.whole.body import (
    KINDS,
    TIMEOUT_DEFAULT,
    check_version,
    read_body,
    read_outputs,
)
from app.core.reading.whole.locks import check_locks
from app.core.reading.whole.templates import Compose, read_uses
from app.core.reading.whole.triggers import read_triggers
from app.core.reading.words import ALERT, COMMENTS, DEFINITION, REPORT_TO
from app.core.terms import Place, Template, ValueType

CALENDARS_MAX = 20
ALERTS_MAX = 20
_START = Place(line=1, column=1)


def read_definition(
    reader: Reader,
    root: Node,
    stem: str,
    templates: Mapping[str, str],
    compose: Compose,
) -> Definition | None:
    """Read a definition; `compose` makes nodes of a template's text."""
    entries = reader.entries(root, "a definition", "see docs/definitions.md for an example")
    if entries is None:
        return None
    keys = dict(reader.known(entries, DEFINITION))
    check_version(reader, keys.get("version"), entries)
    name = reader.text(keys["name"], "`name`") if "name" in keys else stem
    inputs = Declared({}, {})
    if "inputs" in keys:
        inputs = read_declarations(reader, keys["inputs"], "inputs")
    on = _on(reader, keys.get("on"), inputs)
    _check_kinds(reader, entries)
    own = of_declared("inputs", inputs)
    if "uses" in keys:
        body = read_uses(reader, keys, inputs, templates, compose)
    else:
        body = read_body(reader, {k: n for k, n in keys.items() if k != "outputs"}, own)
    ground = Ground(names=start_scope(own).names, timeout=body.timeout)
    concurrency = None
    if "concurrency" in keys:
        concurrency = read_concurrency(reader, keys["concurrency"], ground.formulas(reader))
    check_locks(reader, concurrency, body.graph.tasks, body.machine)
    outputs = body.outputs
    seen = ground.formulas(reader, body.names, body.legs)
    if "outputs" in keys:
        outputs = read_outputs(reader, keys["outputs"], seen)
    return Definition(
        id=stem,
        name=name or stem,
        on=on,
        inputs=inputs.right,
        tasks=body.graph.tasks,
        machine=body.machine,
        correlate=_correlate(reader, keys.get("correlate"), own),
        concurrency=concurrency,
        freeze=_freeze(reader, keys.get("freeze")),
        outputs=outputs,
        alerts=_alerts(reader, keys.get("alerts"), ground.formulas(reader)),
        timeout=body.timeout,
        report_to=_report_to(reader, keys.get("report-to"), seen),
        digest="",
    )


def _on(reader: Reader, node: Node | None, inputs: Declared) -> tuple[Listen, ...]:
    if node is not None:
        return read_triggers(reader, node, inputs)
    hint = "write `on: push`, or `on: manual` to start it by hand"
    reader.report(Code.MISSING_KEY, "nothing starts it: there is no `on`", hint, _START)
    return ()


def _check_kinds(reader: Reader, entries: Entries) -> None:
    """Ask for exactly one of tasks, states and a template, and for what belongs to it."""
    keys = entries.keys
    kinds = [key for key in KINDS if key in keys]
    for other in kinds[1:]:
        message = f"a definition has `{kinds[0]}` or `{other}`, not both"
        hint = "keep one of them; a state has `tasks` of its own"
        reader.report(Code.CONFLICTING_KEYS, message, hint, keys[other].place)
    if not kinds and not {"jobs", "initial", "data", "with"} & keys.keys():
        hint = "write `tasks: {name: {dispatch: ...}}`"
        reader.report(Code.MISSING_KEY, "there are no `tasks`", hint, _START)
    belonging = {"initial": "states", "data": "states", "with": "uses"}
    for key, to in belonging.items():
        if key in keys and to not in keys:
            message = f"`{key}` belongs to `{to}`, and there is none"
            hint = f"add `{to}`, or leave `{key}` out"
            reader.report(Code.CONFLICTING_KEYS, message, hint, keys[key].place)
    if "uses" in keys and "defaults" in keys:
        message = "the template has `defaults` of its own"
        hint = "leave them out, or make them an input of the template"
        reader.report(Code.CONFLICTING_KEYS, message, hint, keys["defaults"].place)


def _correlate(reader: Reader, node: Node | None, inputs: Types) -> Template | None:
    hint = "write for instance `${{ repository }}#${{ event.pull_request.number }}`"
    if node is None or reader.text(node, "`correlate`", hint) is None:
        return None
    ground = Ground(names=OF_EVENT + inputs, timeout=TIMEOUT_DEFAULT)
    return ground.formulas(reader).template(node)


def _freeze(reader: Reader, node: Node | None) -> tuple[str, ...]:
    found = reader.some(node, "`freeze`", most=CALENDARS_MAX) if node else ()
    for each in found:
        if node and not CALENDAR.fullmatch(each):
            message = f"`{each[:60]}` is no name of a calendar"
            hint = "write letters, digits, - and _, such as production-freeze"
            reader.report(Code.BAD_NAME, message, hint, node.place)
    return found


def _alerts(reader: Reader, node: Node | None, formulas: Formulas) -> tuple[Alert, ...]:
    if node is None:
        return ()
    hint = 'write `[{when: orchestration.age > duration("12h"), notify: a/b, via: [issue]}]`'
    found: list[Alert] = []
    for each in reader.several(node, "`alerts`", 1, ALERTS_MAX, hint):
        entries = reader.entries(each, "an alert", hint)
        if entries is None:
            continue
        keys = dict(reader.known(entries, ALERT))
        for key in ("when", "notify", "via"):
            if key not in keys:
                reader.missing(key, "an alert", hint, entries.place)
        when = formulas.condition(keys["when"], "`when`") if "when" in keys else None
        notify, via = read_notice(reader, keys.get("notify"), keys.get("via"))
        if when and notify and via:
            found.append(Alert(when=when, notify=notify, via=via))
    return tuple(found)


def _report_to(reader: Reader, node: Node | None, formulas: Formulas) -> ReportTo:
    check, comment, issue = True, "", None
    entries = node and reader.entries(node, "`report-to`", "write `{comment: never}`")
    for key, value in reader.known(entries, REPORT_TO) if entries else ():
        if key == "check":
            check = reader.truth(value, "`check`") is not False
        elif key == "comment":
            comment = reader.choice(value, "`comment`", COMMENTS) or comment
        else:
            issue = _issue(reader, value, formulas)
    match comment:
        case "changed" | "always" | "never":
            return ReportTo(check=check, comment=comment, issue=issue)
        case _:
            return ReportTo(check=check, issue=issue)


def _issue(reader: Reader, node: Node, formulas: Formulas) -> Template | None:
    if isinstance(node, Scalar) and "${{" in str(node.value):
        return formulas.template(node, "`issue`", ValueType.INTEGER)
    number = reader.integer(node, "`issue`", 1, 2**31)
    return None if number is None else Template(value=number, place=node.place)
