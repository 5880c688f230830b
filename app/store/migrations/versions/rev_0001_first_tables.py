"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make everything."""
    _deliveries()
    _payloads()
    _orchestrations()
    _history()
    _commands()
    _dispatched()
    _catalogue()


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column(
            "seq",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("workflow_run_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("id", name=op.f("uq_deliveries_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_deliveries_ended",
        "deliveries",
        ["received_at"],
        unique=False,
        sqlite_where=sa.text("status != 'new'"),
        postgresql_where=sa.text("status != 'new'"),
    )
    op.create_index(
        "ix_deliveries_new",
        "deliveries",
        ["seq"],
        unique=False,
        sqlite_where=sa.text("status = 'new'"),
        postgresql_where=sa.text("status = 'new'"),
    )
    op.create_index(
        "ix_deliveries_parked",
        "deliveries",
        ["workflow_run_id"],
        unique=False,
        sqlite_where=sa.text("status = 'parked'"),
        postgresql_where=sa.text("status = 'parked'"),
    )


def _payloads() -> None:
    op.create_table(
        "payloads",
        sa.Column(
            "delivery_seq",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_seq"],
            ["deliveries.seq"],
            name=op.f("fk_payloads_delivery_seq"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("delivery_seq", name=op.f("pk_payloads")),
    )
    op.create_table(
        "changed_files",
        sa.Column("delivery_id", sa.Text(), nullable=False),
        sa.Column("files", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("delivery_id", name=op.f("pk_changed_files")),
    )


def _orchestrations() -> None:
    op.create_table(
        "orchestrations",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("definition_repository_id", sa.BigInteger(), nullable=False),
        sa.Column("definition_id", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orchestrations")),
        sa.UniqueConstraint(
            "definition_repository_id",
            "definition_id",
            "number",
            name="uq_orchestrations_place",
        ),
    )
    op.create_index(
        "ix_orchestrations_open",
        "orchestrations",
        ["started_at"],
        unique=False,
        sqlite_where=sa.text("is_open"),
        postgresql_where=sa.text("is_open"),
    )
    op.create_index(
        "ix_orchestrations_started_at", "orchestrations", ["started_at"], unique=False
    )


def _history() -> None:
    op.create_table(
        "texts",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_texts")),
    )
    op.create_table(
        "plans",
        sa.Column("orchestration_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["orchestration_id"], ["orchestrations.id"], name=op.f("fk_plans_orchestration_id")
        ),
        sa.ForeignKeyConstraint(["digest"], ["texts.digest"], name=op.f("fk_plans_digest")),
        sa.PrimaryKeyConstraint("orchestration_id", name=op.f("pk_plans")),
    )
    op.create_table(
        "journal",
        sa.Column("orchestration_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["orchestration_id"],
            ["orchestrations.id"],
            name=op.f("fk_journal_orchestration_id"),
        ),
        sa.PrimaryKeyConstraint("orchestration_id", "seq", name=op.f("pk_journal")),
        sqlite_with_rowid=False,
    )


def _commands() -> None:
    op.create_table(
        "commands",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("first_tried_at", sa.BigInteger(), nullable=True),
        sa.Column("last_tried_at", sa.BigInteger(), nullable=True),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("again_due", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commands")),
        sa.UniqueConstraint("subject", "key", name=op.f("uq_commands_subject_key")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_commands_free",
        "commands",
        ["due"],
        unique=False,
        sqlite_where=sa.text("status = 'open' AND lease_owner IS NULL"),
        postgresql_where=sa.text("status = 'open' AND lease_owner IS NULL"),
    )
    op.create_index(
        "ix_commands_held",
        "commands",
        ["lease_until"],
        unique=False,
        sqlite_where=sa.text("status = 'open' AND lease_owner IS NOT NULL"),
        postgresql_where=sa.text("status = 'open' AND lease_owner IS NOT NULL"),
    )


def _dispatched() -> None:
    op.create_table(
        "dispatched",
        sa.Column("marker", sa.Text(), nullable=False),
        sa.Column("orchestration_id", sa.Text(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("leg", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("workflow_run_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["orchestration_id"],
            ["orchestrations.id"],
            name=op.f("fk_dispatched_orchestration_id"),
        ),
        sa.PrimaryKeyConstraint("marker", name=op.f("pk_dispatched")),
    )
    op.create_index(
        op.f("ix_dispatched_workflow_run_id"), "dispatched", ["workflow_run_id"], unique=False
    )


def _catalogue() -> None:
    op.create_table(
        "repositories",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("default_branch", sa.Text(), nullable=False),
        sa.Column("installation_id", sa.BigInteger(), nullable=False),
        sa.Column("head_sha", sa.Text(), nullable=True),
        sa.Column("policy", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repositories")),
    )
    op.create_table(
        "definitions",
        sa.Column("repository_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("blob_sha", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("repository_id", "path", name=op.f("pk_definitions")),
    )
