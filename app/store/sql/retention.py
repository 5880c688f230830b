"""Dropping what is old, a little in each transaction, so that others get their turn.

Another replica may do the same at the same time: each passes over what the other has.
"""

from collections.abc import Collection
from typing import Any, Final

import sqlalchemy as sa

from app.core.audit import NO_DIGEST
from app.ports.keeping import HEARD_AGAIN_AFTER
from app.store.moments import MICROSECOND
from app.store.rows import CommandStatus
from app.store.schema import (
    changed_files,
    commands,
    deliveries,
    dispatched,
    interests,
    is_new,
    journal,
    orchestrations,
    payloads,
)

DELIVERIES_MAX: Final = 1_000
ENDED_MAX: Final = 100

_BEFORE: Final = sa.bindparam("before", type_=sa.BigInteger)
_OLD_DELIVERIES: Final = (
    sa.select(deliveries.c.seq, deliveries.c.id)
    .where(sa.not_(is_new()), deliveries.c.received_at < _BEFORE)
    .limit(DELIVERIES_MAX)
    .with_for_update(skip_locked=True)
)
# In order, so that no two wait for each other.
_HEARD_AGAIN: Final = (
    sa.update(deliveries)
    .where(
        deliveries.c.seq.in_(
            sa.select(deliveries.c.seq)
            .where(
                deliveries.c.id.in_(sa.bindparam("ids", expanding=True)),
                deliveries.c.received_at < _BEFORE,
            )
            .order_by(deliveries.c.seq)
            .with_for_update()
        )
    )
    .values(received_at=sa.bindparam("heard", type_=sa.BigInteger))
)
# What has no head has no journal any more; what began later has not ended before.
_ENDED: Final = (
    sa.select(orchestrations.c.id)
    .where(
        orchestrations.c.started_at < _BEFORE,
        orchestrations.c.ended_at < _BEFORE,
        orchestrations.c.chain != NO_DIGEST,
    )
    .limit(ENDED_MAX)
    .with_for_update(skip_locked=True)
)


def hear_again(connection: sa.Connection, ids: Collection[str], at: int) -> None:
    """Let deliveries that are known be as old as if they had come in only now."""
    before = at - HEARD_AGAIN_AFTER // MICROSECOND
    connection.execute(_HEARD_AGAIN, {"ids": list(ids), "before": before, "heard": at})


def drop_deliveries(connection: sa.Connection, before: int) -> int:
    """Drop some deliveries that ended, or were parked; return how many."""
    rows = connection.execute(_OLD_DELIVERIES, {"before": before}).all()
    ids, seqs = [row.id for row in rows], [row.seq for row in rows]
    connection.execute(sa.delete(changed_files).where(changed_files.c.delivery_id.in_(ids)))
    connection.execute(sa.delete(payloads).where(payloads.c.delivery_seq.in_(seqs)))
    connection.execute(sa.delete(deliveries).where(deliveries.c.seq.in_(seqs)))
    return len(rows)


def drop_ended(connection: sa.Connection, before: int) -> int:
    """Drop the journals and commands of some that ended; return of how many.

    Their last states stay, and so do their evidence packs.
    """
    ids: list[Any] = list(connection.execute(_ENDED, {"before": before}).scalars())
    if not ids:
        return 0
    last = sa.select(sa.func.max(journal.c.seq)).where(
        journal.c.orchestration_id == orchestrations.c.id
    )
    # Should one go on some day, its journal does, too.
    whole = sa.update(orchestrations).where(orchestrations.c.id.in_(ids))
    dropped = {
        "dropped": sa.func.coalesce(last.scalar_subquery(), orchestrations.c.dropped),
        "dropped_digest": orchestrations.c.chain,
    }
    connection.execute(whole.values(chain=NO_DIGEST, **dropped))
    for table in (journal, dispatched, interests):
        connection.execute(sa.delete(table).where(table.c.orchestration_id.in_(ids)))
    is_over = commands.c.status != CommandStatus.OPEN.value
    connection.execute(sa.delete(commands).where(commands.c.subject.in_(ids), is_over))
    return len(ids)
