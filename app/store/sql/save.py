"""Writing to the database: deliveries that come in, and a batch of decisions.

Each kind of thing takes a fixed number of statements, however many there are of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert

from app.core.audit import NO_DIGEST, digest_of
from app.core.values import OrchestrationId
from app.ports import (
    Batch,
    ClaimedCommand,
    Conflict,
    Delivery,
    DeliveryStatus,
    Dispatched,
    JournalEntry,
    KnownRepository,
    Saved,
)
from app.store import codec
from app.store.moments import to_micros
from app.store.rows import gate_since, merged, orchestration_row
from app.store.schema import (
    changed_files,
    definitions,
    deliveries,
    dispatched,
    is_parked,
    journal,
    orchestrations,
    payloads,
    plans,
    repositories,
    texts,
)
from app.store.sql import commands as sql_commands
from app.store.sql.database import in_chunks, insert_into, upsert_into
from app.store.sql.sharing import save_sharing, shared_texts

Row = dict[str, Any]

# Put together once: SQLAlchemy takes longer for that than SQLite for carrying them out.
_IDS: Final[sa.BindParameter[Any]] = sa.bindparam("ids", expanding=True)
_INSERT_JOURNAL: Final = sa.insert(journal)
_INSERT_PLANS: Final = sa.insert(plans)
_INSERT_PAYLOADS: Final = sa.insert(payloads)
_LOCK_VERSIONS: Final = (
    sa.select(orchestrations.c.id, orchestrations.c.version, orchestrations.c.chain)
    .where(orchestrations.c.id.in_(_IDS))
    .order_by(orchestrations.c.id)  # so that no two wait for each other
    .with_for_update()
)
_INSERT_STATES: Final = sa.insert(orchestrations)
_SET_CHAIN: Final = (
    sa.update(orchestrations)
    .where(orchestrations.c.id == sa.bindparam("key"))
    .values(chain=sa.bindparam("head"))
)
_CHANGING: Final = (
    "name", "status", "is_open", "started_at", "ended_at", "version", "state", "chain",
    "gate_since",
)  # fmt: skip
_END_DELIVERIES: Final = (
    sa.update(deliveries)
    .where(deliveries.c.id.in_(_IDS))
    .values(
        status=sa.bindparam("new_status"),
        note=sa.bindparam("new_note"),
        workflow_run_id=sa.bindparam("run_id"),
    )
)
_WAKE: Final = (
    sa.update(deliveries).where(is_parked()).values(status="new", workflow_run_id=None)
)
_RUNS: Final = sa.func.unnest(
    sa.bindparam("runs", type_=postgresql.ARRAY(sa.BigInteger))
).column_valued("run")
_LOCK_RUNS: Final = sa.select(sa.func.pg_advisory_xact_lock(_RUNS))
_WAKE_BY_ID: Final = _WAKE.where(deliveries.c.id.in_(_IDS))
_WAKE_BY_RUN: Final = _WAKE.where(deliveries.c.workflow_run_id.in_(_IDS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A batch with its states and events as rows, made before the database is locked."""

    batch: Batch
    states: list[Row]
    texts: list[Row]
    plans: list[Row]
    journal: list[Row]
    shared: list[str | None]


def prepared(batch: Batch) -> Prepared:
    """Turn the larger parts of a batch into rows."""
    new = [saved.state.plan for saved in batch.states if saved.version == 1]
    return Prepared(
        batch=batch,
        states=[_state_row(saved) for saved in batch.states],
        texts=[
            {"digest": digest, "text": text}
            for digest, text in {plan.definition.digest: plan.text for plan in new}.items()
        ],
        plans=[
            {
                "orchestration_id": plan.id,
                "digest": plan.definition.digest,
                "plan": codec.encode_plan(plan),
            }
            for plan in new
        ],
        journal=[_journal_row(entry) for entry in batch.journal],
        shared=shared_texts(batch),
    )


def save(
    connection: sa.Connection, rows: Prepared, leases: sql_commands.Leases
) -> list[ClaimedCommand]:
    """Save a batch; return the commands stored as claimed.

    The order matters: a delivery is parked before it is woken, and a command is ticked off
    before the decision that follows from it asks for it again.
    """
    batch = rows.batch
    _save_states(connection, rows)
    save_sharing(connection, batch, rows.shared)
    _save_dispatched(connection, batch.dispatched)
    _save_catalogue(connection, batch)
    save_deliveries(connection, batch.arrivals)
    _end_deliveries(connection, batch)
    sql_commands.tick_off(connection, batch.commands_done)
    sql_commands.set_aside(connection, batch.commands_failed)
    return sql_commands.ask(connection, merged(batch), leases)


