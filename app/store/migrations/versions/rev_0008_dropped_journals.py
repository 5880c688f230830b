"""Of a journal that was dropped for its age it is kept how long it was, and its head."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both columns."""
    dropped = sa.Column("dropped", sa.BigInteger(), nullable=False, server_default="0")
    op.add_column("orchestrations", dropped)
    digest = sa.Column("dropped_digest", sa.Text(), nullable=False, server_default="")
    op.add_column("orchestrations", digest)
