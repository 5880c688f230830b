"""What the stories about the web doors share: a server in memory, and somebody who signs."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
from fastapi import FastAPI

from app.ports import Delivery, StoreUnavailable
from app.store.memory import MemoryStore
from app.web.api import web_app
from app.web.hooks import WebhookDoor
from app.web.pages import Site
from app.web.reports import ReportDoor, Unproven

SECRET = "a webhook secret"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Noon:
    """A clock that stands."""

    def now(self) -> datetime:
        return NOON


class FullDisk:
    """An inbox that cannot save."""

    async def take_in(self, delivery: Delivery) -> bool:
        raise StoreUnavailable("the disk is full")


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """The attempt of a workflow run that a token of these stories speaks for."""

    repository_id: int = 1
    run_id: int = 2
    run_attempt: int = 1


async def identify(token: str) -> Attempt:
    """Know one token; another comes while the issuer is away."""
    if token == "ours":
        return Attempt()
    if token == "early":
        raise Unproven("issuer-unavailable", "the issuer does not answer", may_pass=True)
    raise Unproven("bad-token", "the token's signature or claims are bad")


@dataclass(kw_only=True)
class Server:
    """The web application on a store in memory, with what is needed to look behind it."""

    inbox: Any = None
    trouble: str = ""
    known: frozenset[int] = frozenset({1})
    store: MemoryStore = field(default_factory=MemoryStore)
    woken: list[bool] = field(default_factory=list)
    site: Site | None = None

    def app(self) -> FastAPI:
        inbox, clock = self.inbox or self.store, Noon()

        def wake() -> None:
            self.woken.append(True)

        async def trouble() -> str:
            if self.trouble == "broken":
                raise RuntimeError("a secret of the house")
            return self.trouble

        @asynccontextmanager
        async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
            yield

        return web_app(
            webhooks=WebhookDoor(secret=SECRET, inbox=inbox, clock=clock, wake=wake),
            reports_door=ReportDoor(
                inbox=inbox,
                clock=clock,
                identify=identify,
                knows_repository=lambda number: number in self.known,
                wake=wake,
            ),
            trouble=trouble,
            lifespan=lifespan,
            site=self.site,
        )

    async def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        transport = httpx.ASGITransport(self.app(), raise_app_exceptions=False)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://signalbox"
        ) as client:
            return await client.request(method, path, **more)

    async def deliver(
        self, event: str, payload: object, *, guid: str = "guid-1", **headers: str
    ) -> httpx.Response:
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        return await self.call(
            "POST",
            "/webhooks/github",
            content=body,
            headers={**signed(event, body, guid), **named(headers)},
        )

    async def report(self, body: object, *, token: str = "ours") -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return await self.call("POST", "/reports", content=content, headers=headers)

    async def deliveries(self) -> list[tuple[str, str]]:
        return [(each.id, each.event) for each in await self.store.new_deliveries(1000)]


def signed(event: str, body: bytes, guid: str) -> dict[str, str]:
    """Return the headers with which GitHub would deliver a body."""
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return {
        "content-type": "application/json",
        "x-github-event": event,
        "x-github-delivery": guid,
        "x-hub-signature-256": f"sha256={signature}",
    }


def named(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers given as Python names."""
    return {name.replace("_", "-"): value for name, value in headers.items()}


def error_of(response: httpx.Response) -> str:
    """Return the code of an error, which must have the form of all our errors."""
    error = response.json()["error"]
    assert set(error) == {"code", "message", "remedy"}
    assert all(isinstance(value, str) and value for value in error.values())
    code: str = error["code"]
    return code
