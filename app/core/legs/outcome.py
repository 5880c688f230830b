"""How a leg ends: GitHub's conclusion, our own wishes and the declared outputs, weighed."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from app.core.events import Conclusion
from app.core.expressions import ExpressionError, render
from app.core.legs.context import values_for
from app.core.legs.refs import is_sha
from app.core.limits import OUTPUTS_GRACE
from app.core.moves import LegStatus
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
    if leg.reason is not None and leg.reason.code == "wrong-commit":
        return fail(state, task, leg, leg.reason, attempt.ended_at)
    if is_sha(attempt.ref) and attempt.head_sha != attempt.ref:
        why = f"the workflow run was at {attempt.head_sha}, and {attempt.ref} was asked for"
        return fail(
            state, task, leg, Reason(code="wrong-commit", message=why), attempt.ended_at
        )
    if attempt.conclusion in GOOD:
        outputs, faults = read_outputs(
            state.plan.definition.tasks[task].outputs, attempt.outputs or {}
        )
        if not faults:
            return replace(leg.to(LegStatus.SUCCEEDED), outputs=outputs, reason=None)
        reason = Reason(code="bad-outputs", message="; ".join(faults))
        return fail(state, task, leg, reason, attempt.ended_at)
    if attempt.conclusion is Conclusion.CANCELLED:
        if leg.status is LegStatus.CANCELLING:
            return stopped(state, task, leg, attempt.ended_at)
        why = "the workflow run was cancelled on GitHub"
        return leg.to(LegStatus.CANCELLED, Reason(code="cancelled-on-github", message=why))
    code = attempt.conclusion.value.replace("_", "-")
    reason = Reason(code=code, message=WHY[attempt.conclusion])
    return fail(state, task, leg, reason, attempt.ended_at)


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
    declared = state.plan.definition.tasks[task].outputs
    is_lacking = not declared.keys() <= (attempt.outputs or {}).keys()
    return is_lacking and now < attempt.known_at + OUTPUTS_GRACE


def fail(state: Orchestration, task: TaskName, leg: Leg, reason: Reason, now: datetime) -> Leg:
    """Let a leg fail; `continue-on-error` decides whether the failure is tolerated.

    Where that expression cannot be evaluated the failure is not tolerated.
    """
    template = state.plan.definition.tasks[task].continue_on_error
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
