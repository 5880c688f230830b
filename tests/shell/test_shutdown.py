"""Stories of a server that is told to stop: what is under way ends, the rest is handed over."""

import asyncio
import os
import signal
import socket
import sys
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import structlog.testing

from app.core.commands import Command
from app.core.moves import LegStatus
from app.ports import Carried, Errand, Outcome
from app.rehearsal import Rehearsal
from tests.kit import build, tree
from tests.kit.office import Hands, Office

pytestmark = pytest.mark.anyio


class Slow(Hands):
    """A performer that takes as long as it is let."""

    async def perform(self, command: Command, errand: Errand) -> Outcome:
        self.begun.set()
        await self.may_end.wait()
        return await super().perform(command, errand)

    def __init__(self, office: Office) -> None:
        super().__init__(office.now)
        self.begun, self.may_end = asyncio.Event(), asyncio.Event()


async def running(office: Office) -> tuple[Slow, asyncio.Task[None]]:
    """Let a courier run that has begun to dispatch."""
    slow = Slow(office)
    office.courier._performer = slow
    await office.open()
    await office.push()
    await office.engine.take()
    task = asyncio.create_task(office.courier.run())
    await slow.begun.wait()
    return slow, task


async def ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_what_is_under_way_ends_before_the_courier_does() -> None:
    """The workflow that was being dispatched is known to have been."""
    office = Office()
    slow, task = await running(office)
    closing = asyncio.create_task(office.courier.close())
    await asyncio.sleep(0)
    slow.may_end.set()
    await closing
    await ended(task)

    assert build.leg(await office.state(), "build").status is LegStatus.QUEUED


async def test_what_does_not_end_in_time_is_handed_over() -> None:
    """The next one finds it claimed by nobody, and knows that it was tried."""
    office = Office()
    _, task = await running(office)
    with structlog.testing.capture_logs() as logged:
        await office.courier.close(timedelta(milliseconds=20))
    await ended(task)
    await office.store.take_back(owner="one")
    claimed = await office.store.claim(
        owner="two", now=office.moment, lease=timedelta(minutes=1), limit=5
    )

    assert [each["event"] for each in logged] == ["not ended in time"]
    assert ("dispatch/build/1", 2) in [(each.command.key, each.tries) for each in claimed]


async def test_nothing_new_is_taken_up_while_it_closes() -> None:
    """What becomes due meanwhile is left to others."""
    office = Office()
    slow, task = await running(office)
    slow.answer = lambda _command, _errand: Carried()
    closing = asyncio.create_task(office.courier.close())
    await asyncio.sleep(0)
    await office.push()
    await office.engine.take()
    slow.may_end.set()
    await closing
    await ended(task)

    assert len(slow.keys()) == 1


async def test_a_server_that_is_told_to_stop_leaves_in_good_order(tmp_path: Path) -> None:
    """SIGTERM: within seconds, and with the exit code of a job well done."""
    github = Rehearsal()
    github.install_app("acme")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environ = {
        **os.environ,
        "GITHUB_APP_ID": str(github.app_id),
        "GITHUB_PRIVATE_KEY": github.app_private_key_pem,
        "GITHUB_WEBHOOK_SECRET": "a webhook secret",
        "GITHUB_API_URL": "http://127.0.0.1:9/",
        "SIGNALBOX_URL": f"http://127.0.0.1:{port}",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'signalbox.db'}",
        "PORT": str(port),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "app", "serve", cwd=tree.ROOT, env=environ, stderr=-3
    )
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        async with asyncio.timeout(30):
            while not await _answers(client):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(12):
        code = await process.wait()

    assert code == 0


async def _answers(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/health")).status_code == 200
    except httpx.HTTPError:
        return False
