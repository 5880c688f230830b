"""Workflow runs: how they start, proceed by their script, end, and run again.

https://docs.github.com/rest/actions/workflow-runs
Each step happens through the agenda. A step that comes too late, because the run was
cancelled or run again in the meantime, finds another attempt or status and does nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from app.rehearsal.model import checks, environments, workflows
from app.rehearsal.model.outcome import Outcome, outcome_for
from app.rehearsal.model.refused import Refused
from app.rehearsal.model.state import (
    Account,
    Attempt,
    Job,
    Repository,
    Workflow,
    WorkflowRun,
)
from app.rehearsal.model.world import Dispatch, Report, World
from app.rehearsal.shapes import actions as shapes
from app.rehearsal.shapes.people import ACTIONS_APP_ID

CANCEL_TAKES = timedelta(seconds=2)
FORCE_CANCEL_TAKES = timedelta(seconds=1)
# https://docs.github.com/actions/reference/limits
RERUNS_MAX = 50
# https://docs.github.com/actions/how-tos/manage-workflow-runs/re-run-workflows-and-jobs
RERUN_DAYS_MAX = 30
PASSED = frozenset({"success", "skipped"})


def dispatch(
    world: World,
    repository: Repository,
    id_or_name: str,
    ref: str,
    inputs: Mapping[str, Any],
    actor: Account,
) -> WorkflowRun:
    """Dispatch a workflow, or refuse as GitHub does. The run is there at once."""
    workflow = workflows.find(world, repository, id_or_name)
    full_ref = workflows.branch_or_tag(repository, ref)
    declared, sha = workflows.check_dispatch(world, repository, workflow, full_ref, inputs)
    filled = workflows.filled_inputs(declared, inputs)
    workflow.run_count += 1
    now = world.now()
    branch = full_ref.removeprefix("refs/heads/").removeprefix("refs/tags/")
    values = _contexts(workflow, full_ref, sha, actor, filled)
    run = WorkflowRun(
        id=world.new_id(),
        number=workflow.run_count,
        workflow=workflow,
        repository=repository,
        suite=checks.suite_for(world, repository, sha, ACTIONS_APP_ID, branch),
        event="workflow_dispatch",
        ref=full_ref,
        head_sha=sha,
        inputs=filled,
        display_title=workflows.title(declared, workflow, values),
        name=workflow.name,
        actor=actor,
        created_at=now,
        visible_at=now + world.visibility_delay,
    )
    repository.runs[run.id] = run
    world.dispatches.append(
        Dispatch(repository.full_name, workflow.path, ref, dict(inputs), run.id, now)
    )
    body = {"inputs": dict(inputs), "ref": full_ref, "workflow": workflow.path}
    world.emit("workflow_dispatch", repository, actor, body)
    _begin(world, run, actor)
    return run


def _contexts(
    workflow: Workflow, full_ref: str, sha: str, actor: Account, inputs: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what the run-name of a dispatched workflow may read.

    https://docs.github.com/en/actions/reference/workflows-and-actions/contexts
    """
    values: dict[str, Any] = {
        "github.ref_name": full_ref.removeprefix("refs/heads/").removeprefix("refs/tags/"),
        "github.ref": full_ref,
        "github.sha": sha,
        "github.actor": actor.login,
        "github.workflow": workflow.name,
        "github.event_name": "workflow_dispatch",
    }
    for name, value in inputs.items():
        text = str(value).lower() if isinstance(value, bool) else value
        values[f"inputs.{name}"] = values[f"github.event.inputs.{name}"] = text
    return values


def cancel(world: World, run: WorkflowRun, *, is_forced: bool = False) -> None:
    """Cancel a run, which takes a moment. A workflow that runs always() may not heed it."""
    attempt = run.last
    if attempt.status == "completed":
        raise Refused(409, "Cannot cancel a workflow run that is completed.")
    if _outcome(world, run, attempt).is_deaf_to_cancel and not is_forced:
        return
    takes = FORCE_CANCEL_TAKES if is_forced else CANCEL_TAKES
    world.later(takes, lambda: _complete(world, run, attempt, "cancelled"))


def rerun(world: World, run: WorkflowRun, actor: Account, *, is_failed_only: bool) -> None:
    """Run again: the same run, one attempt more, and no `requested` webhook."""
    if run.last.status != "completed":
        raise Refused(403, "This workflow is already running")
    if is_failed_only and run.last.conclusion == "success":
        raise Refused(403, "This workflow run cannot be retried")
    if len(run.attempts) > RERUNS_MAX:
        raise Refused(403, "Unable to re-run this workflow run: too many attempts")
    if (world.now() - run.created_at).days >= RERUN_DAYS_MAX:
        raise Refused(
            403,
            "Unable to retry this workflow run because it was created over a month ago",
        )
    passed = [job for job in run.last.jobs if is_failed_only and job.conclusion in PASSED]
    _begin(world, run, actor, passed)


def answer_rule(
    world: World, run: WorkflowRun, environment: str, state: str | None, comment: str
) -> None:
    """Let the App report on, approve or reject a run that its rule holds up."""
    who = world.registered_app().bot
    if state is None:
        environments.report(run, environment, comment)
    elif environments.answer(world, run, environment, who, state, comment, "rule"):
        release(world, run, is_approved=state == "approved")


def review_environment(
    world: World, run: WorkflowRun, who: Account, *, is_approved: bool, comment: str
) -> None:
    """Let a reviewer approve or reject a run that waits at an environment."""
    standstill = environments.standstill_of(run)
    state = "approved" if is_approved else "rejected"
    name = standstill.environment.name
    if environments.answer(world, run, name, who, state, comment, "reviewers"):
        release(world, run, is_approved=is_approved)


