"""The tables. `migrations` makes them; a test holds the two together.

Times are whole microseconds of UTC since 1970: the same on every database, and comparable.
What is large and never changes (payloads, plans, texts) stands in tables of its own, so that
an update does not write it again. Whatever is looked for while it is not done has an index
that holds only what is not done: the cost of an event does not grow with the past, nor with
what waits.
"""

from typing import Any, Final

import sqlalchemy as sa

REVISION: Final = "0009"
"""The newest migration, which `ready` asks for."""

METADATA: Final = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite counts up only where the type is called INTEGER; it holds 64 bits all the same.
_COUNT: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


class _WithoutNul(sa.TypeDecorator[str]):
    """Text for PostgreSQL, which cannot keep a NUL: strangers may well send one."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: sa.Dialect) -> str | None:
        return None if value is None else without_nul(value)


def without_nul(text: str) -> str:
    """Return a text with something in place of each NUL."""
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}") if "\x00" in text else text


TEXT: Final = sa.Text().with_variant(_WithoutNul(), "postgresql")


def looked_after(
    name: str, of: sa.Column[Any], ondelete: str | None = None
) -> sa.ForeignKeyConstraint:
    """Return a reference that SQLite looks after, and `save` where it is PostgreSQL.

    There each row is looked for by itself, which was a seventh of the server's work for an
    event; and whoever writes it has what it refers to in hand, in the same transaction.
    """
    return sa.ForeignKeyConstraint([name], [of], ondelete=ondelete).ddl_if(dialect="sqlite")


deliveries: Final = sa.Table(
    "deliveries",
    METADATA,
    sa.Column("seq", _COUNT, primary_key=True, autoincrement=True),
    sa.Column("id", TEXT, nullable=False, unique=True),
    sa.Column("event", TEXT, nullable=False),
    sa.Column("received_at", sa.BigInteger, nullable=False),
    sa.Column("status", TEXT, nullable=False),
    sa.Column("note", TEXT, nullable=False),
    sa.Column("workflow_run_id", sa.BigInteger),
    sa.Column("waits_for", TEXT),
    sa.Column("woken", sa.Integer, nullable=False, server_default="0"),
    sqlite_autoincrement=True,
)
payloads: Final = sa.Table(
    "payloads",
    METADATA,
    sa.Column("delivery_seq", _COUNT, primary_key=True, autoincrement=False),
    # Packed; `size` is what it takes when it is not.
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False, server_default="0"),
    looked_after("delivery_seq", deliveries.c.seq, ondelete="CASCADE"),
)
changed_files: Final = sa.Table(
    "changed_files",
    METADATA,
    sa.Column("delivery_id", TEXT, primary_key=True),
    sa.Column("files", TEXT, nullable=False),
)
orchestrations: Final = sa.Table(
    "orchestrations",
    METADATA,
    sa.Column("id", TEXT, primary_key=True),
    sa.Column("definition_repository_id", sa.BigInteger, nullable=False),
    sa.Column("definition_id", TEXT, nullable=False),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("name", TEXT, nullable=False),
    sa.Column("status", TEXT, nullable=False),
    sa.Column("is_open", sa.Boolean, nullable=False),
    sa.Column("started_at", sa.BigInteger, nullable=False),
    sa.Column("ended_at", sa.BigInteger),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("state", TEXT, nullable=False),
    sa.Column("correlation", TEXT),
    sa.Column("chain", TEXT, nullable=False, server_default=""),
    sa.Column("gate_since", sa.BigInteger),
    # How many entries its journal lost for their age, and the digest of the last of them.
    sa.Column("dropped", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("dropped_digest", TEXT, nullable=False, server_default=""),
    sa.UniqueConstraint(
        "definition_repository_id", "definition_id", "number", name="uq_orchestrations_place"
    ),
)
texts: Final = sa.Table(
    "texts",
    METADATA,
    sa.Column("digest", TEXT, primary_key=True),
    sa.Column("text", TEXT, nullable=False),
)
plans: Final = sa.Table(
    "plans",
    METADATA,
    sa.Column("orchestration_id", TEXT, sa.ForeignKey("orchestrations.id"), primary_key=True),
    sa.Column("digest", TEXT, sa.ForeignKey("texts.digest"), nullable=False),
    sa.Column("plan", TEXT, nullable=False),
)
journal: Final = sa.Table(
    "journal",
    METADATA,
    sa.Column("orchestration_id", TEXT, primary_key=True),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("kind", TEXT, nullable=False),
    sa.Column("event", TEXT, nullable=False),
    sa.Column("digest", TEXT, nullable=False, server_default=""),
    looked_after("orchestration_id", orchestrations.c.id),
    sqlite_with_rowid=False,
)
commands: Final = sa.Table(
    "commands",
    METADATA,
    sa.Column("id", _COUNT, primary_key=True, autoincrement=True),
    sa.Column("subject", TEXT, nullable=False),
    sa.Column("key", TEXT, nullable=False),
    sa.Column("kind", TEXT, nullable=False),
    sa.Column("body", TEXT, nullable=False),
    sa.Column("due", sa.BigInteger, nullable=False),
    sa.Column("priority", sa.Integer, nullable=False),
    sa.Column("status", TEXT, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("first_tried_at", sa.BigInteger),
    sa.Column("last_tried_at", sa.BigInteger),
    sa.Column("lease_owner", TEXT),
    sa.Column("lease_until", sa.BigInteger),
    sa.Column("again_due", sa.BigInteger),
    sa.Column("note", TEXT, nullable=False),
    sa.Column("held_until", sa.BigInteger),
    sa.UniqueConstraint("subject", "key"),
    sqlite_autoincrement=True,
)
dispatched: Final = sa.Table(
    "dispatched",
    METADATA,
    sa.Column("marker", TEXT, primary_key=True),
    sa.Column("orchestration_id", TEXT, nullable=False),
    sa.Column("task", TEXT, nullable=False),
    sa.Column("leg", TEXT, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("workflow_run_id", sa.BigInteger, index=True),
    looked_after("orchestration_id", orchestrations.c.id),
)
repositories: Final = sa.Table(
    "repositories",
    METADATA,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("name", TEXT, nullable=False),
    sa.Column("default_branch", TEXT, nullable=False),
    sa.Column("installation_id", sa.BigInteger, nullable=False),
    sa.Column("head_sha", TEXT),
    sa.Column("policy", TEXT),
    sa.Column("unreadable", TEXT, nullable=False, server_default=""),
)
definitions: Final = sa.Table(
    "definitions",
    METADATA,
    sa.Column("repository_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("path", TEXT, primary_key=True),
    sa.Column("blob_sha", TEXT, nullable=False),
    sa.Column("text", TEXT, nullable=False),
)
shared: Final = sa.Table(
    "shared",
    METADATA,
    sa.Column("subject", TEXT, primary_key=True),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("state", TEXT, nullable=False),
)
members: Final = sa.Table(
    "members",
    METADATA,
    sa.Column("subject", TEXT, primary_key=True),
    sa.Column("orchestration_id", TEXT, primary_key=True, index=True),
    sqlite_with_rowid=False,
)
interests: Final = sa.Table(
    "interests",
    METADATA,
    sa.Column("event", TEXT, primary_key=True),
    sa.Column("repository_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("orchestration_id", TEXT, primary_key=True, index=True),
    sqlite_with_rowid=False,
)
reports: Final = sa.Table(
    "reports",
    METADATA,
    sa.Column("orchestration_id", TEXT, sa.ForeignKey("orchestrations.id"), primary_key=True),
    sa.Column("name", TEXT, primary_key=True),
    sa.Column("format", TEXT, primary_key=True),
    sa.Column("made_at", sa.BigInteger, nullable=False),
    sa.Column("text", TEXT, nullable=False),
)
turns: Final = sa.Table(
    "turns",
    METADATA,
    sa.Column("name", TEXT, primary_key=True),
    sa.Column("due", sa.BigInteger, nullable=False),
    sa.Column("note", TEXT, nullable=False),
)


def is_new() -> sa.ColumnElement[bool]:
    """Deliveries that wait to be applied; spelled out, as partial indexes need it."""
    return deliveries.c.status == sa.literal_column("'new'")


def is_parked() -> sa.ColumnElement[bool]:
    """Deliveries that wait for a workflow run, or for something that is to be read."""
    return deliveries.c.status == sa.literal_column("'parked'")


def is_waiting() -> sa.ColumnElement[bool]:
    """Deliveries that wait for a repository, or for the list of an installation's."""
    return sa.and_(is_parked(), deliveries.c.waits_for.is_not(None))


