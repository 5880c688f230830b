"""How deliveries end in the database, and what wakes those that are parked."""

from typing import Final
from zlib import crc32

import orjson
import sqlalchemy as sa

from app.ports import Batch, Conflict
from app.store.schema import (
    TEXT,
    changed_files,
    deliveries,
    dispatched,
    is_parked,
    is_waiting,
    repositories,
)
from app.store.sql.lists import DirectLists
from app.store.sql.many import Among, Rows, beside, or_change

SUBJECTS_APART: Final = 64
"""Of thousands of repositories at once each lock would take PostgreSQL's memory."""

_END_DELIVERIES: Final = Among(
    (deliveries.c.id,),
    lambda known: (
        sa.update(deliveries)
        .where(known)
        .values(
            status=beside("new_status", TEXT),
            note=beside("new_note", TEXT),
            workflow_run_id=beside("run_id", sa.BigInteger()),
            waits_for=beside("new_waits_for", TEXT),
        )
    ),
)
_WAKE: Final = (
    sa.update(deliveries)
    .where(is_parked())
    .values(status="new", workflow_run_id=None, waits_for=None)
)
_LOCK: Final = DirectLists(
    {"awaited": sa.BigInteger()},
    lambda arrays: sa.select(
        sa.func.pg_advisory_xact_lock(sa.func.unnest(*arrays).column_valued("one"))
    ),
)
_CHANGED_FILES: Final = Rows(
    changed_files, changed_files.columns.keys(), or_change(["delivery_id"], ["files"])
)
_WAKE_BY_ID: Final = Among((deliveries.c.id,), _WAKE.where)
_WAKE_BY_SUBJECT: Final = Among(
    (deliveries.c.waits_for,),
    lambda known: _WAKE.where(is_waiting(), known).values(woken=deliveries.c.woken + 1),
)
_WAKE_BY_RUN: Final = Among((deliveries.c.workflow_run_id,), _WAKE.where)
_READ_BY_NOW: Final = Among(
    (repositories.c.id,),
    lambda known: sa.select(repositories.c.name).where(
        known, sa.or_(repositories.c.head_sha.is_not(None), repositories.c.unreadable != "")
    ),
)

_KNOWN_BY_NOW: Final = Among((repositories.c.id,), sa.select(repositories.c.name).where)


def end_deliveries(connection: sa.Connection, batch: Batch) -> None:
    """Save how deliveries ended, and wake those that waited for what is known now.

    Raises `Conflict` where one is to wait for what somebody else has read meanwhile.
    """
    _wait_for_each_other(connection, batch)
    by_now = _READ_BY_NOW.rows(connection, batch.unread)
    by_now += _KNOWN_BY_NOW.rows(connection, batch.uncovered)
    if by_now:
        raise Conflict(f"{by_now[0].name} has become known meanwhile")
    # Nearly all end alike, so this is one statement, or a few.
    alike: dict[tuple[str, str, int | None, str | None], list[str]] = {}
    for done in batch.deliveries:
        way = (done.status.value, done.note, done.workflow_run_id, done.waits_for or None)
        alike.setdefault(way, []).append(done.id)
    for (status, note, workflow_run_id, waits_for), ids in alike.items():
        _END_DELIVERIES.change(
            connection,
            ids,
            new_status=status,
            new_note=note,
            run_id=workflow_run_id,
            new_waits_for=waits_for,
        )
    if found := dict(batch.changed_files):
        listed = [
            {"delivery_id": key, "files": orjson.dumps(files).decode()}
            for key, files in found.items()
        ]
        _CHANGED_FILES.put(connection, listed)
        _WAKE_BY_ID.change(connection, list(found))
    woken = [*batch.wake_workflow_runs, *_known_by_now(connection, batch)]
    _WAKE_BY_RUN.change(connection, woken)
    _WAKE_BY_SUBJECT.change(connection, dict.fromkeys(batch.wake_subjects))


def _known_by_now(connection: sa.Connection, batch: Batch) -> list[int]:
    """Return the workflow runs of parked deliveries that another replica has learned of."""
    parked = [done.workflow_run_id for done in batch.deliveries if done.workflow_run_id]
    if not parked or connection.dialect.name != "postgresql":
        return []
    run = dispatched.c.workflow_run_id
    return list(connection.execute(sa.select(run).where(run.in_(parked))).scalars())


def _wait_for_each_other(connection: sa.Connection, batch: Batch) -> None:
    """Let who parks a delivery, and who learns what it waits for, not pass by.

    Of two replicas that do so at once the second sees what the first has saved.
    """
    if connection.dialect.name != "postgresql":
        return
    awaited = {done.workflow_run_id for done in batch.deliveries if done.workflow_run_id}
    awaited.update(batch.wake_workflow_runs)
    subjects = {done.waits_for for done in batch.deliveries if done.waits_for}
    awaited.update(map(_place_of, subjects.union(batch.wake_subjects)))
    if awaited:
        _LOCK.rows(connection, {"awaited": sorted(awaited)}, {})


def _place_of(subject: str) -> int:
    """Return a number for a subject that is no workflow run's: below 0."""
    return -1 - crc32(subject.encode()) % SUBJECTS_APART
