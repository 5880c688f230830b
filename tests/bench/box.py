"""Signalbox put together as `main` does it, with an instant GitHub behind it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence

from app.clock import SystemClock
from app.core.hearing.findings import File
from app.core.hearing.heard import Repository
from app.core.values import RepositoryName, Sha
from app.courier import Courier
from app.engine import Engine
from app.github import webhooks
from app.interpreter import tidy_when_quiet
from app.ports import Batch, KnownRepository, Performer, Store
from app.store.migrations import migrate
from app.store.sql import SqlStore, open_store
from app.store.sql.news import News
from tests.bench.letters import INSTALLATION_ID, REPOSITORY, REPOSITORY_ID

OWNER = "bench"
Hear = Callable[[Callable[[News], None]], Coroutine[None, None, None]]


async def make_store(database_url: str, definitions: Sequence[File]) -> SqlStore:
    """Make a database in which one repository with its definitions is known."""
    await asyncio.to_thread(migrate, database_url)
    store = open_store(database_url)
    repository = Repository(
        id=REPOSITORY_ID, name=RepositoryName(REPOSITORY), default_branch="main"
    )
    known = KnownRepository(
        repository=repository,
        installation_id=INSTALLATION_ID,
        head_sha=Sha("0" * 39 + "1"),
        policy=None,
    )
    batch = Batch(repositories=[known], definitions=[(REPOSITORY_ID, tuple(definitions))])
    await store.commit(batch)
    return store


@contextlib.asynccontextmanager
async def at_work(
    store: Store, performer: Performer, owner: str = OWNER, hear: Hear | None = None
) -> AsyncIterator[Engine]:
    """Let an engine and a courier work on a store, and hear what other replicas tell."""
    clock = SystemClock()
    engine = Engine(store=store, clock=clock, read=webhooks.hear, owner=owner)
    courier = Courier(store=store, engine=engine, performer=performer, clock=clock, owner=owner)
    await engine.open()
    turns = {
        News.DELIVERIES: engine.wake,
        News.COMMANDS: courier.wake,
        News.CATALOGUE: engine.outdate,
    }
    works = [engine.run(), courier.run(), tidy_when_quiet()]
    works += [hear(lambda it: turns[it]())] if hear else []
    loops = [asyncio.create_task(work) for work in works]
    try:
        yield engine
    finally:
        for loop in loops:
            loop.cancel()
        await asyncio.gather(*loops, return_exceptions=True)
