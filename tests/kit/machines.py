"""Random state machines: a few states in a row with ways back, and bounds on all of them."""

import json
from typing import Any

from app.core.plan import Plan
from tests.kit.build import plan_of
from tests.kit.graphs import ANYBODY, Keys, Pick, random_work

STATES_MAX = 4


def random_machine(pick: Pick) -> Plan:
    """Make the plan of a machine that parses."""
    names = [f"s{number}" for number in range(pick(1, STATES_MAX))]
    states: dict[str, Any] = {}
    for name, following in zip(names, [*names[1:], "done"], strict=True):
        back = (*names, "lost")[pick(0, len(names))]
        states[name] = _state(pick, following, back)
        bounds: Keys = {"max-visits": pick(1, 3), "on-max-visits": {"to": "lost"}}
        states[name] |= {**bounds, "timeout-minutes": (30, 600)[pick(0, 1)]}
        if pick(0, 4) == 0:
            states[name]["concurrency"] = {"group": "bench"}
    states["done"] = {"final": True, "conclusion": "success"}
    states["lost"] = {"final": True, "conclusion": ("failure", "cancelled")[pick(0, 1)]}
    whole = {
        "version": 1,
        "name": "Change",
        "on": {"manual": {}},
        "initial": "s0",
        "data": {"rounds": {"type": "integer", "default": 0}},
        "states": states,
    }
    return plan_of(json.dumps(whole, indent=1))


def _state(pick: Pick, following: str, back: str) -> Keys:
    again: Keys = {"on": "command.ship", "to": back}
    if pick(0, 1):
        again |= {"set": {"rounds": "data.rounds + 1"}, "when": "data.rounds < 2"}
    # Of each state a way leads to the end, and one to nowhere good.
    ways = [again, {"on": "timeout", "to": "lost"}]
    match pick(0, 4):
        case 0:
            ends = _ways("approval.approved", following, "approval.rejected", back)
            return {"approval": {"rules": ANYBODY}, "transitions": [*ends, *ways]}
        case 1:
            elapsed = {"on": "wait.elapsed", "to": following}
            return {"wait": {"for": "10m"}, "transitions": [elapsed, *ways]}
        case 2:
            heard = {"on": "pull_request.closed", "to": following}
            return {"transitions": [heard, *ways]}
        case _:
            ends = _ways("tasks.succeeded", following, "tasks.failed", back)
            tasks = {"work": random_work(pick)}
            if pick(0, 1):
                tasks["last"] = {**random_work(pick), "needs": ["work"], "join": "all-done"}
            return {"tasks": tasks, "transitions": [*ends, *ways]}


def _ways(good: str, following: str, bad: str, back: str) -> list[Keys]:
    return [{"on": good, "to": following}, {"on": bad, "to": back}]
