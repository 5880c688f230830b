"""Deployments by other means than a workflow run, and how far they are.

https://docs.github.com/webhooks/webhook-events-and-payloads#deployment_status
"""

from app.rehearsal.model import git
from app.rehearsal.model.state import Account, Repository
from app.rehearsal.model.world import World
from app.rehearsal.shapes import deployments as shapes


def set_status(
    world: World,
    repository: Repository,
    environment: str,
    state: str,
    ref: str,
    who: Account,
) -> None:
    """Let a new deployment of a ref come to a state, and tell the App."""
    sha = git.resolve(repository, ref)
    assert sha is not None, f"{repository.full_name} has no {ref}"
    deployment = shapes.deployment(
        world.at, repository, world.new_id(), environment, ref, sha, who, world.now()
    )
    status = shapes.deployment_status(
        world.at, repository, world.new_id(), deployment, state, who, world.now()
    )
    body = {
        "action": "created",
        "deployment_status": status,
        "deployment": deployment,
        "check_run": None,
        "workflow": None,
        "workflow_run": None,
    }
    world.emit("deployment_status", repository, who, body)
