"""From a task of the definition to what is asked for: its legs, and each attempt at them."""

import hashlib
import json
import re
from datetime import datetime
from functools import lru_cache
from typing import TypeAlias, assert_never

from app.core.actions import (
    Agent,
    Approval,
    Dispatch,
    GitHubOperation,
    Orchestrate,
    Report,
    Wait,
)
from app.core.commands import (
    DispatchWorkflow,
    MakeReport,
    Message,
    OrchestrationCommand,
    PerformOperation,
    RerunWorkflowRun,
    StartChild,
)
from app.core.copying import replace
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

CHILD = re.compile(
    r"(?P<repository>[\w.-]+/[\w.-]+)/\.github/orchestrations/(?P<file>[\w.-]+\.ya?ml)(?:@(?P<ref>\S+))?"
)
Asked: TypeAlias = OrchestrationCommand | Message


def expand(definition: TaskDefinition, values: JsonObject) -> tuple[Leg, ...]:
    """Return the legs of a task. Raises `MatrixError` where its matrix makes no sense."""
    if definition.strategy is None:
        return (Leg(key=ONLY_LEG),)
    cells = legs_of(definition.strategy, values)
    return tuple(Leg(key=cell.key, matrix=cell.values) for cell in cells)


def begin_attempt(
    state: Orchestration, name: TaskName, leg: Leg, now: datetime
) -> tuple[Leg, Asked]:
    """Begin the next attempt at a leg. Raises `ExpressionError` if it cannot be rendered."""
    action = definition_of(state.plan.definition, name).action
    assert not isinstance(action, (Approval, Wait)), "a gate is opened, not begun"
    values = values_for(state, name, now, leg.matrix)
    attempt = AttemptId(task=name, leg=leg.key, number=len(leg.attempts) + 1)
    marker = marker_of(state.id, attempt)
    match action:
        case Dispatch():
            begun, command = _dispatch(action, values, attempt, marker, now)
        case Agent():
            begun, command = _dispatch(action.dispatch, values, attempt, marker, now)
        case GitHubOperation():
            begun, command = _operation(action, values, attempt, marker, now)
        case Orchestrate():
            begun, command = _child(action, values, attempt, marker, now)
        case Report():
            begun = _attempt(attempt, marker, "", "report", "", now)
            command = MakeReport(
                attempt=attempt, formats=action.formats, include=action.include
            )
        case _:  # pragma: no cover - the type checker counts the cases
            assert_never(action)
    return _dispatching(leg, begun), command


def begin_rerun(name: TaskName, leg: Leg, now: datetime) -> tuple[Leg, Asked]:
    """Begin the next attempt as a re-run of the failed jobs of the last one, on GitHub."""
    last = leg.attempt
    assert last.workflow_run_id is not None, "only a workflow run that is known is run again"
    attempt = AttemptId(task=name, leg=leg.key, number=len(leg.attempts) + 1)
    begun = rerun_of(last, attempt.number, last.run_attempt + 1, now)
    command = RerunWorkflowRun(
        attempt=attempt,
        repository=RepositoryName(last.repository),
        workflow_run_id=last.workflow_run_id,
        run_attempt=last.run_attempt,
    )
    return _dispatching(leg, begun), command


def _dispatching(leg: Leg, begun: Attempt) -> Leg:
    attempts = (*leg.attempts, begun)
    status = leg.becoming(LegStatus.DISPATCHING)
    return replace(leg, status=status, attempts=attempts, reason=None, rest_until=None)


def rerun_of(last: Attempt, number: int, run_attempt: int, now: datetime) -> Attempt:
    """Return a new attempt at the same workflow run, of which nothing is known yet."""
    return Attempt(
        number=number,
        marker=last.marker,
        repository=last.repository,
        workflow=last.workflow,
        ref=last.ref,
        asked_at=now,
        workflow_run_id=last.workflow_run_id,
        known_at=now,
        run_attempt=run_attempt,
        url=last.url,
        head_sha=last.head_sha,
        is_rerun=True,
    )


def _dispatch(
    action: Dispatch, values: JsonObject, attempt: AttemptId, marker: str, now: datetime
) -> tuple[Attempt, Asked]:
    target = render(action.target, values)
    found = _target(target) if isinstance(target, str) else None
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
    begun = _attempt(attempt, marker, found["repository"], found["file"], ref, now)
    command = DispatchWorkflow(
        attempt=attempt,
        repository=RepositoryName(found["repository"]),
        workflow=found["file"],
        ref=ref,
        inputs=inputs,
        marker=marker,
    )
    return begun, command


@lru_cache(maxsize=1_024)
def _target(text: str) -> re.Match[str] | None:
    # There are far fewer of them than dispatches.
    return TARGET.fullmatch(text)


def _operation(
    action: GitHubOperation, values: JsonObject, attempt: AttemptId, marker: str, now: datetime
) -> tuple[Attempt, Asked]:
    arguments = {key: render(each, values) for key, each in action.inputs.items()}
    where = arguments.get("repository")
    repository = where if isinstance(where, str) else ""
    command = PerformOperation(
        attempt=attempt, operation=action.name, arguments=arguments, marker=marker
    )
    return _attempt(attempt, marker, repository, action.name, "", now), command


def _child(
    action: Orchestrate, values: JsonObject, attempt: AttemptId, marker: str, now: datetime
) -> tuple[Attempt, Asked]:
    target = render(action.target, values)
    found = CHILD.fullmatch(target) if isinstance(target, str) else None
    if found is None:
        raise ExpressionError(
            f"the target came out as {target!r}; it must have the form "
            "owner/repo/.github/orchestrations/file.yml@ref"
        )
    inputs = {key: render(each, values) for key, each in action.inputs.items()}
    command = StartChild(attempt=attempt, target=found[0], inputs=inputs, marker=marker)
    ref = found["ref"] or ""
    return _attempt(attempt, marker, found["repository"], found["file"], ref, now), command


def _attempt(
    attempt: AttemptId, marker: str, repository: str, workflow: str, ref: str, now: datetime
) -> Attempt:
    return Attempt(
        number=attempt.number,
        marker=marker,
        repository=repository,
        workflow=workflow,
        ref=ref,
        asked_at=now,
    )


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
