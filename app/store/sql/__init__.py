"""The store in a database, through SQLAlchemy Core.

Reading is here, writing a batch in `save`, the commands in `commands`. States are
remembered with their version, so that one which did not change is not decoded again; the
version is asked for each time, since another process may have written.
"""

from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
import sqlalchemy as sa

from app.core.audit import Chain
from app.core.events import AttemptId
from app.core.hearing.findings import File
from app.core.hearing.heard import Repository
from app.core.interests import Interest
from app.core.parse import parse
from app.core.plan import Plan
from app.core.values import LegKey, OrchestrationId, RepositoryName, Sha, TaskName
from app.ports import (
    Batch,
    Catalogue,
    ClaimedCommand,
    Correlation,
    Delivery,
    Dispatched,
    JournalEntry,
    KnownDefinition,
    KnownRepository,
    OrchestrationRow,
    Report,
    Saved,
    SavedShared,
    StoreUnavailable,
)
from app.store import codec
from app.store.moments import from_micros, to_micros
from app.store.plans import Definitions
from app.store.schema import (
    REVISION,
    changed_files,
    definitions,
    deliveries,
    dispatched,
    is_new,
    is_open,
    orchestrations,
    payloads,
    plans,
    repositories,
    texts,
)
from app.store.sql import commands as sql_commands
from app.store.sql import journals, sharing
from app.store.sql.database import SqliteDatabase, driver_url
from app.store.sql.keeping import SqlKeeping
from app.store.sql.save import prepared, save, save_deliveries

STATES_MAX: Final = 512
"""How many decoded states are remembered; each may hold a payload of some 100 KB."""
DROP_MAX: Final = 1_000
"""How many deliveries are dropped in one transaction, so that others get their turn."""

# Put together once: SQLAlchemy takes longer for that than SQLite for carrying them out.
_NEW_DELIVERIES: Final = (
    sa.select(deliveries.c.id, deliveries.c.event, payloads.c.body, deliveries.c.received_at)
    .join_from(deliveries, payloads, payloads.c.delivery_seq == deliveries.c.seq)
    .where(is_new())
    .order_by(deliveries.c.seq)
    .limit(sa.bindparam("most"))
)
_VERSIONS: Final = sa.select(orchestrations.c.id, orchestrations.c.version).where(
    orchestrations.c.id.in_(sa.bindparam("ids", expanding=True))
)

_PLACE: Final = (orchestrations.c.definition_repository_id, orchestrations.c.definition_id)
_LAST_NUMBERS: Final = (
    sa.select(*_PLACE, sa.func.max(orchestrations.c.number))
    .where(sa.tuple_(*_PLACE).in_(sa.bindparam("places", expanding=True)))
    .group_by(*_PLACE)
)


