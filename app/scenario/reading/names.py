"""How a scenario names tasks: `build`, `build[api]`, `in_review`, `assessing.2.plan`, ...

A task is meant in all of its legs, and a machine's in all of its visits, unless the name says
which. What follows from a task is named after it: `deploy~undo`, `rollout~check.canary`.
"""

import re
from collections.abc import Iterator

from app.core.definition import Definition, TaskDefinition

_REFERENCE = re.compile(r"(?P<name>[^\[\]]+)(?:\[(?P<leg>[^\]]*)\])?")
_VISIT = re.compile(r"(?<=[a-z0-9_])\.[1-9][0-9]{0,2}(?=\.|~|$)")
WORKFLOW = re.compile(r"(?:[\w.-]+/[\w.-]+/)?[\w.-]+\.ya?ml")


def parted(reference: str) -> tuple[str, str] | None:
    """Take a name and its leg apart; `None` where it is neither."""
    found = _REFERENCE.fullmatch(reference)
    return (found["name"], found["leg"] or "") if found else None


def without_visits(name: str) -> str:
    """Leave out of a name which visit, or which round of checks, is meant."""
    return _VISIT.sub("", name)


def names_in(definition: Definition) -> frozenset[str]:
    """Return every name that a scenario may use for a task, without legs and visits."""
    found: set[str] = set()
    for name, task in definition.tasks.items():
        found.update(f"{name}{each}" for each in _endings(task))
    machine = definition.machine
    for state in machine.states.values() if machine else ():
        for name, task in state.tasks.items():
            for each in _endings(task):
                found.update((f"{name}{each}", f"{state.name}.{name}{each}"))
            if list(state.tasks) in (["approval"], ["wait"]):
                found.add(state.name)
    return frozenset(found)


def states_in(definition: Definition) -> frozenset[str]:
    """Return the names of a machine's states."""
    return frozenset(definition.machine.states) if definition.machine else frozenset()


def _endings(task: TaskDefinition) -> Iterator[str]:
    yield ""
    if task.compensate is not None:
        yield "~undo"
    strategy = task.strategy
    if strategy is not None:
        for kind, part in (("check", strategy.bake_check), ("rollback", strategy.rollback)):
            if part is not None:
                yield f"~{kind}"
                yield from (f"~{kind}.{wave.name}" for wave in strategy.waves)


def spellings(name: str, leg: str = "") -> Iterator[str]:
    """Return the names by which a scenario may mean a task, the most exact first."""
    base, tilde, follows = name.partition("~")
    bases = [base]
    if "." in base:
        state, visit, task = base.split(".")
        bases = [base, f"{state}.{task}", task]
        if task in ("approval", "wait"):
            bases[2:] = [f"{state}.{visit}", state, task]
    parts = follows.split(".") if tilde else []
    endings = [f"~{'.'.join(parts[:count])}" for count in range(len(parts), 0, -1)] or [""]
    exact = [f"{each}{ending}" for each in bases for ending in endings]
    if leg:
        yield from (f"{each}[{leg}]" for each in exact)
    yield from exact


def is_meant(reference: str, name: str, leg: str = "") -> bool:
    """Tell whether a scenario's name means a task, or a leg of it."""
    return reference in spellings(name, leg)