def save_deliveries(connection: sa.Connection, new: Sequence[Delivery]) -> list[bool]:
    """Save deliveries; false for each whose id was there already."""
    first: dict[str, Delivery] = {}
    for delivery in new:
        first.setdefault(delivery.id, delivery)
    if not first:
        return []
    inserted = connection.execute(
        _insert_deliveries(upsert_into(connection, deliveries, ("id",), ())),
        [
            {
                "id": delivery.id,
                "event": delivery.event,
                "received_at": to_micros(delivery.received_at),
                "status": DeliveryStatus.NEW.value,
                "note": "",
            }
            for delivery in first.values()
        ],
    ).all()
    if inserted:
        connection.execute(
            _INSERT_PAYLOADS,
            [{"delivery_seq": seq, "body": first[key].body} for key, seq in inserted],
        )
    fresh = {key for key, _ in inserted}
    return [_take(fresh, delivery.id) for delivery in new]


@cache
def _insert_deliveries(insert: sqlite.Insert) -> ReturningInsert[str, int]:
    return insert.returning(deliveries.c.id, deliveries.c.seq)


def _take(fresh: set[str], key: str) -> bool:
    """Tell whether an id is fresh, and no longer so the next time it is asked for."""
    is_fresh = key in fresh
    fresh.discard(key)
    return is_fresh


def _state_row(saved: Saved) -> Row:
    line = orchestration_row(saved.state)
    return {
        "id": line.id,
        "definition_repository_id": line.definition_repository_id,
        "definition_id": line.definition_id,
        "number": line.number,
        "name": line.name,
        "status": line.status,
        "is_open": not saved.state.has_ended,
        "started_at": to_micros(line.started_at),
        "ended_at": to_micros(line.ended_at),
        "version": saved.version,
        "state": codec.encode_state(saved.state),
        "correlation": saved.state.plan.correlation or None,
        "gate_since": to_micros(gate_since(saved.state)),
    }


def _journal_row(entry: JournalEntry) -> Row:
    return {
        "orchestration_id": entry.orchestration_id,
        "seq": entry.seq,
        "at": to_micros(entry.event.at),
        "kind": type(entry.event).__name__,
        "event": codec.encode_event(entry.event),
    }


def _save_states(connection: sa.Connection, rows: Prepared) -> None:
    seen = dict(rows.batch.seen)
    if not (rows.states or rows.journal or seen):
        return
    wanted = {row["id"]: row["version"] - 1 for row in rows.states}
    ids = dict.fromkeys([*wanted, *(row["orchestration_id"] for row in rows.journal)])
    concerned = sorted({*ids, *seen})
    stored = [
        row
        for result in in_chunks(connection, _LOCK_VERSIONS, "ids", concerned)
        for row in result
    ]
    found = {row.id: row.version for row in stored}
    for key, version in {**seen, **wanted}.items():
        if found.get(key, 0) != version:
            raise Conflict(f"{key} was changed by another writer")
    heads = _chain(rows, {row.id: row.chain for row in stored})
    for row in rows.states:
        row["chain"] = heads.get(row["id"], NO_DIGEST)
    # A new one that somebody else has made meanwhile is a conflict, and not to be replaced.
    if new := [row for row in rows.states if row["version"] == 1]:
        connection.execute(_INSERT_STATES, new)
    if changed := [row for row in rows.states if row["version"] > 1]:
        statement = upsert_into(connection, orchestrations, ("id",), _CHANGING)
        connection.execute(statement, changed)
    if rows.plans:
        connection.execute(upsert_into(connection, texts, ("digest",), ()), rows.texts)
        connection.execute(_INSERT_PLANS, rows.plans)
    if rows.journal:
        connection.execute(_INSERT_JOURNAL, rows.journal)
    # Whoever writes on a journal without a state, as a test may, must keep its chain whole.
    if loose := [key for key in ids if key not in wanted]:
        lines = [{"key": key, "head": heads[key]} for key in loose]
        connection.execute(_SET_CHAIN, lines)


def _chain(rows: Prepared, heads: dict[str, str]) -> dict[str, str]:
    """Chain the new entries to those that are stored. Return the new heads."""
    for row in rows.journal:
        key = row["orchestration_id"]
        before = heads.get(key, NO_DIGEST)
        digest = digest_of(before, OrchestrationId(key), row["seq"], row["event"])
        row["digest"] = heads[key] = digest
    return heads


