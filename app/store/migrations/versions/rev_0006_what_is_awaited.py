"""Deliveries that wait until their repository was read, and repositories that cannot be."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, and the way to the deliveries that wait."""
    op.add_column("deliveries", sa.Column("waits_for", sa.Text(), nullable=True))
    woken = sa.Column("woken", sa.Integer(), nullable=False, server_default="0")
    op.add_column("deliveries", woken)
    unreadable = sa.Column("unreadable", sa.Text(), nullable=False, server_default="")
    op.add_column("repositories", unreadable)
    is_waiting = sa.text("status = 'parked' AND waits_for IS NOT NULL")
    op.create_index(
        "ix_deliveries_waiting",
        "deliveries",
        ["waits_for"],
        sqlite_where=is_waiting,
        postgresql_where=is_waiting,
    )
