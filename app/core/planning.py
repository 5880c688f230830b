"""From a definition and what set it off to a plan: the cause, the inputs, the id."""

import hashlib

from app.core.definition import Definition, Schedule
from app.core.expressions import ExpressionError, render, text_of
from app.core.hearing.catalogue import Covered, Entry
from app.core.hearing.heard import Heard
from app.core.plan import Cause, Plan
from app.core.typed_values import fill_inputs
from app.core.values import Json, JsonObject, OrchestrationId, Sha

CORRELATION_LENGTH_MAX = 500
"""Characters of a key that count: it is looked for in an index."""


def cause_of(heard: Heard, covered: Covered) -> Cause:
    """Say of a delivery what expressions call `event`, `actor`, `sha` and `ref`.

    What it is about was read with it (`hearing.subjects`); what that leaves open is the head
    of the default branch.
    """
    subject = heard.subject
    return Cause(
        event_name=heard.event,
        # It goes into a state and a journal, and may not have been taken apart yet.
        event=dict(heard.payload),
        repository_id=covered.repository.id,
        repository=covered.repository.name,
        installation_id=covered.installation_id,
        actor=heard.sender.login if heard.sender else "",
        sha=subject.sha or covered.head_sha or Sha(""),
        ref=subject.ref or f"refs/heads/{covered.repository.default_branch}",
        pull_request=subject.pull_request,
        is_fork=subject.is_fork,
    )


def values_of(cause: Cause) -> dict[str, Json]:
    """Return what expressions read while there is nothing but a delivery."""
    return {
        "event": cause.event,
        "event_name": cause.event_name,
        "repository": cause.repository,
        "actor": cause.actor,
        "sha": cause.sha,
        "ref": cause.ref,
    }


def correlation_of(definition: Definition, cause: Cause) -> tuple[str, str]:
    """Render the key by which events join an orchestration, or say why it has none.

    A key that does not render joins nothing and is joined by nothing.
    """
    if definition.correlate is None:
        return "", ""
    try:
        key = text_of(render(definition.correlate, values_of(cause)))
    except ExpressionError as error:
        return "", f"its `correlate` has no value, so no event will join it: {error}"
    return key[:CORRELATION_LENGTH_MAX], ""


def manual_cause(covered: Covered, actor: str, inputs: JsonObject) -> Cause:
    """Say what a start by hand is: at the head of the definition's default branch."""
    return Cause(
        event_name="manual",
        event={"inputs": inputs},
        repository_id=covered.repository.id,
        repository=covered.repository.name,
        installation_id=covered.installation_id,
        actor=actor,
        sha=covered.head_sha or Sha(""),
        ref=f"refs/heads/{covered.repository.default_branch}",
    )


def scheduled_cause(covered: Covered, schedule: Schedule, due: str) -> Cause:
    """Say what a tick of a schedule is: at the head of the definition's default branch."""
    return Cause(
        event_name="schedule",
        event={
            "schedule": schedule.cron,
            "timezone": schedule.timezone,
            "due": due,
            "inputs": schedule.inputs,
        },
        repository_id=covered.repository.id,
        repository=covered.repository.name,
        installation_id=covered.installation_id,
        actor="",
        sha=covered.head_sha or Sha(""),
        ref=f"refs/heads/{covered.repository.default_branch}",
    )


def make_plan(
    entry: Entry, cause: Cause, given: JsonObject, *, delivery_id: str, number: int
) -> tuple[Plan | None, tuple[str, ...]]:
    """Make the plan of one orchestration, or say what is wrong with its inputs.

    Its id is derived: the same delivery never starts the same definition twice.
    """
    inputs, problems = fill_inputs(entry.definition.inputs, given, is_text=True)
    if problems:
        return None, problems
    plan = Plan(
        id=orchestration_id(entry, delivery_id),
        number=number,
        origin=entry.origin,
        definition=entry.definition,
        text=entry.text,
        cause=cause,
        inputs=inputs,
    )
    return plan, ()


def orchestration_id(entry: Entry, delivery_id: str) -> OrchestrationId:
    """Derive the id of the orchestration that a delivery starts of a definition."""
    source = f"{entry.origin.repository_id}/{entry.definition.id}/{delivery_id}"
    return OrchestrationId(hashlib.sha256(source.encode()).hexdigest()[:16])