def release(world: World, run: WorkflowRun, *, is_approved: bool = True) -> None:
    """Let a run go on that waits at an environment, or turn it away."""
    attempt = run.last
    if attempt.status != "waiting":
        raise Refused(422, "The workflow run does not wait at an environment")
    if not is_approved:
        _complete(world, run, attempt, "failure")
        return
    attempt.status = "queued"
    world.later(timedelta(), lambda: _start(world, run, attempt))


def find(repository: Repository, run_id: str) -> WorkflowRun | None:
    """Return the run of that id, if there is one."""
    return repository.runs.get(int(run_id)) if run_id.isdigit() else None


def _begin(world: World, run: WorkflowRun, actor: Account, passed: Sequence[Job] = ()) -> None:
    """Queue an attempt and write into the agenda what becomes of it.

    Jobs that had passed are taken over from the attempt before.
    """
    now = world.now()
    number = len(run.attempts) + 1
    names = [job.name for job in run.last.jobs] if passed else []
    attempt = Attempt(number, "queued", now, now, actor)
    run.attempts.append(attempt)
    outcome = _outcome(world, run, attempt)
    over = {job.name: job for job in passed}
    for name in names or outcome.jobs or ("run",):
        made = Job(world.new_id(), name, number, now)
        if name in over:
            made = replace(over[name], id=made.id, attempt=number)
        attempt.jobs.append(made)
    if number == 1:
        _tell_run(world, run, "requested")
    _tell_jobs(world, run, attempt, "queued")
    if outcome.environment is not None:
        world.later(outcome.queued, lambda: _wait(world, run, attempt))
    elif outcome.is_starting:
        world.later(outcome.queued, lambda: _start(world, run, attempt))


def _wait(world: World, run: WorkflowRun, attempt: Attempt) -> None:
    if _is_past(run, attempt, "queued"):
        return
    _move(world, attempt, "waiting")
    _tell_jobs(world, run, attempt, "waiting")
    name = _outcome(world, run, attempt).environment
    assert name is not None, "it waits at an environment"
    environments.stop(world, run, attempt, name)


def _start(world: World, run: WorkflowRun, attempt: Attempt) -> None:
    if _is_past(run, attempt, "queued"):
        return
    attempt.standstill = None
    _move(world, attempt, "in_progress")
    for job in _open(attempt):
        job.started_at = world.now()
    _tell_run(world, run, "in_progress")
    _tell_jobs(world, run, attempt, "in_progress")
    outcome = _outcome(world, run, attempt)
    world.later(outcome.duration, lambda: _finish(world, run, attempt, outcome))


def _finish(world: World, run: WorkflowRun, attempt: Attempt, outcome: Outcome) -> None:
    """End an attempt, after its companion Action has reported if it has one."""
    if _is_past(run, attempt, "in_progress"):
        return
    if outcome.outputs is None or outcome.conclusion == "cancelled":
        _complete(world, run, attempt, outcome.conclusion)
        return

    def answered(is_accepted: bool) -> None:
        attempt.reported = is_accepted
        _complete(world, run, attempt, outcome.conclusion if is_accepted else "failure")

    given = outcome.outputs
    outputs = given(run.inputs) if callable(given) else given
    world.outbox.append(Report(run, attempt.number, outputs, outcome.summary, answered))


def _complete(world: World, run: WorkflowRun, attempt: Attempt, conclusion: str) -> None:
    if attempt is not run.last or attempt.status == "completed":
        return
    attempt.standstill = None
    scripted = _outcome(world, run, attempt).jobs if conclusion != "cancelled" else {}
    ending = _open(attempt)
    _move(world, attempt, "completed")
    attempt.conclusion = conclusion
    for job in ending:
        found = scripted.get(job.name, conclusion)
        job.conclusion = found if found in shapes.JOB_CONCLUSIONS else "failure"
        job.completed_at = world.now()
        _tell_job(world, run, job, "completed")
    _tell_run(world, run, "completed")


def _is_past(run: WorkflowRun, attempt: Attempt, status: str) -> bool:
    return attempt is not run.last or attempt.status != status


def _move(world: World, attempt: Attempt, status: str) -> None:
    for job in _open(attempt):
        job.status = status
    attempt.status = status
    attempt.updated_at = world.now()


def _open(attempt: Attempt) -> list[Job]:
    return [job for job in attempt.jobs if job.status != "completed"]


def _outcome(world: World, run: WorkflowRun, attempt: Attempt) -> Outcome:
    path = run.workflow.path
    script = world.scripts.get((run.repository.full_name.lower(), path))
    return outcome_for(script, run, attempt.number)


def _tell_run(world: World, run: WorkflowRun, action: str) -> None:
    if world.listener(run.repository, "workflow_run") is None:
        return
    body = {
        "action": action,
        "workflow_run": shapes.workflow_run(world.at, run, run.last),
        "workflow": shapes.workflow(world.at, run.repository, run.workflow),
    }
    world.emit("workflow_run", run.repository, run.last.actor, body)


def _tell_jobs(world: World, run: WorkflowRun, attempt: Attempt, action: str) -> None:
    for job in _open(attempt):
        _tell_job(world, run, job, action)


def _tell_job(world: World, run: WorkflowRun, job: Job, action: str) -> None:
    if world.listener(run.repository, "workflow_job") is None:
        return
    body = {"action": action, "workflow_job": shapes.job(world.at, run, job)}
    world.emit("workflow_job", run.repository, run.last.actor, body)
