"""Chains the journals: each entry gets a digest over itself and the one before it.

What was written before is chained as it is found; from then on nothing can be changed unseen.
"""

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ENTRIES = sa.table(
    "journal",
    sa.column("orchestration_id", sa.Text),
    sa.column("seq", sa.BigInteger),
    sa.column("event", sa.Text),
    sa.column("digest", sa.Text),
)
_WHOLES = sa.table("orchestrations", sa.column("id", sa.Text), sa.column("chain", sa.Text))


def upgrade() -> None:
    """Add the digests, and work out those of what there is."""
    op.add_column(
        "orchestrations", sa.Column("chain", sa.Text(), server_default="", nullable=False)
    )
    op.add_column("journal", sa.Column("digest", sa.Text(), server_default="", nullable=False))
    connection = op.get_bind()
    for (key,) in connection.execute(sa.select(_WHOLES.c.id)).all():
        _chain(connection, key)


def _chain(connection: sa.Connection, key: str) -> None:
    rows = connection.execute(
        sa.select(_ENTRIES.c.seq, _ENTRIES.c.event)
        .where(_ENTRIES.c.orchestration_id == key)
        .order_by(_ENTRIES.c.seq)
    ).all()
    head = ""
    for seq, event in rows:
        # The form of `app.core.audit`, written out: a migration stays what it was.
        whole = f"{head}\n{key}\n{seq}\n{event}"
        head = hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()
        connection.execute(
            sa.update(_ENTRIES)
            .where(_ENTRIES.c.orchestration_id == key, _ENTRIES.c.seq == seq)
            .values(digest=head)
        )
    connection.execute(sa.update(_WHOLES).where(_WHOLES.c.id == key).values(chain=head))
