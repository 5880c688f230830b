"""The whole server without sockets, in which one orchestration waits at its gate."""

import asyncio
import hashlib
import hmac
import itertools
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import httpx
from fastapi import FastAPI

from app.clock import SystemClock
from app.core.hearing.asking import PREFIX
from app.main import build
from app.rehearsal import Outcome, Rehearsal, RehearsalTransport
from app.settings import Settings
from app.store.sql import SqlStore, open_store
from tests.chaos.cast import COVERED, HOME, set_stage

URL: Final = "https://signalbox.test"
SECRET: Final = "a webhook secret of the fuzzer"
TOKEN: Final = "a token of the fuzzer, long enough to pass"
PATIENCE: Final = 30.0


class Served:
    """A server, and the GitHub behind it."""

    def __init__(
        self, app: FastAPI, github: Rehearsal, client: httpx.AsyncClient, store: SqlStore
    ) -> None:
        self.app = app
        self.github = github
        self._client = client
        self._store = store
        self._numbers = itertools.count(1)

    async def send(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Send one request as whoever may: signed, or with the token. Return the status."""
        sent = {name: value for name, value in headers.items() if value.isascii()}
        sent["authorization"] = f"Bearer {self._identity() if '/reports' in url else TOKEN}"
        if "/webhooks/" in url:
            digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
            sent["x-hub-signature-256"] = f"sha256={digest}"
            sent["x-github-delivery"] = f"fuzz-{next(self._numbers)}"
        answer = await self._client.request(method, url, content=body, headers=sent)
        return answer.status_code

    async def sign_in(self, login: str) -> None:
        """Have somebody come in by the door for people: pages are asked for by them."""
        self.github.sit_down(login)
        begun = await self._client.get("/sign-in")
        github = RehearsalTransport(self.github.asgi)
        async with httpx.AsyncClient(transport=github) as browser:
            back = await browser.get(begun.headers["location"])
        await self._client.get(back.headers["location"])

    async def set_aside(self) -> list[str]:
        """Return what broke when it was worked off; what is asked wrongly breaks nothing."""
        async with asyncio.timeout(PATIENCE):
            # Engine and courier set no event of ours.
            while await self._store.new_deliveries(1):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        found = await self._store.set_aside(100)
        return [str(each) for each in found if not each.name.startswith(PREFIX)]

    def _identity(self) -> str:
        """Return the token of a workflow run that this server has dispatched."""
        run = self.github.runs("acme/api")[0]
        world, issuer = self.github.world, self.github.service.issuer
        return issuer.mint(world.at, run, 1, URL, world.now())

    async def known(self) -> None:
        """Wait until the policy of each repository was asked for: it is read last."""
        async with asyncio.timeout(PATIENCE):
            while True:
                await self.github.run_due()
                calls = self.github.calls
                asked = {call.path for call in calls if call.path.endswith("policy.yml")}
                if len(asked) >= len(COVERED):
                    break
                await asyncio.sleep(0.05)
        await asyncio.sleep(0.5)

    async def waiting(self) -> str:
        """Return the id of the orchestration that waits, once it does."""
        async with asyncio.timeout(PATIENCE):
            while True:
                await self.github.run_due()
                runs = self.github.world.repository(HOME).check_runs.values()
                for run in runs:
                    if any(each["identifier"] == "approve" for each in run.actions):
                        return run.external_id
                await asyncio.sleep(0.05)


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[Served]:
    """Serve, until the block ends."""
    github = Rehearsal(
        SystemClock(), webhook_url=f"{URL}/webhooks/github", webhook_secret=SECRET
    )
    set_stage(github, random.Random(1), failing=0.0)
    at_once = Outcome(
        queued=timedelta(), duration=timedelta(), outputs={"image": "ghcr.io/acme/app:1"}
    )
    for repository in ("acme/api", "acme/web"):
        github.script(repository, "build.yml", at_once)
    settings = _settings(github, folder)
    app = build(settings, http=RehearsalTransport(github.asgi))
    async with app.router.lifespan_context(app), _client(app) as client:
        github.connect(client)
        store = open_store(settings.database_url)
        yield Served(app, github, client, store)
        await store.close()


def _client(app: FastAPI) -> httpx.AsyncClient:
    # What breaks is answered with 500, as it is to strangers.
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=URL)


def _settings(github: Rehearsal, folder: Path) -> Settings:
    environ: dict[str, Any] = {
        "GITHUB_APP_ID": str(github.app_id),
        "GITHUB_PRIVATE_KEY": github.app_private_key_pem,
        "GITHUB_WEBHOOK_SECRET": SECRET,
        "GITHUB_API_URL": github.api_url,
        "GITHUB_SERVER_URL": github.web_url,
        "GITHUB_OIDC_ISSUER": github.oidc_issuer,
        "SIGNALBOX_URL": URL,
        "API_TOKEN": TOKEN,
        "METRICS_TOKEN": TOKEN,
        "GITHUB_CLIENT_ID": github.client_id,
        "GITHUB_CLIENT_SECRET": github.client_secret,
        "DATABASE_URL": f"sqlite:///{folder / 'fuzz.db'}",
    }
    return Settings.from_environ(environ)
