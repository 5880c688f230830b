"""What differs from when people were last asked about the same: for whoever has voted before.

A vote is bound to the plan that it saw (`legs.asking.plan_digest`). Of what goes into that the
definition and the inputs stay for good; the commit, the base and what the tasks before came
to may be others than those that an earlier question was about.
"""

from collections.abc import Iterator, Mapping

from app.core.gate_events import GateId
from app.core.hearing.replanning import COMMITS, REPLANNED
from app.core.legs.context import cause_of
from app.core.naming import definition_of, sibling
from app.core.plan import Cause
from app.core.state import Orchestration
from app.core.telling.markdown import code, plain
from app.core.values import Json

SHA_SHOWN = 12
NAME_MAX = 100


def differences(state: Orchestration, where: GateId) -> tuple[str, ...]:
    """Say in words what is new since an earlier question; nothing where none is known."""
    return (*_of_cause(cause_of(state)), *_of_needs(state, where))


def _of_cause(cause: Cause) -> Iterator[str]:
    if cause.event_name != "pull_request":
        return
    action = cause.event.get("action")
    before = cause.event.get("before")
    if action == COMMITS and isinstance(before, str) and before:
        yield f"the commit was {plain(before[:SHA_SHOWN])} and is {cause.sha[:SHA_SHOWN]}"
    base = _member(_member(cause.event.get("changes"), "base"), "ref")
    if action == "edited" and isinstance(was := _member(base, "from"), str):
        yield f"the base was {code(was, NAME_MAX)}"
    elif action != "edited" and isinstance(action, str) and action in REPLANNED:
        yield f"it {REPLANNED[action]}"


def _of_needs(state: Orchestration, where: GateId) -> Iterator[str]:
    """Name what was tried again after it had ended once: it may have come to something else."""
    for need in definition_of(state.plan.definition, where.task).needs:
        legs = state.tasks[sibling(where.task, need)].legs.values()
        if any(0 < leg.spent < len(leg.attempts) for leg in legs):
            yield f"{code(need, NAME_MAX)} was tried again"


def _member(value: Json, name: str) -> Json:
    return value.get(name) if isinstance(value, Mapping) else None
