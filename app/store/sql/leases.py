"""Leases on commands: on whose clock they run out, renewed, asked for, given up."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from app.core.copying import replace
from app.ports import NewCommand
from app.store.moments import EPOCH, MICROSECOND, from_micros, to_micros
from app.store.schema import TEXT, commands, is_held
from app.store.sql.direct import Direct
from app.store.sql.many import Among, beside

UNHELD: Final = {"lease_owner": None, "lease_until": None, "again_due": None}
OWNER: Final = beside("owner", TEXT)
UNTIL: Final = beside("until", sa.BigInteger())
_RENEW: Final = Among(
    (commands.c.id,),
    lambda known: (
        sa.update(commands)
        .where(known, is_held(), commands.c.lease_owner == OWNER)
        .values(lease_until=UNTIL)
    ),
)
_HELD_UNTIL: Final = sa.select(commands.c.lease_until).where(
    commands.c.id == sa.bindparam("command_id"),
    is_held(),
    commands.c.lease_owner == sa.bindparam("owner"),
    commands.c.tries == sa.bindparam("number"),
)
_NOW: Final = sa.extract("epoch", sa.func.clock_timestamp()) * 1_000_000
_DATABASE_NOW: Final = Direct(sa.select(sa.cast(_NOW, sa.BigInteger).label("moment")))


class Leases:
    """On whose clock leases run out: the asker's, or the database's, which all share."""

    def __init__(self, *, are_of_database: bool) -> None:
        self._are_of_database = are_of_database

    def now(self, connection: sa.Connection, now: datetime) -> int:
        """Return the moment on that clock."""
        if not self._are_of_database:
            return to_micros(now)
        moment: int = _DATABASE_NOW.rows(connection, {})[0].moment
        return moment

    def on_their_clock(
        self, connection: sa.Connection, wanted: Mapping[tuple[str, str], NewCommand]
    ) -> Mapping[tuple[str, str], NewCommand]:
        """Move the leases of new commands to that clock: they begin now."""
        is_same = all(new.lease_owner is None for new in wanted.values())
        if not self._are_of_database or is_same:
            return wanted
        now = from_micros(self.now(connection, EPOCH))
        return {
            place: new
            if new.lease_until is None
            else replace(new, lease_until=now + (new.lease_until - new.due))
            for place, new in wanted.items()
        }


def renew(
    connection: sa.Connection,
    ids: Sequence[int],
    owner: str,
    now: datetime,
    lease: timedelta,
    leases: Leases,
) -> int:
    """Lease for longer what an owner holds; return how many of these that are."""
    until = leases.now(connection, now) + lease // MICROSECOND
    return _RENEW.change(connection, ids, owner=owner, until=until)


def take_back(
    connection: sa.Connection, owner: str, now: datetime | None, leases: Leases
) -> int:
    """Release all leases of one owner; return how many."""
    statement = sa.update(commands).where(is_held(), commands.c.lease_owner == owner)
    until = commands.c.lease_until if now is None else leases.now(connection, now)
    changed = {**UNHELD, "held_until": until}
    return connection.execute(statement.values(**changed)).rowcount


def holds(
    connection: sa.Connection,
    command_id: int,
    owner: str,
    tries: int,
    now: datetime,
    leases: Leases,
) -> bool:
    """Tell whether an owner still holds a command that it claimed as try number `tries`."""
    given = {"command_id": command_id, "owner": owner, "number": tries}
    until = connection.execute(_HELD_UNTIL, given).scalar()
    # The time is asked for after that: should another be claiming it now, it has run out.
    return until is not None and until > leases.now(connection, now)
