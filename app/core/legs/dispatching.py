"""From a task of the definition to dispatches: its legs, and the first attempt at each."""

import hashlib
import json
import re
from dataclasses import replace
from datetime import datetime

from app.core.actions import Agent, Dispatch
from app.core.commands import DispatchWorkflow
from app.core.definition import TaskDefinition
from app.core.events import AttemptId
from app.core.expressions import ExpressionError, render
from app.core.legs.context import values_for
from app.core.legs.matrix import legs_of
from app.core.limits import INPUT_TEXT_MAX
from app.core.moves import LegStatus
from app.core.naming import definition_of
from app.core.state import Attempt, Leg, Orchestration
from app.core.values import (
    ONLY_LEG,
    Json,
    JsonObject,
    OrchestrationId,
    RepositoryName,
    TaskName,
)

TARGET = re.compile(
    r"(?P<repository>[\w.-]+/[\w.-]+)/\.github/workflows/(?P<file>[\w.-]+\.ya?ml)(?:@(?P<ref>\S+))?"
)


def expand(definition: TaskDefinition, values: JsonObject) -> tuple[Leg, ...]:
    """Return the legs of a task. Raises `MatrixError` where its matrix makes no sense."""
    if definition.strategy is None:
        return (Leg(key=ONLY_LEG),)
    cells = legs_of(definition.strategy, values)
    return tuple(Leg(key=cell.key, matrix=cell.values) for cell in cells)


def begin_attempt(
    state: Orchestration, name: TaskName, leg: Leg, now: datetime
) -> tuple[Leg, DispatchWorkflow]:
    """Begin the next attempt at a leg. Raises `ExpressionError` if it cannot be rendered."""
    action = definition_of(state.plan.definition, name).action
    if isinstance(action, Agent):
        action = action.dispatch
    assert isinstance(action, Dispatch), "only these start workflows"
    values = values_for(state, name, now, leg.matrix)
    target = render(action.target, values)
    found = TARGET.fullmatch(target) if isinstance(target, str) else None
    if found is None:
        raise ExpressionError(
            f"the target came out as {target!r}; it must have the form "
            "owner/repo/.github/workflows/file.yml@ref"
        )
    ref = render(action.ref, values) if action.ref is not None else found["ref"] or ""
    if not isinstance(ref, str) or (action.ref is not None and not ref):
        raise ExpressionError(f"`ref` came out as {ref!r}; it must be a branch, a tag or a SHA")
    inputs = {key: as_text(key, render(each, values)) for key, each in action.inputs.items()}
    if sum(len(key) + len(text) for key, text in inputs.items()) > INPUT_TEXT_MAX:
        raise ExpressionError(
            f"the inputs are longer than {INPUT_TEXT_MAX} characters together"
        )
    attempt = AttemptId(task=name, leg=leg.key, number=len(leg.attempts) + 1)
    marker = marker_of(state.id, attempt)
    begun = Attempt(
        number=attempt.number,
        marker=marker,
        repository=found["repository"],
        workflow=found["file"],
        ref=ref,
        asked_at=now,
    )
    command = DispatchWorkflow(
        attempt=attempt,
        repository=RepositoryName(found["repository"]),
        workflow=found["file"],
        ref=ref,
        inputs=inputs,
        marker=marker,
    )
    leg = replace(leg.to(LegStatus.DISPATCHING), attempts=(*leg.attempts, begun))
    return leg, command


def marker_of(orchestration: OrchestrationId, attempt: AttemptId) -> str:
    """Derive the word by which the workflow run of an attempt is found again."""
    return f"sb-{orchestration}-{hashlib.sha256(str(attempt).encode()).hexdigest()[:8]}"


def as_text(key: str, value: Json) -> str:
    """Return an input of a dispatch as text, which is what GitHub hands to the workflow."""
    if value is None:
        raise ExpressionError(f"the input {key} has no value")
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
