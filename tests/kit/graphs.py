"""Random definitions: graphs of tasks with all that the language offers, from one chooser.

The chooser draws a number between two bounds; a simulation hands in its seeded dice, and
Hypothesis its own, so that both walk through the same space.
"""

from collections.abc import Callable, Mapping
from typing import Any

from app.core.plan import Plan
from tests.kit.build import HEAD, document, plan_of

TASKS_MAX = 6
Pick = Callable[[int, int], int]


def random_plan(pick: Pick) -> Plan:
    """Make a plan that parses, of a few tasks."""
    names = [f"t{number}" for number in range(pick(1, TASKS_MAX))]
    parts: list[str] = []
    tasks: dict[str, dict[str, Any]] = {}
    for place, name in enumerate(names):
        needs = [need for need in names[:place] if pick(0, 2) == 0]
        parts.append(f"{name}: {', '.join(needs)}")
        tasks[name] = _task(pick, needs, tasks)
    whole = {"timeout-minutes": (3, 90, 2000)[pick(0, 2)]} if pick(0, 4) == 0 else {}
    return plan_of(document("; ".join(parts), whole=whole, **tasks))


def _task(
    pick: Pick, needs: list[str], known: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    task: dict[str, Any] = {"timeout-minutes": (1, 20, 360)[pick(0, 2)]}
    if pick(0, 3) == 0:
        task["strategy"] = _strategy(pick)
    if pick(0, 3) == 0:
        task["continue-on-error"] = True
    if pick(0, 2) == 0:
        task["outputs"] = {
            "image": {"type": "string", "required": pick(0, 1) == 0},
            "count": {"type": "integer", "default": 3},
        }
    if pick(0, 7) == 0:
        task["ref"] = HEAD
    plain = [need for need in needs if "outputs" in known[need] and not _is_matrix(known, need)]
    if plain and pick(0, 1) == 0:
        task["with"] = {"image": f"${{{{ needs.{plain[0]}.outputs.image }}}}"}
    if plain and pick(0, 2) == 0:
        task["if"] = f"needs.{plain[-1]}.outputs.count > {pick(0, 6)}"
    elif pick(0, 9) == 0:
        task["if"] = "false"
    return task


def _strategy(pick: Pick) -> dict[str, Any]:
    strategy: dict[str, Any] = {"matrix": {"n": list(range(pick(1, 4)))}}
    if pick(0, 1) == 0:
        strategy["max-parallel"] = pick(1, 3)
    if pick(0, 1) == 0:
        strategy["fail-fast"] = False
    return strategy


def _is_matrix(known: Mapping[str, Mapping[str, Any]], name: str) -> bool:
    return "strategy" in known[name]
