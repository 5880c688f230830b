"""Random definitions: graphs of tasks with all that the language offers, from one chooser.

The chooser draws a number between two bounds; a simulation hands in its seeded dice, and
Hypothesis its own, so that both walk through the same space.
"""

from collections.abc import Callable, Mapping
from typing import Any

from app.core.plan import Plan
from tests.kit.build import HEAD, document, plan_of

TASKS_MAX = 6
CALENDAR = "freeze"
GROUPS = ("lab", "floor")
JOINS = ("any", "all-done", "none-failed", "one-success")
ANYBODY = [{"require": [{"users": ["mona"], "count": 1}]}]
Pick = Callable[[int, int], int]
Keys = dict[str, Any]


def random_plan(pick: Pick) -> Plan:
    """Make a plan that parses, of a few tasks."""
    names = [f"t{number}" for number in range(pick(1, TASKS_MAX))]
    parts: list[str] = []
    tasks: dict[str, Keys] = {}
    for place, name in enumerate(names):
        needs = [need for need in names[:place] if pick(0, 2) == 0]
        parts.append(f"{name}: {', '.join(needs)}")
        tasks[name] = _task(pick, needs, tasks)
    return plan_of(document("; ".join(parts), whole=_whole(pick, tasks), **tasks))


def _whole(pick: Pick, tasks: Mapping[str, Keys]) -> Keys:
    whole: Keys = {}
    if pick(0, 4) == 0:
        # No wait may be longer than the whole.
        can_be_short = not any("wait" in task for task in tasks.values())
        whole["timeout-minutes"] = (3 if can_be_short else 150, 150, 2000)[pick(0, 2)]
    if pick(0, 5) == 0:
        whole["concurrency"] = {**_concurrency(pick), "group": "line"}
    if pick(0, 5) == 0:
        whole["freeze"] = [CALENDAR]
    return whole


def _concurrency(pick: Pick) -> Keys:
    return {
        "group": GROUPS[pick(0, 1)],
        "limit": pick(1, 2),
        "queue": ("all", "latest")[pick(0, 1)],
        "cancel-in-progress": pick(0, 3) == 0,
    }


def _task(pick: Pick, needs: list[str], known: Mapping[str, Keys]) -> Keys:
    task = _action(pick)
    is_work = not task.keys() & {"approval", "wait", "report"}
    if needs and pick(0, 2) == 0:
        task["join"] = JOINS[pick(0, 3)]
    if pick(0, 3) == 0:
        task["continue-on-error"] = True
    if pick(0, 4) == 0:
        task["on-failure"] = ("ask", "continue", "fail")[pick(0, 2)]
    if is_work:
        task |= _work(pick, has_jobs="dispatch" in task)
    plain = [need for need in needs if _has_outputs(known, need)]
    if plain and pick(0, 1) == 0 and "dispatch" in task:
        task["with"] = {"image": f"${{{{ needs.{plain[0]}.outputs.image }}}}"}
    if plain and pick(0, 2) == 0:
        task["if"] = f"needs.{plain[-1]}.outputs.count > {pick(0, 6)}"
    elif pick(0, 9) == 0:
        task["if"] = "false"
    return task


def _action(pick: Pick) -> Keys:
    match pick(0, 11):
        case 0:
            return _approval(pick)
        case 1:
            return _wait(pick)
        case 2:
            return {"orchestrate": "acme/other/.github/orchestrations/other.yml@main"}
        case 3:
            return {"github": "issue.create", "with": {"repository": "acme/a", "title": "It"}}
        case 4:
            return {"report": {}}
        case _:
            return _dispatch(pick)


def _dispatch(pick: Pick) -> Keys:
    task: Keys = {
        "dispatch": "acme/api/.github/workflows/run.yml@main",
        "timeout-minutes": (1, 20, 360)[pick(0, 2)],
    }
    if pick(0, 2) == 0:
        task["outputs"] = {
            "image": {"type": "string", "required": pick(0, 1) == 0},
            "count": {"type": "integer", "default": 3},
        }
    if pick(0, 7) == 0:
        task["ref"] = HEAD
    if pick(0, 5) == 0:
        task["require-jobs"] = ["deploy"]
    if pick(0, 7) == 0:
        task["queue-timeout-minutes"] = 5
    return task


