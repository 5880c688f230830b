"""The state of the rehearsal GitHub, and the three things every change needs.

An id, the present moment, and a way to tell the App what happened. What may be done with
repositories, pull requests, checks and workflow runs stands beside this file, one noun each.
"""

import json
import random
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from app.rehearsal.model.clock import Agenda, Clock
from app.rehearsal.model.faults import Faults
from app.rehearsal.model.limits import Limits
from app.rehearsal.model.outcome import Script
from app.rehearsal.model.state import (
    Account,
    AppRegistration,
    Delivery,
    Installation,
    Repository,
    Team,
    WorkflowRun,
)
from app.rehearsal.shapes import people
from app.rehearsal.shapes.people import Addresses

# Which permission lets an App hear which event.
# https://docs.github.com/webhooks/webhook-events-and-payloads
EVENT_PERMISSIONS = {
    "push": "contents",
    "release": "contents",
    "repository_dispatch": "contents",
    "workflow_dispatch": "contents",
    "workflow_run": "actions",
    "workflow_job": "actions",
    "pull_request": "pull_requests",
    "pull_request_review": "pull_requests",
    "issue_comment": "issues",
    "check_run": "checks",
    "check_suite": "checks",
    "create": "contents",
    "delete": "contents",
    "deployment_protection_rule": "deployments",
    "deployment_review": "deployments",
    "deployment_status": "deployments",
    "issues": "issues",
    "merge_group": "merge_queues",
    "code_scanning_alert": "security_events",
    "dependabot_alert": "vulnerability_alerts",
    "secret_scanning_alert": "secret_scanning_alerts",
}
# These reach every App that may read them, subscribed or not.
AUTOMATIC_EVENTS = frozenset({"installation", "installation_repositories", "ping"})
CALLS_MAX = 200_000
DELIVERIES_MAX = 50_000


class Flavour(StrEnum):
    """Which GitHub this is."""

    CLOUD = "github.com"
    ENTERPRISE_SERVER = "ghes"


@dataclass(frozen=True, slots=True)
class Call:
    """One call somebody made to the API. `is_done` tells whether it took effect."""

    method: str
    path: str
    status: int
    at: datetime
    is_done: bool


@dataclass(frozen=True, slots=True)
class Dispatch:
    """One workflow that was truly dispatched through the API."""

    repository: str
    workflow: str
    ref: str
    inputs: Mapping[str, Any]
    run_id: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Report:
    """What the companion Action of one attempt has to tell Signalbox."""

    run: WorkflowRun
    attempt: int
    outputs: Mapping[str, Any]
    summary: str
    answered: Callable[[bool], None]
    tries: int = 0


