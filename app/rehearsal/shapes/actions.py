"""Workflows, workflow runs and jobs as GitHub's JSON."""

from app.rehearsal.model.state import Attempt, Job, Repository, Workflow, WorkflowRun
from app.rehearsal.shapes import git, people
from app.rehearsal.shapes.people import Addresses, Shape, instant, instant_or_none
from app.rehearsal.shapes.pulls import pulls_at

JOB_CONCLUSIONS = frozenset(
    {"success", "failure", "neutral", "cancelled", "skipped", "timed_out", "action_required"}
)


def workflow(at: Addresses, repository: Repository, which: Workflow) -> Shape:
    """Return a `workflow`."""
    url = f"{at.api}/repos/{repository.full_name}/actions/workflows/{which.id}"
    web = f"{at.web}/{repository.full_name}"
    return {
        "id": which.id,
        "node_id": f"W_{which.id}",
        "name": which.name,
        "path": which.path,
        "state": which.state,
        "created_at": instant(which.created_at),
        "updated_at": instant(which.created_at),
        "url": url,
        "html_url": f"{web}/blob/{repository.default_branch}/{which.path}",
        "badge_url": f"{web}/workflows/{which.id}/badge.svg",
    }


def workflow_run(at: Addresses, run: WorkflowRun, attempt: Attempt) -> Shape:
    """Return a `workflow-run` as one of its attempts."""
    repository = run.repository
    api = f"{at.api}/repos/{repository.full_name}"
    url = f"{api}/actions/runs/{run.id}"
    before = attempt.number - 1
    commit = repository.commits[run.head_sha]
    return {
        "id": run.id,
        "name": run.name,
        "node_id": f"WFR_{run.id}",
        "head_branch": run.head_branch,
        "head_sha": run.head_sha,
        "path": run.workflow.path,
        "display_title": run.display_title,
        "run_number": run.number,
        "event": run.event,
        "status": attempt.status,
        "conclusion": attempt.conclusion,
        "workflow_id": run.workflow.id,
        "check_suite_id": run.suite.id,
        "check_suite_node_id": f"CS_{run.suite.id}",
        "url": url,
        "html_url": f"{at.web}/{repository.full_name}/actions/runs/{run.id}",
        "pull_requests": pulls_at(at, repository, run.head_sha),
        "created_at": instant(run.created_at),
        "updated_at": instant(attempt.updated_at),
        "actor": people.account(at, run.actor),
        "run_attempt": attempt.number,
        "referenced_workflows": [],
        "run_started_at": instant(attempt.started_at),
        "triggering_actor": people.account(at, attempt.actor),
        "jobs_url": f"{url}/jobs",
        "logs_url": f"{url}/logs",
        "check_suite_url": f"{api}/check-suites/{run.suite.id}",
        "artifacts_url": f"{url}/artifacts",
        "cancel_url": f"{url}/cancel",
        "rerun_url": f"{url}/rerun",
        "previous_attempt_url": f"{url}/attempts/{before}" if before else None,
        "workflow_url": f"{api}/actions/workflows/{run.workflow.id}",
        "head_commit": git.simple_commit(commit),
        "repository": people.minimal_repository(at, repository),
        "head_repository": people.minimal_repository(at, repository),
    }


def job(at: Addresses, run: WorkflowRun, which: Job) -> Shape:
    """Return a `job`, with a runner once it has one and the steps it has taken."""
    api = f"{at.api}/repos/{run.repository.full_name}"
    web = f"{at.web}/{run.repository.full_name}/actions/runs/{run.id}"
    has_runner = which.started_at is not None
    return {
        "id": which.id,
        "run_id": run.id,
        "workflow_name": run.name,
        "head_branch": run.head_branch,
        "run_url": f"{api}/actions/runs/{run.id}",
        "run_attempt": which.attempt,
        "node_id": f"J_{which.id}",
        "head_sha": run.head_sha,
        "url": f"{api}/actions/jobs/{which.id}",
        "html_url": f"{web}/job/{which.id}",
        "status": which.status,
        "conclusion": which.conclusion,
        "created_at": instant(which.created_at),
        "started_at": instant(which.started_at or which.created_at),
        "completed_at": instant_or_none(which.completed_at),
        "name": which.name,
        "steps": [_step(which)] if has_runner else [],
        "check_run_url": f"{api}/check-runs/{which.id}",
        "labels": ["ubuntu-latest"],
        "runner_id": 1 if has_runner else None,
        "runner_name": "GitHub Actions 1" if has_runner else None,
        "runner_group_id": 0 if has_runner else None,
        "runner_group_name": "GitHub Actions" if has_runner else None,
    }


def _step(which: Job) -> Shape:
    return {
        "name": "Set up job",
        "status": "completed" if which.status == "completed" else "in_progress",
        "conclusion": which.conclusion if which.conclusion in STEP_CONCLUSIONS else None,
        "number": 1,
        "started_at": instant_or_none(which.started_at),
        "completed_at": instant_or_none(which.completed_at),
    }


STEP_CONCLUSIONS = frozenset({"success", "failure", "skipped", "cancelled"})
