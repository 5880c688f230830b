"""A replica that sleeps in the midst of something, and wakes when another has done it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

import httpx
import pytest

from app.courier import Courier
from app.engine import Engine
from app.github.client import Client
from app.github.performer import GitHubPerformer
from app.github.webhooks import hear
from app.rehearsal import RehearsalTransport
from tests.kit.town import HOME, Town, town

pytestmark = pytest.mark.anyio

SHIP = """
version: 1
name: Ship
on:
  push: {branches: [main]}
tasks:
  build:
    dispatch: acme/api/.github/workflows/deploy.yml@main
"""
OPERATE = """
version: 1
name: Operate
on:
  push: {branches: [main]}
tasks:
  tell:
    github: issue.create
    with: {title: It begins, body: by hand}
"""


@dataclass
class Sleeper(httpx.AsyncBaseTransport):
    """The way of one replica to GitHub: it falls asleep after a look at something."""

    inner: httpx.AsyncBaseTransport
    sleeps_after: str = ""
    asleep: asyncio.Event = field(default_factory=asyncio.Event)
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Let a request through, and its answer once awake."""
        answer = await self.inner.handle_async_request(request)
        if self.sleeps_after and self.sleeps_after in request.url.path:
            self.sleeps_after = ""
            self.asleep.set()
            await self.woken.wait()
        return answer


@dataclass
class Replica:
    """A second Signalbox of a town, on the same store."""

    courier: Courier
    sleeper: Sleeper


@asynccontextmanager
async def replica(here: Town, owner: str, engine: Engine) -> AsyncIterator[Replica]:
    """Open a courier with its own way to GitHub."""
    sleeper = Sleeper(RehearsalTransport(here.github.asgi))
    client = Client(
        api_url=here.github.api_url,
        app_id=str(here.github.app_id),
        private_key=here.github.app_private_key_pem,
        clock=here.github.clock,
        http=sleeper,
    )
    courier = Courier(
        store=here.store,
        engine=engine,
        performer=GitHubPerformer(client),
        clock=here.github.clock,
        owner=owner,
    )
    yield Replica(courier=courier, sleeper=sleeper)
    await client.aclose()


async def slept_through(here: Town, sleeps_after: str) -> None:
    """Let one replica sleep in the midst of its work until another has done it."""
    async with replica(here, "here", here.engine) as one:
        here.github.push(HOME, {"README.md": "changed\n"})
        await here.github.run_due()
        await here.engine.take()
        one.sleeper.sleeps_after = sleeps_after
        sleeping = asyncio.create_task(one.courier.carry_due())
        async with asyncio.timeout(10):
            await one.sleeper.asleep.wait()
        reader = partial(hear, app_id=str(here.github.app_id))
        engine = Engine(store=here.store, clock=here.github.clock, read=reader, owner="there")
        await engine.open()
        async with replica(here, "there", engine) as two:
            here.engine, here.courier = engine, two.courier
            await here.wait(minutes=5)
            one.sleeper.woken.set()
            await sleeping
            await here.wait(minutes=5)


async def test_what_another_dispatched_meanwhile_is_not_dispatched_again() -> None:
    """It had looked at the target, and was about to dispatch."""
    async with town(ship=SHIP) as here:
        await slept_through(here, "/contents/.github/workflows/deploy.yml")

        assert here.deployments() == 1
        assert await here.status("build") == "succeeded"


async def test_what_another_did_meanwhile_is_not_done_again() -> None:
    """It had its token, and was about to open the issue."""
    async with town(operate=OPERATE) as here:
        await slept_through(here, "/access_tokens")

        issues = here.github.world.repository(HOME).issues.values()
        assert [issue.title for issue in issues] == ["It begins"]
        assert await here.status("tell") == "succeeded"
