"""Rules about what runs elsewhere: cancelled, looked up, asked about, and timed."""

from datetime import datetime

from app.core.commands import (
    CancelChild,
    CancelWorkflowRun,
    ListJobs,
    LookUpWorkflowRun,
    MeasureChange,
    SetTimer,
)
from app.core.copying import replace
from app.core.events import AttemptId
from app.core.legs.agents import branch_to_measure, repository_proposed_to
from app.core.legs.dispatching import Asked
from app.core.legs.outcome import lacks_jobs
from app.core.legs.watching import due_look_up, next_moment
from app.core.limits import CANCEL_GRACE
from app.core.moves import LegStatus, TaskStatus
from app.core.naming import definition_of
from app.core.rules.decision import Decision
from app.core.rules.ending import STARTED
from app.core.state import Attempt, Leg, Orchestration
from app.core.values import RepositoryName, TaskName


def cancel_workflow_runs(
    state: Orchestration, name: TaskName, now: datetime
) -> Decision | None:
    """Ask GitHub to cancel what we want cancelled: once politely, and once by force."""
    task = state.tasks[name]
    commands: list[Asked] = []
    for leg in task.legs.values():
        if leg.status is not LegStatus.CANCELLING or leg.attempt.ended_at is not None:
            continue
        attempt = _asked_to_cancel(leg.attempt, now)
        if attempt is None:
            continue
        task = task.with_leg(leg.with_attempt(attempt))
        where = AttemptId(task=name, leg=leg.key, number=attempt.number)
        if attempt.child is not None:
            why = leg.reason.message if leg.reason else ""
            commands.append(CancelChild(child=attempt.child, reason=why))
            continue
        assert attempt.workflow_run_id is not None, "only what is known can be cancelled"
        commands.append(
            CancelWorkflowRun(
                attempt=where,
                repository=RepositoryName(attempt.repository),
                workflow_run_id=attempt.workflow_run_id,
                force=attempt.force_asked_at is not None,
            )
        )
    if task is state.tasks[name]:
        return None
    return Decision(state=state.with_task(name, task), commands=tuple(commands))


def _asked_to_cancel(attempt: Attempt, now: datetime) -> Attempt | None:
    if attempt.workflow_run_id is None and attempt.child is None:
        return None
    if attempt.cancel_asked_at is None:
        return replace(attempt, cancel_asked_at=now)
    # A child is never forced: it has its own grace for what runs in it.
    if attempt.child is not None or attempt.force_asked_at is not None:
        return None
    if attempt.cancel_asked_at + CANCEL_GRACE > now:
        return None
    return replace(attempt, force_asked_at=now)


def look_up_silent(state: Orchestration, name: TaskName, now: datetime) -> Decision | None:
    """Look up each workflow run that has been silent for too long: webhooks get lost."""
    task, definition = state.tasks[name], definition_of(state.plan.definition, name)
    commands: list[Asked] = []
    for leg in task.legs.values():
        if leg.status not in STARTED or leg.attempt.ended_at is not None:
            continue
        if leg.status is LegStatus.DISPATCHING:
            # What was asked for is answered sooner or later.
            continue
        if (due := due_look_up(leg.attempt, definition)) is None or due > now:
            continue
        attempt = replace(leg.attempt, look_ups=leg.attempt.look_ups + 1, looked_up_at=now)
        task = task.with_leg(leg.with_attempt(attempt))
        commands.append(
            LookUpWorkflowRun(
                attempt=AttemptId(task=name, leg=leg.key, number=attempt.number),
                repository=RepositoryName(attempt.repository),
                workflow=attempt.workflow,
                ref=attempt.ref,
                workflow_run_id=attempt.workflow_run_id,
                marker=attempt.marker,
                since=attempt.asked_at,
                asked_at=now,
            )
        )
    if task is state.tasks[name]:
        return None
    return Decision(state=state.with_task(name, task), commands=tuple(commands))


def ask_about_ends(state: Orchestration, name: TaskName, now: datetime) -> Decision | None:
    """Ask how the jobs of a green workflow run ended, and how much its branch changes."""
    task = state.tasks[name]
    commands: list[Asked] = []
    for leg in task.legs.values():
        if leg.status not in STARTED or not leg.attempts or leg.attempt.ended_at is None:
            continue
        found = _question(state, name, leg, now)
        if found is not None:
            attempt, command = found
            task = task.with_leg(leg.with_attempt(attempt))
            commands.append(command)
    if task is state.tasks[name]:
        return None
    return Decision(state=state.with_task(name, task), commands=tuple(commands))


def _question(
    state: Orchestration, name: TaskName, leg: Leg, now: datetime
) -> tuple[Attempt, Asked] | None:
    attempt = leg.attempt
    where = AttemptId(task=name, leg=leg.key, number=attempt.number)
    repository = RepositoryName(attempt.repository)
    if lacks_jobs(state, name, attempt) and attempt.jobs_asked_at is None:
        assert attempt.workflow_run_id is not None, "what has ended is known"
        command = ListJobs(
            attempt=where,
            repository=repository,
            workflow_run_id=attempt.workflow_run_id,
            run_attempt=attempt.run_attempt,
        )
        return replace(attempt, jobs_asked_at=now), command
    branch = branch_to_measure(state, name, attempt)
    if branch is not None and attempt.change_asked_at is None:
        proposed_to = repository_proposed_to(state, attempt)
        measure = MeasureChange(attempt=where, repository=proposed_to, branch=branch)
        return replace(attempt, change_asked_at=now), measure
    return None


def set_timer(state: Orchestration, name: TaskName, now: datetime) -> Decision | None:
    """Come back at the next moment at which something about this task may be due."""
    task = state.tasks[name]
    if task.status not in (TaskStatus.RUNNING, TaskStatus.ASKING):
        return None
    due = next_moment(state, name)
    if due is None or (task.timer is not None and task.timer <= due):
        return None
    # A timer for a moment that has passed would come back at once, and for ever.
    assert due > now, "what is due now was for an earlier rule to do"
    task = replace(task, timer=due)
    return Decision(state=state.with_task(name, task), commands=(SetTimer(task=name, due=due),))
