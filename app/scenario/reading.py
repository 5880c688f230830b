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
from app.core.reading.document import Node, Scalar, plain
from app.core.reading.happenings import FILTERS, TYPES
from app.core.reading.reader import Reader, did_you_mean
from app.core.reading.words import CONCLUSIONS, SCOPES, Vocabulary, words
from app.core.terms import Place
from app.core.values import Json
from app.scenario.asking import Asking, as_text, is_mapping, one_or_many
from app.scenario.language import (
    SOMEBODY,
    Closure,
    Expected,
    Fault,
    Happening,
    Held,
    Moment,
    RunScript,
    Scenario,
    Trigger,
)
from app.scenario.reading_people import read_deed
from app.scenario.subject import Subject

SCENARIO = Vocabulary(
    of="a scenario",
    known=words(
        "title repository trigger runs people events calendars locks faults files missing "
        "refusing teams expect"
    ),
)
TRIGGER = Vocabulary(
    of="`trigger`", known=words("event by repository payload inputs starts fork")
)
RUN = Vocabulary(
    of="a run",
    known=words(
        "conclusion after queued outputs jobs summary starts heeds-cancel environment changes"
    ),
)
EVENT = Vocabulary(of="an event", known=words("event at once after by repository payload fork"))
CLOSED = Vocabulary(of="a closed calendar", known=words("from until why"))
LOCK = Vocabulary(of="a lock", known=words("group scope places from until"))
FAULT = Vocabulary(
    of="a fault", known=words("lose delay double reorder fail times by status done")
)
EXPECT = Vocabulary(
    of="`expect`",
    known=words(
        "conclusion reason state states tasks why dispatched not-dispatched took-less-than "
        "took-more-than outputs told starts"
    ),
)
ENDS = words(
    "success failure neutral cancelled skipped timed_out action_required stale startup_failure"
)
TASK_ENDS = words("waiting running asking succeeded failed cancelled skipped")
OURS = ("manual", "command", "schedule")
FAULTS = ("lose", "delay", "double", "reorder", "fail")
ATTEMPTS_MAX = 50
PLACES_MAX = 20
FAULTY_MAX = 1_000


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
        runs=_runs(asking, keys["runs"]) if "runs" in keys else {},
        people=tuple(deed for each in deeds if (deed := read_deed(asking, each)) is not None),
        events=_events(asking, keys["events"]) if "events" in keys else (),
        closures=_closures(asking, keys["calendars"]) if "calendars" in keys else (),
        locks=_locks(asking, keys["locks"]) if "locks" in keys else (),
        faults=_faults(asking, keys["faults"]) if "faults" in keys else (),
        files=_files(asking, keys["files"]) if "files" in keys else {},
        missing=asking.words(keys, "missing"),
        refusing=asking.words(keys, "refusing"),
        teams=_teams(asking, keys["teams"]) if "teams" in keys else {},
        expect=_expect(asking, keys["expect"]) if "expect" in keys else None,
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
    if name not in known or name == "orchestration":
        message = f"there is no event `{name}`{did_you_mean(name, known)}"
        hint = f"write one of {', '.join(each for each in known if each != 'orchestration')}"
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


def _runs(asking: Asking, node: Node) -> Mapping[str, tuple[RunScript, ...]]:
    hint = "write `build: {conclusion: failure}`, or a list with one for each attempt"
    found = {}
    for name, value, place in asking.named(node, "`runs`", hint):
        asking.task(name, place, has_workflows=True)
        attempts = one_or_many(value)
        if not 1 <= len(attempts) <= ATTEMPTS_MAX:
            message = f"`{name}` has {len(attempts)} attempts"
            told = f"write 1 to {ATTEMPTS_MAX}; the last one goes on for ever"
            asking.reader.report(Code.OUT_OF_RANGE, message, told, value.place)
        read = (_run(asking, each) for each in attempts)
        found[name] = tuple(each for each in read if each is not None)
    return found


