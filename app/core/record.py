"""The first half of a decision: write the fact into the state, and ask for nothing.

Every event is welcome in every state. What is late, doubled or about an attempt that no
longer counts changes nothing; for a workflow run the rank of its status decides that, and
never the order of arrival.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import assert_never

from app.core.events import (
    CancelRequested,
    Conclusion,
    DispatchAccepted,
    DispatchRefused,
    Event,
    OrchestrationRequested,
    OutputsReported,
    RunStatus,
    SurfaceRefused,
    SurfaceWritten,
    TimerElapsed,
    WorkflowRunMissed,
    WorkflowRunObserved,
)
from app.core.legs.outcome import awaits_outputs, ended, fail, stopped
from app.core.legs.refs import is_sha
from app.core.limits import LOOK_UP_MISSES_MAX, SUMMARY_TEXT_MAX
from app.core.moves import LegStatus, OrchestrationStatus
from app.core.state import Attempt, Leg, Orchestration, Reason, Written

RANK: Mapping[RunStatus, int] = {
    RunStatus.QUEUED: 0,
    RunStatus.WAITING: 1,
    RunStatus.IN_PROGRESS: 1,
    RunStatus.COMPLETED: 2,
}
"""How far a status is. Waiting and in progress take turns; nothing goes back to queued."""

LEG_STATUS: Mapping[RunStatus, LegStatus] = {
    RunStatus.QUEUED: LegStatus.QUEUED,
    RunStatus.WAITING: LegStatus.HELD,
    RunStatus.IN_PROGRESS: LegStatus.RUNNING,
}


def record(state: Orchestration, event: Event) -> Orchestration:
    """Write one fact into the state."""
    match event:
        case SurfaceWritten() | SurfaceRefused():
            return _record_surface(state, event)
        case _ if state.has_ended:
            return state
        case OrchestrationRequested():
            return _record_request(state, event)
        case CancelRequested():
            if state.status is not OrchestrationStatus.RUNNING:
                return state
            why = f"cancelled by {event.by}" + (f": {event.reason}" if event.reason else "")
            return state.to(
                OrchestrationStatus.CANCELLING, Reason(code="cancelled", message=why)
            )
        case TimerElapsed():
            return _record_timer(state, event)
        case (
            DispatchAccepted()
            | DispatchRefused()
            | WorkflowRunObserved()
            | WorkflowRunMissed()
            | OutputsReported()
        ):
            return _record_attempt(state, event)
        case _:
            return state


def _record_surface(
    state: Orchestration, event: SurfaceWritten | SurfaceRefused
) -> Orchestration:
    before = state.surfaces.get(event.surface, Written())
    if isinstance(event, SurfaceWritten):
        after = Written(remote_id=event.remote_id, digest=event.digest)
    else:
        after = replace(before, refused=event.message)
    if after == before:
        return state
    return replace(state, surfaces={**state.surfaces, event.surface: after})


def _record_request(state: Orchestration, event: OrchestrationRequested) -> Orchestration:
    if state.status is not OrchestrationStatus.REQUESTED:
        return state
    return replace(
        state.to(OrchestrationStatus.RUNNING),
        requested_by=event.by,
        started_at=event.at,
        deadline=event.at + state.plan.definition.timeout,
    )


def _record_timer(state: Orchestration, event: TimerElapsed) -> Orchestration:
    task = state.tasks.get(event.task) if event.task else None
    if event.task is None or task is None or task.timer is None or event.at < task.timer:
        return state
    return state.with_task(event.task, replace(task, timer=None))


def _record_attempt(
    state: Orchestration,
    event: DispatchAccepted
    | DispatchRefused
    | WorkflowRunObserved
    | WorkflowRunMissed
    | OutputsReported,
) -> Orchestration:
    leg = state.leg(event.attempt)
    if leg is None or leg.has_ended:
        return state
    match event:
        case DispatchAccepted():
            changed = _accept(leg, event)
        case DispatchRefused():
            changed = _refuse(state, leg, event)
        case WorkflowRunObserved():
            changed = _observe(state, leg, event)
        case WorkflowRunMissed():
            changed = _miss(state, leg, event)
        case OutputsReported():
            changed = _report(leg, event)
        case _:  # pragma: no cover - the type checker counts the cases
            assert_never(event)
    # A report that is heard twice says nothing new.
    if changed == leg:
        return state
    name = event.attempt.task
    return state.with_task(name, state.tasks[name].with_leg(changed))


def _accept(leg: Leg, event: DispatchAccepted) -> Leg:
    attempt = leg.attempt
    # The workflow run's webhook may have been heard before GitHub's answer.
    if attempt.accepted_at is not None or attempt.workflow_run_id is not None:
        return leg
    attempt = replace(
        attempt,
        accepted_at=event.at,
        workflow_run_id=event.workflow_run_id,
        known_at=event.at if event.workflow_run_id is not None else None,
        url=event.url,
        heard_at=event.at,
    )
    leg = leg.with_attempt(attempt)
    return leg if leg.status is LegStatus.CANCELLING else leg.to(LegStatus.QUEUED)


def _refuse(state: Orchestration, leg: Leg, event: DispatchRefused) -> Leg:
    attempt = leg.attempt
    if attempt.accepted_at is not None or attempt.workflow_run_id is not None:
        return leg
    leg = leg.with_attempt(replace(attempt, ended_at=event.at))
    if leg.status is LegStatus.CANCELLING:
        return leg.to(LegStatus.CANCELLED)
    reason = Reason(code=event.code, message=event.message)
    return fail(state, event.attempt.task, leg, reason, event.at)


def _observe(state: Orchestration, leg: Leg, event: WorkflowRunObserved) -> Leg:
    attempt = leg.attempt
    if attempt.workflow_run_id not in (None, event.workflow_run_id):
        return leg
    if is_stale(attempt, event):
        return leg
    status = effective_status(event)
    if event.run_attempt > attempt.run_attempt:
        attempt = replace(
            attempt,
            outputs=None,
            summary="",
            running_since=None,
            conclusion=None,
            ended_at=None,
        )
    # Time spent waiting for a person does not count as running.
    since = None if status is RunStatus.WAITING else attempt.running_since
    if status is RunStatus.IN_PROGRESS and since is None:
        since = event.at
    attempt = replace(
        attempt,
        workflow_run_id=event.workflow_run_id,
        known_at=attempt.known_at or event.at,
        run_attempt=event.run_attempt,
        run_status=status,
        url=event.url or attempt.url,
        head_sha=event.head_sha,
        heard_at=event.at,
        look_ups=0,
        running_since=since,
    )
    leg = leg.with_attempt(attempt)
    if status is RunStatus.COMPLETED:
        conclusion = event.conclusion or Conclusion.FAILURE
        attempt = replace(attempt, conclusion=conclusion, ended_at=event.at)
        leg = leg.with_attempt(attempt)
        if not awaits_outputs(state, event.attempt.task, attempt, event.at):
            return ended(state, event.attempt.task, leg)
        is_moved = leg.status not in (LegStatus.RUNNING, LegStatus.CANCELLING)
        return leg.to(LegStatus.RUNNING) if is_moved else leg
    if leg.status is LegStatus.CANCELLING:
        return leg
    if is_sha(attempt.ref) and event.head_sha != attempt.ref:
        why = f"the workflow run is at {event.head_sha}, and {attempt.ref} was asked for"
        return leg.to(LegStatus.CANCELLING, Reason(code="wrong-commit", message=why))
    target = LEG_STATUS[status]
    return leg if leg.status is target else leg.to(target)


def effective_status(event: WorkflowRunObserved) -> RunStatus:
    """Return how far the workflow run is for us.

    One that ended `action_required` waits for a person to let it go on: that is no end.
    """
    if event.conclusion is Conclusion.ACTION_REQUIRED:
        return RunStatus.WAITING
    return event.status


def is_stale(attempt: Attempt, event: WorkflowRunObserved) -> bool:
    """Tell whether we know better already: a later run attempt, or a status further on."""
    if event.run_attempt != attempt.run_attempt:
        return event.run_attempt < attempt.run_attempt
    if attempt.run_status is None:
        return False
    status = effective_status(event)
    return status is attempt.run_status or RANK[status] < RANK[attempt.run_status]


def _miss(state: Orchestration, leg: Leg, event: WorkflowRunMissed) -> Leg:
    attempt = leg.attempt
    if attempt.workflow_run_id is None and attempt.look_ups < LOOK_UP_MISSES_MAX:
        return leg
    leg = leg.with_attempt(replace(attempt, ended_at=event.at))
    if leg.status is LegStatus.CANCELLING:
        return stopped(state, event.attempt.task, leg, event.at)
    why = "GitHub knows no such workflow run any more; it may have been deleted"
    reason = Reason(code="workflow-run-lost", message=why)
    return fail(state, event.attempt.task, leg, reason, event.at)


def _report(leg: Leg, event: OutputsReported) -> Leg:
    attempt = leg.attempt
    if event.run_attempt < attempt.run_attempt:
        return leg
    if event.run_attempt > attempt.run_attempt:
        attempt = replace(
            attempt,
            run_attempt=event.run_attempt,
            run_status=None,
            outputs=None,
            summary="",
            conclusion=None,
            ended_at=None,
        )
    # Several jobs of one workflow run may report; the later word on a name counts.
    attempt = replace(
        attempt,
        outputs={**(attempt.outputs or {}), **event.outputs},
        summary=(event.summary or attempt.summary)[:SUMMARY_TEXT_MAX],
    )
    return leg.with_attempt(attempt)
