"""The command rows in a database: asked for, claimed, postponed, ticked off.

What becomes of a row is said in `rows`. Where that can be had in one statement for many
rows it is written here once more, in SQL; the contract suite holds the two together.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.dml import ReturningInsert

from app.ports import ClaimedCommand, NewCommand
from app.store import codec
from app.store.moments import from_micros, to_micros
from app.store.rows import LEVEL_KINDS, CommandRow, CommandStatus, asked
from app.store.schema import commands, is_free, is_held
from app.store.sql.database import upsert_into

_UNHELD: Final = {"lease_owner": None, "lease_until": None, "again_due": None}
_CHANGING: Final = (
    "body",
    "due",
    "priority",
    "status",
    "tries",
    "first_tried_at",
    "last_tried_at",
    "lease_owner",
    "lease_until",
    "again_due",
)
# Put together once: SQLAlchemy takes longer for that than SQLite for carrying them out.
_IDS: Final[sa.BindParameter[Any]] = sa.bindparam("ids", expanding=True)
_MOMENT: Final = sa.bindparam("moment", type_=sa.BigInteger)
_IS_CURRENT: Final = (
    # Open, and not a level that was asked for again since this holder lost it.
    commands.c.status == CommandStatus.OPEN.value,
    sa.or_(commands.c.lease_owner.is_not(None), commands.c.kind.not_in(LEVEL_KINDS)),
)
_ENDED: Final = sa.update(commands).where(commands.c.id.in_(_IDS), *_IS_CURRENT)
_TICK_OFF: Final = _ENDED.where(commands.c.again_due.is_(None)).values(
    status=CommandStatus.DONE.value, lease_owner=None, lease_until=None
)
_OPEN_AGAIN: Final = _ENDED.where(commands.c.again_due.is_not(None)).values(
    due=commands.c.again_due, tries=0, first_tried_at=None, **_UNHELD
)
_NEXT_DUE: Final = sa.select(sa.func.min(commands.c.due)).where(is_free())
_KNOWN: Final = sa.select(commands).where(
    sa.tuple_(commands.c.subject, commands.c.key).in_(sa.bindparam("places", expanding=True))
)
_LEASE: Final = (
    sa.update(commands)
    .where(commands.c.id.in_(_IDS))
    .values(
        tries=commands.c.tries + 1,
        first_tried_at=sa.func.coalesce(commands.c.first_tried_at, _MOMENT),
        last_tried_at=_MOMENT,
        lease_owner=sa.bindparam("owner"),
        lease_until=sa.bindparam("until"),
        again_due=None,
    )
)


def _due() -> sa.Select[Any]:
    """Select what may be claimed, the most urgent first; each half has its partial index."""
    names = ("id", "subject", "body", "tries", "first_tried_at", "priority", "due")
    columns = [commands.c[name] for name in names]
    due = sa.union_all(
        sa.select(*columns).where(is_free(), commands.c.due <= _MOMENT),
        sa.select(*columns).where(is_held(), commands.c.lease_until <= _MOMENT),
    ).subquery()
    in_order = sa.select(due).order_by(due.c.priority, due.c.due, due.c.id)
    return in_order.limit(sa.bindparam("most"))


_DUE: Final = _due()


def ask(connection: sa.Connection, wanted: Sequence[NewCommand]) -> list[ClaimedCommand]:
    """Store commands, each subject and key once; return those that their asker now holds."""
    if not wanted:
        return []
    known = _known(connection, wanted)
    results = [
        result
        for new in wanted
        if (result := asked(known.get((new.subject, new.command.key)), new)) is not None
    ]
    ours = [it.row for it in results if it.is_claimed]
    # All in the order in which they were asked for, since that is the order of their ids.
    ids = _put(connection, [it.row for it in results], with_ids=bool(ours))
    return [
        ClaimedCommand(
            id=ids[row.subject, row.command.key],
            subject=row.subject,
            command=row.command,
            tries=row.tries,
            first_tried_at=row.first_tried_at or row.due,
        )
        for row in ours
    ]


def claim(
    connection: sa.Connection, owner: str, now: datetime, until: datetime, limit: int
) -> list[ClaimedCommand]:
    """Lease due commands, the most urgent first."""
    moment = to_micros(now)
    rows = connection.execute(_DUE, {"moment": moment, "most": limit}).all()
    if not rows:
        return []
    connection.execute(
        _LEASE,
        {
            "ids": [row.id for row in rows],
            "moment": moment,
            "owner": owner,
            "until": to_micros(until),
        },
    )
    return [
        ClaimedCommand(
            id=row.id,
            subject=row.subject,
            command=codec.decode_command(row.body),
            tries=row.tries + 1,
            first_tried_at=now
            if row.first_tried_at is None
            else from_micros(row.first_tried_at),
        )
        for row in rows
    ]


def take_back(connection: sa.Connection, owner: str) -> int:
    """Release all leases of one owner; return how many."""
    statement = sa.update(commands).where(is_held(), commands.c.lease_owner == owner)
    return connection.execute(statement.values(**_UNHELD)).rowcount


def postpone(connection: sa.Connection, command_id: int, due: datetime, why: str) -> None:
    """Release a lease and make the command due later."""
    connection.execute(
        sa.update(commands)
        .where(commands.c.id == command_id, commands.c.status == CommandStatus.OPEN.value)
        .values(due=to_micros(due), note=why, **_UNHELD)
    )


def keys_of(connection: sa.Connection, subject: str) -> list[str]:
    """Return the keys of all commands of a subject, in the order of keys."""
    found = connection.execute(sa.select(commands.c.key).where(commands.c.subject == subject))
    return sorted(found.scalars())


def next_due(connection: sa.Connection) -> datetime | None:
    """Return when the next command is due that nobody holds."""
    return from_micros(connection.execute(_NEXT_DUE).scalar())


def tick_off(connection: sa.Connection, ids: Sequence[int]) -> None:
    """Note that commands are done; a level that was asked for meanwhile opens again."""
    if not ids:
        return
    connection.execute(_TICK_OFF, {"ids": ids})
    connection.execute(_OPEN_AGAIN, {"ids": ids})


def set_aside(connection: sa.Connection, failed: Sequence[tuple[int, str]]) -> None:
    """Note that commands failed for good; there are few of these, so one at a time."""
    is_again = commands.c.again_due.is_not(None)
    for command_id, why in failed:
        connection.execute(
            sa.update(commands)
            .where(commands.c.id == command_id, *_IS_CURRENT)
            .values(
                status=sa.case(
                    (is_again, CommandStatus.OPEN.value), else_=CommandStatus.FAILED.value
                ),
                due=sa.func.coalesce(commands.c.again_due, commands.c.due),
                note=why,
                **_UNHELD,
            )
        )


def _known(
    connection: sa.Connection, wanted: Sequence[NewCommand]
) -> dict[tuple[str, str], CommandRow]:
    """Return the stored rows of these subjects and keys."""
    places = {(new.subject, new.command.key): new for new in wanted}
    rows = connection.execute(_KNOWN, {"places": list(places)})
    return {
        (row.subject, row.key): CommandRow(
            id=row.id,
            subject=row.subject,
            command=places[row.subject, row.key].command,
            due=from_micros(row.due),
            priority=row.priority,
            status=CommandStatus(row.status),
            tries=row.tries,
            first_tried_at=from_micros(row.first_tried_at),
            last_tried_at=from_micros(row.last_tried_at),
            lease_owner=row.lease_owner,
            lease_until=from_micros(row.lease_until),
            again_due=from_micros(row.again_due),
            note=row.note,
        )
        for row in rows
    }


def _put(
    connection: sa.Connection, rows: Sequence[CommandRow], *, with_ids: bool = False
) -> dict[tuple[str, str], int]:
    """Insert rows, or bring those that are known up to date, all in one statement."""
    if not rows:
        return {}
    statement = upsert_into(connection, commands, ("subject", "key"), _CHANGING)
    values = [_values(row) for row in rows]
    if not with_ids:
        connection.execute(statement, values)
        return {}
    returned = connection.execute(_with_id(statement), values)
    return {(subject, key): command_id for command_id, subject, key in returned}


@cache
def _with_id(insert: sqlite.Insert) -> ReturningInsert[int, str, str]:
    return insert.returning(commands.c.id, commands.c.subject, commands.c.key)


def _values(row: CommandRow) -> dict[str, Any]:
    return {
        "subject": row.subject,
        "key": row.command.key,
        "kind": type(row.command).__name__,
        "body": codec.encode_command(row.command),
        "due": to_micros(row.due),
        "priority": row.priority,
        "status": row.status.value,
        "tries": row.tries,
        "first_tried_at": to_micros(row.first_tried_at),
        "last_tried_at": to_micros(row.last_tried_at),
        "lease_owner": row.lease_owner,
        "lease_until": to_micros(row.lease_until),
        "again_due": to_micros(row.again_due),
        "note": row.note,
    }