def is_failed(table: sa.Table) -> sa.ColumnElement[bool]:
    """Deliveries or commands that were set aside."""
    return table.c.status == sa.literal_column("'failed'")


def is_free() -> sa.ColumnElement[bool]:
    """Commands that are to be done and that nobody holds."""
    return sa.and_(
        commands.c.status == sa.literal_column("'open'"), commands.c.lease_owner.is_(None)
    )


def is_held() -> sa.ColumnElement[bool]:
    """Commands that are to be done and that somebody holds, maybe for too long."""
    return sa.and_(
        commands.c.status == sa.literal_column("'open'"), commands.c.lease_owner.is_not(None)
    )


def is_open() -> sa.TextClause:
    """Orchestrations that have not ended; as text, since SQLAlchemy would compare with 1."""
    return sa.text("is_open")


def is_joinable() -> sa.TextClause:
    """Orchestrations that events may join by a key."""
    return sa.text("is_open AND correlation IS NOT NULL")


def _partial(
    name: str, *columns: sa.Column[Any], where: sa.ColumnElement[bool] | sa.TextClause
) -> None:
    sa.Index(name, *columns, sqlite_where=where, postgresql_where=where)


_partial("ix_deliveries_new", deliveries.c.seq, where=is_new())
_partial("ix_deliveries_parked", deliveries.c.workflow_run_id, where=is_parked())
_partial("ix_deliveries_waiting", deliveries.c.waits_for, where=is_waiting())
_partial("ix_deliveries_ended", deliveries.c.received_at, where=sa.not_(is_new()))
_partial("ix_deliveries_failed", deliveries.c.received_at, where=is_failed(deliveries))
_partial("ix_commands_failed", commands.c.last_tried_at, where=is_failed(commands))
_partial("ix_orchestrations_open", orchestrations.c.started_at, where=is_open())
_partial("ix_commands_free", commands.c.due, where=is_free())
_partial("ix_commands_held", commands.c.lease_until, where=is_held())
_partial(
    "ix_orchestrations_joinable",
    orchestrations.c.definition_repository_id,
    orchestrations.c.definition_id,
    orchestrations.c.correlation,
    where=is_joinable(),
)
sa.Index("ix_orchestrations_started_at", orchestrations.c.started_at)
