"""Check runs and check suites as GitHub's JSON."""

from collections.abc import Iterable
from typing import Any

from app.rehearsal.model.state import (
    Account,
    AppRegistration,
    CheckRun,
    CheckSuite,
    Repository,
)
from app.rehearsal.shapes import git, people
from app.rehearsal.shapes.people import (
    ACTIONS_APP_ID,
    Addresses,
    Shape,
    instant,
    instant_or_none,
)
from app.rehearsal.shapes.pulls import pulls_at

# Which of many conclusions a suite has: the first of these that any run has.
GRAVITY = (
    "failure",
    "timed_out",
    "cancelled",
    "action_required",
    "stale",
    "success",
    "neutral",
    "skipped",
)


def check_run(
    at: Addresses, repository: Repository, run: CheckRun, app: AppRegistration
) -> Shape:
    """Return a `check-run`."""
    url = f"{at.api}/repos/{repository.full_name}/check-runs/{run.id}"
    return {
        "id": run.id,
        "name": run.name,
        "node_id": f"CR_{run.id}",
        "head_sha": run.head_sha,
        "external_id": run.external_id,
        "url": url,
        "html_url": f"{at.web}/{repository.full_name}/runs/{run.id}",
        "details_url": run.details_url or f"{at.web}/apps/{app.slug}",
        "status": run.status,
        "conclusion": run.conclusion,
        "started_at": instant_or_none(run.started_at),
        "completed_at": instant_or_none(run.completed_at),
        "output": {
            "title": run.title,
            "summary": run.summary,
            "text": run.text,
            "annotations_count": len(run.annotations),
            "annotations_url": f"{url}/annotations",
        },
        "check_suite": {"id": run.suite.id},
        "app": people.integration(at, app),
        "pull_requests": pulls_at(at, repository, run.head_sha),
    }


def heard_check_run(
    at: Addresses, repository: Repository, run: CheckRun, app: AppRegistration
) -> Shape:
    """Return a check run as webhooks have it: with its suite, without its nulls."""
    api = f"{at.api}/repos/{repository.full_name}/check-suites/{run.suite.id}"
    return {
        **check_run(at, repository, run, app),
        "check_suite": {
            "id": run.suite.id,
            "node_id": f"CS_{run.suite.id}",
            "head_branch": run.suite.head_branch,
            "head_sha": run.suite.head_sha,
            "status": run.status,
            "conclusion": run.conclusion,
            "url": api,
            "before": None,
            "after": None,
            "pull_requests": pulls_at(at, repository, run.head_sha),
            "app": people.integration(at, app),
            "created_at": instant(run.suite.created_at),
            "updated_at": instant(run.suite.updated_at),
        },
    }


def check_suite(
    at: Addresses,
    repository: Repository,
    suite: CheckSuite,
    runs: Iterable[CheckRun],
    app: AppRegistration,
) -> Shape:
    """Return a `check-suite`. How it stands follows from its runs."""
    known = [run for run in runs if run.suite is suite]
    is_done = bool(known) and all(run.status == "completed" for run in known)
    found = {run.conclusion for run in known}
    conclusion = next((c for c in GRAVITY if c in found), None) if is_done else None
    url = f"{at.api}/repos/{repository.full_name}/check-suites/{suite.id}"
    commit = repository.commits[suite.head_sha]
    return {
        "id": suite.id,
        "node_id": f"CS_{suite.id}",
        "head_branch": suite.head_branch,
        "head_sha": suite.head_sha,
        "status": "completed" if is_done else "in_progress" if known else "queued",
        "conclusion": conclusion,
        "url": url,
        "before": commit.parents[0] if commit.parents else None,
        "after": suite.head_sha,
        "pull_requests": pulls_at(at, repository, suite.head_sha),
        "app": actions_app(at)
        if suite.app_id == ACTIONS_APP_ID
        else people.integration(at, app),
        "created_at": instant(suite.created_at),
        "updated_at": instant(suite.updated_at),
        "rerequestable": True,
        "runs_rerequestable": True,
        "latest_check_runs_count": len(known),
        "check_runs_url": f"{url}/check-runs",
        "head_commit": git.simple_commit(commit),
        "repository": people.minimal_repository(at, repository),
    }


def heard_check_suite(
    at: Addresses,
    repository: Repository,
    suite: CheckSuite,
    conclusion: str,
    app: AppRegistration,
) -> Shape:
    """Return a check suite that came to its end, as webhooks have it."""
    shape = check_suite(at, repository, suite, (), app)
    del shape["repository"]
    return {**shape, "status": "completed", "conclusion": conclusion}


def actions_app(at: Addresses) -> dict[str, Any]:
    """Return GitHub's own app, which owns the check suites of workflow runs."""
    owner = Account(9919, "github", "Organization")
    made = "2018-07-30T09:30:17Z"
    return {
        "id": ACTIONS_APP_ID,
        "client_id": "Iv1.05c79e9ad1f6bdfa",
        "slug": "github-actions",
        "node_id": f"A_{ACTIONS_APP_ID}",
        "owner": people.account(at, owner),
        "name": "GitHub Actions",
        "description": "Automate your workflow from idea to production",
        "external_url": "https://help.github.com/en/actions",
        "html_url": f"{at.web}/apps/github-actions",
        "created_at": made,
        "updated_at": made,
        "permissions": {"actions": "write", "checks": "write", "contents": "write"},
        "events": [],
    }