class SqlStore(SqlKeeping):
    """Remembers in a database."""

    def __init__(self, database: SqliteDatabase, definitions: Definitions) -> None:
        super().__init__(database)
        self._definitions = definitions
        self._states: OrderedDict[OrchestrationId, Saved] = OrderedDict()
        self._shared: OrderedDict[str, SavedShared] = OrderedDict()

    async def close(self) -> None:
        """Finish what is being written and let go of the database."""
        await self._database.close()

    # deliveries

    async def save_deliveries(self, deliveries: Sequence[Delivery]) -> Sequence[bool]:
        return await self._database.write(lambda it: save_deliveries(it, deliveries))

    async def new_deliveries(self, limit: int) -> Sequence[Delivery]:
        rows = await self._database.read(
            lambda it: it.execute(_NEW_DELIVERIES, {"most": limit}).all()
        )
        return [
            Delivery(id=key, event=event, body=body, received_at=from_micros(received_at))
            for key, event, body, received_at in rows
        ]

    async def changed_files(self, delivery_id: str) -> tuple[str, ...] | None:
        query = sa.select(changed_files.c.files).where(
            changed_files.c.delivery_id == delivery_id
        )
        rows = await self._rows(query)
        return tuple(orjson.loads(rows[0][0])) if rows else None

    async def drop_deliveries(self, before: datetime) -> int:
        old = (
            sa.select(deliveries.c.seq, deliveries.c.id)
            .where(sa.not_(is_new()), deliveries.c.received_at < to_micros(before))
            .limit(DROP_MAX)
        )

        def drop(connection: sa.Connection) -> int:
            rows = connection.execute(old).all()
            ids, seqs = [row.id for row in rows], [row.seq for row in rows]
            connection.execute(
                sa.delete(changed_files).where(changed_files.c.delivery_id.in_(ids))
            )
            connection.execute(sa.delete(deliveries).where(deliveries.c.seq.in_(seqs)))
            return len(rows)

        dropped = 0
        # Ends: nothing that came in before a moment is added, and each round drops some.
        while count := await self._database.write(drop):
            dropped += count
        return dropped

    # orchestrations

    async def load(self, ids: Collection[OrchestrationId]) -> Mapping[OrchestrationId, Saved]:
        if not ids:
            return {}
        remembered = {key: self._states[key] for key in ids if key in self._states}
        found = await self._database.read(lambda it: self._load(it, ids, remembered))
        for key, saved in found.items():
            self._remember(key, saved)
        return found

    async def dispatched(
        self, workflow_run_ids: Collection[int], markers: Collection[str]
    ) -> Sequence[Dispatched]:
        # Two queries in one, since each half has an index and an `or` might use none.
        query = sa.union(
            sa.select(dispatched).where(dispatched.c.workflow_run_id.in_(workflow_run_ids)),
            sa.select(dispatched).where(dispatched.c.marker.in_(markers)),
        ).order_by("marker")
        return [
            Dispatched(
                marker=row.marker,
                orchestration_id=OrchestrationId(row.orchestration_id),
                attempt=AttemptId(
                    task=TaskName(row.task), leg=LegKey(row.leg), number=row.attempt
                ),
                workflow_run_id=row.workflow_run_id,
            )
            for row in await self._rows(query)
        ]

    async def last_numbers(
        self, definitions: Collection[tuple[int, str]]
    ) -> Mapping[tuple[int, str], int]:
        rows = await self._database.read(
            lambda it: it.execute(_LAST_NUMBERS, {"places": list(definitions)}).all()
        )
        return {(repository, name): number for repository, name, number in rows}

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
        return await self._database.read(lambda it: sharing.read_correlated(it, keys))

    async def interested(
        self, topics: Collection[Interest]
    ) -> Sequence[tuple[Interest, OrchestrationId]]:
        return await self._database.read(lambda it: sharing.read_interested(it, topics))

    async def reports(self, orchestration_id: OrchestrationId) -> Sequence[Report]:
        return await self._database.read(lambda it: sharing.read_reports(it, orchestration_id))

    # what orchestrations share

    async def shared(self, subjects: Collection[str]) -> Mapping[str, SavedShared]:
        remembered = {name: self._shared[name] for name in subjects if name in self._shared}
        found = await self._database.read(
            lambda it: sharing.read_shared(it, subjects, remembered)
        )
        self._remember_shared(found)
        return found

    async def shared_of_kind(self, kind: str) -> Sequence[SavedShared]:
        return await self._database.read(lambda it: sharing.read_kind(it, kind))

    async def memberships(
        self, ids: Collection[OrchestrationId]
    ) -> Sequence[tuple[OrchestrationId, str]]:
        return await self._database.read(lambda it: sharing.read_memberships(it, ids))

    # commands

    async def claim(
        self, *, owner: str, now: datetime, lease: timedelta, limit: int
    ) -> Sequence[ClaimedCommand]:
        return await self._database.write(
            lambda it: sql_commands.claim(it, owner, now, now + lease, limit)
        )

    async def take_back(self, *, owner: str) -> int:
        return await self._database.write(lambda it: sql_commands.take_back(it, owner))

    async def postpone(self, command_id: int, *, due: datetime, why: str) -> None:
        await self._database.write(lambda it: sql_commands.postpone(it, command_id, due, why))

    async def keys_asked(self, subject: str) -> Sequence[str]:
        return await self._database.read(lambda it: sql_commands.keys_of(it, subject))

    async def next_due(self) -> datetime | None:
        return await self._database.read(sql_commands.next_due)

    # catalogue

    async def catalogue(self) -> Catalogue:
        def read(connection: sa.Connection) -> Catalogue:
            return Catalogue(
                repositories=tuple(
                    _known_repository(row)
                    for row in connection.execute(
                        sa.select(repositories).order_by(repositories.c.id)
                    )
                ),
                definitions=tuple(
                    KnownDefinition(
                        repository_id=row.repository_id,
                        file=File(path=row.path, blob_sha=Sha(row.blob_sha), text=row.text),
                    )
                    for row in connection.execute(
                        sa.select(definitions).order_by(
                            definitions.c.repository_id, definitions.c.path
                        )
                    )
                ),
            )

        return await self._database.read(read)

    # everything at once

    async def commit(self, batch: Batch) -> Sequence[ClaimedCommand]:
        rows = prepared(batch)
        claimed = await self._database.write(lambda it: save(it, rows))
        for saved in batch.states:
            self._remember(saved.state.id, saved)
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
        return await self._database.read(lambda it: it.execute(query).all())

    def _remember(self, key: OrchestrationId, saved: Saved) -> None:
        self._states[key] = saved
        self._states.move_to_end(key)
        if len(self._states) > STATES_MAX:
            self._states.popitem(last=False)

    def _remember_shared(self, found: Mapping[str, SavedShared]) -> None:
        for name, saved in found.items():
            self._shared[name] = saved
            self._shared.move_to_end(name)
        while len(self._shared) > STATES_MAX:
            self._shared.popitem(last=False)

    def _load(
        self,
        connection: sa.Connection,
        ids: Collection[OrchestrationId],
        remembered: Mapping[OrchestrationId, Saved],
    ) -> dict[OrchestrationId, Saved]:
        """Load states; what is remembered in its present version is not read again."""
        table = orchestrations.c
        versions = connection.execute(_VERSIONS, {"ids": list(ids)})
        found: dict[OrchestrationId, Saved] = {}
        outdated: list[OrchestrationId] = []
        for key, version in versions:
            known = remembered.get(key)
            if known is not None and known.version == version:
                found[key] = known
            else:
                outdated.append(key)
        if not outdated:
            return found
        made = {key: remembered[key].state.plan for key in outdated if key in remembered}
        made.update(self._plans(connection, [key for key in outdated if key not in made]))
        rows = connection.execute(
            sa.select(table.id, table.version, table.state).where(table.id.in_(outdated))
        )
        for key, version, text in rows:
            state = codec.decode_state(text, made[key])
            found[key] = Saved(state=state, version=version)
        return found

    def _plans(
        self, connection: sa.Connection, ids: list[OrchestrationId]
    ) -> dict[OrchestrationId, Plan]:
        if not ids:
            return {}
        rows = connection.execute(
            sa.select(plans.c.orchestration_id, plans.c.plan, plans.c.digest).where(
                plans.c.orchestration_id.in_(ids)
            )
        ).all()
        wanted = {row.digest for row in rows}
        known = connection.execute(
            sa.select(texts.c.digest, texts.c.text).where(texts.c.digest.in_(wanted))
        )
        by_digest = {row.digest: row.text for row in known}
        return {
            key: self._definitions.complete(codec.decode_plan(plan), by_digest[digest])
            for key, plan, digest in rows
        }


def open_store(database_url: str) -> SqlStore:
    """Open the database that a URL names; `migrate` has made its tables before."""
    return SqlStore(SqliteDatabase(driver_url(database_url)), Definitions(parse))


def _known_repository(row: Any) -> KnownRepository:
    return KnownRepository(
        repository=Repository(
            id=row.id, name=RepositoryName(row.name), default_branch=row.default_branch
        ),
        installation_id=row.installation_id,
        head_sha=None if row.head_sha is None else Sha(row.head_sha),
        policy=row.policy,
    )
