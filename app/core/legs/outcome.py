"""How a leg ends: GitHub's conclusion, our own wishes and the declared outputs, weighed."""

from collections.abc import Mapping
from datetime import datetime

from app.core.actions import Agent, Dispatch
from app.core.copying import replace
from app.core.events import Conclusion
from app.core.expressions import ExpressionError, render
from app.core.legs.agents import judge_agent
from app.core.legs.baking import why_not_passed
from app.core.legs.context import values_for
from app.core.legs.refs import is_sha
from app.core.legs.retrying import may_retry, pause
from app.core.limits import OUTPUTS_GRACE
from app.core.moves import LegStatus
from app.core.naming import definition_of
from app.core.state import Attempt, Leg, Orchestration, Reason
from app.core.terms import Declaration
from app.core.typed_values import check_value, from_text
from app.core.values import Json, JsonObject, TaskName

WHY: Mapping[Conclusion, str] = {
    Conclusion.FAILURE: "the workflow run failed",
    Conclusion.SKIPPED: "the workflow run was skipped: none of its jobs ran",
    Conclusion.TIMED_OUT: "the workflow run hit a time limit of its own on GitHub",
    Conclusion.ACTION_REQUIRED: "the workflow run waits for a person on GitHub",
    Conclusion.STALE: "GitHub gave the workflow run up as stale",
    Conclusion.STARTUP_FAILURE: "the workflow run could not start: is its file valid?",
}
GOOD = frozenset({Conclusion.SUCCESS, Conclusion.NEUTRAL})

FAULTS = frozenset({"timed-out", "never-started", "wrong-commit"})
"""Reasons for which we cancel a workflow run and that make its leg fail, not be cancelled."""


def ended(state: Orchestration, task: TaskName, leg: Leg) -> Leg:
    """Return the leg as its completed workflow run leaves it."""
    attempt = leg.attempt
    assert attempt.conclusion is not None, "only a completed workflow run ends a leg"
    assert attempt.ended_at is not None, "an end has a time"
    now = attempt.ended_at
    if leg.reason is not None and leg.reason.code == "wrong-commit":
        return fail(state, task, leg, leg.reason, now)
    if is_sha(attempt.ref) and attempt.head_sha != attempt.ref:
        why = f"the workflow run was at {attempt.head_sha}, and {attempt.ref} was asked for"
        return fail(state, task, leg, Reason(code="wrong-commit", message=why), now)
    if attempt.conclusion in GOOD:
        return _ended_well(state, task, leg, now)
    if attempt.conclusion is Conclusion.CANCELLED:
        if leg.status is LegStatus.CANCELLING:
            return stopped(state, task, leg, now)
        why = "the workflow run was cancelled on GitHub"
        return leg.to(LegStatus.CANCELLED, Reason(code="cancelled-on-github", message=why))
    code = attempt.conclusion.value.replace("_", "-")
    return fail(state, task, leg, Reason(code=code, message=WHY[attempt.conclusion]), now)


def _ended_well(state: Orchestration, task: TaskName, leg: Leg, now: datetime) -> Leg:
    definition = definition_of(state.plan.definition, task)
    action = definition.action
    dispatch = action.dispatch if isinstance(action, Agent) else action
    assert isinstance(dispatch, Dispatch), "nothing else has a workflow run"
    doubt = _doubt(dispatch, leg.attempt)
    if doubt is not None:
        return fail(state, task, leg, doubt, now)
    reported = leg.attempt.outputs or {}
    if isinstance(action, Agent):
        return judge_agent(state, task, leg, action, reported, now, fail)
    outputs, faults = read_outputs(definition.outputs, reported)
    if faults:
        why = Reason(code="bad-outputs", message="; ".join(faults))
        return fail(state, task, leg, why, now)
    doubt = why_not_passed(state, task, leg, outputs, now)
    return succeed(leg, outputs) if doubt is None else fail(state, task, leg, doubt, now)


