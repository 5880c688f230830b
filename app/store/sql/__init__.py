"""The store in a database, through SQLAlchemy Core.

Reading is here, writing a batch in `save`, the commands in `commands`. States are
remembered with their version, so that one which did not change is not decoded again; the
version is asked for each time, since another process may have written.
"""

from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
import sqlalchemy as sa

from app.core.audit import Chain
from app.core.events import AttemptId
from app.core.interests import Interest
from app.core.parse import parse_once
from app.core.values import LegKey, OrchestrationId, TaskName
from app.ports import (
    Batch,
    Catalogue,
    ClaimedCommand,
    Conflict,
    Correlation,
    Delivery,
    Dispatched,
    JournalEntry,
    OrchestrationRow,
    Report,
    Saved,
    SavedShared,
    StoreUnavailable,
)
from app.store.moments import from_micros, to_micros
from app.store.plans import Definitions
from app.store.schema import (
    REVISION,
    changed_files,
    dispatched,
    is_open,
    orchestrations,
)
from app.store.sql import commands as sql_commands
from app.store.sql import journals, retention, sharing
from app.store.sql import leases as sql_leases
from app.store.sql.arrivals import read_new
from app.store.sql.catalogue import read_catalogue
from app.store.sql.database import Database, driver_url, is_postgres
from app.store.sql.holding import Holding
from app.store.sql.keeping import SqlKeeping
from app.store.sql.leases import Leases
from app.store.sql.many import Among
from app.store.sql.news import News, Wire, news_of
from app.store.sql.postgres import PostgresDatabase
from app.store.sql.remembered import Deliveries, States
from app.store.sql.save import packed, prepared, save, save_deliveries
from app.store.sql.sqlite import SqliteDatabase
from app.store.sql.states import read_states

SHARED_MAX: Final = 512
"""How many locks, calendars and schedules are remembered."""

# Put together once: SQLAlchemy takes longer for that than SQLite for carrying them out.
_BY_RUN: Final = Among((dispatched.c.workflow_run_id,), sa.select(dispatched).where)
_BY_MARKER: Final = Among((dispatched.c.marker,), sa.select(dispatched).where)
# One at a time: both databases then look at the last one only, and not at all there were.
_LAST_NUMBER: Final = sa.select(sa.func.max(orchestrations.c.number)).where(
    orchestrations.c.definition_repository_id == sa.bindparam("repository"),
    orchestrations.c.definition_id == sa.bindparam("definition"),
)


