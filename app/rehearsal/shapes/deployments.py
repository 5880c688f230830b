"""Deployments and their statuses as GitHub's JSON."""

from datetime import datetime
from typing import Any

from app.rehearsal.model.state import Account, Repository
from app.rehearsal.shapes import people
from app.rehearsal.shapes.people import Addresses, Shape, instant


def deployment(
    at: Addresses,
    repository: Repository,
    number: int,
    environment: str,
    ref: str,
    sha: str,
    who: Account,
    now: datetime,
) -> Shape:
    """Return a `deployment`."""
    api = f"{at.api}/repos/{repository.full_name}"
    url = f"{api}/deployments/{number}"
    return {
        "url": url,
        "id": number,
        "node_id": f"DE_{number}",
        "sha": sha,
        "ref": ref,
        "task": "deploy",
        "payload": {},
        "original_environment": environment,
        "environment": environment,
        "description": None,
        "creator": people.account(at, who),
        "created_at": instant(now),
        "updated_at": instant(now),
        "statuses_url": f"{url}/statuses",
        "repository_url": api,
    }


def deployment_status(
    at: Addresses,
    repository: Repository,
    number: int,
    of: dict[str, Any],
    state: str,
    who: Account,
    now: datetime,
) -> Shape:
    """Return a `deployment-status`."""
    return {
        "url": f"{of['statuses_url']}/{number}",
        "id": number,
        "node_id": f"DES_{number}",
        "state": state,
        "creator": people.account(at, who),
        "description": "",
        "environment": of["environment"],
        "target_url": "",
        "created_at": instant(now),
        "updated_at": instant(now),
        "deployment_url": of["url"],
        "repository_url": f"{at.api}/repos/{repository.full_name}",
    }
