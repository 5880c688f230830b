"""PostgreSQL compares texts byte by byte, refers to less, and leaves room for new states."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_LOOKED_AFTER_BY_US: Final = (
    ("payloads", "fk_payloads_delivery_seq"),
    ("journal", "fk_journal_orchestration_id"),
    ("dispatched", "fk_dispatched_orchestration_id"),
)
# No others: somebody may keep tables of their own beside ours.
_OURS: Final = (
    "changed_files",
    "commands",
    "definitions",
    "deliveries",
    "dispatched",
    "interests",
    "journal",
    "members",
    "orchestrations",
    "plans",
    "reports",
    "repositories",
    "shared",
    "texts",
    "turns",
)


def upgrade() -> None:
    """Change how PostgreSQL stores; SQLite has always compared bytes, and refers for little."""
    bind = op.get_bind()
    if bind.dialect.name != "postgresql":
        return
    for table, name in _LOOKED_AFTER_BY_US:
        op.drop_constraint(name, table)
    tables = sa.inspect(bind)
    for table in _OURS:
        texts = [
            it["name"] for it in tables.get_columns(table) if isinstance(it["type"], sa.Text)
        ]
        changes = ", ".join(f'ALTER COLUMN "{name}" TYPE text COLLATE "C"' for name in texts)
        op.execute(f"ALTER TABLE {table} {changes}")
    # So that a changed state finds room on its page, and no index has to be told where it is:
    # https://www.postgresql.org/docs/current/storage-hot.html
    op.execute("ALTER TABLE orchestrations SET (fillfactor = 40)")
