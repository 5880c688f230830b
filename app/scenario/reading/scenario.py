"""Reading a scenario: YAML to `Scenario`, or all of its problems at once.

Problems have codes, lines and remedies like those of definitions. Names are looked up in the
definition, so that a scenario which names a task that there is not is found before it runs.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from app.core.actions import Orchestrate
from app.core.definition import Definition
from app.core.parse import parse, read_document
from app.core.problems import Code, Problem, in_order
from app.core.reading.document import Node
from app.core.reading.happenings import FILTERS, TYPES
from app.core.reading.reader import Reader, did_you_mean
from app.core.reading.words import Vocabulary, words
from app.core.terms import Place
from app.scenario.language import (
    SOMEBODY,
    Happening,
    Moment,
    Scenario,
    Trigger,
)
from app.scenario.reading.asking import Asking
from app.scenario.reading.expectations import read_expect
from app.scenario.reading.people import read_deed
from app.scenario.reading.surroundings import (
    read_closures,
    read_faults,
    read_files,
    read_locks,
    read_permissions,
    read_runs,
    read_teams,
)
from app.scenario.subject import Subject

SCENARIO = Vocabulary(
    of="a scenario",
    known=words(
        "title repository trigger runs people events calendars locks faults files missing "
        "refusing teams permissions expect"
    ),
)
TRIGGER = Vocabulary(
    of="`trigger`", known=words("event by repository payload inputs starts fork")
)
EVENT = Vocabulary(of="an event", known=words("event at once after by repository payload fork"))
OURS = ("manual", "command", "schedule")


def read_scenario(text: str, subject: Subject) -> tuple[Scenario | None, tuple[Problem, ...]]:
    """Read a scenario for a definition. It is there only if it has no problem."""
    reader = Reader()
    root = read_document(text, reader)
    asking = Asking(reader, subject.definition, children_of(subject))
    scenario = _scenario(asking, root) if root is not None else None
    return (None, in_order(reader.problems)) if reader.problems else (scenario, ())


def children_of(subject: Subject) -> tuple[Definition, ...]:
    """Return the definitions beside one that starts others."""
    definition = subject.definition
    places = [definition.tasks]
    if definition.machine is not None:
        places += [state.tasks for state in definition.machine.states.values()]
    is_parent = any(
        isinstance(task.action, Orchestrate) for tasks in places for task in tasks.values()
    )
    texts = subject.neighbours if is_parent else {}
    found = (parse(text, name, subject.templates)[0] for name, text in texts.items())
    return tuple(each for each in found if each is not None)


def _scenario(asking: Asking, root: Node) -> Scenario | None:
    keys = asking.keys(root, SCENARIO, "write `trigger: ...`, `runs: ...`, `expect: ...`")
    if keys is None:
        return None
    people = keys.get("people")
    hint = "write `- {approve: sign_off, by: mona, at: 2h}`"
    deeds = asking.each(people, "`people`", hint) if people else ()
    return Scenario(
        title=asking.text(keys, "title"),
        repository=asking.text(keys, "repository"),
        trigger=_trigger(asking, keys["trigger"]) if "trigger" in keys else None,
        runs=read_runs(asking, keys["runs"]) if "runs" in keys else {},
        people=tuple(deed for each in deeds if (deed := read_deed(asking, each)) is not None),
        events=_events(asking, keys["events"]) if "events" in keys else (),
        closures=read_closures(asking, keys["calendars"]) if "calendars" in keys else (),
        locks=read_locks(asking, keys["locks"]) if "locks" in keys else (),
        faults=read_faults(asking, keys["faults"]) if "faults" in keys else (),
        files=read_files(asking, keys["files"]) if "files" in keys else {},
        missing=asking.words(keys, "missing"),
        refusing=asking.words(keys, "refusing"),
        teams=read_teams(asking, keys["teams"]) if "teams" in keys else {},
        permissions=read_permissions(asking, keys.get("permissions")),
        expect=read_expect(asking, keys["expect"]) if "expect" in keys else None,
    )


def _trigger(asking: Asking, node: Node) -> Trigger | None:
    keys = asking.keys(node, TRIGGER, "write `trigger: {event: pull_request.opened}`")
    if keys is None:
        return None
    happening = _happening(asking, keys, node, is_trigger=True)
    return Trigger(
        happening=happening,
        inputs=asking.object(keys, "inputs"),
        starts=_starts(asking, keys["starts"]) if "starts" in keys else None,
    )


def _starts(asking: Asking, node: Node) -> datetime | None:
    text = asking.reader.text(node, "`starts`") or ""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        message = f"`starts` is `{text}`, which is no moment"
        hint = "write for instance 2026-11-23T09:00:00Z"
        asking.reader.report(Code.WRONG_VALUE, message, hint, node.place)
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


def _happening(
    asking: Asking, keys: Mapping[str, Node], node: Node, *, is_trigger: bool
) -> Happening:
    event = asking.text(keys, "event")
    if event:
        _check_event(asking, event, keys["event"].place, is_trigger=is_trigger)
    elif not is_trigger:
        asking.missing("event", "an event", "write `event: pull_request.closed`", node)
    return Happening(
        event=event,
        by=asking.text(keys, "by", SOMEBODY),
        repository=asking.text(keys, "repository"),
        payload=asking.object(keys, "payload"),
        is_from_fork=asking.truth(keys, "fork", False),
        when=Moment() if is_trigger else asking.moment(keys),
        place=node.place,
    )


def _check_event(asking: Asking, event: str, place: Place, *, is_trigger: bool) -> None:
    name, _, action = event.partition(".")
    known = [each for each in FILTERS if is_trigger or each not in OURS]
    if name not in known:
        message = f"there is no event `{name}`{did_you_mean(name, known)}"
        hint = f"write one of {', '.join(known)}"
        asking.reader.report(Code.UNKNOWN_EVENT, message, hint, place)
    elif action and name in TYPES and action not in TYPES[name]:
        message = f"`{name}` has no activity `{action}`{did_you_mean(action, TYPES[name])}"
        hint = f"it has {', '.join(TYPES[name])}"
        asking.reader.report(Code.UNKNOWN_ACTIVITY, message, hint, place)


def _events(asking: Asking, node: Node) -> tuple[Happening, ...]:
    hint = "write `- {event: pull_request.synchronize, at: 3h}`"
    found = []
    for each in asking.each(node, "`events`", hint):
        keys = asking.keys(each, EVENT, hint)
        if keys is not None:
            found.append(_happening(asking, keys, each, is_trigger=False))
    return tuple(found)
