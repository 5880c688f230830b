"""Signalbox as real processes, which may be killed, and what a rehearsed GitHub saw of them."""

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

import httpx

from app.demo.stage import HOME
from app.rehearsal import Rehearsal
from tests.kit import tree

SECRET = "a webhook secret"


class Process:
    """The server, which may be killed and started again on the same port and database."""

    def __init__(
        self, rehearsal: Rehearsal, port: int, folder: Path, database: str = "", url: str = ""
    ) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._log = (folder / "server.log").open("ab")
        database = database or f"sqlite:///{folder / 'signalbox.db'}"
        self._environ = {
            **os.environ,
            "GITHUB_APP_ID": str(rehearsal.app_id),
            "GITHUB_PRIVATE_KEY": rehearsal.app_private_key_pem,
            "GITHUB_WEBHOOK_SECRET": SECRET,
            "GITHUB_API_URL": rehearsal.api_url,
            "GITHUB_SERVER_URL": rehearsal.web_url,
            "GITHUB_OIDC_ISSUER": rehearsal.oidc_issuer,
            "SIGNALBOX_URL": url or self.url,
            "DATABASE_URL": database,
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
            while not await is_ready(client):  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    async def command(self, *arguments: str) -> tuple[int, str]:
        """Call the command line beside it; return the exit code and what was printed."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "app",
            *arguments,
            cwd=tree.ROOT,
            env=self._environ,
            stdout=asyncio.subprocess.PIPE,
        )
        printed, _ = await process.communicate()
        return process.returncode or 0, printed.decode()

    async def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        await self._process.wait()

    async def end(self) -> None:
        """Kill it, if that was not done, and close its log."""
        if self._process.returncode is None:
            await self.kill()
        self.close()

    def close(self) -> None:
        self._log.close()


def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


async def is_ready(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/ready")).status_code == 200
    except httpx.HTTPError:
        return False


def concluded(rehearsal: Rehearsal, sha: str) -> bool:
    checks = rehearsal.check_runs(HOME, sha)
    return bool(checks) and all(check.status == "completed" for check in checks)


def has_read_everything(rehearsal: Rehearsal) -> bool:
    """Tell whether the policy of each repository was asked for: it is read last."""
    asked = {call.path for call in rehearsal.calls if call.path.endswith("policy.yml")}
    return len(asked) == len(rehearsal.world.repositories)
