"""What orchestrations share, what they listen to, what joins them, and their reports."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add to what there is."""
    _correlations()
    _shared()
    _interests()
    _reports()


def _correlations() -> None:
    op.add_column("orchestrations", sa.Column("correlation", sa.Text(), nullable=True))
    op.create_index(
        "ix_orchestrations_joinable",
        "orchestrations",
        ["definition_repository_id", "definition_id", "correlation"],
        unique=False,
        sqlite_where=sa.text("is_open AND correlation IS NOT NULL"),
        postgresql_where=sa.text("is_open AND correlation IS NOT NULL"),
    )


def _shared() -> None:
    op.create_table(
        "shared",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_shared")),
    )
    op.create_table(
        "members",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("orchestration_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "orchestration_id", name=op.f("pk_members")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_members_orchestration_id"), "members", ["orchestration_id"], unique=False
    )


def _interests() -> None:
    op.create_table(
        "interests",
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("repository_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("orchestration_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "event",
            "repository_id",
            "number",
            "orchestration_id",
            name=op.f("pk_interests"),
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_interests_orchestration_id"), "interests", ["orchestration_id"], unique=False
    )


def _reports() -> None:
    op.create_table(
        "reports",
        sa.Column("orchestration_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["orchestration_id"],
            ["orchestrations.id"],
            name=op.f("fk_reports_orchestration_id"),
        ),
        sa.PrimaryKeyConstraint("orchestration_id", "name", "format", name=op.f("pk_reports")),
    )
