"""What keeps a rehearsal going: its world, its time, and its lines to Signalbox.

Nothing happens by itself except in `run_due`, `advance` (virtual time) or `keep_going`
(real time). What people do on GitHub stands in `rehearsal`.
"""

import asyncio
import random
from datetime import datetime, timedelta

import httpx

from app.rehearsal.model import oidc
from app.rehearsal.model.clock import Clock, VirtualClock
from app.rehearsal.model.faults import Faults
from app.rehearsal.model.world import Flavour, World
from app.rehearsal.wire.app import RehearsalApp
from app.rehearsal.wire.exchange import Service
from app.rehearsal.wire.postman import Postman

WEBHOOK_PATH = "/webhooks/github"
# While nothing is due the time is looked at this often, should the clock have jumped.
LOOK_AGAIN = 1.0


class Timekeeper:
    """A world, the app that serves it, and the time that passes in it."""

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        webhook_url: str = f"http://signalbox.test{WEBHOOK_PATH}",
        webhook_secret: str = "rehearsal-secret",  # noqa: S107 - guards nothing
        seed: int = 0,
        flavour: Flavour = Flavour.CLOUD,
    ) -> None:
        self.clock = clock or VirtualClock()
        chance = random.Random(seed)  # noqa: S311 - it makes ids, not secrets
        faults = Faults(random.Random(seed + 1))  # noqa: S311 - it rolls dice
        self.world = World(clock=self.clock, random=chance, faults=faults, flavour=flavour)
        self.world.webhook_url = webhook_url
        self.webhook_secret = webhook_secret
        self.service = Service(self.world)
        self.asgi = RehearsalApp(self.service)
        base_url = webhook_url.removesuffix(WEBHOOK_PATH)
        self.postman = Postman(self.world, self.service.issuer, webhook_secret, base_url)

    # What Signalbox needs to know.

    @property
    def api_url(self) -> str:
        """Where the API is, for GITHUB_API_URL."""
        return self.world.at.api

    @property
    def web_url(self) -> str:
        """Where the pages are, for GITHUB_SERVER_URL."""
        return self.world.at.web

    @property
    def oidc_issuer(self) -> str:
        """Who signs identity tokens, for GITHUB_OIDC_ISSUER."""
        return self.service.issuer.url(self.world.at)

    @property
    def app_id(self) -> int:
        """The id of the App, for GITHUB_APP_ID."""
        return self.world.registered_app().id

    @property
    def app_private_key_pem(self) -> str:
        """The key of the App, for GITHUB_PRIVATE_KEY."""
        return oidc.pem(oidc.private_key("app"))

    @property
    def client_id(self) -> str:
        """What the App is called where people sign in, for GITHUB_CLIENT_ID."""
        return self.world.registered_app().client_id

    @property
    def client_secret(self) -> str:
        """The secret of the App where people sign in, for GITHUB_CLIENT_SECRET."""
        return self.world.registered_app().client_secret

    def sit_down(self, login: str) -> None:
        """Say who sits at the browser: GitHub asks no more who it is. "" lets it ask again."""
        self.service.sign_ins.somebody = login

    def personal_token(self, login: str, *, reads_only: bool = False) -> str:
        """Make a personal access token for somebody, as GITHUB_TOKEN holds it."""
        who = self.world.account(login)
        return self.service.personal.make(self.world, who, reads_only=reads_only)

    def connect(self, receiver: httpx.AsyncClient) -> None:
        """Send webhooks and reports through this client from now on."""
        self.postman.client = receiver

    # Time.

    @property
    def next_due(self) -> datetime | None:
        """When the next thing happens by itself, if anything will."""
        return self.world.agenda.next_due

    async def run_due(self) -> int:
        """Do what is due now, one thing after the other. Return how many things were done."""
        done = 0
        while self._make_due_happen() or self.world.outbox:
            done += 1
            while self.world.outbox:
                await self.postman.send(self.world.outbox.popleft())
        return done

    async def advance(self, by: timedelta | float = 0.0) -> None:
        """Let virtual time pass, in seconds if it is a number, and all that falls into it."""
        clock = self.clock
        assert isinstance(clock, VirtualClock), "only virtual time can be advanced"
        end = clock.now() + (by if isinstance(by, timedelta) else timedelta(seconds=by))
        await self.run_due()
        while (due := self.next_due) is not None and due <= end:
            clock.advance_to(due)
            await self.run_due()
        clock.advance_to(end)

    async def keep_going(self) -> None:
        """Do what becomes due as real time passes, until cancelled."""
        loop, wake = asyncio.get_running_loop(), asyncio.Event()
        self.world.agenda.on_add = lambda: _wake(loop, wake)
        async with asyncio.TaskGroup() as sending:
            while True:
                wake.clear()
                while self._make_due_happen():
                    pass
                while self.world.outbox:
                    sending.create_task(self.postman.send(self.world.outbox.popleft()))
                due = self.next_due
                wait = LOOK_AGAIN if due is None else (due - self.clock.now()).total_seconds()
                try:
                    async with asyncio.timeout(min(max(wait, 0.0), LOOK_AGAIN)):
                        await wake.wait()
                except TimeoutError:
                    continue

    def _make_due_happen(self) -> bool:
        action = self.world.agenda.pop_due(self.clock.now())
        if action is None:
            return False
        action()
        return True


def _wake(loop: asyncio.AbstractEventLoop, wake: asyncio.Event) -> None:
    """Wake the loop, from whatever thread."""
    if not loop.is_closed():
        loop.call_soon_threadsafe(wake.set)
