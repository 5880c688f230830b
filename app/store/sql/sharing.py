"""What orchestrations share, what they listen to, what joins them, and their reports."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa

from app.core.interests import Interest
from app.core.values import OrchestrationId
from app.ports import Batch, Conflict, Correlation, Report, SavedShared, SharedChange
from app.store import codec
from app.store.moments import from_micros, to_micros
from app.store.schema import interests, is_joinable, members, orchestrations, reports, shared
from app.store.sql.many import Among, Rows, or_change, or_leave

# Put together once: SQLAlchemy takes longer for that than SQLite for carrying them out.
_SHARED: Final = Among(
    (shared.c.subject,),
    sa.select(shared.c.subject, shared.c.version, shared.c.state).where,
    are_large=True,
)
_VERSIONS: Final = Among(
    (shared.c.subject,), sa.select(shared.c.subject, shared.c.version).where
)
_LOCK_SHARED: Final = Among(
    (shared.c.subject,),
    lambda known: (
        sa.select(shared.c.subject, shared.c.version)
        .where(known)
        .order_by(shared.c.subject)
        .with_for_update()
    ),
)
_NEW_SHARED: Final = Rows(shared, shared.columns.keys())
_CHANGED_SHARED: Final = Rows(
    shared, shared.columns.keys(), or_change(["subject"], ["version", "state"])
)
_MEMBERSHIPS: Final = Among(
    (members.c.orchestration_id,),
    lambda known: (
        sa.select(members.c.orchestration_id, members.c.subject)
        .where(known)
        .order_by(members.c.subject)
    ),
)
_JOIN: Final = Rows(members, members.columns.keys(), or_leave("subject", "orchestration_id"))
_LISTEN: Final = Rows(interests, interests.columns.keys())
_FORGET_INTERESTS: Final = Among((interests.c.orchestration_id,), sa.delete(interests).where)
_REPORTS: Final = Rows(
    reports,
    reports.columns.keys(),
    or_change(["orchestration_id", "name", "format"], ["made_at", "text"]),
)
_LEAVE: Final = Among(
    (members.c.subject, members.c.orchestration_id),
    lambda gone: sa.delete(members).where(gone),
)
_TOPIC: Final = (interests.c.event, interests.c.repository_id, interests.c.number)
_INTERESTED: Final = Among(
    _TOPIC,
    lambda known: (
        sa.select(*_TOPIC, interests.c.orchestration_id)
        .where(known)
        .order_by(interests.c.orchestration_id)
    ),
)
_PLACE: Final = (
    orchestrations.c.definition_repository_id,
    orchestrations.c.definition_id,
    orchestrations.c.correlation,
)
_CORRELATED: Final = Among(
    _PLACE,
    lambda known: (
        sa.select(*_PLACE, orchestrations.c.id)
        .where(is_joinable(), known)
        .order_by(orchestrations.c.number)
    ),
)


def read_shared(
    connection: sa.Connection,
    subjects: Collection[str],
    remembered: Mapping[str, SavedShared],
) -> dict[str, SavedShared]:
    """Return those of these that there are; what is remembered as it is, is not read again."""
    versions = _VERSIONS.rows(connection, subjects)
    known = {
        name: remembered[name]
        for name, version in versions
        if name in remembered and remembered[name].version == version
    }
    outdated = [name for name, _ in versions if name not in known]
    if not outdated:
        return known
    rows = _SHARED.rows(connection, outdated)
    return {**known, **{row.subject: _saved(row) for row in rows}}


def read_kind(connection: sa.Connection, kind: str) -> list[SavedShared]:
    """Return all states whose names begin so."""
    query = sa.select(shared.c.version, shared.c.state).where(
        shared.c.subject.startswith(kind, autoescape=True)
    )
    return [_saved(row) for row in connection.execute(query.order_by(shared.c.subject))]


def read_memberships(
    connection: sa.Connection, ids: Collection[OrchestrationId]
) -> list[tuple[OrchestrationId, str]]:
    """Return the names of the states that these are members of."""
    return [
        (OrchestrationId(row.orchestration_id), row.subject)
        for row in _MEMBERSHIPS.rows(connection, ids)
    ]


def read_interested(
    connection: sa.Connection, topics: Collection[Interest]
) -> list[tuple[Interest, OrchestrationId]]:
    """Return who listens to any of these."""
    wanted = sorted((it.event, it.repository_id, it.number) for it in topics)
    return [
        (
            Interest(event=row.event, repository_id=row.repository_id, number=row.number),
            OrchestrationId(row.orchestration_id),
        )
        for row in _INTERESTED.rows(connection, wanted)
    ]


def read_correlated(
    connection: sa.Connection, keys: Collection[Correlation]
) -> dict[Correlation, OrchestrationId]:
    """Return the newest open orchestration of each key that has one."""
    return {
        (row.definition_repository_id, row.definition_id, row.correlation): OrchestrationId(
            row.id
        )
        for row in _CORRELATED.rows(connection, keys)
    }


def read_reports(connection: sa.Connection, key: OrchestrationId) -> list[Report]:
    """Return the evidence packs of an orchestration, the oldest first."""
    query = (
        sa.select(reports)
        .where(reports.c.orchestration_id == key)
        .order_by(reports.c.made_at, reports.c.name, reports.c.format)
    )
    return [
        Report(
            orchestration_id=OrchestrationId(row.orchestration_id),
            name=row.name,
            format=row.format,
            text=row.text,
            made_at=from_micros(row.made_at),
        )
        for row in connection.execute(query)
    ]


def save_sharing(connection: sa.Connection, batch: Batch, texts: Sequence[str | None]) -> None:
    """Save what a batch says of all this; `texts` are the shared states as text."""
    _save_shared(connection, batch.shared, texts)
    _save_interests(connection, batch)
    latest = {(it.orchestration_id, it.name, it.format): it for it in batch.reports}
    _REPORTS.put(connection, [_report_row(report) for report in latest.values()])


def shared_texts(batch: Batch) -> list[str | None]:
    """Write the shared states of a batch as text, before the database is locked."""
    return [
        None if change.state is None else codec.encode_shared(change.state)
        for change in batch.shared
    ]


def _save_shared(
    connection: sa.Connection, changes: Sequence[SharedChange], texts: Sequence[str | None]
) -> None:
    if not changes:
        return
    stored = _LOCK_SHARED.rows(connection, [change.subject for change in changes])
    found = {row.subject: row.version for row in stored}
    for change in changes:
        if found.get(change.subject, 0) != change.was:
            raise Conflict(f"{change.subject} was changed by another writer")
    gone = [change.subject for change in changes if change.state is None]
    if gone:
        connection.execute(sa.delete(shared).where(shared.c.subject.in_(gone)))
    kept = [
        {"subject": change.subject, "version": change.version, "state": text}
        for change, text in zip(changes, texts, strict=True)
        if text is not None
    ]
    # A new one that somebody else has made meanwhile is a conflict, and not to be replaced.
    _NEW_SHARED.put(connection, [row for row in kept if row["subject"] not in found])
    _CHANGED_SHARED.put(connection, [row for row in kept if row["subject"] in found])
    _save_members(connection, changes)


def _save_members(connection: sa.Connection, changes: Sequence[SharedChange]) -> None:
    gone = [(it.subject, member) for it in changes for member in sorted(it.left)]
    new = [
        {"subject": it.subject, "orchestration_id": member}
        for it in changes
        for member in sorted(it.joined)
    ]
    _LEAVE.change(connection, gone)
    _JOIN.put(connection, new)


def _save_interests(connection: sa.Connection, batch: Batch) -> None:
    if not batch.interests:
        return
    latest = dict(batch.interests)
    _FORGET_INTERESTS.change(connection, sorted(latest))
    rows = [
        {
            "event": each.event,
            "repository_id": each.repository_id,
            "number": each.number,
            "orchestration_id": key,
        }
        for key, found in latest.items()
        for each in sorted(found)
    ]
    _LISTEN.put(connection, rows)


def _saved(row: Any) -> SavedShared:
    return SavedShared(state=codec.decode_shared(row.state), version=row.version)


def _report_row(report: Report) -> dict[str, Any]:
    return {
        "orchestration_id": report.orchestration_id,
        "name": report.name,
        "format": report.format,
        "made_at": to_micros(report.made_at),
        "text": report.text,
    }
