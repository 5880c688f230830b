"""Reading `on`: which events start the orchestration, and the filters that they must pass."""

import re

from app.core.definition import Listen
from app.core.expressions import Scope
from app.core.hearing.filters import problem_of
from app.core.problems import Code
from app.core.reading.declarations import Declared
from app.core.reading.document import Entries, Items, Node, Scalar
from app.core.reading.formulas import Formulas
from app.core.reading.happenings import (
    ALL_FILTERS,
    DEFAULT_TYPES,
    EVENTS_OF_ACTIONS,
    FILTERS,
    TYPES,
)
from app.core.reading.reader import Reader, did_you_mean
from app.core.reading.remedies import Surroundings
from app.core.reading.scopes import OF_EVENT
from app.core.reading.whole.schedules import read_schedules
from app.core.terms import Expression, Place

FILTER_ITEMS_MAX = 100
_REPOSITORY = re.compile(r"!?[^/\s]+/[^/\s]+")


def read_triggers(reader: Reader, node: Node, inputs: Declared) -> tuple[Listen, ...]:
    """Read `on`, which may be one event, a list of them, or a mapping with filters.

    `inputs` are what the entries of a schedule fill.
    """
    events: list[tuple[Scalar, Node | None]]
    if isinstance(node, Entries):
        events = [(node.keys[name], each) for name, each in node.nodes.items()]
    else:
        events = [(each, None) for each in _names(reader, node)]
    if isinstance(node, Entries | Items) and not node.nodes:
        hint = f"name one of {', '.join(FILTERS)}"
        reader.report(Code.WRONG_VALUE, "`on` names no event", hint, node.place)
    seen: set[str] = set()
    found: list[Listen] = []
    for key, filters in events:
        event = str(key.value)
        if event in seen:
            message = f"`on` names `{event}` twice"
            reader.report(Code.WRONG_VALUE, message, "name it once", key.place)
        elif _is_event(reader, event, key.place):
            if event == "schedule":
                found.append(_scheduled(reader, key.place, filters, inputs))
            else:
                found.append(_listen(reader, event, key.place, filters))
        seen.add(event)
    return tuple(found)


def _names(reader: Reader, node: Node) -> list[Scalar]:
    nodes = node.nodes if isinstance(node, Items) else (node,)
    what, hint = "an event in `on`", "write `on: push`"
    return [e for e in nodes if reader.text(e, what, hint) and isinstance(e, Scalar)]


def _is_event(reader: Reader, event: str, place: Place) -> bool:
    if event in FILTERS:
        return True
    if event in EVENTS_OF_ACTIONS:
        message = f"`{event}` is an event of GitHub Actions that Signalbox does not need"
        reader.report(Code.ACTIONS_KEY, message, EVENTS_OF_ACTIONS[event], place)
    else:
        message = f"there is no event `{event}`{did_you_mean(event, FILTERS)}"
        hint = f"there are {', '.join(FILTERS)}"
        reader.report(Code.UNKNOWN_EVENT, message, hint, place)
    return False


def _listen(reader: Reader, event: str, place: Place, node: Node | None) -> Listen:
    empty = node is None or (isinstance(node, Scalar) and node.value is None)
    entries = None if empty or node is None else reader.entries(node, f"`{event}`")
    texts: dict[str, tuple[str, ...]] = {}
    condition: Expression | None = None
    for key, each in entries.nodes.items() if entries else ():
        key_place = entries.keys[key].place if entries else place
        if not _is_filter(reader, event, key, key_place):
            continue
        if key == "if":
            scope = Surroundings(scope=Scope(names=OF_EVENT))
            condition = Formulas(reader, scope).condition(each, "`if`")
        else:
            texts[key] = _filter(reader, event, key, each)
    _check_together(reader, event, entries, place)
    return Listen(
        event=event,
        place=place,
        types=texts.get("types", DEFAULT_TYPES.get(event, ())),
        condition=condition,
        repositories=texts.get("repositories", ()),
        branches=texts.get("branches", ()),
        branches_ignore=texts.get("branches-ignore", ()),
        tags=texts.get("tags", ()),
        tags_ignore=texts.get("tags-ignore", ()),
        paths=texts.get("paths", ()),
        paths_ignore=texts.get("paths-ignore", ()),
        labels=texts.get("labels", ()),
        environments=texts.get("environments", ()),
        workflows=texts.get("workflows", ()),
    )


