"""Alerts of code scanning, secret scanning and Dependabot: raised, and heard of.

https://docs.github.com/webhooks/webhook-events-and-payloads#code_scanning_alert
"""

from collections.abc import Mapping
from typing import Any

from app.rehearsal.model.state import Repository
from app.rehearsal.model.world import World
from app.rehearsal.shapes import alerts as shapes

# Who reports what GitHub itself finds.
REPORTER = "github"


def create(world: World, repository: Repository, kind: str, details: Mapping[str, Any]) -> int:
    """Raise an alert, tell the App, and return its number."""
    repository.alert_count += 1
    number = repository.alert_count
    alert = shapes.ALERTS[kind](world.at, repository, number, world.now(), details)
    body: dict[str, Any] = {"action": "created", "alert": alert}
    if kind == "code_scanning":
        body["ref"] = f"refs/heads/{repository.default_branch}"
        body["commit_oid"] = repository.head.sha
    who = world.account(REPORTER, "Organization")
    world.emit(f"{kind}_alert", repository, who, body)
    return number
