"""Environments, and the workflow runs that wait there.

https://docs.github.com/rest/deployments/protection-rules
"""

from app.rehearsal.model import runs
from app.rehearsal.model.refused import invalid, not_found
from app.rehearsal.model.state import Account, Environment
from app.rehearsal.shapes import environments as shapes
from app.rehearsal.wire.exchange import Answer, Ask, Route
from app.rehearsal.wire.routes_actions import run_of

STATES = ("approved", "rejected")


def list_environments(ask: Ask) -> Answer:
    """Return the environments of a repository."""
    at, repository = ask.world.at, ask.repository
    known = list(repository.environments.values())
    found, headers = ask.page(known)
    shown = [shapes.environment(at, repository, each, _reviewers(ask, each)) for each in found]
    return Answer(200, {"total_count": len(known), "environments": shown}, headers)


def get_environment(ask: Ask) -> Answer:
    """Return one environment."""
    found = _environment(ask)
    reviewers = _reviewers(ask, found)
    return Answer(200, shapes.environment(ask.world.at, ask.repository, found, reviewers))


def list_rules(ask: Ask) -> Answer:
    """Return the custom deployment protection rules of an environment."""
    app = ask.world.registered_app()
    return Answer(200, shapes.custom_rules(ask.world.at, _environment(ask), app))


def list_pending(ask: Ask) -> Answer:
    """Return the environments that a workflow run waits at."""
    standstill = run_of(ask).last.standstill
    if standstill is None:
        return Answer(200, [])
    reviewers = _reviewers(ask, standstill.environment)
    shape = shapes.pending_deployment(ask.world.at, ask.repository, standstill, reviewers)
    return Answer(200, [shape])


def list_approvals(ask: Ask) -> Answer:
    """Return who has said what of a workflow run that waited."""
    given = run_of(ask).reviews
    return Answer(200, [shapes.approval(ask.world.at, ask.repository, each) for each in given])


def answer_rule(ask: Ask) -> Answer:
    """Report on, approve or reject a run that the App's own rule holds up."""
    run, given = run_of(ask), ask.body()
    ask.demand(given, environment_name=str)
    state, comment = given.get("state"), given.get("comment", "")
    if state is None and not comment:
        raise invalid('Invalid request.\n\n"state" wasn\'t supplied.')
    if state is not None and state not in STATES:
        raise invalid(f"Invalid request.\n\n{state} is not a member of {list(STATES)}.")
    runs.answer_rule(ask.world, run, given["environment_name"], state, comment)
    return Answer(204)


def _environment(ask: Ask) -> Environment:
    found = ask.repository.environments.get(ask.parameters["environment_name"])
    if found is None:
        raise not_found()
    return found


def _reviewers(ask: Ask, environment: Environment) -> list[Account]:
    return [ask.world.account(login) for login in environment.reviewers]


R = "/repos/{owner}/{repo}"
E = f"{R}/environments/{{environment_name}}"
RUN = f"{R}/actions/runs/{{run_id}}"
READ = (("actions", "read"),)
READ_EITHER = (("actions", "read"), ("deployments", "read"))
DEPLOY = (("deployments", "write"),)
ROUTES = (
    Route("GET", f"{R}/environments", list_environments, needs=READ),
    Route("GET", E, get_environment, needs=READ),
    Route("GET", f"{E}/deployment_protection_rules", list_rules, needs=READ),
    Route("GET", f"{RUN}/pending_deployments", list_pending, needs=READ_EITHER),
    Route("GET", f"{RUN}/approvals", list_approvals, needs=READ),
    Route("POST", f"{RUN}/deployment_protection_rule", answer_rule, needs=DEPLOY),
)
