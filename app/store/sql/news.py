"""What replicas tell each other by PostgreSQL's NOTIFY, so that nobody waits for a poll.

News are a convenience: who misses one, looks by itself a second later, and reads the catalogue
anew whenever it begins to listen.
"""

import asyncio
import secrets
from collections.abc import Callable
from enum import StrEnum
from typing import Final

import sqlalchemy as sa
import structlog

from app.ports import Batch, StoreUnavailable
from app.store.sql.database import Database
from app.store.sql.direct import Direct

CHANNEL: Final = "signalbox"
AGAIN_AFTER: Final = 1.0

log = structlog.get_logger(__name__)

_NOTIFY: Final = Direct(
    sa.select(sa.func.pg_notify(CHANNEL, sa.bindparam("said", None, sa.Text)))
)


class News(StrEnum):
    """What there may be to do, or to read anew."""

    DELIVERIES = "deliveries"
    COMMANDS = "commands"
    CATALOGUE = "catalogue"


_KNOWN: Final = frozenset(each.value for each in News)


class Wire:
    """Tells the other replicas, and hears them. On SQLite there are none."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._name = secrets.token_hex(4)

    def tell(self, connection: sa.Connection, *news: News) -> None:
        """Tell it with the commit of this transaction, and not before."""
        if self._database.is_shared:
            for each in news:
                _NOTIFY.rows(connection, {"said": f"{each.value} {self._name}"})

    async def hear(self, heard: Callable[[News], None]) -> None:
        """Hear what others tell, until cancelled, however often the connection is lost."""

        def said(text: str) -> None:
            if not text:  # We begin to listen, and have missed whatever was told before.
                for each in News:
                    heard(each)
                return
            kind, _, sender = text.partition(" ")
            # A newer replica may have more to tell than we understand.
            if sender != self._name and kind in _KNOWN:
                heard(News(kind))

        while True:
            try:
                await self._database.listen(CHANNEL, said)
            except StoreUnavailable as error:
                log.warning("nothing is heard of other replicas", error=str(error))
            await asyncio.sleep(AGAIN_AFTER)


def news_of(batch: Batch) -> list[News]:
    """Return what a batch means for others."""
    found: list[News] = []
    if batch.arrivals:
        found.append(News.DELIVERIES)
    if any(new.lease_owner is None for new in batch.commands):
        found.append(News.COMMANDS)
    if batch.repositories or batch.definitions or batch.forget_repositories:
        found.append(News.CATALOGUE)
    return found
