"""Asks a server at its own address how it is, as `signalbox doctor` does."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import httpx

from app.cli.findings import Finding, ok, problem, warning

SECONDS_MAX: Final = 5
BYTES_MAX: Final = 64 * 1024
WHY_MAX: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """A status, and what of it is a JSON object."""

    status: int
    told: Mapping[str, object]


async def judge_server(url: str) -> list[Finding]:
    """Ask `/health` and `/ready` below an address, and judge what is said."""
    timeout = httpx.Timeout(SECONDS_MAX)
    async with httpx.AsyncClient(timeout=timeout, follow_redirects=False) as http:
        try:
            health = await _get(http, f"{url}/health")
            ready = await _get(http, f"{url}/ready")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            why = " ".join([type(error).__name__, str(error)[:WHY_MAX]]).strip()
            remedy = (
                "that is well if it is open to GitHub only (see deliveries); if not, see "
                "whether `signalbox serve` runs, and the front before it"
            )
            return [warning("server", f"{url} is not reached from here: {why}", remedy)]
    return [_judge(url, health, ready)]


def _judge(url: str, health: _Answer, ready: _Answer) -> Finding:
    if health.status in (502, 503, 504):
        found = f"what stands at {url} answers {health.status}: it does not reach Signalbox"
        remedy = "see whether `signalbox serve` runs, and where the front looks for it"
        return problem("server", found, remedy)
    if health.status != 200 or health.told.get("status") != "ok":
        found = f"what answers at {url}/health ({health.status}) is not Signalbox"
        return problem("server", found, "let SIGNALBOX_URL be where Signalbox is reached")
    if ready.status != 200:
        error = ready.told.get("error")
        message = error.get("message") if isinstance(error, Mapping) else None
        why = message[:WHY_MAX] if isinstance(message, str) else "it does not say why"
        found = f"{url}/ready answers {ready.status}: {why}"
        return problem("server", found, "see the log of the server")
    return ok("server", f"{url} is ready")


async def _get(http: httpx.AsyncClient, url: str) -> _Answer:
    received = bytearray()
    async with http.stream("GET", url) as response:
        async for chunk in response.aiter_bytes():
            received += chunk
            if len(received) > BYTES_MAX:
                break
    try:
        told = json.loads(received)
    except (ValueError, RecursionError):
        told = None
    return _Answer(status=response.status_code, told=told if isinstance(told, dict) else {})
