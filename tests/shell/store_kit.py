"""Homes for stores, and values to put in them from the few words that matter."""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from app.core.commands import Command, DispatchWorkflow
from app.core.events import AttemptId, OrchestrationRequested
from app.core.parse import parse
from app.core.plan import Cause, Origin, Plan
from app.core.state import Orchestration, new_orchestration
from app.core.values import ONLY_LEG, OrchestrationId, RepositoryName, Sha, TaskName
from app.ports import Batch, Delivery, JournalEntry, NewCommand, Saved, Store
from app.store.memory import MemoryStore
from app.store.migrations import migrate
from app.store.sql import open_store
from app.store.sql.database import driver_url, is_postgres
from tests.kit import postgres

T = TypeVar("T")
NOW = datetime(2026, 11, 23, 9, 0, 0, 123456, tzinfo=UTC)
SECOND = timedelta(seconds=1)
LEASE = timedelta(seconds=10)
PATH = ".github/orchestrations/train.yml"
TEXT = """\
version: 1
name: Train
on:
  push:
    branches: [main]
tasks:
  build:
    dispatch: acme/app/.github/workflows/build.yml@main
  deploy:
    needs: [build]
    dispatch: acme/app/.github/workflows/deploy.yml@main
"""


class ClosableStore(Store, Protocol):
    """A store that a test opened and has to close."""

    async def close(self) -> None: ...


class MemoryHome:
    """A store in memory, which is its own disk."""

    def __init__(self, *, is_encoded: bool) -> None:
        self._store = MemoryStore(is_encoded=is_encoded)

    def open(self) -> ClosableStore:
        return self._store


class SqliteHome:
    """A file with a fresh database; each opening is another process's view of it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "signalbox.db"
        shutil.copy(_fresh_file(), self.path)
        self.url = f"sqlite:///{self.path}"

    def open(self) -> ClosableStore:
        return open_store(self.url)


class PostgresHome:
    """A database of its own; each opening is another replica's view of it."""

    def __init__(self) -> None:
        self.url = postgres.fresh_database()

    def open(self) -> ClosableStore:
        return open_store(self.url, is_time_rehearsed=True)


Home = MemoryHome | SqliteHome | PostgresHome


@cache
def _fresh_file() -> Path:
    path = Path(tempfile.mkdtemp()) / "fresh.db"
    migrate(f"sqlite:///{path}")
    return path


async def directly(url: str, work: Callable[[sa.Connection], T]) -> T:
    """Do something to a database past the store."""
    known = driver_url(url)
    if not is_postgres(known):
        engine = sa.create_engine(known)
        with engine.begin() as connection:
            result = work(connection)
        engine.dispose()
        return result
    remote = create_async_engine(known, poolclass=sa.NullPool)
    async with remote.begin() as opened:
        return await opened.run_sync(work)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def delivery(name: str, *, seconds: float = 0, body: bytes = b"{}") -> Delivery:
    return Delivery(id=name, event="push", body=body, received_at=at(seconds))


def orchestration(number: int = 1, *, repository_id: int = 7) -> Orchestration:
    definition, problems = parse(TEXT, PATH)
    assert definition is not None, problems
    plan = Plan(
        id=OrchestrationId(f"{repository_id:08x}{number:08x}"),
        number=number,
        origin=Origin(
            repository_id=repository_id,
            repository=RepositoryName("acme/train"),
            installation_id=3,
            path=PATH,
        ),
        definition=definition,
        text=TEXT,
        cause=Cause(
            event_name="push",
            event={"ref": "refs/heads/main", "commits": [{"id": "c0ffee"}]},
            repository_id=repository_id,
            repository=RepositoryName("acme/train"),
            installation_id=3,
            actor="ada",
            sha=Sha("c" * 40),
            ref="main",
        ),
        inputs={"train": 42},
    )
    return replace(new_orchestration(plan), requested_by="ada", started_at=at(number))


def first(state: Orchestration) -> Batch:
    """Return the batch that makes an orchestration known."""
    return Batch(states=[Saved(state=state, version=1)], journal=[entry(state, 1)])


def entry(state: Orchestration, seq: int, by: str = "ada") -> JournalEntry:
    event = OrchestrationRequested(at=at(seq), by=by)
    return JournalEntry(orchestration_id=state.id, seq=seq, event=event)


def attempt(number: int = 1) -> AttemptId:
    return AttemptId(task=TaskName("build"), leg=ONLY_LEG, number=number)


def dispatch(number: int = 1) -> DispatchWorkflow:
    return DispatchWorkflow(
        attempt=attempt(number),
        repository=RepositoryName("acme/app"),
        workflow="build.yml",
        ref="main",
        inputs={"train": "42"},
        marker=f"sb-0000000700000001-{number:08x}",
    )


def wanted(
    command: Command,
    *,
    seconds: float = 0,
    priority: int = 1,
    subject: str = "a",
    owner: str | None = None,
    spacing: float = 0,
) -> NewCommand:
    return NewCommand(
        subject=subject,
        command=command,
        due=at(seconds),
        priority=priority,
        lease_owner=owner,
        lease_until=None if owner is None else at(seconds) + LEASE,
        spacing=timedelta(seconds=spacing),
    )
