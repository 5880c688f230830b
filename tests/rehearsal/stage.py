"""One rehearsal with a repository, an installed App, a judge, and somebody who listens."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import jwt

from app.rehearsal import Flavour, Rehearsal, RehearsalTransport
from tests.kit.judge import CLOUD, ENTERPRISE_SERVER, Judge

NEW, OLD = "2026-03-10", "2022-11-28"
API = "acme/api"
R = f"/repos/{API}"
BUILD = """
name: Build
run-name: "Build ${{ inputs.service }} on ${{ github.ref_name }} [${{ inputs.signalbox }}]"
on:
  workflow_dispatch:
    inputs:
      service: {required: true, type: string}
      level: {type: choice, options: [low, high], default: low}
      dry-run: {type: boolean, default: false}
      count: {type: number}
      where: {type: environment}
      signalbox: {type: string}
jobs: {}
"""
PLAIN = "name: Plain\non: [push, workflow_dispatch]\njobs: {}\n"
UNTRIGGERED = "name: Lint\non: push\njobs: {}\n"
FILES = {
    ".github/workflows/build.yml": BUILD,
    ".github/workflows/plain.yml": PLAIN,
    ".github/workflows/lint.yml": UNTRIGGERED,
    "src/main.py": "print('hello')\n",
    "README.md": "# api\n",
}
DISPATCHES = f"{R}/actions/workflows/build.yml/dispatches"


@dataclass
class Receiver:
    """A Signalbox that only listens. It answers with the statuses it is told to."""

    statuses: list[int] = field(default_factory=list)
    heard: list[tuple[str, Mapping[str, str], bytes]] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = (await receive())["body"]
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.heard.append((scope["path"], headers, body))
        self.news.set()
        status = self.statuses.pop(0) if self.statuses else 202
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    async def has_heard(self, event: str) -> None:
        """Return once an event was heard."""
        while event not in self.events:
            self.news.clear()
            await self.news.wait()

    @property
    def events(self) -> list[str]:
        """What was heard, as event.action."""
        return [f"{name}.{body.get('action', '')}".rstrip(".") for name, body in self.webhooks]

    @property
    def webhooks(self) -> list[tuple[str, dict[str, Any]]]:
        """The webhooks that were heard, as event and payload."""
        return [
            (headers["x-github-event"], json.loads(body))
            for path, headers, body in self.heard
            if path == "/webhooks/github"
        ]

    @property
    def reports(self) -> list[tuple[str, dict[str, Any]]]:
        """The reports that were heard, as identity token and body."""
        return [
            (headers["authorization"].removeprefix("Bearer "), json.loads(body))
            for path, headers, body in self.heard
            if path == "/reports"
        ]


class Stage:
    """A rehearsal of `acme/api`, and a client that speaks for the App."""

    def __init__(self, flavour: Flavour = Flavour.CLOUD, **given: Any) -> None:
        self.github = Rehearsal(flavour=flavour, **given)
        self.receiver = Receiver()
        transport = httpx.ASGITransport(app=self.receiver)
        self.github.connect(httpx.AsyncClient(transport=transport))
        self.github.add_organization("acme", ["mona", "hubot"], {"release": ["mona"]})
        self.repository = self.github.add_repository(
            API, FILES, environments=["production"], roles={"hubot": "maintain"}
        )
        self.installation = self.github.install_app("acme")
        is_cloud = flavour is Flavour.CLOUD
        self.judge = Judge(self.github.asgi, CLOUD if is_cloud else ENTERPRISE_SERVER)
        prefix = "" if is_cloud else "/api/v3"
        self.client = httpx.AsyncClient(
            transport=RehearsalTransport(self.judge),
            base_url=self.github.api_url + prefix,
        )
        self.version = NEW if is_cloud else OLD
        self.token = ""

    async def ask(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> httpx.Response:
        """Make one call with the installation's token."""
        if not self.token:
            self.token = (await self.mint()).json()["token"]
        return await self._call(method, path, body, self.token, headers)

    async def ask_as_app(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> httpx.Response:
        """Make one call with the App's JWT."""
        return await self._call(method, path, body, self.app_token(), headers)

    async def mint(self, **wanted: Any) -> httpx.Response:
        """Ask for an installation token."""
        path = f"/app/installations/{self.installation.id}/access_tokens"
        return await self.ask_as_app("POST", path, wanted)

    async def dispatch(self, **inputs: Any) -> httpx.Response:
        """Dispatch the build with these inputs."""
        given = {"service": "web", **inputs}
        return await self.ask("POST", DISPATCHES, {"ref": "main", "inputs": given})

    def app_token(self, **changed: Any) -> str:
        """Return a JWT of the App, perhaps a wrong one."""
        now = int(self.github.clock.now().timestamp())
        claims = {"iat": now - 60, "exp": now + 540, "iss": str(self.github.app_id), **changed}
        return jwt.encode(claims, self.github.app_private_key_pem, algorithm="RS256")

    async def _call(
        self, method: str, path: str, body: Any, token: str, extra: Mapping[str, str]
    ) -> httpx.Response:
        headers = {
            "authorization": f"Bearer {token}",
            "x-github-api-version": self.version,
            **{name.replace("_", "-"): value for name, value in extra.items()},
        }
        return await self.client.request(method, path, json=body, headers=headers)
