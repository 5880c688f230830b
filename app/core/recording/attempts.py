"""Facts about attempts: what GitHub, the companion Action, or a child says of them.

What is late, doubled or about an attempt that no longer counts changes nothing; for a
workflow run the rank of its status decides that, and never the order of arrival.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import assert_never

from app.core.copying import replace
from app.core.events import (
    ChangeMeasured,
    ChildEnded,
    ChildStarted,
    Conclusion,
    DispatchAccepted,
    DispatchDelayed,
    DispatchRefused,
    JobsListed,
    OperationPerformed,
    OutputsReported,
    RerunAccepted,
    RunStatus,
    WorkflowRunMissed,
    WorkflowRunObserved,
)
from app.core.legs.agents import branch_to_measure
from app.core.legs.context import is_left
from app.core.legs.dispatching import rerun_of
from app.core.legs.outcome import (
    GOOD,
    awaits_outputs,
    ended,
    fail,
    lacks_jobs,
    read_outputs,
    stopped,
    succeed,
)
from app.core.legs.refs import is_sha
from app.core.legs.retrying import put_off
from app.core.limits import LOOK_UP_MISSES_MAX, SUMMARY_TEXT_MAX
from app.core.moves import LegStatus, OrchestrationStatus
from app.core.naming import definition_of, is_following
from app.core.recording.delays import delay
from app.core.recording.kinds import AboutAttempt, fits
from app.core.recording.reopening import reopen
from app.core.state import Attempt, Change, Leg, Orchestration, Reason

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


def record_attempt(state: Orchestration, event: AboutAttempt) -> Orchestration:
    """Write down what is said of one attempt, if it is the one that counts."""
    leg = state.leg(event.attempt)
    if leg is None or _is_to_another(leg, event):
        return state
    if not fits(definition_of(state.plan.definition, event.attempt.task).action, event):
        return state
    if leg.has_ended or leg.status is LegStatus.RESTING:
        return _record_again(state, leg, event)
    # Another attempt is about to begin: what is said of the one before counts no more.
    if state.has_ended or leg.status in (LegStatus.PENDING, LegStatus.BLOCKED):
        return state
    changed = _record(state, leg, event)
    # A report that is heard twice says nothing new.
    if changed == leg:
        return state
    name = event.attempt.task
    return state.with_task(name, state.tasks[name].with_leg(changed))


def _is_to_another(leg: Leg, event: AboutAttempt) -> bool:
    """Tell whether it answers what was asked for an earlier attempt, before a re-run."""
    attempt = leg.attempt
    if isinstance(event, _OF_DISPATCH) and attempt.workflow_run_id is None:
        # A re-run may be heard of before the answer to the dispatch has told us its run.
        return False
    return isinstance(event, _ANSWERS) and event.attempt.number != attempt.number


_OF_DISPATCH = (DispatchAccepted, DispatchRefused, DispatchDelayed)
_ANSWERS = (*_OF_DISPATCH, RerunAccepted, ChangeMeasured)


def _record_again(state: Orchestration, leg: Leg, event: AboutAttempt) -> Orchestration:
    """Somebody re-ran the workflow run of a leg that had ended: it goes on.

    Its report may be heard before anything else of it.
    """
    if not isinstance(event, WorkflowRunObserved | OutputsReported):
        return state
    if leg.status is LegStatus.SKIPPED or not _is_rerun(leg.attempt, event):
        return state
    if state.status not in (OrchestrationStatus.RUNNING, *_REOPENED):
        return state
    if is_following(event.attempt.task) or is_left(state, event.attempt.task):
        return state
    was = replace(
        leg.to(LegStatus.RUNNING), reason=None, outputs={}, is_tolerated=False, rest_until=None
    )
    if isinstance(event, OutputsReported):
        return reopen(state, event.attempt.task, _report(was, event), event.at)
    return reopen(state, event.attempt.task, _observe(state, was, event), event.at)


def _is_rerun(attempt: Attempt, event: WorkflowRunObserved | OutputsReported) -> bool:
    """Tell whether it is about a later try at a workflow run that we know."""
    if attempt.workflow_run_id is None or event.run_attempt <= attempt.run_attempt:
        return False
    if isinstance(event, OutputsReported):
        return True
    return attempt.workflow_run_id == event.workflow_run_id


_REOPENED = (
    OrchestrationStatus.SUCCEEDED,
    OrchestrationStatus.FAILED,
    OrchestrationStatus.CANCELLED,
)


def _record(state: Orchestration, leg: Leg, event: AboutAttempt) -> Leg:
    match event:
        case DispatchAccepted():
            return _accept(leg, event)
        case DispatchRefused():
            return _refuse(state, leg, event)
        case DispatchDelayed():
            return delay(leg, event)
        case WorkflowRunObserved():
            return _observe(state, leg, event)
        case WorkflowRunMissed():
            return _miss(state, leg, event)
        case OutputsReported():
            return _report(leg, event)
        case RerunAccepted():
            return _accept_rerun(leg, event)
        case JobsListed():
            return _list_jobs(leg, event)
        case ChangeMeasured():
            return _measure(leg, event)
        case OperationPerformed():
            return _perform(state, leg, event)
        case ChildStarted():
            return _begin_child(leg, event)
        case ChildEnded():
            return _end_child(state, leg, event)
        case _:  # pragma: no cover - the type checker counts the cases
            assert_never(event)


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
    return leg.to(LegStatus.QUEUED) if leg.status is LegStatus.DISPATCHING else leg


def _refuse(state: Orchestration, leg: Leg, event: DispatchRefused) -> Leg:
    attempt = leg.attempt
    is_answered = attempt.workflow_run_id is not None or attempt.child is not None
    if attempt.is_rerun:
        is_answered = attempt.run_status is not None
    if attempt.accepted_at is not None or is_answered or attempt.ended_at is not None:
        return leg
    leg = leg.with_attempt(replace(attempt, ended_at=event.at))
    if leg.status is LegStatus.CANCELLING:
        return stopped(state, event.attempt.task, leg, event.at)
    reason = Reason(code=event.code, message=event.message)
    return put_off(leg, event.calendars, reason, event.at) or fail(
        state, event.attempt.task, leg, reason, event.at
    )


def _observe(state: Orchestration, leg: Leg, event: WorkflowRunObserved) -> Leg:
    attempt = leg.attempt
    if attempt.workflow_run_id not in (None, event.workflow_run_id):
        return leg
    if _never_came(leg, event):
        leg = leg.with_attempt(replace(attempt, ended_at=event.at))
        return stopped(state, event.attempt.task, leg, event.at)
    if is_stale(attempt, event):
        return leg
    status = effective_status(event)
    leg = _with_rerun(leg, event.run_attempt, event.at)
    attempt = leg.attempt
    # Time spent waiting for a person does not count as running.
    since = None if status is RunStatus.WAITING else attempt.running_since
    if status is RunStatus.IN_PROGRESS and since is None:
        since = event.at
    is_over = status is RunStatus.COMPLETED
    attempt = replace(
        attempt,
        workflow_run_id=event.workflow_run_id,
        known_at=attempt.known_at or event.at,
        run_attempt=event.run_attempt,
        run_status=status,
        conclusion=(event.conclusion or Conclusion.FAILURE) if is_over else attempt.conclusion,
        url=event.url or attempt.url,
        head_sha=event.head_sha,
        heard_at=event.at,
        look_ups=0,
        running_since=since,
        ended_at=event.at if is_over else attempt.ended_at,
    )
    leg = leg.with_attempt(attempt)
    if is_over:
        if not _is_unclear(state, event, attempt):
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


def _with_rerun(leg: Leg, run_attempt: int, at: datetime) -> Leg:
    """Add an attempt where somebody ran the workflow run again on GitHub."""
    if run_attempt <= leg.attempt.run_attempt:
        return leg
    begun = rerun_of(leg.attempt, leg.attempt.number + 1, run_attempt, at)
    return replace(leg, attempts=(*leg.attempts, begun))


def _never_came(leg: Leg, event: WorkflowRunObserved) -> bool:
    """Tell whether a re-run that we want to cancel turns out not to have begun."""
    attempt = leg.attempt
    is_unseen = attempt.is_rerun and attempt.run_status is None
    is_before = event.run_attempt < attempt.run_attempt
    is_over = event.status is RunStatus.COMPLETED
    return leg.status is LegStatus.CANCELLING and is_unseen and is_before and is_over


def _is_unclear(state: Orchestration, event: WorkflowRunObserved, attempt: Attempt) -> bool:
    """Tell whether something must be heard or asked before the end is believed."""
    task = event.attempt.task
    return (
        awaits_outputs(state, task, attempt, event.at)
        or lacks_jobs(state, task, attempt)
        or branch_to_measure(state, task, attempt) is not None
    )


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
    # What has ended may be deleted: we know already how it ended.
    if attempt.ended_at is not None:
        return leg
    if attempt.workflow_run_id is None and attempt.look_ups < LOOK_UP_MISSES_MAX:
        return leg
    leg = leg.with_attempt(replace(attempt, ended_at=event.at))
    if leg.status is LegStatus.CANCELLING:
        return stopped(state, event.attempt.task, leg, event.at)
    why = "GitHub knows no such workflow run any more; it may have been deleted"
    reason = Reason(code="workflow-run-lost", message=why)
    return fail(state, event.attempt.task, leg, reason, event.at)


def _report(leg: Leg, event: OutputsReported) -> Leg:
    if event.run_attempt < leg.attempt.run_attempt:
        return leg
    leg = _with_rerun(leg, event.run_attempt, event.at)
    attempt = leg.attempt
    # Several jobs of one workflow run may report; the later word on a name counts.
    attempt = replace(
        attempt,
        outputs={**(attempt.outputs or {}), **event.outputs},
        summary=(event.summary or attempt.summary)[:SUMMARY_TEXT_MAX],
    )
    return leg.with_attempt(attempt)


def _accept_rerun(leg: Leg, event: RerunAccepted) -> Leg:
    attempt = leg.attempt
    if not attempt.is_rerun or attempt.accepted_at is not None:
        return leg
    leg = leg.with_attempt(replace(attempt, accepted_at=event.at, heard_at=event.at))
    # The workflow run's webhook may have been heard before GitHub's answer.
    return leg.to(LegStatus.QUEUED) if leg.status is LegStatus.DISPATCHING else leg


def _list_jobs(leg: Leg, event: JobsListed) -> Leg:
    if event.run_attempt != leg.attempt.run_attempt or leg.attempt.jobs is not None:
        return leg
    return leg.with_attempt(replace(leg.attempt, jobs=event.jobs))


def _measure(leg: Leg, event: ChangeMeasured) -> Leg:
    if leg.attempt.change is not None:
        return leg
    change = Change(files=event.files, lines=event.lines, paths=event.paths)
    return leg.with_attempt(replace(leg.attempt, change=change))


def _perform(state: Orchestration, leg: Leg, event: OperationPerformed) -> Leg:
    """End a call. It was made even if it is not wanted any more."""
    task = event.attempt.task
    definition = definition_of(state.plan.definition, task)
    attempt = replace(
        leg.attempt,
        ended_at=event.at,
        conclusion=Conclusion.SUCCESS,
        outputs=event.outputs,
        url=event.url,
    )
    leg = leg.with_attempt(attempt)
    outputs, faults = read_outputs(definition.outputs, event.outputs)
    if not faults:
        return succeed(leg, outputs)
    reason = Reason(code="bad-outputs", message="; ".join(faults))
    return fail(state, task, leg, reason, event.at)


def _begin_child(leg: Leg, event: ChildStarted) -> Leg:
    attempt = leg.attempt
    if attempt.child is not None:
        return leg
    attempt = replace(
        attempt,
        child=event.child,
        summary=event.title,
        accepted_at=event.at,
        running_since=event.at,
    )
    leg = leg.with_attempt(attempt)
    return leg if leg.status is LegStatus.CANCELLING else leg.to(LegStatus.RUNNING)


def _end_child(state: Orchestration, leg: Leg, event: ChildEnded) -> Leg:
    attempt, task = leg.attempt, event.attempt.task
    if attempt.child not in (None, event.child):
        return leg
    attempt = replace(
        attempt, child=event.child, ended_at=event.at, conclusion=event.conclusion
    )
    leg = leg.with_attempt(attempt)
    if event.conclusion in GOOD:
        declared = definition_of(state.plan.definition, task).outputs
        outputs, faults = read_outputs(declared, event.outputs)
        if not faults:
            return succeed(leg, outputs)
        reason = Reason(code="bad-outputs", message="; ".join(faults))
        return fail(state, task, leg, reason, event.at)
    if event.conclusion is Conclusion.CANCELLED:
        if leg.status is LegStatus.CANCELLING:
            return stopped(state, task, leg, event.at)
        why = "the child orchestration was cancelled"
        return leg.to(LegStatus.CANCELLED, Reason(code="child-cancelled", message=why))
    why = "the child orchestration failed"
    return fail(state, task, leg, Reason(code="child-failed", message=why), event.at)
