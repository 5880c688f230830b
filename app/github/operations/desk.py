"""What every operation works with: its access by consent, its marker, what it may have made."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias

from app.core.commands import PerformOperation
from app.core.legs.ruling import object_to_dispatch
from app.core.plan import Plan
from app.core.policy import READING, consent_to_operate
from app.core.state import Orchestration
from app.core.values import JsonObject, RepositoryName
from app.github.budget import Urgency
from app.github.client import Access, Client
from app.github.consents import Consents
from app.github.errors import NotFoundError
from app.github.operations.arguments import Refusal
from app.github.repositories import is_public
from app.github.rulings import Rulings
from app.ports import Errand

OwnId: TypeAlias = Callable[[], Awaitable[int]]
"""Tells the id of the App."""

# Clocks differ: what was made may seem to be older than the first try.
EARLIER: Final = timedelta(minutes=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What an operation has made: outputs for other tasks, and where people find it."""

    outputs: JsonObject
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """One operation at work."""

    client: Client
    consents: Consents
    rulings: Rulings
    own_id: OwnId
    command: PerformOperation
    errand: Errand

    @property
    def state(self) -> Orchestration:
        assert self.errand.state is not None, "an operation comes with its orchestration"
        return self.errand.state

    @property
    def plan(self) -> Plan:
        return self.state.plan

    @property
    def is_repeated(self) -> bool:
        """Whether an earlier try may have had its effect."""
        return self.errand.tries > 1

    @property
    def since(self) -> str:
        """The moment before which nothing can have been made, as GitHub writes it."""
        return instant(self.errand.first_tried_at - EARLIER)

    async def judge(self, repository: RepositoryName) -> None:
        """Let nothing be written that an organisation forbids or freezes. Raises `Refusal`.

        Asked right before the write: what an earlier try did is found whatever they say now.
        """
        policies = await self.rulings.policies(self.plan.origin.repository, repository)
        now = self.client.clock.now()
        attempt = self.command.attempt
        objection = object_to_dispatch(self.state, attempt, repository, policies, now)
        if objection is not None:
            raise Refusal(objection.code, objection.message, objection.calendars)

    async def enter(self, repository: RepositoryName) -> Access:
        """Return how to reach a repository that lets this operation in. Raises `Refusal`."""
        plan, operation = self.plan, self.command.operation
        try:
            access = await self.consents.access_to(repository, plan.origin, Urgency.DECISION)
        except NotFoundError as error:
            raise Refusal(
                "app-not-installed",
                f"Signalbox is not installed on {repository}, or there is no such repository: "
                "install the App there",
            ) from error
        if access.repository_id is not None:
            # The definition's own.
            return access
        consent = consent_to_operate(
            await self.consents.policy(access),
            target=repository,
            origin=plan.origin,
            definition=plan.definition.id,
            operation=operation,
        )
        if consent.is_given:
            return access
        if operation in READING and await is_public(self.client, access):
            return access
        raise Refusal(consent.code, consent.message)

    def marked(self, body: str) -> str:
        """Return a body with the marker behind it, which nobody sees."""
        return f"{body}\n\n{self._mark}" if body else self._mark

    async def is_mine(self, body: str, app_id: int | None) -> bool:
        """Tell whether this very operation has made something: anybody may copy a marker."""
        return self._mark in body and app_id == await self.own_id()

    def has_mark(self, body: str) -> bool:
        """Tell whether a body carries the marker."""
        return self._mark in body

    @property
    def _mark(self) -> str:
        return f"<!-- signalbox {self.command.marker} -->"


def instant(at: datetime) -> str:
    """Return a moment as GitHub writes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


ISSUES_READ: Final[Mapping[str, str]] = {"issues": "read"}
ISSUES_WRITE: Final[Mapping[str, str]] = {"issues": "write"}