def _run(asking: Asking, node: Node) -> RunScript | None:
    hint = "write `{conclusion: failure, after: 5m, outputs: {...}}`, or just `failure`"
    if not is_mapping(node):
        conclusion = asking.reader.choice(node, "a conclusion", sorted(ENDS))
        return RunScript(conclusion=conclusion, place=node.place) if conclusion else None
    keys = asking.keys(node, RUN, hint)
    if keys is None:
        return None
    usual = RunScript()
    conclusion = "success"
    if "conclusion" in keys:
        chosen = asking.reader.choice(keys["conclusion"], "`conclusion`", sorted(ENDS))
        conclusion = chosen or conclusion
    jobs = {}
    if "jobs" in keys:
        for name, value, _ in asking.named(keys["jobs"], "`jobs`", "write `{test: failure}`"):
            jobs[name] = asking.reader.choice(value, f"`{name}`", sorted(ENDS)) or ""
    return RunScript(
        conclusion=conclusion,
        after=asking.time(keys, "after", usual.after),
        queued=asking.time(keys, "queued", usual.queued),
        outputs=asking.object(keys, "outputs") if "outputs" in keys else None,
        jobs=jobs,
        summary=asking.text(keys, "summary"),
        is_starting=asking.truth(keys, "starts", True),
        is_deaf_to_cancel=not asking.truth(keys, "heeds-cancel", True),
        environment=asking.text(keys, "environment"),
        change=asking.words(keys, "changes") if "changes" in keys else None,
        place=node.place,
    )


def _closures(asking: Asking, node: Node) -> tuple[Closure, ...]:
    hint = "write `production-freeze: {until: 3d}`"
    found = []
    for name, value, _ in asking.named(node, "`calendars`", hint):
        for each in one_or_many(value):
            keys = asking.keys(each, CLOSED, hint)
            if keys is None:
                continue
            if "until" not in keys:
                asking.missing("until", "a closed calendar", hint, each)
            since, until = asking.time(keys, "from"), asking.time(keys, "until")
            why = asking.text(keys, "why")
            found.append(Closure(calendar=name, since=since, until=until, why=why))
    return tuple(found)


def _locks(asking: Asking, node: Node) -> tuple[Held, ...]:
    hint = "write `- {group: deploy-production, scope: organization, until: 2h}`"
    found = []
    for each in asking.each(node, "`locks`", hint):
        keys = asking.keys(each, LOCK, hint)
        if keys is None:
            continue
        for key in sorted({"group", "until"} - keys.keys()):
            asking.missing(key, "a lock", hint, each)
        scope = "repository"
        if "scope" in keys:
            scope = asking.reader.choice(keys["scope"], "`scope`", SCOPES) or scope
        since, until = asking.time(keys, "from"), asking.time(keys, "until")
        if "until" in keys and until <= since:
            message = "a lock is given back before it is taken"
            asking.reader.report(Code.WRONG_VALUE, message, hint, keys["until"].place)
        group, places = asking.text(keys, "group"), asking.count(keys, "places", 1, PLACES_MAX)
        found.append(Held(group=group, scope=scope, places=places, since=since, until=until))
    return tuple(found)


def _faults(asking: Asking, node: Node) -> tuple[Fault, ...]:
    hint = "write `- {lose: workflow_run.completed}` or `- {fail: POST .*/dispatches}`"
    found = []
    for each in asking.each(node, "`faults`", hint):
        keys = asking.keys(each, FAULT, hint)
        if keys is None:
            continue
        kinds = [kind for kind in FAULTS if kind in keys]
        if len(kinds) != 1:
            message = "a fault is one of lose, delay, double, reorder and fail"
            asking.reader.report(Code.CONFLICTING_KEYS, message, hint, each.place)
            continue
        status = 502
        if "status" in keys:
            status = asking.reader.integer(keys["status"], "`status`", 500, 599) or status
        found.append(
            Fault(
                kind=kinds[0],
                what=asking.text(keys, kinds[0]),
                times=asking.count(keys, "times", 1, FAULTY_MAX),
                by=asking.time(keys, "by", Fault(kind="", what="").by),
                status=status,
                is_done=asking.truth(keys, "done", False),
            )
        )
    return tuple(found)


