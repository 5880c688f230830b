"""States of machines for stories, each from the few words that matter to it."""

from typing import Any

from app.core.plan import Plan
from tests.kit.stage import machine

DONE = {"final": True, "conclusion": "success"}
LOST = {"final": True, "conclusion": "failure"}
WORK = {"work": {"dispatch": "acme/app/.github/workflows/work.yml@main"}}


def on(what: str, to: str, **more: Any) -> dict[str, Any]:
    """Write a transition."""
    return {"on": what, "to": to, **more}


def working(*transitions: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Write a state with one task, which ends well or badly with it unless told otherwise."""
    both = [on("tasks.succeeded", "done"), on("tasks.failed", "lost")]
    told = {each["on"] for each in transitions if "when" not in each}
    rest = [each for each in both if each["on"] not in told]
    return {"tasks": WORK, "transitions": [*transitions, *rest], **more}


def listening(*transitions: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Write a state that only listens, for an hour."""
    late = [on("timeout", "lost")]
    return {"timeout-minutes": 60, "transitions": [*transitions, *late], **more}


def story(data: dict[str, Any] | None = None, /, **states: dict[str, Any]) -> Plan:
    """Make a machine of these states, and of the ends that they lead to."""
    ways = [way for state in states.values() for way in state.get("transitions", ())]
    led = {way["to"] for way in ways} | {
        state["on-max-visits"]["to"] for state in states.values() if "on-max-visits" in state
    }
    ends = {name: end for name, end in (("done", DONE), ("lost", LOST)) if name in led}
    return machine({**states, **ends, **states}, data=data)


def simple() -> Plan:
    """Make a machine of one state with one task."""
    return story(first=working())
