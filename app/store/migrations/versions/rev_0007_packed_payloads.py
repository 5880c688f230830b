"""Payloads are packed by us; what they take in memory has a column of its own."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, and have PostgreSQL neither pack nor move what fits into a page."""
    size = sa.Column("size", sa.BigInteger(), nullable=False, server_default="0")
    op.add_column("payloads", size)
    op.execute("UPDATE payloads SET size = length(body)")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE payloads ALTER COLUMN body SET STORAGE EXTERNAL")
        # https://www.postgresql.org/docs/current/storage-toast.html#STORAGE-TOAST-ONDISK
        op.execute("ALTER TABLE payloads SET (toast_tuple_target = 8160)")
