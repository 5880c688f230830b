"""What stories about the command line share: a way to call it, a database to look into."""

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.cli import run
from app.clock import SystemClock
from app.core.hearing.findings import File
from app.core.hearing.heard import Repository
from app.core.values import RepositoryName, Sha
from app.engine import Engine
from app.github.webhooks import hear
from app.ports import Batch, Delivery, KnownRepository
from app.store.migrations import migrate
from app.store.sql import open_store

RELEASE = """\
version: 1
name: Release train
on:
  push: {branches: [main]}
  manual: {}
inputs:
  train: {type: string, default: '2026.01', pattern: '^[0-9.]+$'}
  api_token: {type: string, default: none}
tasks:
  build:
    strategy: {matrix: {component: [api, web]}}
    dispatch: acme/${{ matrix.component }}/.github/workflows/build.yml@main
    with: {version: '${{ inputs.train }}', sha: '${{ sha }}'}
    outputs: {image: {type: string}}
  contract:
    needs: [build]
    dispatch: acme/release/.github/workflows/contract.yml@main
    with: {api: '${{ needs.build.outputs["api"].image }}'}
  deploy:
    needs: [contract]
    if: actor != 'robot'
    dispatch: acme/deploy/.github/workflows/deploy.yml@main
"""
NIGHTLY = """\
version: 1
on: push
tasks:
  build: {dispatch: acme/api/.github/workflows/build.yml@main}
"""


@dataclass(frozen=True, slots=True)
class Said:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Terminal:
    """Calls the command line in this process."""

    def __init__(self, capture: pytest.CaptureFixture[str]) -> None:
        self._capture = capture

    def run(self, *arguments: str | Path) -> Said:
        self._capture.readouterr()
        code = run([str(each) for each in arguments])
        printed = self._capture.readouterr()
        return Said(code, printed.out, printed.err)


class House:
    """A database as a server would leave it, and that server for a moment at a time."""

    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite:///{folder / 'signalbox.db'}"
        migrate(self.url)

    def knows(self, name: str, number: int, files: dict[str, str]) -> None:
        """Let a repository be covered, with these definitions."""
        known = KnownRepository(
            repository=Repository(id=number, name=RepositoryName(name), default_branch="main"),
            installation_id=7,
            head_sha=Sha("a" * 40),
            policy=None,
        )
        texts = tuple(
            File(path=f".github/orchestrations/{file}", blob_sha=Sha("b" * 40), text=text)
            for file, text in files.items()
        )

        async def save() -> None:
            store = open_store(self.url)
            await store.commit(Batch(repositories=[known], definitions=[(number, texts)]))
            await store.close()

        asyncio.run(save())

    def deliveries(self) -> list[Delivery]:
        """Return what waits in the inbox."""

        async def look() -> list[Delivery]:
            store = open_store(self.url)
            found = await store.new_deliveries(100)
            await store.close()
            return list(found)

        return asyncio.run(look())

    def work_off(self) -> None:
        """Let an engine work off what waits in the inbox."""

        async def work() -> None:
            store = open_store(self.url)
            engine = Engine(store=store, clock=SystemClock(), read=hear, owner="test")
            await engine.open()
            await engine.take()
            await store.close()

        asyncio.run(work())