class SqlStore(SqlKeeping):
    """Remembers in a database."""

    def __init__(self, database: Database, definitions: Definitions, leases: Leases) -> None:
        super().__init__(database, leases)
        self._wire = Wire(database)
        self._holding = Holding(is_shared=database.is_shared)
        self._definitions = definitions
        self._states = States()
        self._deliveries = Deliveries()
        self._shared: OrderedDict[str, SavedShared] = OrderedDict()

    @property
    def is_shared(self) -> bool:
        """Whether other replicas decide on the same states."""
        return self._database.is_shared

    async def hear(self, heard: Callable[[News], None]) -> None:
        """Hear what other replicas tell, until cancelled."""
        await self._wire.hear(heard)

    async def close(self) -> None:
        """Finish what is being written and let go of the database."""
        await self._database.close()

    # deliveries

    async def save_deliveries(self, deliveries: Sequence[Delivery]) -> Sequence[bool]:
        bodies = packed(deliveries)

        def save_them(connection: sa.Connection) -> list[bool]:
            fresh = save_deliveries(connection, deliveries, bodies)
            if any(fresh):
                self._wire.tell(connection, News.DELIVERIES)
            return fresh

        fresh = await self._database.write(save_them)
        # Of one id twice the first was saved.
        saved = zip(deliveries, fresh, strict=True)
        self._deliveries.keep(each for each, is_fresh in saved if is_fresh)
        return fresh

    async def new_deliveries(self, limit: int) -> Sequence[Delivery]:
        return await self._database.glance(lambda it: read_new(it, limit, self._deliveries))

    @asynccontextmanager
    async def hold_deliveries(self, limit: int) -> AsyncIterator[Sequence[Delivery]]:
        """Have the oldest new deliveries that nobody else works off, to the end."""
        async with self._database.hold() as held:
            but = self._holding.passed_over()
            found = await held.work(
                lambda it: read_new(it, limit, self._deliveries, hold=True, but=but)
            )
            holding = self._holding.take(found, held)
            ids = [it.id for it in holding]
            try:
                yield holding
            finally:
                self._holding.give_back(ids, held)
                # Worked off, or for whoever comes first.
                self._deliveries.forget(ids)

    async def changed_files(self, delivery_id: str) -> tuple[str, ...] | None:
        query = sa.select(changed_files.c.files).where(
            changed_files.c.delivery_id == delivery_id
        )
        rows = await self._rows(query)
        return tuple(orjson.loads(rows[0][0])) if rows else None

    async def drop_deliveries(self, before: datetime) -> int:
        return await self._drop(retention.drop_deliveries, before)

    async def drop_ended(self, before: datetime) -> int:
        return await self._drop(retention.drop_ended, before)

    async def _drop(self, drop: Callable[[sa.Connection, int], int], before: datetime) -> int:
        moment, dropped = to_micros(before), 0
        # Ends: nothing that is over before a moment is added, and each round drops some.
        while count := await self._database.write(lambda it: drop(it, moment)):
            dropped += count
        return dropped

    # orchestrations

    async def load(self, ids: Collection[OrchestrationId]) -> Mapping[OrchestrationId, Saved]:
        if not ids:
            return {}
        remembered = self._states.those(ids)
        found = await self._database.glance(
            lambda it: read_states(it, ids, remembered, self._definitions)
        )
        for key, it in found.items():
            if it is not remembered.get(key):
                self._states.keep(it.saved, it.size, it.plan_size)
        return {key: it.saved for key, it in found.items()}

    def remembered(self, orchestration_id: OrchestrationId) -> Saved | None:
        # Where there are others what is remembered may be what was so a while ago.
        found = None if self._database.is_shared else self._states.one(orchestration_id)
        return found.saved if found is not None else None

    async def dispatched(
        self, workflow_run_ids: Collection[int], markers: Collection[str]
    ) -> Sequence[Dispatched]:
        def read(connection: sa.Connection) -> dict[str, Any]:
            # Each half has an index, and an `or` might use none.
            rows = _BY_RUN.rows(connection, workflow_run_ids)
            rows += _BY_MARKER.rows(connection, markers)
            return {row.marker: row for row in rows}

        return [
            Dispatched(
                marker=row.marker,
                orchestration_id=OrchestrationId(row.orchestration_id),
                attempt=AttemptId(
                    task=TaskName(row.task), leg=LegKey(row.leg), number=row.attempt
                ),
                workflow_run_id=row.workflow_run_id,
            )
            for _, row in sorted((await self._database.glance(read)).items())
        ]

    async def last_numbers(
        self, definitions: Collection[tuple[int, str]]
    ) -> Mapping[tuple[int, str], int]:
        def read(connection: sa.Connection) -> dict[tuple[int, str], int]:
            found = {}
            for repository, name in definitions:
                about = {"repository": repository, "definition": name}
                found[repository, name] = connection.execute(_LAST_NUMBER, about).scalar()
            return {place: number for place, number in found.items() if number is not None}

        return await self._database.glance(read)

    async def journal(self, orchestration_id: OrchestrationId) -> Sequence[JournalEntry]:
        return await self._database.read(lambda it: journals.entries(it, orchestration_id))

    async def chain(self, orchestration_id: OrchestrationId) -> Chain:
        return await self._database.read(lambda it: journals.chain(it, orchestration_id))

    async def orchestrations(
        self, *, limit: int, open_only: bool = False
    ) -> Sequence[OrchestrationRow]:
        table = orchestrations.c
        query = sa.select(
            *(table[name] for name in OrchestrationRow.__dataclass_fields__)
        ).order_by(table.started_at.desc(), table.number.desc(), table.id.desc())
        if open_only:
            query = query.where(is_open())
        return [
            OrchestrationRow(
                **{
                    **row._mapping,
                    "started_at": from_micros(row.started_at),
                    "ended_at": from_micros(row.ended_at),
                }
            )
            for row in await self._rows(query.limit(limit))
        ]

    async def correlated(
        self, keys: Collection[Correlation]
    ) -> Mapping[Correlation, OrchestrationId]:
        return await self._database.glance(lambda it: sharing.read_correlated(it, keys))

    async def interested(
        self, topics: Collection[Interest]
    ) -> Sequence[tuple[Interest, OrchestrationId]]:
        return await self._database.glance(lambda it: sharing.read_interested(it, topics))

    async def reports(self, orchestration_id: OrchestrationId) -> Sequence[Report]:
        return await self._database.read(lambda it: sharing.read_reports(it, orchestration_id))

    # what orchestrations share

    async def shared(self, subjects: Collection[str]) -> Mapping[str, SavedShared]:
        remembered = {name: self._shared[name] for name in subjects if name in self._shared}
        found = await self._database.glance(
            lambda it: sharing.read_shared(it, subjects, remembered)
        )
        self._remember_shared(found)
        return found

    async def shared_of_kind(self, kind: str) -> Sequence[SavedShared]:
        return await self._database.read(lambda it: sharing.read_kind(it, kind))

    async def memberships(
        self, ids: Collection[OrchestrationId]
    ) -> Sequence[tuple[OrchestrationId, str]]:
        return await self._database.glance(lambda it: sharing.read_memberships(it, ids))

    # commands

    async def claim(
        self, *, owner: str, now: datetime, lease: timedelta, limit: int
    ) -> Sequence[ClaimedCommand]:
        return await self._database.write(
            lambda it: sql_commands.claim(it, owner, now, lease, limit, self._leases)
        )

    async def take_back(self, *, owner: str, now: datetime | None = None) -> int:
        return await self._database.write(
            lambda it: sql_leases.take_back(it, owner, now, self._leases)
        )

    async def renew(
        self, command_ids: Sequence[int], *, owner: str, now: datetime, lease: timedelta
    ) -> int:
        return await self._database.write(
            lambda it: sql_leases.renew(it, command_ids, owner, now, lease, self._leases)
        )

    async def holds(self, command_id: int, *, owner: str, tries: int, now: datetime) -> bool:
        return await self._database.glance(
            lambda it: sql_leases.holds(it, command_id, owner, tries, now, self._leases)
        )

    async def postpone(
        self,
        command_id: int,
        *,
        due: datetime,
        why: str,
        owner: str | None = None,
        tries: int | None = None,
    ) -> None:
        await self._database.write(
            lambda it: sql_commands.postpone(it, command_id, due, why, owner, tries)
        )

    async def keys_asked(self, subject: str) -> Sequence[str]:
        return await self._database.glance(lambda it: sql_commands.keys_of(it, subject))

    async def next_due(self) -> datetime | None:
        return await self._database.glance(sql_commands.next_due)

    # catalogue

    async def catalogue(self) -> Catalogue:
        return await self._database.read(read_catalogue)

    # everything at once

    async def commit(self, batch: Batch) -> Sequence[ClaimedCommand]:
        rows, news = prepared(batch), news_of(batch)

        def save_it(connection: sa.Connection) -> list[ClaimedCommand]:
            self._wire.tell(connection, *news)
            return save(connection, rows, self._leases)

        ended = [done.id for done in batch.deliveries]
        held = self._holding.finish(ended)
        try:
            if held is not None:
                claimed = await held.finish(save_it)
            else:
                claimed = await self._database.write(save_it)
        except Conflict:
            self._states.forget([*(it.state.id for it in batch.states), *dict(batch.seen)])
            raise
        self._holding.finished(ended)
        plan_sizes = {row["orchestration_id"]: len(row["plan"]) for row in rows.plans}
        for saved, row in zip(batch.states, rows.states, strict=True):
            self._states.keep(saved, len(row["state"]), plan_sizes.get(saved.state.id))
        for change in batch.shared:
            self._shared.pop(change.subject, None)
            if change.state is not None:
                kept = SavedShared(state=change.state, version=change.version)
                self._remember_shared({change.subject: kept})
        return claimed

    # health

    async def ready(self) -> None:
        query: sa.Select[Any] = sa.select(sa.column("version_num")).select_from(
            sa.table("alembic_version")
        )
        rows = await self._rows(query)
        found = rows[0][0] if rows else "none"
        if found != REVISION:
            raise StoreUnavailable(
                f"the database's schema is {found}, this Signalbox needs {REVISION}:"
                " start it once, or run the version that wrote the database"
            )

    # private

    async def _rows(self, query: sa.Select[Any] | sa.CompoundSelect[Any]) -> Sequence[Any]:
        return await self._database.glance(lambda it: it.execute(query).all())

    def _remember_shared(self, found: Mapping[str, SavedShared]) -> None:
        for name, saved in found.items():
            self._shared[name] = saved
            self._shared.move_to_end(name)
        while len(self._shared) > SHARED_MAX:
            self._shared.popitem(last=False)


def open_store(database_url: str, *, is_time_rehearsed: bool = False) -> SqlStore:
    """Open the database that a URL names; `migrate` has made its tables before.

    Replicas share the database's clock for their leases. Where time is rehearsed the leases
    follow whoever asks, as those of a file always do.
    """
    url, definitions = driver_url(database_url), Definitions(parse_once)
    if is_postgres(url):
        leases = Leases(are_of_database=not is_time_rehearsed)
        return SqlStore(PostgresDatabase(url), definitions, leases)
    return SqlStore(SqliteDatabase(url), definitions, Leases(are_of_database=False))