def _scheduled(reader: Reader, place: Place, node: Node | None, inputs: Declared) -> Listen:
    schedules = read_schedules(reader, node, place, inputs)
    return Listen(event="schedule", place=place, schedules=schedules)


def _is_filter(reader: Reader, event: str, key: str, place: Place) -> bool:
    known = FILTERS[event]
    if key in known:
        return True
    hint = f"it may have {', '.join(sorted(known))}" if known else "it has no filters"
    if key in ALL_FILTERS:
        message = f"`{event}` has no filter `{key}`"
        reader.report(Code.FILTER_NOT_FOR_EVENT, message, hint, place)
    elif key == "inputs":
        message = "`inputs` stand at the top of the definition"
        reader.report(Code.UNKNOWN_KEY, message, "move them there", place)
    else:
        message = f"`{event}` has no filter `{key}`{did_you_mean(key, ALL_FILTERS)}"
        reader.report(Code.UNKNOWN_KEY, message, hint, place)
    return False


def _filter(reader: Reader, event: str, key: str, node: Node) -> tuple[str, ...]:
    found = reader.one_or_more(node, f"`{key}`")
    if len(found) > FILTER_ITEMS_MAX:
        message = f"`{key}` has {len(found)} items; the most is {FILTER_ITEMS_MAX}"
        reader.report(Code.TOO_MANY, message, "use patterns such as `release/**`", node.place)
    for text, place in found:
        if key == "types":
            _check_type(reader, event, text, place)
        else:
            _check_pattern(reader, key, text, place)
    is_wanted = key != "types" and not key.endswith("-ignore")
    if is_wanted and found and all(text.startswith("!") for text, _ in found):
        hint = "write what to start from first, for instance '**'"
        message = f"`{key}` only takes away; nothing would ever match"
        reader.report(Code.BAD_FILTER, message, hint, node.place)
    return tuple(text for text, _ in found)


def _check_type(reader: Reader, event: str, text: str, place: Place) -> None:
    known = TYPES.get(event)
    if known and text not in known:
        message = f"`{event}` has no activity `{text}`{did_you_mean(text, known)}"
        reader.report(Code.UNKNOWN_ACTIVITY, message, f"there are {', '.join(known)}", place)
    # GitHub takes 1 to 100 characters: https://docs.github.com/en/rest/repos/repos
    # #create-a-repository-dispatch-event
    if not known and len(text) > 100:
        message = "the type of a `repository_dispatch` has at most 100 characters"
        reader.report(Code.OUT_OF_RANGE, message, "shorten it", place)


def _check_pattern(reader: Reader, key: str, text: str, place: Place) -> None:
    trouble = problem_of(text)
    hint = "the signs are * ** ? + [] ! and \\ as in GitHub Actions"
    if not trouble and key.endswith("-ignore") and text.startswith("!"):
        trouble, hint = "`!` takes back, and here is nothing to take back", "leave the `!` out"
    if not trouble and key == "repositories" and not _REPOSITORY.fullmatch(text):
        trouble, hint = "it is not `owner/name`", "write for instance acme/api or 'acme/*'"
    if trouble:
        reader.report(Code.BAD_FILTER, f"`{text}` in `{key}`: {trouble}", hint, place)


def _check_together(reader: Reader, event: str, entries: Entries | None, place: Place) -> None:
    keys = entries.keys if entries else {}
    for key in ("branches", "tags", "paths"):
        other = f"{key}-ignore"
        if key in keys and other in keys:
            message = f"`{key}` and `{other}` of one event exclude each other"
            hint = f"write only `{key}`, with `!` before what to leave out"
            reader.report(Code.CONFLICTING_KEYS, message, hint, keys[other].place)
    # GitHub asks for it as well. Without it, the runs that Signalbox starts would start more.
    if event == "workflow_run" and "workflows" not in keys:
        message = "`workflow_run` does not say which `workflows`"
        hint = "write the names of workflows: `workflows: [ci]`"
        reader.report(Code.MISSING_KEY, message, hint, place)
