"""The store in a database, the part of it that is about no orchestration (`ports.keeping`)."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from app.ports import DeliveryStatus
from app.ports.keeping import Delayed, Kind, SetAside, Standing, Turn
from app.store.moments import EPOCH, MICROSECOND, from_micros, to_micros
from app.store.rows import CommandStatus
from app.store.schema import (
    commands,
    deliveries,
    is_failed,
    is_free,
    is_new,
    is_open,
    is_waiting,
    orchestrations,
    turns,
)
from app.store.sql.database import Database, insert_into
from app.store.sql.leases import Leases
from app.store.sql.retention import hear_again

DROPPED: Final = "dropped by hand"
_HEARD_AT: Final = (
    sa.select(deliveries.c.received_at)
    .where(deliveries.c.event == sa.bindparam("heard"))
    .order_by(deliveries.c.seq.desc())
    .limit(1)
)


class SqlKeeping:
    """Keeps turns, what was set aside, and the figures, in a database."""

    def __init__(self, database: Database, leases: Leases) -> None:
        self._database = database
        self._leases = leases

    # turns

    async def open_turn(self, name: str, *, due: datetime, note: str, now: datetime) -> None:
        def begin(connection: sa.Connection) -> None:
            statement = insert_into(connection, turns).on_conflict_do_nothing()
            moment = self._on_our_clock(connection, due, now)
            connection.execute(statement, {"name": name, "due": moment, "note": note})

        await self._database.write(begin)

    async def take_turn(self, name: str, *, now: datetime, lease: timedelta) -> str | None:
        def take(connection: sa.Connection) -> str | None:
            moment = self._on_our_clock(connection, now, now)
            insert = insert_into(connection, turns)
            statement = insert.on_conflict_do_update(
                index_elements=["name"],
                set_={"due": insert.excluded.due},
                where=turns.c.due <= moment,
            ).returning(turns.c.note)
            row = {"name": name, "due": moment + lease // MICROSECOND, "note": ""}
            note: str | None = connection.execute(statement, row).scalar()
            return note

        return await self._database.write(take)

    async def end_turn(
        self, name: str, *, due: datetime, note: str, now: datetime | None = None
    ) -> None:
        def end(connection: sa.Connection) -> None:
            insert = insert_into(connection, turns)
            new = {name: insert.excluded[name] for name in ("due", "note")}
            statement = insert.on_conflict_do_update(index_elements=["name"], set_=new)
            moment = self._on_our_clock(connection, due, now)
            connection.execute(statement, {"name": name, "due": moment, "note": note})

        await self._database.write(end)

    async def hasten_turn(
        self, name: str, *, due: datetime, now: datetime | None = None
    ) -> None:
        def hasten(connection: sa.Connection) -> None:
            moment = self._on_our_clock(connection, due, now)
            statement = sa.update(turns).where(turns.c.name == name, turns.c.due > moment)
            connection.execute(statement.values(due=moment))

        await self._database.write(hasten)

    def _on_our_clock(
        self, connection: sa.Connection, moment: datetime, now: datetime | None
    ) -> int:
        """Move a moment from the clock that shows `now` to the one that all processes share."""
        if now is None:
            return to_micros(moment)
        return self._leases.now(connection, now) + (moment - now) // MICROSECOND

    async def turns(self, kind: str) -> Mapping[str, Turn]:
        query = sa.select(turns).where(turns.c.name.startswith(kind, autoescape=True))
        rows = await self._database.read(lambda it: it.execute(query).all())
        return {row.name: Turn(due=from_micros(row.due), note=row.note) for row in rows}

    # deliveries

    async def known_deliveries(self, ids: Collection[str]) -> frozenset[str]:
        query = sa.select(deliveries.c.id).where(deliveries.c.id.in_(ids))
        return frozenset(await self._database.read(lambda it: it.execute(query).scalars()))

    async def hear_again(self, ids: Collection[str], *, at: datetime) -> None:
        await self._database.write(lambda it: hear_again(it, ids, to_micros(at)))

    async def heard_at(self, event: str) -> datetime | None:
        moment = await self._database.glance(
            lambda it: it.execute(_HEARD_AT, {"heard": event}).scalar()
        )
        return from_micros(moment)

    # what was set aside, or put off

    async def set_aside(self, limit: int) -> Sequence[SetAside]:
        table, other = deliveries.c, commands.c
        letters = (
            sa.select(table.id, table.event, table.note, table.received_at)
            .where(is_failed(deliveries))
            .order_by(table.received_at.desc())
            .limit(limit)
        )
        orders = (
            sa.select(
                other.id, other.key, other.subject, other.note, other.last_tried_at, other.tries
            )
            .where(is_failed(commands))
            .order_by(other.last_tried_at.desc())
            .limit(limit)
        )
        first, second = await self._database.read(
            lambda it: (it.execute(letters).all(), it.execute(orders).all())
        )
        found = [
            SetAside(
                kind=Kind.DELIVERY,
                id=row.id,
                name=row.event,
                subject="",
                why=row.note,
                at=from_micros(row.received_at),
            )
            for row in first
        ]
        found += [
            SetAside(
                kind=Kind.COMMAND,
                id=str(row.id),
                name=row.key,
                subject=row.subject,
                why=row.note,
                at=from_micros(row.last_tried_at) or EPOCH,
                tries=row.tries,
            )
            for row in second
        ]
        return sorted(found, key=lambda each: each.at, reverse=True)[:limit]

    async def waiting(self, limit: int) -> Sequence[SetAside]:
        table = deliveries.c
        letters = (
            sa.select(table.id, table.event, table.waits_for, table.note, table.received_at)
            .where(is_waiting())
            .order_by(table.received_at.desc(), table.seq)
            .limit(limit)
        )
        return [
            SetAside(
                kind=Kind.DELIVERY,
                id=row.id,
                name=row.event,
                subject=row.waits_for,
                why=row.note,
                at=from_micros(row.received_at),
                is_waiting=True,
            )
            for row in await self._database.read(lambda it: it.execute(letters).all())
        ]

    async def try_again(self, kind: Kind, id_: str, *, now: datetime) -> bool:
        if kind is Kind.DELIVERY:
            changed: dict[str, Any] = {"status": DeliveryStatus.NEW.value, "note": ""}
        else:
            # Its time is counted anew; that it was tried is not forgotten: whoever performs
            # it looks first for what an earlier try has done.
            changed = {
                "status": CommandStatus.OPEN.value,
                "due": to_micros(now),
                "tries": 1,
                "first_tried_at": to_micros(now),
                "lease_owner": None,
                "lease_until": None,
                "again_due": None,
            }
        return await self._change(kind, id_, changed, is_failed(_table(kind)))

    async def drop(self, kind: Kind, id_: str) -> bool:
        droppable = is_failed(_table(kind))
        if kind is Kind.DELIVERY:
            droppable = sa.or_(droppable, is_waiting())
        return await self._change(kind, id_, {"status": "done", "note": DROPPED}, droppable)

    async def _change(
        self,
        kind: Kind,
        id_: str,
        changed: dict[str, Any],
        changeable: sa.ColumnElement[bool],
    ) -> bool:
        table = _table(kind)
        key: str | int = id_
        if kind is Kind.COMMAND:
            if not (id_.isascii() and id_.isdigit() and len(id_) <= 18):
                return False
            key = int(id_)
        statement = sa.update(table).where(table.c.id == key, changeable).values(**changed)
        return await self._database.write(lambda it: it.execute(statement).rowcount > 0)

    async def delayed(self, subject: str) -> Sequence[Delayed]:
        query = (
            sa.select(commands.c.key, commands.c.due, commands.c.note)
            .where(commands.c.subject == subject, is_free(), commands.c.note != "")
            .order_by(commands.c.due, commands.c.key)
        )
        rows = await self._database.read(lambda it: it.execute(query).all())
        return [
            Delayed(subject=subject, name=row.key, until=from_micros(row.due), why=row.note)
            for row in rows
        ]

    async def hasten(self, subjects: Collection[str], *, due: datetime) -> None:
        moment, table = to_micros(due), commands.c
        statement = (
            sa.update(commands)
            .where(table.subject.in_(subjects), is_free(), table.note != "", table.due > moment)
            .values(due=moment)
        )
        await self._database.write(lambda it: it.execute(statement))

    # how things stand

    async def standing(self, now: datetime) -> Standing:
        table = orchestrations.c
        by_status = (
            sa.select(table.status, sa.func.count(), sa.func.min(table.gate_since))
            .where(is_open())
            .group_by(table.status)
        )
        waiting = sa.select(sa.func.count(), sa.func.min(deliveries.c.received_at))
        overdue = sa.select(sa.func.min(commands.c.due)).where(
            is_free(), commands.c.due <= to_micros(now)
        )

        def read(connection: sa.Connection) -> Standing:
            rows = connection.execute(by_status).all()
            gates = [row[2] for row in rows if row[2] is not None]
            count, since = connection.execute(waiting.where(is_new())).one()
            aside = {
                kind.value: connection.execute(
                    sa.select(sa.func.count()).select_from(each).where(is_failed(each))
                ).scalar_one()
                for kind, each in ((Kind.DELIVERY, deliveries), (Kind.COMMAND, commands))
            }
            return Standing(
                open={row[0]: row[1] for row in rows},
                gate_since=from_micros(min(gates, default=None)),
                new_deliveries=count,
                new_since=from_micros(since),
                due_since=from_micros(connection.execute(overdue).scalar()),
                set_aside=aside,
            )

        return await self._database.read(read)


def _table(kind: Kind) -> sa.Table:
    return deliveries if kind is Kind.DELIVERY else commands
