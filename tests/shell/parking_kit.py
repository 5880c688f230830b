"""An office whose repository is not read yet, and a store that notes what becomes of all."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from app.core.chores import ListRepositories, ReadRepository
from app.core.commands import Command
from app.core.hearing.findings import (
    Finding,
    RepositoriesListed,
)
from app.core.hearing.heard import Repository
from app.core.values import RepositoryName
from app.engine.rows import chore
from app.ports import (
    Batch,
    Carried,
    ClaimedCommand,
    Delivery,
    DeliveryDone,
    Errand,
    KnownRepository,
)
from app.store.memory import MemoryStore
from tests.kit.build import START, document
from tests.kit.office import HOME, HOME_NAME, Office, postponed, read_of

TRAIN = document("build", whole={"on": {"push": {}}})
READ = read_of(train=TRAIN)
UNREAD = KnownRepository(
    repository=READ.repository, installation_id=9, head_sha=None, policy=None
)
SUBJECT = f"repository/{HOME}"
AWAITS_READING = f"waits until the definitions of {HOME_NAME} are read"
AWAITS_LIST = f"waits until it is known whether the App covers {HOME_NAME}"


class Noting(MemoryStore):
    """A store that notes what became of deliveries; it may save a batch while some are held."""

    def __init__(self) -> None:
        super().__init__(is_encoded=True)
        self.done: dict[str, DeliveryDone] = {}
        self.meanwhile: Batch | None = None
        self.tell: Callable[[], None] = lambda: None

    async def commit(self, batch: Batch) -> Sequence[ClaimedCommand]:
        claimed = await super().commit(batch)
        self.done.update({it.id: it for it in batch.deliveries})
        return claimed

    @asynccontextmanager
    async def hold_deliveries(self, limit: int) -> AsyncIterator[Sequence[Delivery]]:
        async with super().hold_deliveries(limit) as held:
            batch, self.meanwhile = self.meanwhile, None
            if batch is not None:
                await self.commit(batch)
                self.tell()
            yield held

    async def parked(self) -> list[tuple[str, str]]:
        """Return what waits, and what is said of it."""
        return sorted((it.id, it.why) for it in await self.waiting(9))


async def unread(*, is_listed: bool = True, store: Noting | None = None) -> Office:
    """Open where the repository is not read yet, since GitHub lets us wait."""
    office = Office(store or Noting())
    office.hands.answer = lambda command, _errand: (
        postponed() if isinstance(command, ReadRepository) else None
    )
    if is_listed:
        asks = chore(ReadRepository(installation_id=9, repository_id=HOME), SUBJECT, START)
        await office.store.commit(Batch(repositories=[UNREAD], commands=[asks]))
    await office.engine.open()
    return office


def noting(office: Office) -> Noting:
    assert isinstance(office.store, Noting)
    return office.store


def lets_read(office: Office, *found: Finding) -> None:
    """Let GitHub answer from now on, and say this where something is to be read or listed."""

    def answer(command: Command, _errand: Errand) -> Carried | None:
        for finding in found:
            is_list = isinstance(finding, RepositoriesListed)
            if isinstance(command, ListRepositories if is_list else ReadRepository):
                return Carried(findings=(finding,))
        return None

    office.hands.answer = answer


def listed(*names: str) -> RepositoriesListed:
    """Say that an installation covers the first so many repositories, of these names."""
    found = [
        Repository(id=number, name=RepositoryName(name), default_branch="main")
        for number, name in enumerate(names, 1)
    ]
    return RepositoriesListed(installation_id=9, repositories=tuple(found))


async def heard(office: Office, event: str, body: dict[str, Any], guid: str) -> None:
    """Hear of something in the repository."""
    about = {
        "repository": {"id": HOME, "full_name": HOME_NAME, "default_branch": "main"},
        "sender": {"id": 5, "login": "mona", "type": "User"},
        "installation": {"id": 9},
    }
    await office.deliver(event, {**about, **body}, guid=guid)


async def pushed(office: Office, letter: str) -> None:
    """Hear of a push of a commit of its own, which the delivery is named after."""
    push = {"ref": "refs/heads/main", "before": "0" * 40, "after": letter * 40, "commits": []}
    await heard(office, "push", push, letter)


def unread_one(number: int, name: str) -> KnownRepository:
    repository = Repository(id=number, name=RepositoryName(name), default_branch="main")
    return KnownRepository(repository=repository, installation_id=9, head_sha=None, policy=None)


def known(number: int = HOME, name: str = HOME_NAME) -> KnownRepository:
    found = read_of(number, name)
    return KnownRepository(
        repository=found.repository,
        installation_id=9,
        head_sha=found.head_sha,
        policy=None,
    )
