"""Names of what is in an orchestration: tasks, also those that follow from others; holders.

A task of a graph has the name that its definition gives it. A task of a machine's state is
called `state.visit.task`, so that each visit has tasks of its own. What follows from a task
is called after it: `deploy~undo` compensates, `rollout~check.canary.2` is the second round
of a wave's bake check, `rollout~rollback.canary` undoes a failed wave.
"""

from functools import lru_cache

from app.core.copying import replace
from app.core.definition import (
    Definition,
    Handling,
    OnTimeout,
    Strategy,
    TaskDefinition,
)
from app.core.known import Known
from app.core.plan import Plan
from app.core.values import Holder, LegKey, LockKey, TaskName

FOLLOWING_MAX = 4_096
"""Of so many tasks that follow from others it is remembered what is to be done."""
WHOLE = Holder("")
"""The orchestration itself, as a holder of a place."""


def definition_of(definition: Definition, name: TaskName) -> TaskDefinition:
    """Return what the definition says of a task, also of one that follows from another."""
    own = definition.tasks.get(name)
    if own is not None:
        return own
    if is_following(name):
        return _following(Known(definition), name)
    return _own(definition, name)


@lru_cache(maxsize=FOLLOWING_MAX)
def _following(known: Known, name: TaskName) -> TaskDefinition:
    base, _, follows = name.partition("~")
    own = _own(known.definition, base)
    kind = follows.partition(".")[0]
    assert own.strategy is not None or kind == "undo", f"{name} follows from nothing"
    plain = replace(
        own, name=name, needs=own.needs, condition=None, compensate=None, escalate=(),
        concurrency=None, outputs={}, on_failure=Handling.FAIL, on_warning=Handling.CONTINUE,
        on_timeout=OnTimeout(),
    )  # fmt: skip
    if kind == "undo":
        assert own.compensate is not None, f"{base} has no compensation"
        undo = own.compensate
        return replace(
            plain, action=undo.action, timeout=undo.timeout, strategy=_all_at_once(own)
        )
    strategy = own.strategy
    assert strategy is not None, "only a matrix has waves"
    if kind == "check":
        check = strategy.bake_check
        assert check is not None, f"{base} has no bake check"
        return replace(
            plain,
            action=check.action,
            timeout=check.timeout,
            outputs=check.outputs,
            retry=None,
            strategy=_all_at_once(own),
        )
    assert kind == "rollback", f"{name} has a name of no kind"
    rollback = strategy.rollback
    assert rollback is not None, f"{base} has no roll-back"
    return replace(
        plain, action=rollback.action, timeout=rollback.timeout, strategy=_all_at_once(own)
    )


def _own(definition: Definition, base: str) -> TaskDefinition:
    if definition.machine is None:
        return definition.tasks[TaskName(base)]
    state, _, task = base.split(".")
    return definition.machine.states[state].tasks[TaskName(task)]


def _all_at_once(own: TaskDefinition) -> Strategy | None:
    if own.strategy is None:
        return None
    return replace(own.strategy, waves=(), bake_check=None, rollback=None, fail_fast=False)


def in_visit(state: str, visit: int, task: TaskName) -> TaskName:
    """Name a task of a machine's state at one of its visits, counted from 1."""
    return TaskName(f"{state}.{visit}.{task}")


def visit_of(name: TaskName) -> tuple[str, int] | None:
    """Return the state and the visit that a task belongs to; `None` in a graph."""
    base = name.partition("~")[0]
    if "." not in base:
        return None
    state, visit, _ = base.split(".")
    return state, int(visit)


def sibling(name: TaskName, other: TaskName) -> TaskName:
    """Name the task that `other` is, seen from a task: the one of the same visit."""
    base = name.partition("~")[0]
    before, dot, _ = base.rpartition(".")
    return TaskName(f"{before}{dot}{other}")


def word_of(name: TaskName) -> TaskName:
    """Return the word by which the definition knows a task, or the one it follows from."""
    return TaskName(name.partition("~")[0].rpartition(".")[2])


def origin_of(name: TaskName) -> TaskName:
    """Return the task that another follows from, or the task itself."""
    return TaskName(name.partition("~")[0])


def is_following(name: TaskName) -> bool:
    """Tell whether a task follows from another: undoes, checks or rolls it back."""
    return "~" in name


def is_undoing(name: TaskName) -> bool:
    """Tell whether a task undoes another, or rolls a wave of it back."""
    kind = name.partition("~")[2].partition(".")[0]
    return kind in ("undo", "rollback")


def undo_of(name: TaskName) -> TaskName:
    """Name what compensates for a task."""
    return TaskName(f"{name}~undo")


def check_of(name: TaskName, wave: str, number: int) -> TaskName:
    """Name one round of a wave's bake check, counted from 1."""
    return TaskName(f"{name}~check.{wave}.{number}")


def is_check(name: TaskName) -> bool:
    """Tell whether a task is a round of a wave's bake check."""
    return name.partition("~")[2].startswith("check.")


def wave_checked_by(check: TaskName) -> str:
    """Return the wave that a round of checks is about."""
    return check.partition("~")[2].split(".")[1]


def rollback_of(name: TaskName, wave: str) -> TaskName:
    """Name what undoes a failed wave."""
    return TaskName(f"{name}~rollback.{wave}")


def leg_holder(name: TaskName, leg: LegKey) -> Holder:
    """Name a leg as the holder of a place."""
    return Holder(f"{name}/{leg}")


def task_of_holder(holder: Holder) -> TaskName | None:
    """Return the task whose leg a holder is, if it is one."""
    task, slash, _ = holder.partition("/")
    return TaskName(task) if slash and not holder.startswith("@") else None


def visit_holder(state: str, visit: int) -> Holder:
    """Name a machine's state at one of its visits as the holder of a place."""
    return Holder(f"@{state}.{visit}")


def environment_holder(spot: int) -> Holder:
    """Name a workflow run that waits at an environment as one who asks calendars."""
    return Holder(f"{_AT_ENVIRONMENT}{spot}")


def waiting_run_of(holder: Holder) -> int | None:
    """Return which of the workflow runs that wait a holder is, if it is one."""
    spot = holder.removeprefix(_AT_ENVIRONMENT)
    return int(spot) if spot != holder else None


_AT_ENVIRONMENT = "@environment/"


def lock_key(plan: Plan, scope: str, group: str) -> LockKey:
    """Name a group, for the whole organisation or for the definition's repository."""
    if scope == "organization":
        return LockKey(f"organization/{plan.origin.repository.partition('/')[0]}/{group}")
    return LockKey(f"repository/{plan.origin.repository_id}/{group}")