def _doubt(action: Dispatch, attempt: Attempt) -> Reason | None:
    """Say why a green workflow run is not believed."""
    for job in action.require_jobs:
        found = (attempt.jobs or {}).get(job, "not there")
        if found != "success":
            why = f"the job {job} must succeed (`require-jobs`); it is {found}"
            return Reason(code="job-not-succeeded", message=why)
    least, since, end = action.min_duration, attempt.running_since, attempt.ended_at
    if least is not None and end is not None and end - (since or end) < least:
        short = f"{least.total_seconds():g} s"
        why = f"it was green in less than {short}, too fast to be believed (`min-duration`)"
        return Reason(code="too-fast", message=why)
    return None


def succeed(leg: Leg, outputs: Mapping[str, Json]) -> Leg:
    """Let a leg end well."""
    status = leg.becoming(LegStatus.SUCCEEDED)
    return replace(leg, status=status, outputs=outputs, reason=None)


def stopped(state: Orchestration, task: TaskName, leg: Leg, now: datetime) -> Leg:
    """Return a leg as it is once its workflow run, which we wanted to stop, is no more."""
    if leg.reason is not None and leg.reason.code in FAULTS:
        return fail(state, task, leg, leg.reason, now)
    return leg.to(LegStatus.CANCELLED)


def awaits_outputs(
    state: Orchestration, task: TaskName, attempt: Attempt, now: datetime
) -> bool:
    """Tell whether declared outputs of a good end may be there, parked, and not yet matched."""
    if attempt.conclusion not in GOOD or attempt.known_at is None:
        return False
    declared = definition_of(state.plan.definition, task).outputs
    is_lacking = not declared.keys() <= (attempt.outputs or {}).keys()
    return is_lacking and now < attempt.known_at + OUTPUTS_GRACE


def lacks_jobs(state: Orchestration, task: TaskName, attempt: Attempt) -> bool:
    """Tell whether a good end is not believed before its jobs are listed."""
    action = definition_of(state.plan.definition, task).action
    if isinstance(action, Agent):
        action = action.dispatch
    is_good = attempt.conclusion in GOOD and attempt.jobs is None
    return is_good and isinstance(action, Dispatch) and bool(action.require_jobs)


def fail(state: Orchestration, task: TaskName, leg: Leg, reason: Reason, now: datetime) -> Leg:
    """Let an attempt fail: another one follows after a pause, or else the leg fails with it.

    `continue-on-error` decides whether that is tolerated; where it cannot be evaluated it is
    not.
    """
    definition = definition_of(state.plan.definition, task)
    values = values_for(state, task, now, leg.matrix)
    if definition.retry and may_retry(state, definition.retry, leg, reason, values):
        tries = len(leg.attempts) - leg.spent
        rest = pause(definition.retry.backoff, tries, leg.attempt.marker)
        return replace(leg.to(LegStatus.RESTING, reason), rest_until=now + rest)
    return fail_for_good(state, task, leg, reason, now)


def fail_for_good(
    state: Orchestration, task: TaskName, leg: Leg, reason: Reason, now: datetime
) -> Leg:
    """Let a leg fail, whatever `retry` says."""
    template = definition_of(state.plan.definition, task).continue_on_error
    try:
        tolerated = render(template, values_for(state, task, now, leg.matrix)) is True
    except ExpressionError:
        tolerated = False
    return replace(leg.to(LegStatus.FAILED, reason), is_tolerated=tolerated)


def read_outputs(
    declared: Mapping[str, Declaration], given: JsonObject
) -> tuple[Mapping[str, Json], tuple[str, ...]]:
    """Return the declared outputs with their declared types, and what is wrong with them.

    The Action's line form sends text, which is read as the declared type. An output that is
    declared must be there unless it has a default; one that is not declared is not kept.
    """
    outputs: dict[str, Json] = {}
    faults: list[str] = []
    for name, declaration in declared.items():
        if name not in given:
            if declaration.default is not None:
                outputs[name] = declaration.default
            elif declaration.required:
                faults.append(f"the output {name} was not reported")
            continue
        value = given[name]
        if isinstance(value, str):
            value = from_text(declaration.type, value)
        fault = check_value(declaration, value)
        if fault is None:
            outputs[name] = value
        else:
            faults.append(f"the output {name} {fault}")
    return outputs, tuple(faults)
