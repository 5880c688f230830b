"""Reading what surrounds a scenario: runs, calendars, locks, faults, files and teams."""

from collections.abc import Mapping

from app.core.problems import Code
from app.core.reading.document import Node, plain
from app.core.reading.words import SCOPES, Vocabulary, words
from app.core.values import Json
from app.scenario.language import Closure, Fault, Held, RunScript
from app.scenario.reading.asking import Asking, is_mapping, one_or_many

RUN = Vocabulary(
    of="a run",
    known=words(
        "conclusion after queued outputs jobs summary starts heeds-cancel environment changes"
    ),
)
CLOSED = Vocabulary(of="a closed calendar", known=words("from until why"))
LOCK = Vocabulary(of="a lock", known=words("group scope places from until"))
FAULT = Vocabulary(
    of="a fault", known=words("lose delay double reorder fail times by status done")
)
ENDS = words(
    "success failure neutral cancelled skipped timed_out action_required stale startup_failure"
)
FAULTS = ("lose", "delay", "double", "reorder", "fail")
ATTEMPTS_MAX = 50
PLACES_MAX = 20
PERMISSIONS = ("none", "read", "triage", "write", "maintain", "admin")
FAULTY_MAX = 100_000


def read_runs(asking: Asking, node: Node) -> Mapping[str, tuple[RunScript, ...]]:
    """Read how the runs of tasks and workflows go."""
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


def read_closures(asking: Asking, node: Node) -> tuple[Closure, ...]:
    """Read when calendars are closed."""
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


def read_locks(asking: Asking, node: Node) -> tuple[Held, ...]:
    """Read which places others have."""
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


def read_faults(asking: Asking, node: Node) -> tuple[Fault, ...]:
    """Read what goes wrong."""
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


def read_files(asking: Asking, node: Node) -> Mapping[str, Mapping[str, Json]]:
    """Read what files in repositories hold."""
    hint = "write `acme/fleet: {regions.json: {regions: [...]}}`"
    found: dict[str, Mapping[str, Json]] = {}
    for repository, value, place in asking.named(node, "`files`", hint):
        if repository.count("/") != 1:
            message = f"`{repository}` is no repository"
            asking.reader.report(Code.WRONG_VALUE, message, hint, place)
        paths = asking.named(value, f"`{repository}`", hint)
        found[repository] = {path: plain(each) for path, each, _ in paths}
    return found


def read_teams(asking: Asking, node: Node) -> Mapping[str, tuple[str, ...]]:
    """Read who is in which team."""
    hint = "write `acme/sre: [mona, hubot]`"
    return {
        team: tuple(text for text, _ in asking.reader.one_or_more(value, f"`{team}`"))
        for team, value, _ in asking.named(node, "`teams`", hint)
    }


def read_permissions(asking: Asking, node: Node | None) -> Mapping[str, str]:
    """Read what people may do in every repository, if it is there."""
    if node is None:
        return {}
    return {
        login: asking.reader.choice(value, f"`{login}`", PERMISSIONS) or ""
        for login, value, _ in asking.named(node, "`permissions`", "write `mallory: read`")
    }
