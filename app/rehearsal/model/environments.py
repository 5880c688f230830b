"""Environments: what a workflow run waits for there, and who has said what.

https://docs.github.com/actions/reference/workflows-and-actions/deployments-and-environments
To let a run go on, or end it, is for `runs`.
"""

from typing import Any

from app.rehearsal.model.refused import Refused, invalid
from app.rehearsal.model.state import (
    Account,
    Attempt,
    Environment,
    EnvironmentReview,
    Repository,
    Standstill,
    WorkflowRun,
)
from app.rehearsal.model.world import World
from app.rehearsal.shapes import actions as shapes
from app.rehearsal.shapes import environments as environment_shapes
from app.rehearsal.shapes import people

# https://docs.github.com/actions/how-tos/deploy/configure-and-manage-deployments/create-custom-protection-rules
REPORTS_MAX = 10
REPORT_CHARACTERS_MAX = 1_024


def environment_of(world: World, repository: Repository, name: str) -> Environment:
    """Return an environment; GitHub makes one that a workflow names first."""
    found = repository.environments.get(name)
    if found is None:
        found = Environment(world.new_id(), name, world.now())
        repository.environments[name] = found
    return found


def stop(world: World, run: WorkflowRun, attempt: Attempt, name: str) -> None:
    """Let an attempt wait at an environment, and tell those whom it waits for.

    Without any protection of its own it waits for whoever lets it go.
    """
    environment = environment_of(world, run.repository, name)
    awaits = {"rule"} if environment.has_rule else {"reviewers"}
    if environment.reviewers:
        awaits.add("reviewers")
    attempt.standstill = Standstill(environment, world.now(), awaits)
    if environment.has_rule:
        body = environment_shapes.protection_rule(world.at, run, environment)
        world.emit("deployment_protection_rule", run.repository, run.actor, body)
    if environment.reviewers:
        body = {
            **_told(world, run, attempt.standstill),
            "action": "requested",
            "workflow_job_run": environment_shapes.job_run(world.at, run, environment),
            "environment": environment.name,
            "requestor": shapes.workflow_run(world.at, run, run.last)["triggering_actor"],
        }
        world.emit("deployment_review", run.repository, run.actor, body)


def standstill_of(run: WorkflowRun) -> Standstill:
    """Return where a run waits, or refuse as GitHub does where it does not."""
    if run.last.standstill is None:
        raise invalid("The workflow run does not wait at an environment")
    return run.last.standstill


def report(run: WorkflowRun, environment: str, comment: str) -> None:
    """Note what the App says while it holds a run up."""
    standstill = _waiting_at(run, environment)
    if len(comment) > REPORT_CHARACTERS_MAX:
        raise invalid(f"Comment is too long (maximum is {REPORT_CHARACTERS_MAX} characters)")
    if len(standstill.reports) >= REPORTS_MAX:
        raise invalid("The maximum number of status reports has been reached")
    standstill.reports.append(comment)


def answer(
    world: World,
    run: WorkflowRun,
    environment: str,
    who: Account,
    state: str,
    comment: str,
    awaited: str,
) -> bool:
    """Take an answer in. Return whether the run has nothing more to wait for."""
    standstill = _waiting_at(run, environment)
    if awaited not in standstill.awaits:
        raise invalid("There is no pending deployment for you to review")
    if len(comment) > REPORT_CHARACTERS_MAX:
        raise invalid(f"Comment is too long (maximum is {REPORT_CHARACTERS_MAX} characters)")
    standstill.awaits.discard(awaited)
    run.reviews.append(EnvironmentReview(standstill.environment, who, state, comment))
    if awaited == "reviewers":
        body = {
            **_told(world, run, standstill),
            "action": state,
            "approver": people.account(world.at, who),
            "comment": comment,
            "workflow_job_run": environment_shapes.job_run(
                world.at, run, standstill.environment
            ),
            "workflow_job_runs": [
                environment_shapes.job_run(world.at, run, standstill.environment)
            ],
        }
        world.emit("deployment_review", run.repository, who, body)
    return state == "rejected" or not standstill.awaits


def _waiting_at(run: WorkflowRun, environment: str) -> Standstill:
    standstill = standstill_of(run)
    if standstill.environment.name != environment:
        raise Refused(422, f"The workflow run does not wait at {environment}")
    return standstill


def _told(world: World, run: WorkflowRun, standstill: Standstill) -> dict[str, Any]:
    """Return what every `deployment_review` webhook says."""
    reviewers = [world.account(login) for login in standstill.environment.reviewers]
    return {
        "workflow_run": shapes.workflow_run(world.at, run, run.last),
        "since": people.instant(standstill.since),
        "reviewers": [
            {"type": "User", "reviewer": people.account(world.at, who)} for who in reviewers
        ],
    }