@dataclass(slots=True)
class World:
    """Everything that is so on the rehearsal GitHub."""

    clock: Clock
    random: random.Random
    faults: Faults
    limits: Limits = field(default_factory=Limits)
    at: Addresses = field(default_factory=Addresses)
    flavour: Flavour = Flavour.CLOUD
    agenda: Agenda = field(default_factory=Agenda)
    accounts: dict[str, Account] = field(default_factory=dict)
    members: dict[str, set[str]] = field(default_factory=dict)
    teams: dict[tuple[str, str], Team] = field(default_factory=dict)
    repositories: dict[int, Repository] = field(default_factory=dict)
    names: dict[str, int] = field(default_factory=dict)
    app: AppRegistration | None = None
    installations: dict[int, Installation] = field(default_factory=dict)
    deliveries: dict[int, Delivery] = field(default_factory=dict)
    outbox: deque[Delivery | Report] = field(default_factory=deque)
    calls: deque[Call] = field(default_factory=lambda: deque(maxlen=CALLS_MAX))
    dispatches: list[Dispatch] = field(default_factory=list)
    scripts: dict[tuple[str, str], Script] = field(default_factory=dict)
    webhook_url: str = ""
    visibility_delay: timedelta = timedelta()
    id_count: int = 1000

    def now(self) -> datetime:
        """Return the present moment."""
        return self.clock.now()

    def new_id(self) -> int:
        """Return an id that nothing else has."""
        self.id_count += 1
        return self.id_count

    def later(self, delay: timedelta, action: Callable[[], None]) -> None:
        """Let something happen by itself after a while."""
        self.agenda.add(self.now() + delay, action)

    def move_to(self, at: Addresses) -> None:
        """Serve under another address from now on."""
        self.at = at
        for account in self.accounts.values():
            account.shape = None
        for repository in self.repositories.values():
            repository.shapes.clear()

    def account(self, login: str, kind: str = "User") -> Account:
        """Return the account of that name, made on first use."""
        found = self.accounts.get(login.lower())
        if found is None:
            found = Account(self.new_id(), login, kind)
            self.accounts[login.lower()] = found
        return found

    def repository(self, full_name: str) -> Repository:
        """Return the repository that has or once had that name, or raise `KeyError`."""
        return self.repositories[self.names[full_name.lower()]]

    def registered_app(self) -> AppRegistration:
        """Return the App, which must have been registered before."""
        assert self.app is not None, "no App is registered: call install_app first"
        return self.app

    def covers(self, installation: Installation, repository: Repository) -> bool:
        """Return whether an installation includes a repository."""
        if installation.account is not repository.owner:
            return False
        chosen = installation.repository_ids
        return chosen is None or repository.id in chosen

    def installation_for(self, repository: Repository) -> Installation | None:
        """Return the installation that includes a repository, if there is one."""
        found = (i for i in self.installations.values() if self.covers(i, repository))
        return next(found, None)

    def listener(self, repository: Repository, event: str) -> Installation | None:
        """Return the installation that hears of an event in a repository, if any does."""
        found = self.installation_for(repository)
        if found is None or found.suspended_at is not None or not self._hears(found, event):
            return None
        return found

    def emit(
        self, event: str, repository: Repository, sender: Account, body: dict[str, Any]
    ) -> None:
        """Tell the App what happened in a repository, if it is there to hear it."""
        installation = self.listener(repository, event)
        if installation is None:
            return
        payload = {**body, "repository": people.full_repository(self.at, repository)}
        if repository.owner.type == "Organization":
            payload["organization"] = people.organization(self.at, repository.owner)
        payload["sender"] = people.account(self.at, sender)
        payload["installation"] = {
            "id": installation.id,
            "node_id": f"I_{installation.id}",
        }
        self.send(event, payload, installation.id, repository.id)

    def send(
        self,
        event: str,
        payload: dict[str, Any],
        installation_id: int | None,
        repository_id: int | None,
    ) -> Delivery:
        """Put a webhook on its way to the App: late, twice, in vain or never by the faults."""
        delivery = Delivery(
            id=self.new_id(),
            guid=str(uuid.UUID(int=self.random.getrandbits(128), version=4)),
            event=event,
            action=payload.get("action"),
            payload=json.dumps(payload, separators=(",", ":")).encode(),
            installation_id=installation_id,
            repository_id=repository_id,
            created_at=self.now(),
        )
        self._keep(delivery)
        name = f"{event}.{delivery.action}" if delivery.action else event
        delays = self.faults.for_delivery(name)
        if delays is None:
            delivery.status, delivery.delivered_at = "timed out", self.now()
        for delay in delays or ():
            self.later(delay, lambda: self.outbox.append(delivery))
        return delivery

    def redeliver(self, delivery: Delivery) -> Delivery:
        """Send a delivery once more: a new entry in the list, with the same guid."""
        # https://docs.github.com/webhooks/testing-and-troubleshooting-webhooks
        again = Delivery(
            id=self.new_id(),
            guid=delivery.guid,
            event=delivery.event,
            action=delivery.action,
            payload=delivery.payload,
            installation_id=delivery.installation_id,
            repository_id=delivery.repository_id,
            created_at=self.now(),
            is_redelivery=True,
        )
        self._keep(again)
        self.later(timedelta(), lambda: self.outbox.append(again))
        return again

    def _keep(self, delivery: Delivery) -> None:
        self.deliveries[delivery.id] = delivery
        if len(self.deliveries) > DELIVERIES_MAX:
            del self.deliveries[next(iter(self.deliveries))]

    def _hears(self, installation: Installation, event: str) -> bool:
        if event in AUTOMATIC_EVENTS:
            return True
        permission = EVENT_PERMISSIONS.get(event, "metadata")
        if permission not in installation.permissions:
            return False
        if event in {"check_run", "check_suite"}:
            # Apps that may write checks hear of them without asking.
            return installation.permissions["checks"] == "write"
        return event in self.registered_app().events
