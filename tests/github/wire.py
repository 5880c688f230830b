"""A client whose answers a test writes down, for the rules of single calls.

Stories over several calls are told against the rehearsal GitHub instead.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import httpx
import respx
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from app.core.values import RepositoryName
from app.github.client import Access, Client

API = "https://api.github.com"
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
API_REPOSITORY = RepositoryName("acme/api")
ACCESS = Access(installation_id=7, repository=API_REPOSITORY)


@dataclass
class Clock:
    """A clock that stands still until it is told to go on."""

    time: datetime = NOON

    def now(self) -> datetime:
        return self.time

    def go(self, **by: float) -> None:
        self.time += timedelta(**by)


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    """Return one key for all tests: making one takes long."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def pem() -> str:
    """Return the same key as GitHub hands it out."""
    encoded = rsa_key().private_bytes(
        Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
    )
    return encoded.decode()


@dataclass
class Wire:
    """The client, and the router that answers it. Pauses are noted instead of made."""

    client: Client
    router: respx.MockRouter
    clock: Clock
    pauses: list[float] = field(default_factory=list)

    async def get(self, access: Access = ACCESS) -> object:
        """Read the repository under a token."""
        answer = await self.client.call(
            access, "GET", "/repos/acme/api", permissions={"contents": "read"}
        )
        return answer.json()

    async def post(self) -> None:
        """Write something to the repository under a token."""
        await self.client.call(
            ACCESS,
            "POST",
            "/repos/acme/api/x",
            permissions={"actions": "write"},
            body={"a": 1},
        )

    def sent(self, method: str, path: str) -> list[httpx.Request]:
        """Return the requests that were made of one kind, in order."""
        return [
            call.request
            for call in self.router.calls
            if call.request.method == method and call.request.url.path == path
        ]

    def grants(self, *, versions: tuple[str, ...] = ("2022-11-28", "2026-03-10")) -> None:
        """Let GitHub list its versions and mint a numbered token for all who ask."""
        self.router.get(f"{API}/versions").respond(json=list(versions))
        # It is looked who covers a repository in which something is not found.
        self.router.get(f"{API}/repos/acme/api/installation").respond(json={"id": 7})
        numbers = iter(range(1, 1_000))
        self.router.post(f"{API}/app/installations/7/access_tokens").mock(
            side_effect=lambda request: minted(f"ghs_{next(numbers)}", self.clock)
        )


def minted(token: str, clock: Clock) -> httpx.Response:
    """Return the answer that mints a token for an hour."""
    end = clock.now() + timedelta(hours=1)
    return httpx.Response(
        201, json={"token": token, "expires_at": end.strftime("%Y-%m-%dT%H:%M:%SZ")}
    )


def wire(api_url: str = API) -> Wire:
    """Join a client to a router that refuses every request a test has not named."""
    router = respx.MockRouter(assert_all_called=False)
    clock = Clock()
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    client = Client(
        api_url=api_url,
        app_id="4711",
        private_key=pem(),
        clock=clock,
        pause=pause,
        http=httpx.MockTransport(router.async_handler),
    )
    return Wire(client=client, router=router, clock=clock, pauses=pauses)


def run_json(number: int, **changes: Any) -> dict[str, Any]:
    """Return a workflow run as GitHub lists it."""
    return {
        "id": number,
        "run_attempt": 1,
        "status": "queued",
        "conclusion": None,
        "event": "workflow_dispatch",
        "path": ".github/workflows/deploy.yml",
        "head_sha": "a" * 40,
        "head_branch": "main",
        "display_title": "Deploy",
        "html_url": f"https://github.com/acme/api/actions/runs/{number}",
        "actor": {"login": "signalbox[bot]", "type": "Bot"},
        **changes,
    }