def random_work(pick: Pick) -> Keys:
    """Return a dispatch by itself, with what may be said of one."""
    return _dispatch(pick) | _work(pick, has_jobs=True)


def _approval(pick: Pick) -> Keys:
    approval: Keys = {"rules": ANYBODY}
    if pick(0, 1) == 0:
        approval["options"] = ["ship", "hold"]
    task: Keys = {"approval": approval, "timeout-minutes": (5, 600)[pick(0, 1)]}
    if pick(0, 1) == 0:
        choice = approval.get("options", ["approve"])[0]
        task["on-timeout"] = ("skip", "fail", {"choose": choice})[pick(0, 2)]
    return task


def _wait(pick: Pick) -> Keys:
    return {
        "wait": (
            {"for": "10m"},
            {"until": CALENDAR, "max": "2h"},
            {"until": "2026-11-23T10:00:00Z", "max": "2h"},
            {"event": "pull_request.closed", "for": "1h"},
        )[pick(0, 3)]
    }


def _work(pick: Pick, *, has_jobs: bool) -> Keys:
    task: Keys = {}
    if pick(0, 3) == 0:
        task["strategy"] = _strategy(pick)
        if has_jobs and pick(0, 1) == 0:
            task["strategy"] = _waves(pick)
    if pick(0, 2) == 0:
        task["retry"] = _retry(pick, has_jobs=has_jobs)
    if pick(0, 4) == 0:
        task["on-warning"] = ("ask", "fail")[pick(0, 1)]
    if pick(0, 4) == 0:
        task["concurrency"] = _concurrency(pick)
    if pick(0, 2) == 0:
        task["compensate"] = _compensation(pick)
    return task


def _strategy(pick: Pick) -> Keys:
    strategy: Keys = {"matrix": {"n": list(range(pick(1, 4)))}}
    if pick(0, 1) == 0:
        strategy["max-parallel"] = pick(1, 3)
    if pick(0, 1) == 0:
        strategy["fail-fast"] = False
    return strategy


def _waves(pick: Pick) -> Keys:
    first: Keys = {"name": "first", "percent": 50, "bake": ("5m", "40m")[pick(0, 1)]}
    if pick(0, 2) == 0:
        first["approval"] = {"rules": ANYBODY}
    rest: Keys = {"name": "rest", "percent": 100, "max-failures": pick(0, 1)}
    strategy: Keys = {"matrix": {"n": list(range(pick(2, 4)))}, "waves": [first, rest]}
    if pick(0, 1) == 0:
        strategy["bake-check"] = {
            "dispatch": "acme/api/.github/workflows/check.yml@main",
            "every": "10m",
            "outputs": {"count": {"type": "integer", "default": 3}},
            "pass-when": "outputs.count < 5",
        }
    if pick(0, 1) == 0:
        strategy["rollback"] = {
            "on": "wave-failed",
            "scope": ("wave", "all")[pick(0, 1)],
            "dispatch": "acme/api/.github/workflows/back.yml@main",
        }
    return strategy


def _retry(pick: Pick, *, has_jobs: bool) -> Keys:
    retry: Keys = {
        "max-attempts": pick(1, 3),
        "scope": "failed-jobs" if has_jobs and pick(0, 1) == 0 else "all",
        "backoff": {"initial": ("0s", "30s", "1h")[pick(0, 2)], "factor": 2},
    }
    if pick(0, 3) == 0:
        retry["when"] = 'last.conclusion in ["failure", "timed_out"]'
    return retry


def _compensation(pick: Pick) -> Keys:
    return (
        {"dispatch": "acme/api/.github/workflows/undo.yml@main", "timeout-minutes": 30},
        {"github": "issue.create", "with": {"repository": "acme/a", "title": "Undone"}},
        {"orchestrate": "acme/other/.github/orchestrations/undo.yml@main"},
    )[pick(0, 2)]


def _has_outputs(known: Mapping[str, Keys], name: str) -> bool:
    return "outputs" in known[name] and "strategy" not in known[name]
