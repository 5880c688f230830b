"""Reading `transitions`: on what, under which condition, what is set, and where to."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from app.core.definition import Transition
from app.core.problems import Code
from app.core.reading.actions.wait import is_event
from app.core.reading.declarations import Declared
from app.core.reading.document import Entries, Node, Scalar
from app.core.reading.formulas import Formulas
from app.core.reading.happenings import GITHUB_EVENTS
from app.core.reading.reader import Reader, did_you_mean
from app.core.reading.words import TRANSITION
from app.core.terms import Expression, ValueType

TRANSITIONS_MAX = 50
_COMMAND = re.compile(r"[a-z][a-z0-9-]{0,49}")
_HINT = "write `[{on: tasks.succeeded, to: state}]`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exits:
    """What may end a state besides events of GitHub and commands."""

    has_tasks: bool = False
    has_wait: bool = False
    has_timeout: bool = False
    options: tuple[str, ...] = ()

    def words(self) -> tuple[str, ...]:
        """Name what a transition of the state may be on."""
        tasks = ("tasks.succeeded", "tasks.failed") if self.has_tasks else ()
        options = tuple(f"approval.{option}" for option in self.options)
        wait = ("wait.elapsed",) if self.has_wait else ()
        return (*options, *wait, *tasks, *(("timeout",) if self.has_timeout else ()))


def read_transitions(
    reader: Reader,
    node: Node | None,
    state: Entries,
    *,
    formulas: Formulas,
    data: Declared,
    states: Collection[str],
    exits: Exits,
) -> tuple[Transition, ...]:
    """Read the ways out of a state that is not final."""
    if node is None:
        message = "the state has no `transitions` and is not final: it never ends"
        hint = "add `transitions: [{on: ..., to: ...}]`, or `final: true`"
        reader.report(Code.ENDLESS_STATE, message, hint, state.place)
        return ()
    found: list[Transition] = []
    before = len(reader.problems)
    for each in reader.several(node, "`transitions`", 1, TRANSITIONS_MAX, _HINT):
        entries = reader.entries(each, "a transition", "write `{on: ..., to: state}`")
        read = entries and _transition(reader, entries, formulas, data, states, exits)
        if read:
            found.append(read)
    if len(reader.problems) == before:
        _check_taken(reader, found)
        _check_exits(reader, found, exits, state)
    return tuple(found)


def target_of(reader: Reader, node: Node, what: str, states: Collection[str]) -> str | None:
    """Read the name of a state."""
    text = reader.text(node, what, f"write one of {', '.join(states)}")
    if text is None or text in states:
        return text
    message = f"there is no state `{text}`{did_you_mean(text, states)}"
    reader.report(Code.UNKNOWN_STATE, message, f"there are {', '.join(states)}", node.place)
    return None


def _transition(
    reader: Reader,
    entries: Entries,
    formulas: Formulas,
    data: Declared,
    states: Collection[str],
    exits: Exits,
) -> Transition | None:
    keys = dict(reader.known(entries, TRANSITION))
    for key in ("on", "to"):
        if key not in keys:
            hint = "write `{on: tasks.succeeded, to: state}`"
            reader.missing(key, "a transition", hint, entries.place)
    on = _on(reader, keys["on"], exits) if "on" in keys else None
    to = target_of(reader, keys["to"], "`to`", states) if "to" in keys else None
    when = formulas.condition(keys["when"], "`when`") if "when" in keys else None
    settings = _set(reader, keys["set"], formulas, data) if "set" in keys else {}
    if on is None or to is None:
        return None
    return Transition(on=on, place=entries.place, when=when, set=settings, to=to)


def _on(reader: Reader, node: Node, exits: Exits) -> str | None:
    text = reader.text(node, "`on`", "write for instance tasks.succeeded")
    if text is None or text in exits.words():
        return text
    room, _, rest = text.partition(".")
    if room == "command":
        if _COMMAND.fullmatch(rest):
            return text
        message = f"`{text}` names no command"
        hint = "write for instance `command.reject`"
        reader.report(Code.BAD_TRANSITION, message, hint, node.place)
        return None
    if room in GITHUB_EVENTS:
        return text if is_event(reader, text, node.place) else None
    known = ", ".join(exits.words()) or "none of its own"
    message = f"nothing in this state is called `{text}`{did_you_mean(text, exits.words())}"
    hint = f"there are {known}, events such as pull_request.closed, and command.NAME"
    if text == "timeout":
        hint = "add `timeout-minutes` to the state"
    reader.report(Code.BAD_TRANSITION, message, hint, node.place)
    return None


def _set(
    reader: Reader, node: Node, formulas: Formulas, data: Declared
) -> Mapping[str, Expression]:
    entries = reader.entries(node, "`set`", "write `{name: expression}`")
    found: dict[str, Expression] = {}
    for name, each in entries.nodes.items() if entries else ():
        if name not in data.types:
            message = f"there is no `data.{name}`{did_you_mean(name, data.types)}"
            hint = f"declare it: `data: {{{name}: {{type: ...}}}}`"
            place = entries.keys[name].place if entries else each.place
            reader.report(Code.UNKNOWN_NAME, message, hint, place)
            continue
        declaration = data.right.get(name)
        type_ = declaration.type if declaration else ValueType.STRING
        if declaration is None:
            continue
        if isinstance(each, Scalar) and each.value is None:
            message = f"`{name}` is set to nothing"
            reader.report(Code.WRONG_TYPE, message, "write '\"\"' for a text", each.place)
            continue
        if expression := formulas.value(each, f"`{name}`", type_):
            found[name] = expression
    return found


def _check_taken(reader: Reader, transitions: Collection[Transition]) -> None:
    """Report a transition that an earlier one without a condition always precedes."""
    certain: dict[str, Transition] = {}
    for each in transitions:
        if each.on in certain:
            line = certain[each.on].place.line
            message = f"it is never taken: line {line} takes every `{each.on}` before it"
            hint = "put the one without `when` last, or remove it"
            reader.report(Code.DEAD_TRANSITION, message, hint, each.place)
        elif each.when is None or each.when.source == "true":
            certain[each.on] = each


def _check_exits(
    reader: Reader, transitions: Collection[Transition], exits: Exits, state: Entries
) -> None:
    """Report what may end a state and leads nowhere, and a time-out that nobody awaits."""
    heard = {each.on for each in transitions}
    if exits.has_timeout and "timeout" not in heard:
        message = "`timeout-minutes` leads nowhere: there is no transition on `timeout`"
        hint = "add `{on: timeout, to: state}`"
        place = state.keys["timeout-minutes"].place
        reader.report(Code.ENDLESS_STATE, message, hint, place)
    if exits.has_timeout or not exits.has_tasks:
        return
    own = exits.words()
    wanted = own if not exits.options and not exits.has_wait else own[:-2]
    lacking = [each for each in wanted if each not in heard]
    if lacking:
        message = f"the state may never end: nothing follows from {', '.join(lacking)}"
        hint = f"add `{{on: {lacking[0]}, to: state}}`, or a `timeout-minutes`"
        reader.report(Code.ENDLESS_STATE, message, hint, state.place)
