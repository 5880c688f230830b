"""One call to GitHub over the wire: headers, redirects, limits and safe retries.

It knows neither tokens (`auth`) nor endpoints. Only reads are retried here. A write is sent
once: a dispatch has no idempotency key, so a second one is a second workflow run, and whether
to repeat it is decided elsewhere.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from time import perf_counter
from typing import Final, TypeAlias

import httpx

from app.core.values import Json
from app.github.answers import Answer, fault
from app.github.errors import GitHubError, RefusedError, UnavailableError
from app.github.leaving import insist_on_lease, trace_of
from app.ports import Clock
from app.ports.metering import UNMETERED, Meter

Pause: TypeAlias = Callable[[float], Awaitable[None]]

NEWEST_VERSION: Final = "2026-03-10"
# What GitHub assumes where the header is absent; supported by all hosts in service.
# https://docs.github.com/en/rest/about-the-rest-api/api-versions
OLDEST_VERSION: Final = "2022-11-28"

USER_AGENT: Final = "signalbox"
ANSWER_BYTES_MAX: Final = 16 * 1024 * 1024
REDIRECTS_MAX: Final = 3
# The first try and two more: what lasts longer than a second is the courier's to wait for.
READ_TRIES_MAX: Final = 3
READ_PAUSE_SECONDS: Final = 0.2
# GitHub allows 100 requests at once over everything an installation does.
# https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits
CONNECTIONS_MAX: Final = 50
CALL_SECONDS_MAX: Final = 60
CONNECT_SECONDS_MAX: Final = 5
SILENCE_SECONDS_MAX: Final = 20
# Shorter than a call may take: whoever waited for a connection in vain has sent nothing.
POOL_SECONDS_MAX: Final = 10
CAPABILITIES_KEPT: Final = timedelta(days=1)
# A host that does not answer is assumed to be the plainest, and soon asked again.
GUESS_KEPT: Final = timedelta(minutes=1)

WHY_MAX: Final = 300

_log = logging.getLogger(__name__)

_SAFE = frozenset({"GET", "HEAD"})
_REDIRECTS = frozenset({301, 302, 307, 308})


class RunDetails(Enum):
    """How a host answers a dispatch with the id of the workflow run."""

    ALWAYS = "always"
    ON_REQUEST = "on request"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a host can do: github.com and the GitHub Enterprise Servers differ."""

    api_version: str | None
    run_details: RunDetails
    # https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows#workflow_dispatch
    dispatch_inputs_max: int


