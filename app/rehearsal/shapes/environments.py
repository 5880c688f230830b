"""Environments, their protection rules, and runs that wait there, as GitHub's JSON."""

from app.rehearsal.model.state import (
    Account,
    AppRegistration,
    Environment,
    EnvironmentReview,
    Repository,
    Standstill,
    WorkflowRun,
)
from app.rehearsal.shapes import people
from app.rehearsal.shapes.people import Addresses, Shape, instant
from app.rehearsal.shapes.pulls import pulls_whole_at


def short(at: Addresses, repository: Repository, which: Environment) -> Shape:
    """Return what is said of an environment wherever it is mentioned."""
    return {
        "id": which.id,
        "node_id": f"EN_{which.id}",
        "name": which.name,
        "url": f"{at.api}/repos/{repository.full_name}/environments/{which.name}",
        "html_url": f"{at.web}/{repository.full_name}/deployments/{which.name}",
    }


def environment(
    at: Addresses, repository: Repository, which: Environment, reviewers: list[Account]
) -> Shape:
    """Return an `environment` with its protection rules."""
    rules: list[Shape] = []
    if reviewers:
        rules.append(
            {
                "id": which.id * 10,
                "node_id": f"GA_{which.id}",
                "type": "required_reviewers",
                "prevent_self_review": False,
                "reviewers": [
                    {"type": "User", "reviewer": people.account(at, who)} for who in reviewers
                ],
            }
        )
    return {
        **short(at, repository, which),
        "created_at": instant(which.created_at),
        "updated_at": instant(which.created_at),
        "protection_rules": rules,
        "deployment_branch_policy": None,
    }


def custom_rules(at: Addresses, which: Environment, app: AppRegistration) -> Shape:
    """Return the `custom_deployment_protection_rules` of an environment."""
    rules = [
        {
            "id": which.id * 10 + 1,
            "node_id": f"GC_{which.id}",
            "enabled": True,
            "app": {
                "id": app.id,
                "slug": app.slug,
                "integration_url": f"{at.api}/apps/{app.slug}",
                "node_id": f"A_{app.id}",
            },
        }
    ]
    shown = rules if which.has_rule else []
    return {"total_count": len(shown), "custom_deployment_protection_rules": shown}


def pending_deployment(
    at: Addresses, repository: Repository, standstill: Standstill, reviewers: list[Account]
) -> Shape:
    """Return a `pending-deployment`. An App can approve none of them."""
    return {
        "environment": short(at, repository, standstill.environment),
        "wait_timer": 0,
        "wait_timer_started_at": None,
        "current_user_can_approve": False,
        "reviewers": [
            {"type": "User", "reviewer": people.account(at, who)} for who in reviewers
        ],
    }


def approval(at: Addresses, repository: Repository, given: EnvironmentReview) -> Shape:
    """Return an `environment-approvals`: who said what of a run that waited."""
    return {
        "environments": [
            {
                **short(at, repository, given.environment),
                "created_at": instant(given.environment.created_at),
                "updated_at": instant(given.environment.created_at),
            }
        ],
        "state": given.state,
        "user": people.account(at, given.user),
        "comment": given.comment,
    }


def protection_rule(at: Addresses, run: WorkflowRun, which: Environment) -> Shape:
    """Return the body of a `deployment_protection_rule` webhook.

    The number of the run stands in the callback address alone, as on GitHub.
    """
    url = f"{at.api}/repos/{run.repository.full_name}/actions/runs/{run.id}"
    return {
        "action": "requested",
        "environment": which.name,
        "event": run.event,
        "sha": run.head_sha,
        "ref": run.ref,
        "deployment_callback_url": f"{url}/deployment_protection_rule",
        "deployment": None,
        "pull_requests": pulls_whole_at(at, run.repository, run.head_sha),
    }


def job_run(at: Addresses, run: WorkflowRun, which: Environment) -> Shape:
    """Return the `workflow_job_run` of a `deployment_review` webhook."""
    job = run.last.job
    web = f"{at.web}/{run.repository.full_name}/actions/runs/{run.id}"
    return {
        "id": job.id,
        "name": job.name,
        "status": job.status,
        "conclusion": None,
        "html_url": f"{web}/job/{job.id}",
        "created_at": instant(job.created_at),
        "updated_at": instant(run.last.updated_at),
        "environment": which.name,
    }