def _files(asking: Asking, node: Node) -> Mapping[str, Mapping[str, Json]]:
    hint = "write `acme/fleet: {regions.json: {regions: [...]}}`"
    found: dict[str, Mapping[str, Json]] = {}
    for repository, value, place in asking.named(node, "`files`", hint):
        if repository.count("/") != 1:
            message = f"`{repository}` is no repository"
            asking.reader.report(Code.WRONG_VALUE, message, hint, place)
        paths = asking.named(value, f"`{repository}`", hint)
        found[repository] = {path: plain(each) for path, each, _ in paths}
    return found


def _teams(asking: Asking, node: Node) -> Mapping[str, tuple[str, ...]]:
    hint = "write `acme/sre: [mona, hubot]`"
    return {
        team: tuple(text for text, _ in asking.reader.one_or_more(value, f"`{team}`"))
        for team, value, _ in asking.named(node, "`teams`", hint)
    }


def _expect(asking: Asking, node: Node) -> Expected | None:
    keys = asking.keys(node, EXPECT, "write `expect: {conclusion: success}`")
    if keys is None:
        return None
    conclusion = ""
    if "conclusion" in keys:
        read = asking.reader.choice(keys["conclusion"], "`conclusion`", CONCLUSIONS)
        conclusion = read or ""
    return Expected(
        conclusion=conclusion,
        reason=asking.text(keys, "reason"),
        state=_state(asking, keys["state"]) if "state" in keys else "",
        states=_states(asking, keys["states"]) if "states" in keys else (),
        tasks=_of_tasks(asking, keys, "tasks", sorted(TASK_ENDS)),
        why=_of_tasks(asking, keys, "why", ()),
        dispatched=_references(asking, keys, "dispatched"),
        not_dispatched=_references(asking, keys, "not-dispatched"),
        took_less_than=asking.time(keys, "took-less-than")
        if "took-less-than" in keys
        else None,
        took_more_than=asking.time(keys, "took-more-than")
        if "took-more-than" in keys
        else None,
        outputs=asking.object(keys, "outputs") if "outputs" in keys else None,
        told=asking.words(keys, "told"),
        starts=asking.truth(keys, "starts", True),
        places={key: value.place for key, value in keys.items()},
    )


def _of_tasks(
    asking: Asking, keys: Mapping[str, Node], key: str, choices: list[str] | tuple[str, ...]
) -> Mapping[str, str]:
    found: dict[str, str] = {}
    if key not in keys:
        return found
    for name, value, place in asking.named(keys[key], f"`{key}`", "write `{build: ...}`"):
        asking.task(name, place)
        what = f"`{name}`"
        text = (
            asking.reader.choice(value, what, choices)
            if choices
            else asking.reader.text(value, what)
        )
        found[name] = text or ""
    return found


def _references(asking: Asking, keys: Mapping[str, Node], key: str) -> tuple[str, ...]:
    if key not in keys:
        return ()
    found = asking.reader.one_or_more(keys[key], f"`{key}`")
    for text, place in found:
        asking.task(text, place, has_workflows=True)
    return tuple(text for text, _ in found)


def _state(asking: Asking, node: Node) -> str:
    text = as_text(node) or ""
    if text not in asking.states:
        message = f"the definition has no state `{text}`{did_you_mean(text, asking.states)}"
        states = ", ".join(sorted(asking.states))
        hint = f"it has {states}" if states else "it has tasks and no states: write `tasks`"
        asking.reader.report(Code.UNKNOWN_STATE, message, hint, node.place)
    return text


def _states(asking: Asking, node: Node) -> tuple[str, ...]:
    hint = "write the states in the order in which they are entered"
    return tuple(
        _state(asking, each)
        for each in asking.each(node, "`states`", hint)
        if isinstance(each, Scalar)
    )
