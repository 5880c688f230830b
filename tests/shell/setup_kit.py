"""What stories about `signalbox setup` share: the command as a process, a browser, a GitHub."""

import asyncio
import html
import re
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self
from urllib.parse import parse_qs, urlsplit

import httpx

from app.rehearsal import Flavour, Rehearsal, WallClock, serve
from app.rehearsal.model.clock import Clock
from app.rehearsal.wire.app import Asgi
from tests.kit import tree
from tests.kit.judge import ENTERPRISE_SERVER, Judge
from tests.shell.cli_kit import Said

URL = "https://signalbox.acme.example"
FILES = {"signalbox.env", "signalbox.private-key.pem"}
_PATIENCE_SECONDS = 60


def _heed_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)


class Command:
    """`signalbox setup` as a process of its own, which waits for a browser."""

    begun: ClassVar[list["Command"]] = []

    def __init__(self, process: asyncio.subprocess.Process, invitation: str) -> None:
        self._process = process
        self._invitation = invitation
        self.begun.append(self)

    @classmethod
    async def begin(
        cls, *arguments: str | Path, under: tuple[str, ...] = (), **environ: str
    ) -> Self:
        """Start it (`under` a program that starts others), until it waits or has ended."""
        given = [str(each) for each in arguments]
        process = await asyncio.create_subprocess_exec(
            *(*under, sys.executable, "-m", "app", "setup", *given),
            cwd=tree.ROOT,
            env={**_environ(), **environ},
            # So that it is the command which keeps others from what it writes.
            umask=0,
            # Whoever runs these stories in the background has Ctrl-C ignored.
            preexec_fn=_heed_interrupts,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        said = ""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while line := (await process.stdout.readline()).decode():
                said += line
                if "Ctrl-C" in line:
                    break
        return cls(process, said)

    @property
    def address(self) -> str:
        """The address that the terminal shows."""
        [found] = re.findall(r"http://127\.0\.0\.1:\d+/begin/\S+", self._invitation)
        return str(found)

    @property
    def back(self) -> str:
        """Where GitHub sends the browser back to."""
        return f"http://{urlsplit(self.address).netloc}/registered"

    @property
    def is_waiting(self) -> bool:
        return self._process.returncode is None

    async def ended(self) -> Said:
        """Wait for its end, and return all that it said."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            out, err = await self._process.communicate()
        code = self._process.returncode
        assert code is not None
        return Said(code, self._invitation + out.decode(), err.decode())

    @classmethod
    async def end_all(cls) -> None:
        """Kill those that a story which failed has left waiting."""
        while cls.begun:
            process = cls.begun.pop()._process
            if process.returncode is None:
                process.kill()
                await process.communicate()

    async def interrupt(self) -> Said:
        """Press Ctrl-C."""
        self._process.send_signal(signal.SIGINT)
        return await self.ended()


def _environ() -> Mapping[str, str]:
    """Return an environment in which nothing of a server is set."""
    return {"PATH": "/usr/bin:/bin", "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1"}


@dataclass(frozen=True, slots=True)
class Browser:
    """Somebody at a browser, which runs no scripts."""

    client: httpx.AsyncClient

    async def open(self, address: str, **query: str) -> httpx.Response:
        return await self.client.get(address, params=query or None)

    async def press(self, page: httpx.Response) -> httpx.Response:
        """Press the one button of a page."""
        [action] = re.findall(r'<form action="([^"]*)" method="post">', page.text)
        fields = re.findall(r'name="(\w+)" value="([^"]*)"', page.text)
        data = {name: html.unescape(value) for name, value in fields}
        return await self.client.post(page.url.join(html.unescape(action)), data=data)

    async def agree(self, address: str) -> str:
        """Go from the first page through GitHub's, and return where GitHub sends back to."""
        asked = await self.press(await self.open(address))
        agreed = await self.press(asked)
        return str(agreed.headers["location"])


@dataclass(frozen=True, slots=True)
class Scene:
    """A GitHub Enterprise Server of one's own over HTTP, a browser, and a folder."""

    github: Rehearsal
    base: str
    browser: Browser
    folder: Path

    @property
    def arguments(self) -> tuple[str | Path, ...]:
        """What every call of the command takes here."""
        return ("--url", URL, "--github", self.base, "--folder", self.folder)

    @property
    def left(self) -> set[str]:
        """What stands in the folder."""
        return {each.name for each in self.folder.iterdir()}

    @property
    def conversions(self) -> int:
        """How often GitHub was asked to change a code."""
        return sum("/app-manifests/" in call.path for call in self.github.calls)

    async def fresh_code(self) -> str:
        """Return a code that somebody has just got from GitHub, and not given yet."""
        command = await Command.begin(*self.arguments)
        code = code_in(await self.browser.agree(command.address))
        await command.interrupt()
        return code


@asynccontextmanager
async def scene(
    folder: Path, clock: Clock | None = None, through: Callable[[Asgi], Asgi] | None = None
) -> AsyncIterator[Scene]:
    """Open a scene; in the end nothing may have been unlike GitHub.

    GitHub is reached `through` something that is slow, or changes what GitHub says.
    """
    github = Rehearsal(clock or WallClock(), flavour=Flavour.ENTERPRISE_SERVER)
    github.add_organization("acme", ["mona"])
    judge = Judge(github.asgi, ENTERPRISE_SERVER)
    (folder / "new").mkdir()
    app = through(judge) if through is not None else judge
    async with serve(github, app=app) as base, httpx.AsyncClient() as client:
        try:
            yield Scene(github, base, Browser(client), folder / "new")
        finally:
            await Command.end_all()
    judge.check()


def code_in(address: str) -> str:
    """Return the code in an address."""
    return parse_qs(urlsplit(address).query)["code"][0]


def settings_in(file: Path) -> dict[str, str]:
    """Read settings as Docker does: each line to its end, without any quotes."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
