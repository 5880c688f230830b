"""The rehearsal over real HTTP and in real time."""

import asyncio
from datetime import timedelta

import httpx
import jwt
import pytest

from app.rehearsal import (
    CallFault,
    Flavour,
    Outcome,
    Rehearsal,
    WallClock,
    serve,
    serve_in_thread,
)
from tests.kit.judge import Judge
from tests.rehearsal.stage import API, DISPATCHES, FILES, R, Receiver

pytestmark = pytest.mark.anyio

SOON = timedelta(milliseconds=20)


def rehearsed() -> Rehearsal:
    """Return a rehearsal in real time, whose builds take no time to speak of."""
    github = Rehearsal(WallClock())
    github.add_organization("acme")
    github.add_repository(API, FILES)
    github.install_app("acme")
    github.script(API, "build.yml", Outcome(queued=SOON, duration=SOON))
    return github


async def signed_in(github: Rehearsal, client: httpx.AsyncClient) -> dict[str, str]:
    """Return the headers of a client that has an installation token."""
    now = int(github.clock.now().timestamp())
    claims = {"iat": now - 60, "exp": now + 540, "iss": str(github.app_id)}
    token = jwt.encode(claims, github.app_private_key_pem, algorithm="RS256")
    which = next(iter(github.world.installations))
    minted = await client.post(
        f"{github.api_url}/app/installations/{which}/access_tokens",
        headers={"authorization": f"Bearer {token}"},
        json={},
    )
    return {"authorization": f"Bearer {minted.json()['token']}"}


async def test_a_run_is_followed_over_real_http() -> None:
    """Dispatched over a socket, a run proceeds in real time and is heard of at its end."""
    github, receiver = rehearsed(), Receiver()
    judge = Judge(github.asgi)
    github.connect(httpx.AsyncClient(transport=httpx.ASGITransport(app=receiver)))
    async with serve(github, app=judge) as base, httpx.AsyncClient() as client:
        headers = await signed_in(github, client)
        body = {"ref": "main", "inputs": {"service": "web"}, "return_run_details": True}
        told = await client.post(github.api_url + DISPATCHES, headers=headers, json=body)
        async with asyncio.timeout(10):
            await receiver.has_heard("workflow_run.completed")
        run = (await client.get(told.json()["run_url"], headers=headers)).json()

    judge.check()
    assert github.api_url == base
    assert run["conclusion"] == "success"
    assert run["html_url"].startswith(base)


@pytest.mark.parametrize(
    ("fault", "count"), [(CallFault.DROP_BEFORE, 0), (CallFault.DROP_AFTER, 1)]
)
async def test_a_dropped_connection_is_one(fault: CallFault, count: int) -> None:
    """Over a socket the connection really breaks, and the next call works again."""
    github = rehearsed()
    async with serve(github), httpx.AsyncClient() as client:
        headers = await signed_in(github, client)
        github.faults.plan_call(fault, path="/dispatches$")
        body = {"ref": "main", "inputs": {"service": "web"}}
        with pytest.raises(httpx.RemoteProtocolError):
            await client.post(github.api_url + DISPATCHES, headers=headers, json=body)
        after = await client.get(github.api_url + R, headers=headers)

    assert len(github.dispatches) == count
    assert after.status_code == 200


async def test_an_enterprise_server_has_its_api_below_a_prefix() -> None:
    """Its API is below /api/v3, and its pages are not."""
    github = Rehearsal(WallClock(), flavour=Flavour.ENTERPRISE_SERVER)
    async with serve(github) as base, httpx.AsyncClient() as client:
        meta = (await client.get(f"{github.api_url}/meta")).json()

    assert github.api_url == f"{base}/api/v3"
    assert meta["installed_version"] == "3.19.0"


def test_a_rehearsal_runs_in_a_thread() -> None:
    """Somebody without a loop of their own can have one served."""
    github = rehearsed()
    with serve_in_thread(github) as base:
        found = httpx.get(f"{base}/versions").json()

    assert found == ["2026-03-10", "2022-11-28"]
