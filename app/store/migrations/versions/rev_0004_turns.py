"""Turns of processes, what was set aside, and since when an orchestration waits at a gate.

What waited at a gate before is told from then on at which it is next saved.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table, the column and the ways to what was set aside."""
    op.create_table(
        "turns",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_turns"),
    )
    op.add_column("orchestrations", sa.Column("gate_since", sa.BigInteger(), nullable=True))
    for table, column in (("deliveries", "received_at"), ("commands", "last_tried_at")):
        is_failed = sa.text("status = 'failed'")
        op.create_index(
            f"ix_{table}_failed",
            table,
            [column],
            sqlite_where=is_failed,
            postgresql_where=is_failed,
        )
