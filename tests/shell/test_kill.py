"""`kill -9` at any moment: the real server as a process, and a GitHub that watches."""

import asyncio
from collections import Counter
from pathlib import Path

import httpx
import pytest

from app.clock import SystemClock
from app.demo.stage import HOME, set_stage
from app.rehearsal import Rehearsal, serve
from tests.shell.process_kit import SECRET, Process, concluded, has_read_everything, unused_port

# An unknown dispatch is looked for during a minute before it is made again.
PATIENCE_SECONDS = 150
FOUR = ["build.yml", "build.yml", "contract.yml", "deploy.yml"]

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("moments", [(0.02, 0.3), (0.1, 2.1), (0.5, 2.2, 3.2), (2.05,)])
async def test_a_killed_server_goes_on_and_dispatches_nothing_twice(
    moments: tuple[float, ...], tmp_path: Path
) -> None:
    """After any kill the release ends well, and each of its workflows was dispatched once."""
    port = unused_port()
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
            while not has_read_everything(rehearsal):  # noqa: ASYNC110 - as above
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
            while not concluded(rehearsal, sha):
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
