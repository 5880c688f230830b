"""Reading journals: their events, and the entries as they are kept, for whoever checks them."""

import sqlalchemy as sa

from app.core.audit import NO_DIGEST, Chain, Link
from app.core.values import OrchestrationId
from app.ports import JournalEntry
from app.store import codec
from app.store.schema import journal, orchestrations


def entries(connection: sa.Connection, orchestration: OrchestrationId) -> list[JournalEntry]:
    """Return the events of a journal, in order."""
    rows = connection.execute(
        sa.select(journal.c.seq, journal.c.event)
        .where(journal.c.orchestration_id == orchestration)
        .order_by(journal.c.seq)
    )
    return [
        JournalEntry(orchestration_id=orchestration, seq=seq, event=codec.decode_event(event))
        for seq, event in rows
    ]


def chain(connection: sa.Connection, orchestration: OrchestrationId) -> Chain:
    """Return a journal as it is kept, with the head that it should have."""
    rows = connection.execute(
        sa.select(journal.c.seq, journal.c.event, journal.c.digest)
        .where(journal.c.orchestration_id == orchestration)
        .order_by(journal.c.seq)
    )
    links = [Link(seq=seq, text=text, digest=digest) for seq, text, digest in rows]
    known = connection.execute(
        sa.select(
            orchestrations.c.chain, orchestrations.c.dropped, orchestrations.c.dropped_digest
        ).where(orchestrations.c.id == orchestration)
    ).one_or_none()
    head, dropped, base = known or (NO_DIGEST, 0, NO_DIGEST)
    return Chain(head=head, links=links, dropped=dropped, base=base)
