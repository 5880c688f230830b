"""What an agent proposes, judged: its outputs by their schema, its branch by the limits.

Only what fits goes on, and even that waits for a person where the task has a `review`.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TypeAlias

from app.core.actions import Agent, AgentLimits
from app.core.copying import replace
from app.core.hearing.filters import matches
from app.core.legs.context import cause_of
from app.core.legs.schemas import faults_of
from app.core.moves import LegStatus
from app.core.naming import definition_of
from app.core.state import Attempt, Change, Gate, Leg, Orchestration, Reason
from app.core.values import JsonObject, RepositoryName, TaskName

Fail: TypeAlias = Callable[[Orchestration, TaskName, Leg, Reason, datetime], Leg]
FAULTS_SHOWN_MAX = 5


def judge_agent(
    state: Orchestration,
    task: TaskName,
    leg: Leg,
    action: Agent,
    reported: JsonObject,
    now: datetime,
    fail: Fail,
) -> Leg:
    """Return the leg as an agent's good end leaves it."""
    faults = faults_of(action.schema, reported)
    if faults:
        why = "; ".join(faults[:FAULTS_SHOWN_MAX])
        reason = Reason(code="invalid-output", message=f"the outputs do not fit: {why}")
        if len(leg.attempts) - leg.spent <= action.invalid_retries:
            return replace(leg.to(LegStatus.RESTING, reason), rest_until=now)
        return fail(state, task, leg, reason, now)
    if action.limits is not None:
        assert leg.attempt.change is not None, "it is measured before it is judged"
        excess = _excess(action.limits, leg.attempt.change)
        if excess is not None:
            return fail(state, task, leg, Reason(code="beyond-limits", message=excess), now)
    if action.review is not None:
        gate = Gate(opened_at=now)
        return replace(leg.to(LegStatus.AWAITING), outputs=reported, gate=gate, reason=None)
    return replace(leg.to(LegStatus.SUCCEEDED), outputs=reported, reason=None)


def branch_to_measure(state: Orchestration, task: TaskName, attempt: Attempt) -> str | None:
    """Return the branch of an agent that is to be measured, if its outputs fit so far."""
    action = definition_of(state.plan.definition, task).action
    if not isinstance(action, Agent) or action.limits is None or attempt.change is not None:
        return None
    reported = attempt.outputs or {}
    branch = reported.get("branch")
    if not isinstance(branch, str) or faults_of(action.schema, reported):
        return None
    return branch


def repository_proposed_to(state: Orchestration, attempt: Attempt) -> RepositoryName:
    """Return where the branch of an agent is: where something happened that it is to mend.

    What happens in the definition's own repository, or is started by hand, says nothing of
    that; then it is where the agent's workflow is. The agent itself is not asked: it could
    name a place where it has changed less.
    """
    cause = cause_of(state)
    if cause.repository_id != state.plan.origin.repository_id:
        return cause.repository
    return RepositoryName(attempt.repository)


def _excess(limits: AgentLimits, change: Change) -> str | None:
    if limits.max_files is not None and change.files > limits.max_files:
        return f"it changes {change.files} files; the most is {limits.max_files}"
    if limits.max_lines is not None and change.lines > limits.max_lines:
        return f"it changes {change.lines} lines; the most is {limits.max_lines}"
    for pattern in limits.deny_paths:
        for path in change.paths:
            if matches(pattern, path):
                return f"it changes {path}, which `{pattern}` denies"
    return None
