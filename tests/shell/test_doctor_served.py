"""`signalbox doctor` beside a real server, to which a rehearsed GitHub delivers."""

import asyncio
import json
from pathlib import Path

import httpx
import pytest

from app.clock import SystemClock
from app.rehearsal import Rehearsal, serve
from tests.shell.process_kit import SECRET, Process, unused_port

pytestmark = pytest.mark.anyio


async def _has_delivered(github: Rehearsal) -> None:
    async with asyncio.timeout(30):
        while any(it.delivered_at is None for it in github.world.deliveries.values()):  # noqa: ASYNC110  # it sets no event
            await asyncio.sleep(0.02)


async def test_an_installation_is_examined_while_it_works(tmp_path: Path) -> None:
    """All is well; then the secrets differ, which the server's own answers show."""
    port = unused_port()
    github = Rehearsal(
        SystemClock(),
        webhook_url=f"http://127.0.0.1:{port}/webhooks/github",
        webhook_secret=SECRET,
    )
    github.add_organization("acme", ["mona"])
    github.add_repository("acme/api")
    github.install_app("acme")
    async with httpx.AsyncClient() as receiver, serve(github):
        server = Process(github, port, tmp_path)
        await server.start()
        github.connect(receiver)
        github.world.deliveries.clear()
        github.push("acme/api", {"a.txt": "1\n"})
        await _has_delivered(github)
        well = await server.command("doctor", "--json")
        github.postman.secret = "another secret of a webhook"
        github.push("acme/api", {"a.txt": "2\n"})
        await _has_delivered(github)
        deaf = await server.command("doctor", "--json")
        shown = await server.command("doctor")
        await server.end()

    code, printed = well
    told = json.loads(printed)
    assert {each["mark"] for each in told["findings"]} == {"ok"}, printed
    assert (code, told["is_well"]) == (0, True)
    code, printed = deaf
    amiss = [each for each in json.loads(printed)["findings"] if each["mark"] != "ok"]
    assert (code, [each["check"] for each in amiss]) == (1, ["deliveries"])
    assert "1 of the last 2 failed (401)" in amiss[0]["found"]
    assert shown[0] == 1
    assert "problem   deliveries" in shown[1]
