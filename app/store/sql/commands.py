"""The command rows in a database: asked for, claimed, postponed, ticked off.

What becomes of a row is said in `rows`. Where that can be had in one statement for many
rows it is written here once more, in SQL; the contract suite holds the two together.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias

import sqlalchemy as sa

from app.core.commands import LEVELS
from app.ports import ClaimedCommand, Conflict, NewCommand
from app.store import codec
from app.store.moments import MICROSECOND, from_micros, to_micros
from app.store.rows import LEVEL_KINDS, CommandRow, CommandStatus, asked
from app.store.schema import commands, is_free, is_held
from app.store.sql.leases import OWNER, UNHELD, UNTIL, Leases
from app.store.sql.many import Among, Rows, beside, or_change, or_leave

Place: TypeAlias = tuple[str, str]
"""A subject and a key."""
ASKED_MAX: Final = 10
"""Somebody else may be first now and then, but hardly ten times in a row."""

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
    "held_until",
)
_KEY: Final = ("subject", "key")
_STORED: Final = (*_KEY, "kind", *_CHANGING, "note")
# Put together once: SQLAlchemy takes longer for that than SQLite for carrying them out.
_NEW: Final = Rows(commands, _STORED, or_leave(*_KEY))
_CHANGED: Final = Rows(commands, _STORED, or_change(_KEY, _CHANGING))
_KNOWN_OF: Final = ("id", *_KEY, *(name for name in _CHANGING if name != "body"), "note")
_RETURNED: Final = (commands.c.id, commands.c.subject, commands.c.key)
_NEW_WITH_IDS: Final = Rows(
    commands, _STORED, lambda insert: or_leave(*_KEY)(insert).returning(*_RETURNED)
)
_CHANGED_WITH_IDS: Final = Rows(
    commands, _STORED, lambda insert: or_change(_KEY, _CHANGING)(insert).returning(*_RETURNED)
)
_MOMENT: Final = beside("moment", sa.BigInteger())
_LEASE_NOW: Final = sa.bindparam("lease_now", type_=sa.BigInteger)
_CLAIMED: Final = (
    "id", "subject", "body", "tries", "first_tried_at", "lease_until", "held_until",
    "priority", "due",
)  # fmt: skip
_IS_CURRENT: Final = (
    # Open, and not a level that was asked for again since this holder lost it.
    commands.c.status == CommandStatus.OPEN.value,
    sa.or_(commands.c.lease_owner.is_not(None), commands.c.kind.not_in(LEVEL_KINDS)),
)
_IS_AGAIN: Final = commands.c.again_due.is_not(None)
_TICK_OFF: Final = Among(
    (commands.c.id,),
    lambda known: (
        sa.update(commands)
        .where(known, *_IS_CURRENT)
        .values(
            status=sa.case((_IS_AGAIN, commands.c.status), else_=CommandStatus.DONE.value),
            due=sa.func.coalesce(commands.c.again_due, commands.c.due),
            tries=sa.case((_IS_AGAIN, 0), else_=commands.c.tries),
            first_tried_at=sa.case((_IS_AGAIN, None), else_=commands.c.first_tried_at),
            held_until=sa.case((_IS_AGAIN, None), else_=commands.c.held_until),
            **UNHELD,
        )
    ),
)
_IDS: Final = Among(
    (commands.c.subject, commands.c.key), lambda known: sa.select(*_RETURNED).where(known)
)
_NEXT_DUE: Final = sa.select(sa.func.min(commands.c.due)).where(is_free())
_KNOWN: Final = Among(
    (commands.c.subject, commands.c.key),
    lambda known: (
        sa.select(*(commands.c[name] for name in _KNOWN_OF))
        .where(known)
        .order_by(commands.c.subject, commands.c.key)  # so that no two wait for each other
        .with_for_update()
    ),
)
_LEASE: Final = Among(
    (commands.c.id,),
    lambda known: (
        sa.update(commands)
        .where(known)
        .values(
            tries=commands.c.tries + 1,
            first_tried_at=sa.func.coalesce(commands.c.first_tried_at, _MOMENT),
            last_tried_at=_MOMENT,
            lease_owner=OWNER,
            lease_until=UNTIL,
            again_due=None,
            held_until=sa.func.coalesce(commands.c.lease_until, commands.c.held_until),
        )
    ),
)


def _due() -> sa.Select[Any]:
    """Select what may be claimed, the most urgent first; each half has its partial index."""
    columns = [commands.c[name] for name in _CLAIMED]
    due = sa.union_all(
        sa.select(*columns).where(is_free(), commands.c.due <= _MOMENT),
        sa.select(*columns).where(is_held(), commands.c.lease_until <= _LEASE_NOW),
    ).subquery()
    in_order = sa.select(due).order_by(due.c.priority, due.c.due, due.c.id)
    return in_order.limit(sa.bindparam("most"))


def _due_for_one() -> sa.Select[Any]:
    """Select the same, passing over what another claims at this moment."""
    may_be_claimed = sa.or_(
        sa.and_(is_free(), commands.c.due <= _MOMENT),
        sa.and_(is_held(), commands.c.lease_until <= _LEASE_NOW),
    )
    in_order = (
        sa.select(*(commands.c[name] for name in _CLAIMED))
        .where(may_be_claimed)
        .order_by(commands.c.priority, commands.c.due, commands.c.id)
    )
    return in_order.limit(sa.bindparam("most")).with_for_update(skip_locked=True)


_DUE: Final = {"sqlite": _due(), "postgresql": _due_for_one()}


def ask(
    connection: sa.Connection, wanted: Mapping[Place, NewCommand], leases: Leases
) -> list[ClaimedCommand]:
    """Store commands by subject and key; return those that their asker now holds."""
    wanted = leases.on_their_clock(connection, wanted)
    ours: list[ClaimedCommand] = []
    may_be_known = _may_be_known(connection, wanted)
    for _ in range(ASKED_MAX):
        if not wanted:
            return ours
        known = _known(connection, may_be_known)
        results = {
            place: result
            for place, new in wanted.items()
            if (result := asked(known.get(place), new)) is not None
        }
        # All in the order in which they were asked for: that is the order of their ids.
        must_know = connection.dialect.name != "sqlite" or any(
            it.is_claimed for it in results.values()
        )
        rows = {place: it.row for place, it in results.items()}
        ids = _put(connection, rows, with_ids=must_know)
        if not must_know:
            return ours
        ours += [
            ClaimedCommand(
                id=ids[place],
                subject=it.row.subject,
                command=it.row.command,
                tries=it.row.tries,
                first_tried_at=it.row.first_tried_at or it.row.due,
                held_until=it.row.held_until,
            )
            for place, it in results.items()
            if it.is_claimed and place in ids
        ]
        # What another replica asked for in the meantime is known now, and looked at again.
        may_be_known = wanted = {place: wanted[place] for place in results if place not in ids}
    raise Conflict("commands were asked for by others, again and again")


def _may_be_known(
    connection: sa.Connection, wanted: Mapping[Place, NewCommand]
) -> Mapping[Place, NewCommand]:
    """Return what is to be looked for before it is stored.

    What is done once only is new, nearly always. PostgreSQL says of a row whether it was
    inserted; where it was not the row is looked for then.
    """
    if connection.dialect.name == "sqlite":
        return wanted
    return {place: new for place, new in wanted.items() if isinstance(new.command, LEVELS)}


def claim(
    connection: sa.Connection,
    owner: str,
    now: datetime,
    lease: timedelta,
    limit: int,
    leases: Leases,
) -> list[ClaimedCommand]:
    """Lease due commands, the most urgent first."""
    moment, lease_now = to_micros(now), leases.now(connection, now)
    given = {"moment": moment, "lease_now": lease_now, "most": limit}
    rows = connection.execute(_DUE[connection.dialect.name], given).all()
    if not rows:
        return []
    until = lease_now + lease // MICROSECOND
    ids = [row.id for row in rows]
    _LEASE.change(connection, ids, moment=moment, owner=owner, until=until)
    return [
        ClaimedCommand(
            id=row.id,
            subject=row.subject,
            command=codec.decode_command(row.body),
            tries=row.tries + 1,
            first_tried_at=now
            if row.first_tried_at is None
            else from_micros(row.first_tried_at),
            held_until=from_micros(row.lease_until or row.held_until),
        )
        for row in rows
    ]


def postpone(
    connection: sa.Connection,
    command_id: int,
    due: datetime,
    why: str,
    owner: str | None,
    tries: int | None,
) -> None:
    """Release a lease and make the command due later, if it is the owner's (still)."""
    statement = (
        sa.update(commands)
        .where(commands.c.id == command_id, commands.c.status == CommandStatus.OPEN.value)
        .values(due=to_micros(due), note=why, **UNHELD)
    )
    if owner is not None:
        statement = statement.where(commands.c.lease_owner == owner)
    if tries is not None:
        statement = statement.where(commands.c.tries == tries)
    connection.execute(statement)