class Transport:
    """Calls to one host, which share a pool of connections."""

    def __init__(
        self,
        api_url: str,
        *,
        clock: Clock,
        pause: Pause = asyncio.sleep,
        http: httpx.AsyncBaseTransport | None = None,
        meter: Meter = UNMETERED,
    ) -> None:
        self._api_url = api_url.rstrip("/")
        self._is_enterprise_server = httpx.URL(self._api_url).path.endswith("/api/v3")
        self._clock = clock
        self._meter = meter
        self._pause = pause
        # What a test hands in tells nothing of its steps.
        self._is_traced = http is None
        self._http = httpx.AsyncClient(
            transport=http,
            follow_redirects=False,
            limits=httpx.Limits(max_connections=CONNECTIONS_MAX, keepalive_expiry=60),
            timeout=httpx.Timeout(
                SILENCE_SECONDS_MAX, connect=CONNECT_SECONDS_MAX, pool=POOL_SECONDS_MAX
            ),
            headers={"User-Agent": USER_AGENT, "Accept": "application/vnd.github+json"},
        )
        self._capabilities: tuple[datetime, Capabilities] | None = None
        self._probing = asyncio.Lock()

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def send(
        self,
        method: str,
        target: str,
        *,
        authorization: str = "",
        body: Json = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Make one call and return its answer, a 2xx or a 304; anything else is raised.

        `target` is a path with its query, or an address that this host gave us. Without an
        authorization the call is made in nobody's name.
        """
        capabilities = await self.capabilities()
        sent = {
            **({"Authorization": authorization} if authorization else {}),
            **(headers or {}),
        }
        if capabilities.api_version is not None:
            sent["X-GitHub-Api-Version"] = capabilities.api_version
        return await self._send(method, target, headers=sent, body=body)

    async def capabilities(self) -> Capabilities:
        """Return what the host can do, asking it once a day."""
        if self._is_enterprise_server:
            return _ENTERPRISE_SERVER
        async with self._probing:
            now = self._clock.now()
            if self._capabilities is not None and now < self._capabilities[0]:
                return self._capabilities[1]
            versions: Json = None
            kept = CAPABILITIES_KEPT
            try:
                # https://docs.github.com/en/rest/meta/meta#get-all-api-versions
                versions = (await self._send("GET", "/versions", headers={})).json()
            except RefusedError:
                pass
            except GitHubError:
                kept = GUESS_KEPT
            is_new = isinstance(versions, list) and NEWEST_VERSION in versions
            found = _NEWEST if is_new else _OLDEST
            self._capabilities = (now + kept, found)
            return found

    async def _send(
        self, method: str, target: str, *, headers: Mapping[str, str], body: Json = None
    ) -> Answer:
        for number in range(1, READ_TRIES_MAX + 1):
            try:
                return await self._follow(method, target, headers=headers, body=body)
            except UnavailableError:
                if method not in _SAFE or number == READ_TRIES_MAX:
                    raise
            await self._pause(READ_PAUSE_SECONDS * 2 ** (number - 1))
        raise AssertionError("the last try returns or raises")

    async def _follow(
        self, method: str, target: str, *, headers: Mapping[str, str], body: Json
    ) -> Answer:
        """Send, and send the same again wherever GitHub says that the thing has moved to.

        https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects
        """
        url = self._url(target)
        for _ in range(REDIRECTS_MAX + 1):
            answer = await self._metered(method, url, headers=headers, body=body)
            problem = fault(answer, self._clock.now(), is_write=method not in _SAFE)
            if problem is not None:
                raise problem
            if 200 <= answer.status < 300 or answer.status == 304:
                return answer
            if answer.status not in _REDIRECTS or not answer.headers.get("location"):
                break
            url = self._url(str(url.join(answer.headers["location"])))
        raise RefusedError("GitHub's answer leads nowhere", call=f"{method} {url.path}")

    def _url(self, target: str) -> httpx.URL:
        """Return the address, which is always of our host: the token goes nowhere else."""
        if target.startswith("/"):
            return httpx.URL(self._api_url + target)
        url, own = httpx.URL(target), httpx.URL(self._api_url)
        if (url.scheme, url.host, url.port) != (own.scheme, own.host, own.port):
            raise RefusedError(f"GitHub pointed to another host, {url.host}; not followed")
        return url

    async def _metered(
        self, method: str, url: httpx.URL, *, headers: Mapping[str, str], body: Json
    ) -> Answer:
        """Exchange, and count it by what it was about and how it was answered."""
        began, status = perf_counter(), "no answer"
        try:
            answer = await self._exchange(method, url, headers=headers, body=body)
            status = str(answer.status)
            return answer
        finally:
            self._meter.called(family_of(url.path), status, perf_counter() - began)

    async def _exchange(
        self, method: str, url: httpx.URL, *, headers: Mapping[str, str], body: Json
    ) -> Answer:
        """Send one request and read its answer whole."""
        call = f"{method} {url.path}"
        is_write = method not in _SAFE
        content = None if body is None else json.dumps(body).encode()
        request = self._http.build_request(method, url, headers=dict(headers), content=content)
        if content is not None:
            request.headers["Content-Type"] = "application/json"
        request.extensions["trace"] = trace_of(call, is_write=is_write)
        if is_write and not self._is_traced:
            await insist_on_lease(call)
        try:
            async with asyncio.timeout(CALL_SECONDS_MAX):
                response = await self._http.send(request, stream=True)
                try:
                    received = await _read(response)
                finally:
                    await response.aclose()
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            # The request never left. Why, is for who operates us: it names hosts of theirs.
            _log.warning("not reached: %s: %s", type(error).__name__, str(error)[:WHY_MAX])
            raise UnavailableError(
                f"{call}: {type(error).__name__}", effect_unknown=False
            ) from error
        except (httpx.HTTPError, TimeoutError) as error:
            raise UnavailableError(
                f"{call}: {type(error).__name__}", effect_unknown=is_write
            ) from error
        if received is None and not is_write:
            raise RefusedError(f"an answer of more than {ANSWER_BYTES_MAX} bytes", call=call)
        return Answer(
            status=response.status_code,
            headers={name.lower(): value for name, value in response.headers.items()},
            body=received or b"",
            call=call,
        )


def family_of(path: str) -> str:
    """Name what a call is about, without what it is about in particular."""
    parts = [part for part in path.removeprefix("/api/v3").split("/") if part]
    if parts[:1] == ["repos"] and len(parts) > 3:
        return parts[3]
    if parts[:1] in (["orgs"], ["app"]) and len(parts) > 1:
        return f"{parts[0]}/{parts[2 if parts[0] == 'orgs' and len(parts) > 2 else 1]}"
    return parts[0] if parts else "root"


async def _read(response: httpx.Response) -> bytes | None:
    """Read the body, or return None where it is longer than we are ready to hold."""
    received = bytearray()
    async for chunk in response.aiter_bytes():
        received += chunk
        if len(received) > ANSWER_BYTES_MAX:
            return None
    return bytes(received)


# From version 2026-03-10 on, a dispatch is always answered with the workflow run; before it,
# only if asked for; and never by GitHub Enterprise Server, which (up to 3.19) neither has that
# version nor lists its versions.
_NEWEST: Final = Capabilities(
    api_version=NEWEST_VERSION, run_details=RunDetails.ALWAYS, dispatch_inputs_max=25
)
_OLDEST: Final = Capabilities(
    api_version=OLDEST_VERSION, run_details=RunDetails.ON_REQUEST, dispatch_inputs_max=25
)
_ENTERPRISE_SERVER: Final = Capabilities(
    api_version=None, run_details=RunDetails.NEVER, dispatch_inputs_max=10
)
