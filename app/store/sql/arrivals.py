"""Reading deliveries that are to be worked off; those that just came in are still at hand."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Final

import sqlalchemy as sa

from app.ports import Delivery
from app.store.bounded import fitting
from app.store.moments import from_micros
from app.store.packing import unpack
from app.store.schema import deliveries, is_new, payloads
from app.store.sql.direct import Direct
from app.store.sql.many import Among, InOneRow, beside
from app.store.sql.remembered import Deliveries

# Put together once: SQLAlchemy takes longer for that than SQLite for carrying them out.
_NEW: Final = (
    sa.select(deliveries.c.id, deliveries.c.woken)
    .where(is_new())
    .order_by(deliveries.c.seq)
    .limit(beside("most", sa.Integer()))
)
_NEW_IN_ONE_ROW: Final = InOneRow(_NEW)
_DIRECTLY: Final = Direct(_NEW)
# Whoever works them off holds the rows, and passes over what another replica holds.
_UNHELD: Final = Direct(_NEW.with_for_update(skip_locked=True))
_SIZES: Final = Among(
    (deliveries.c.id,),
    lambda known: (
        sa.select(deliveries.c.id, payloads.c.size)
        .join_from(deliveries, payloads, payloads.c.delivery_seq == deliveries.c.seq)
        .where(known)
    ),
)
_WHOLE: Final = Among(
    (deliveries.c.id,),
    lambda known: (
        sa.select(
            deliveries.c.id, deliveries.c.event, payloads.c.body, deliveries.c.received_at
        )
        .join_from(deliveries, payloads, payloads.c.delivery_seq == deliveries.c.seq)
        .where(known)
    ),
    are_large=True,
)


def read_new(
    connection: sa.Connection,
    limit: int,
    at_hand: Deliveries,
    *,
    hold: bool = False,
    but: Collection[str] = (),
) -> list[Delivery]:
    """Return the oldest new deliveries but some; hold them, where others work them off, too.

    What is at hand is little; of what has to be read no more is than fits.
    """
    new = _keys(connection, limit + len(but), hold)
    woken = dict([each for each in new if each[0] not in but][:limit])
    found = {key: it for key in woken if (it := at_hand.one(key)) is not None}
    missing = [key for key in woken if key not in found]
    if missing:
        sizes = {**dict(_SIZES.rows(connection, missing)), **_sizes(found)}
        for key in list(woken)[fitting(sizes[key] for key in woken) :]:
            del woken[key]
        missing = [key for key in missing if key in woken]
    for key, event, body, received_at in _WHOLE.rows(connection, missing):
        found[key] = Delivery(
            id=key, event=event, body=unpack(body), received_at=from_micros(received_at)
        )
    # Few are woken at all, and no more than a few times.
    return [
        replace(found[key], woken=times) if times else found[key]
        for key, times in woken.items()
    ]


def _sizes(found: Mapping[str, Delivery]) -> dict[str, int]:
    return {key: len(it.body) for key, it in found.items()}


def _keys(connection: sa.Connection, limit: int, hold: bool) -> list[tuple[str, int]]:
    most = {"most": limit}
    if connection.dialect.name == "sqlite":
        result = connection.execute(_NEW_IN_ONE_ROW.select, most)
        return [(row.id, row.woken) for row in _NEW_IN_ONE_ROW.rows(result)]
    rows = (_UNHELD if hold else _DIRECTLY).rows(connection, most)
    return [(row.id, row.woken) for row in rows]
