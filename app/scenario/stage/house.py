"""A whole Signalbox in virtual time: engine, courier, client and doors, and its GitHub.

Everything is as in the server but the sockets and the disk.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import httpx
from fastapi import FastAPI

from app.core.commands import Command, Notify
from app.courier import Courier
from app.engine import Engine
from app.github.client import Client
from app.github.notifying import Webhooks
from app.github.oidc import IdentityError, IdentityVerifier, RunIdentity
from app.github.performer import GitHubPerformer
from app.github.webhooks import hear
from app.ports import Batch, ClaimedCommand, Errand, Outcome
from app.rehearsal import Rehearsal, RehearsalTransport, VirtualClock
from app.scenario.stage.scenery import Scenery
from app.store.memory import MemoryStore
from app.web.api import web_app
from app.web.hooks import WebhookDoor
from app.web.reports import ReportDoor, Unproven

URL: Final = "http://signalbox.test"
NOTICES: Final = "https://notices.signalbox.test"
OWNER: Final = "rehearsal"


class Prepared:
    """A performer that makes what a command is about to meet, and then carries it out."""

    def __init__(self, inner: GitHubPerformer, scenery: Scenery, clock: VirtualClock) -> None:
        self._inner = inner
        self._scenery = scenery
        self._clock = clock
        self.notices: list[tuple[datetime, Notify]] = []

    async def perform(self, command: Command, errand: Errand) -> Outcome:
        """Carry a command."""
        self._scenery.prepare(command, errand.state)
        if isinstance(command, Notify):
            self.notices.append((self._clock.now(), command))
        return await self._inner.perform(command, errand)


class Noting(MemoryStore):
    """A store that keeps what was noted about deliveries: why something did not start."""

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[str] = []

    async def commit(self, batch: Batch) -> Sequence[ClaimedCommand]:
        """Save a batch."""
        claimed = await super().commit(batch)
        self.notes += [done.note for done in batch.deliveries if done.note]
        return claimed


@dataclass(slots=True, kw_only=True)
class House:
    """All that lives as long as a rehearsal does."""

    github: Rehearsal
    clock: VirtualClock
    store: Noting
    engine: Engine
    courier: Courier
    notices: Sequence[tuple[datetime, Notify]]

    async def step(self) -> bool:
        """Do one thing that can be done now. Return whether there was one."""
        for deed in (self.engine.take, self.courier.carry_due, self.github.run_due):
            if await deed():
                return True
        return False

    async def next_due(self) -> datetime | None:
        """Return when the next thing happens by itself."""
        dues = (await self.store.next_due(), self.github.next_due)
        return min((due for due in dues if due is not None), default=None)


def build_house(github: Rehearsal, clock: VirtualClock, scenery: Scenery) -> House:
    """Put one Signalbox together, and connect GitHub with its doors."""
    wire = RehearsalTransport(github.asgi)

    async def pause(seconds: float) -> None:
        clock.advance_to(clock.now() + timedelta(seconds=seconds))

    client = Client(
        api_url=github.api_url,
        app_id=str(github.app_id),
        private_key=github.app_private_key_pem,
        clock=clock,
        pause=pause,
        http=wire,
    )
    store = Noting()
    reader = partial(hear, app_id=str(github.app_id))
    engine = Engine(store=store, clock=clock, read=reader, owner=OWNER)
    webhooks = Webhooks(urls={"*": NOTICES}, http=httpx.MockTransport(_taken))
    performer = Prepared(GitHubPerformer(client, webhooks), scenery, clock)
    courier = Courier(
        store=store,
        engine=engine,
        performer=performer,
        clock=clock,
        owner=OWNER,
    )
    doors = _doors(github, clock, store, engine, wire)
    transport = httpx.ASGITransport(doors, client=("127.0.0.1", 1))
    github.connect(httpx.AsyncClient(transport=transport))
    return House(
        github=github,
        clock=clock,
        store=store,
        engine=engine,
        courier=courier,
        notices=performer.notices,
    )


def _taken(_: httpx.Request) -> httpx.Response:
    return httpx.Response(204)


def _doors(
    github: Rehearsal,
    clock: VirtualClock,
    store: MemoryStore,
    engine: Engine,
    wire: RehearsalTransport,
) -> FastAPI:
    verifier = IdentityVerifier(issuer=github.oidc_issuer, audience=URL, clock=clock, http=wire)

    async def identify(token: str) -> RunIdentity:
        try:
            return await verifier.verify(token)
        except IdentityError as error:
            may_pass = error.code == "issuer-unavailable"
            raise Unproven(error.code, error.message, may_pass=may_pass) from error

    async def trouble() -> str:
        return ""

    return web_app(
        webhooks=WebhookDoor(
            secret=github.webhook_secret, inbox=store, clock=clock, wake=engine.wake
        ),
        reports_door=ReportDoor(
            inbox=store,
            clock=clock,
            identify=identify,
            knows_repository=engine.knows_repository,
            wake=engine.wake,
        ),
        trouble=trouble,
        lifespan=lambda _: _Nothing(),
    )


class _Nothing:
    """A lifespan in which nothing happens."""

    async def __aenter__(self) -> None:
        return None

    async def __aexit__(self, *_: object) -> None:
        return None