def _save_dispatched(connection: sa.Connection, new: Sequence[Dispatched]) -> None:
    if not new:
        return
    # Of one marker twice in a batch the last counts, but an id once known stays known.
    latest: dict[str, Row] = {}
    for it in new:
        known = latest.get(it.marker, {}).get("workflow_run_id")
        latest[it.marker] = {
            "marker": it.marker,
            "orchestration_id": it.orchestration_id,
            "task": it.attempt.task,
            "leg": it.attempt.leg,
            "attempt": it.attempt.number,
            "workflow_run_id": it.workflow_run_id or known,
        }
    statement = _upsert_dispatched(insert_into(connection, dispatched))
    connection.execute(statement, list(latest.values()))


@cache
def _upsert_dispatched(insert: sqlite.Insert) -> sqlite.Insert:
    known = sa.func.coalesce(insert.excluded.workflow_run_id, dispatched.c.workflow_run_id)
    return insert.on_conflict_do_update(
        index_elements=["marker"], set_={"workflow_run_id": known}
    )


def _save_catalogue(connection: sa.Connection, batch: Batch) -> None:
    replaced = [repository_id for repository_id, _ in batch.definitions]
    if gone := batch.forget_repositories:
        connection.execute(sa.delete(repositories).where(repositories.c.id.in_(gone)))
    if emptied := gone + replaced:
        connection.execute(
            sa.delete(definitions).where(definitions.c.repository_id.in_(emptied))
        )
    if batch.repositories:
        latest = {it.repository.id: _repository_row(it) for it in batch.repositories}
        changing = ("name", "default_branch", "installation_id", "head_sha", "policy")
        statement = upsert_into(connection, repositories, ("id",), changing)
        connection.execute(statement, list(latest.values()))
    files = [
        {
            "repository_id": repository_id,
            "path": file.path,
            "blob_sha": file.blob_sha,
            "text": file.text,
        }
        for repository_id, found in dict(batch.definitions).items()
        for file in found
    ]
    if files:
        connection.execute(sa.insert(definitions), files)


def _repository_row(known: KnownRepository) -> Row:
    return {
        "id": known.repository.id,
        "name": known.repository.name,
        "default_branch": known.repository.default_branch,
        "installation_id": known.installation_id,
        "head_sha": known.head_sha,
        "policy": known.policy,
    }


def _end_deliveries(connection: sa.Connection, batch: Batch) -> None:
    _wait_for_each_other(connection, batch)
    # Nearly all end alike, so this is one statement, or a few.
    alike: dict[tuple[str, str, int | None], list[str]] = {}
    for done in batch.deliveries:
        way = (done.status.value, done.note, done.workflow_run_id)
        alike.setdefault(way, []).append(done.id)
    for (status, note, workflow_run_id), ids in alike.items():
        ended = {"new_status": status, "new_note": note, "run_id": workflow_run_id, "ids": ids}
        connection.execute(_END_DELIVERIES, ended)
    if found := dict(batch.changed_files):
        connection.execute(
            upsert_into(connection, changed_files, ("delivery_id",), ("files",)),
            [
                {"delivery_id": key, "files": orjson.dumps(files).decode()}
                for key, files in found.items()
            ],
        )
        connection.execute(_WAKE_BY_ID, {"ids": list(found)})
    woken = [*batch.wake_workflow_runs, *_known_by_now(connection, batch)]
    for _ in in_chunks(connection, _WAKE_BY_RUN, "ids", woken):
        pass


def _known_by_now(connection: sa.Connection, batch: Batch) -> list[int]:
    """Return the workflow runs of parked deliveries that another replica has learned of."""
    parked = [done.workflow_run_id for done in batch.deliveries if done.workflow_run_id]
    if not parked or connection.dialect.name != "postgresql":
        return []
    run = dispatched.c.workflow_run_id
    return list(connection.execute(sa.select(run).where(run.in_(parked))).scalars())


def _wait_for_each_other(connection: sa.Connection, batch: Batch) -> None:
    """Let who parks a delivery of a workflow run, and who learns whose it is, not pass by.

    Of two replicas that do so at once the second sees what the first has saved.
    """
    if connection.dialect.name != "postgresql":
        return
    parked = {done.workflow_run_id for done in batch.deliveries if done.workflow_run_id}
    if runs := sorted(parked | set(batch.wake_workflow_runs)):
        connection.execute(_LOCK_RUNS, {"runs": runs})