def keys_of(connection: sa.Connection, subject: str) -> list[str]:
    """Return the keys of all commands of a subject, in the order of keys."""
    found = connection.execute(sa.select(commands.c.key).where(commands.c.subject == subject))
    return sorted(found.scalars())


def next_due(connection: sa.Connection) -> datetime | None:
    """Return when the next command is due that nobody holds."""
    return from_micros(connection.execute(_NEXT_DUE).scalar())


def tick_off(connection: sa.Connection, ids: Sequence[int]) -> None:
    """Note that commands are done; a level that was asked for meanwhile opens again."""
    _TICK_OFF.change(connection, ids)


def set_aside(connection: sa.Connection, failed: Sequence[tuple[int, str]]) -> None:
    """Note that commands failed for good; there are few of these, so one at a time."""
    for command_id, why in failed:
        connection.execute(
            sa.update(commands)
            .where(commands.c.id == command_id, *_IS_CURRENT)
            .values(
                status=sa.case(
                    (_IS_AGAIN, CommandStatus.OPEN.value), else_=CommandStatus.FAILED.value
                ),
                due=sa.func.coalesce(commands.c.again_due, commands.c.due),
                note=why,
                **UNHELD,
            )
        )


def _known(
    connection: sa.Connection, wanted: Mapping[Place, NewCommand]
) -> dict[Place, CommandRow]:
    """Return the stored rows of these subjects and keys."""
    rows = _KNOWN.rows(connection, sorted(wanted))
    return {
        (row.subject, row.key): CommandRow(
            id=row.id,
            subject=row.subject,
            command=wanted[row.subject, row.key].command,
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
            held_until=from_micros(row.held_until),
        )
        for row in rows
    }


def _put(
    connection: sa.Connection, rows: Mapping[Place, CommandRow], *, with_ids: bool
) -> dict[Place, int]:
    """Insert rows that are new, and bring those that are known up to date.

    Return the ids; a new row has none where another replica was first.
    """
    ids: dict[Place, int] = {}
    for is_known in (False, True):
        values = [
            _values(key, row) for (_, key), row in rows.items() if bool(row.id) is is_known
        ]
        if values:
            is_sqlite = connection.dialect.name == "sqlite"
            if with_ids and not is_sqlite:
                insert = _CHANGED_WITH_IDS if is_known else _NEW_WITH_IDS
            else:
                insert = _CHANGED if is_known else _NEW
            returned = insert.put(connection, values)
            if with_ids and is_sqlite:
                # One row in place of many, and nobody else writes meanwhile.
                returned = _IDS.rows(connection, [(it["subject"], it["key"]) for it in values])
            ids.update({(subject, key): found for found, subject, key in returned})
    return ids


def _values(key: str, row: CommandRow) -> dict[str, Any]:
    return {
        "subject": row.subject,
        "key": key,
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
        "held_until": to_micros(row.held_until),
    }
