"""Deployment protection rules: reports on, and answers to, workflow runs that wait for us.

Addresses are built from the run's number; the one that a payload names is never called.
https://docs.github.com/en/actions/how-tos/deploy/configure-and-manage-deployments/create-custom-protection-rules
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from app.github.client import Access, Client
from app.github.errors import NotFoundError
from app.github.repositories import items_of, number_of, object_of, path_to, text_of

DEPLOYMENTS_WRITE: Final = {"deployments": "write"}
ACTIONS_READ: Final = {"actions": "read"}

# A report has at most so many characters, and a deployment at most ten reports.
COMMENT_CHARACTERS_MAX: Final = 1_024
REPORTS_MAX: Final = 10


async def report_rule(
    client: Client, access: Access, workflow_run_id: int, environment: str, comment: str
) -> None:
    """Say why a workflow run still waits. GitHub takes ten reports for a deployment.

    https://docs.github.com/en/rest/actions/workflow-runs#review-custom-deployment-protection-rules-for-a-workflow-run
    """
    body = {"environment_name": environment, "comment": fitting(comment) or "waiting"}
    path = f"{path_to(access)}/actions/runs/{workflow_run_id}/deployment_protection_rule"
    await client.call(access, "POST", path, permissions=DEPLOYMENTS_WRITE, body=body)


async def answer_rule(
    client: Client,
    access: Access,
    workflow_run_id: int,
    environment: str,
    *,
    is_approved: bool,
    comment: str,
) -> None:
    """Let a workflow run go on, or turn it away; an App answers only its own rule.

    Raises UnprocessableError where the run does not wait for us there (any more).
    """
    body = {
        "environment_name": environment,
        "state": "approved" if is_approved else "rejected",
        "comment": fitting(comment),
    }
    path = f"{path_to(access)}/actions/runs/{workflow_run_id}/deployment_protection_rule"
    await client.call(access, "POST", path, permissions=DEPLOYMENTS_WRITE, body=body)


async def waits_at(client: Client, access: Access, workflow_run_id: int) -> tuple[str, ...]:
    """Return the environments that a workflow run waits at.

    https://docs.github.com/en/rest/actions/workflow-runs#get-pending-deployments-for-a-workflow-run
    """
    path = f"{path_to(access)}/actions/runs/{workflow_run_id}/pending_deployments"
    answer = await client.call(access, "GET", path, permissions=ACTIONS_READ)
    waiting = (object_of(item.get("environment")) for item in items_of(answer.json()))
    return tuple(text_of(each, "name") for each in waiting)


async def has_our_rule(client: Client, access: Access, environment: str, app_id: int) -> bool:
    """Tell whether an environment asks our App before it lets a job go on.

    https://docs.github.com/en/rest/deployments/protection-rules#get-all-deployment-protection-rules-for-an-environment
    """
    path = f"{path_to(access)}/environments/{quote(environment, safe='')}"
    target = f"{path}/deployment_protection_rules"
    answer = await client.call(access, "GET", target, permissions=ACTIONS_READ)
    rules = object_of(answer.json()).get("custom_deployment_protection_rules")
    return any(
        rule.get("enabled") is True and number_of(object_of(rule.get("app")), "id") == app_id
        for rule in items_of(rules)
    )


async def said_by_bots(
    client: Client, access: Access, workflow_run_id: int, environment: str
) -> Mapping[str, str]:
    """Return what Apps have said of a workflow run at an environment: states by comment.

    https://docs.github.com/en/rest/actions/workflow-runs#get-the-review-history-for-a-workflow-run
    """
    path = f"{path_to(access)}/actions/runs/{workflow_run_id}/approvals"
    answer = await client.call(access, "GET", path, permissions=ACTIONS_READ)
    return {
        text_of(item, "comment"): text_of(item, "state")
        for item in items_of(answer.json())
        if text_of(object_of(item.get("user")), "type") == "Bot"
        and any(text_of(at, "name") == environment for at in items_of(item.get("environments")))
    }


async def has_environment(
    client: Client,
    access: Access,
    environment: str,
    *,
    permissions: Mapping[str, str] = ACTIONS_READ,
) -> bool:
    """Tell whether a repository has an environment of that name.

    https://docs.github.com/en/rest/deployments/environments#get-an-environment
    """
    path = f"{path_to(access)}/environments/{quote(environment, safe='')}"
    try:
        await client.call(access, "GET", path, permissions=permissions)
    except NotFoundError:
        return False
    return True


def fitting(comment: str) -> str:
    """Return a comment cut to what GitHub takes."""
    if len(comment) <= COMMENT_CHARACTERS_MAX:
        return comment
    return f"{comment[: COMMENT_CHARACTERS_MAX - 1]}…"
