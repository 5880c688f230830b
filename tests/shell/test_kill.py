"""`kill -9` at any moment: the real server as a process, and a GitHub that watches."""

import asyncio
import os
import signal
import socket
import sys
from collections import Counter
from pathlib import Path

import httpx
import pytest

from app.clock import SystemClock
from app.demo.stage import HOME, set_stage
from app.rehearsal import Rehearsal, serve
from tests.kit import tree

SECRET = "a webhook secret"
# An unknown dispatch is looked for during a minute before it is made again.
PATIENCE_SECONDS = 150
FOUR = ["build.yml", "build.yml", "contract.yml", "deploy.yml"]

pytestmark = pytest.mark.anyio


class Process:
    """The server, which may be killed and started again on the same port and database."""

    def __init__(self, rehearsal: Rehearsal, port: int, folder: Path) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._log = (folder / "server.log").open("ab")
        self._environ = {
            **os.environ,
            "GITHUB_APP_ID": str(rehearsal.app_id),
            "GITHUB_PRIVATE_KEY": rehearsal.app_private_key_pem,
            "GITHUB_WEBHOOK_SECRET": SECRET,
            "GITHUB_API_URL": rehearsal.api_url,
            "GITHUB_SERVER_URL": rehearsal.web_url,
            "GITHUB_OIDC_ISSUER": rehearsal.oidc_issuer,
            "SIGNALBOX_URL": self.url,
            "DATABASE_URL": f"sqlite:///{folder / 'signalbox.db'}",
            "PORT": str(port),
        }

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "app",
            "serve",
            cwd=tree.ROOT,
            env=self._environ,
            stdout=self._log,
            stderr=self._log,
        )
        async with httpx.AsyncClient(base_url=self.url) as client, asyncio.timeout(30):
            # Another process sets no event of ours.
            while not await _is_ready(client):  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    async def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        await self._process.wait()

    def close(self) -> None:
        self._log.close()


def _unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


async def _is_ready(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/ready")).status_code == 200
    except httpx.HTTPError:
        return False


def _concluded(rehearsal: Rehearsal, sha: str) -> bool:
    checks = rehearsal.check_runs(HOME, sha)
    return bool(checks) and all(check.status == "completed" for check in checks)


def _has_read_everything(rehearsal: Rehearsal) -> bool:
    """Tell whether the policy of each repository was asked for: it is read last."""
    asked = {call.path for call in rehearsal.calls if call.path.endswith("policy.yml")}
    return len(asked) == len(rehearsal.world.repositories)


@pytest.mark.parametrize("moments", [(0.02, 0.3), (0.1, 2.1), (0.5, 2.2, 3.2), (2.05,)])
async def test_a_killed_server_goes_on_and_dispatches_nothing_twice(
    moments: tuple[float, ...], tmp_path: Path
) -> None:
    """After any kill the release ends well, and each of its workflows was dispatched once."""
    port = _unused_port()
    rehearsal = Rehearsal(
        SystemClock(),
        webhook_url=f"http://127.0.0.1:{port}/webhooks/github",
        webhook_secret=SECRET,
    )
    set_stage(rehearsal)
    async with httpx.AsyncClient() as receiver, serve(rehearsal):
        rehearsal.connect(receiver)
        server = Process(rehearsal, port, tmp_path)
        await server.start()
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not _has_read_everything(rehearsal):  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.05)
            await asyncio.sleep(0.5)
            sha = rehearsal.push(HOME, {"versions/train.txt": "2026.47\n"})
            passed = 0.0
            for moment in moments:
                await asyncio.sleep(moment - passed)
                passed = moment
                await server.kill()
                await server.start()
            _redeliver_failed(rehearsal)
            while not _concluded(rehearsal, sha):
                await asyncio.sleep(0.1)
                _redeliver_failed(rehearsal)
        await server.kill()
        server.close()

    files = [dispatch.workflow.rsplit("/", 1)[-1] for dispatch in rehearsal.dispatches]
    markers = Counter(dispatch.inputs["signalbox"] for dispatch in rehearsal.dispatches)
    assert sorted(files) == FOUR
    assert set(markers.values()) == {1}
    assert [check.conclusion for check in rehearsal.check_runs(HOME, sha)] == ["success"]
    assert '"level": "error"' not in (tmp_path / "server.log").read_text()


def _redeliver_failed(rehearsal: Rehearsal) -> None:
    """Deliver again what found nobody at home, as an operator does from the App's page."""
    last = {each.guid: each for each in rehearsal.world.deliveries.values()}
    for delivery in last.values():
        if delivery.delivered_at is not None and delivery.status != "OK":
            rehearsal.world.redeliver(delivery)
