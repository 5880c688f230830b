"""Writing to the database: deliveries that come in, and a batch of decisions.

Each kind of thing takes a fixed number of statements, however many there are of it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

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
from app.store.packing import pack
from app.store.rows import gate_since, merged, orchestration_row, unknown
from app.store.schema import (
    definitions,
    deliveries,
    dispatched,
    journal,
    orchestrations,
    payloads,
    plans,
    repositories,
    texts,
)
from app.store.sql import commands as sql_commands
from app.store.sql.ending import end_deliveries
from app.store.sql.leases import Leases
from app.store.sql.many import Among, Changes, Rows, or_leave
from app.store.sql.retention import hear_again
from app.store.sql.sharing import save_sharing, shared_texts
from app.store.sql.states import VERSIONS

Row = dict[str, Any]

_CHANGING: Final = (
    "name", "status", "is_open", "started_at", "ended_at", "version", "state", "chain",
    "gate_since",
)  # fmt: skip
_PLACE: Final = ("definition_repository_id", "definition_id", "number", "correlation")
# Put together once: SQLAlchemy takes longer for that than SQLite for carrying them out.
_NEW_STATES: Final = Rows(orchestrations, ("id", *_PLACE, *_CHANGING))
_CHANGED_STATES: Final = Changes(orchestrations, "id", _CHANGING, given=_PLACE)
_JOURNAL: Final = Rows(journal, journal.columns.keys())
_PLANS: Final = Rows(plans, plans.columns.keys())
_TEXTS: Final = Rows(texts, texts.columns.keys(), or_leave("digest"))
_LOCKED: Final = ("id", "version", "chain", "dropped_digest")
_LOCK_VERSIONS: Final = Among(
    (orchestrations.c.id,),
    lambda known: (
        sa.select(*(orchestrations.c[name] for name in _LOCKED))
        .where(known)
        .order_by(orchestrations.c.id)  # so that no two wait for each other
        .with_for_update()
    ),
)
_SET_CHAIN: Final = (
    sa.update(orchestrations)
    .where(orchestrations.c.id == sa.bindparam("key"))
    .values(chain=sa.bindparam("head"))
)
_DELIVERY: Final = ("id", "event", "received_at", "status", "note")
_DELIVERIES: Final = Rows(
    deliveries,
    _DELIVERY,
    lambda insert: or_leave("id")(insert).returning(deliveries.c.id, deliveries.c.seq),
)
_ALONE: Final = Rows(deliveries, _DELIVERY)
_SEQS: Final = Among(
    (deliveries.c.id,),
    lambda known: (
        sa.select(deliveries.c.id, deliveries.c.seq).where(known).order_by(deliveries.c.seq)
    ),
)
_PAYLOADS: Final = Rows(payloads, payloads.columns.keys())
_LISTED: Final = ("name", "default_branch", "installation_id", "unreadable")
_REPOSITORIES: Final = Rows(
    repositories,
    repositories.columns.keys(),
    lambda insert: insert.on_conflict_do_update(
        index_elements=["id"],
        set_={
            **{name: insert.excluded[name] for name in _LISTED},
            # What is listed only, by somebody who does not know it yet, was read all the same.
            "head_sha": sa.func.coalesce(insert.excluded.head_sha, repositories.c.head_sha),
            "policy": sa.case(
                (insert.excluded.head_sha.is_(None), repositories.c.policy),
                else_=insert.excluded.policy,
            ),
        },
    ),
)
_DEFINITIONS: Final = Rows(definitions, definitions.columns.keys())
_DISPATCHED: Final = Rows(
    dispatched,
    dispatched.columns.keys(),
    lambda insert: insert.on_conflict_do_update(
        index_elements=["marker"],
        set_={
            # An id once known stays known.
            "workflow_run_id": sa.func.coalesce(
                insert.excluded.workflow_run_id, dispatched.c.workflow_run_id
            )
        },
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A batch with its states and events as rows, made before the database is locked."""

    batch: Batch
    states: list[Row]
    texts: list[Row]
    plans: list[Row]
    journal: list[Row]
    shared: list[str | None]
    arrivals: list[bytes]


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
        arrivals=packed(batch.arrivals),
    )


def packed(new: Sequence[Delivery]) -> list[bytes]:
    """Pack the bodies of deliveries.

    On the event loop, since packing gives Python's lock away each time: a thread that packs
    some hundred beside a busy event loop waits as many times until it gets it back.
    """
    return [pack(each.body) for each in new]


def save(connection: sa.Connection, rows: Prepared, leases: Leases) -> list[ClaimedCommand]:
    """Save a batch; return the commands stored as claimed.

    The order matters: a delivery is parked before it is woken, and a command is ticked off
    before the decision that follows from it asks for it again.
    """
    batch = rows.batch
    known = _save_states(connection, rows)
    save_sharing(connection, batch, rows.shared)
    _save_dispatched(connection, batch.dispatched, known)
    _save_catalogue(connection, batch)
    save_deliveries(connection, batch.arrivals, rows.arrivals)
    end_deliveries(connection, batch)
    sql_commands.tick_off(connection, batch.commands_done)
    sql_commands.set_aside(connection, batch.commands_failed)
    return sql_commands.ask(connection, merged(batch), leases)


def save_deliveries(
    connection: sa.Connection, new: Sequence[Delivery], bodies: Sequence[bytes]
) -> list[bool]:
    """Save deliveries with their bodies as `packed` returned them.

    Return false for each whose id was there already, and was heard again.
    """
    first: dict[str, tuple[Delivery, bytes]] = {}
    for delivery, body in zip(new, bodies, strict=True):
        first.setdefault(delivery.id, (delivery, body))
    if not first:
        return []
    inserted = _inserted(
        connection,
        [
            {
                "id": delivery.id,
                "event": delivery.event,
                "received_at": to_micros(delivery.received_at),
                "status": DeliveryStatus.NEW.value,
                "note": "",
            }
            for delivery, _ in first.values()
        ],
    )
    rows = [
        {"delivery_seq": seq, "body": first[key][1], "size": len(first[key][0].body)}
        for key, seq in inserted
    ]
    _PAYLOADS.put(connection, rows)
    fresh = {key for key, _ in inserted}
    if known := first.keys() - fresh:
        at = max(to_micros(it.received_at) for it, _ in first.values())
        hear_again(connection, known, at)
    return [_take(fresh, delivery.id) for delivery in new]


def _inserted(connection: sa.Connection, rows: Sequence[Row]) -> list[Any]:
    """Insert deliveries; return id and number of each that was not there."""
    if connection.dialect.name != "sqlite":
        return _DELIVERIES.put(connection, rows)
    # Nobody else writes meanwhile, and what was inserted comes back in one row.
    known = {it.id for it in _SEQS.rows(connection, [row["id"] for row in rows])}
    new = [row for row in rows if row["id"] not in known]
    _ALONE.put(connection, new)
    return _SEQS.rows(connection, [row["id"] for row in new])


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


def _save_states(connection: sa.Connection, rows: Prepared) -> set[str]:
    """Save states, plans and journals; return the orchestrations that are surely there."""
    seen = dict(rows.batch.seen)
    if not (rows.states or rows.journal or seen):
        return set()
    wanted = {row["id"]: row["version"] - 1 for row in rows.states}
    ids = dict.fromkeys([*wanted, *(row["orchestration_id"] for row in rows.journal)])
    concerned = sorted({*ids, *seen})
    stored = _LOCK_VERSIONS.rows(connection, concerned)
    found = {row.id: row.version for row in stored}
    for key, version in {**seen, **wanted}.items():
        if found.get(key, 0) != version:
            raise Conflict(f"{key} was changed by another writer")
    known = {*found, *wanted}
    _see_to_it(ids, known)
    heads = {row.id: row.chain for row in stored}
    _chain(rows, heads, {row.id: row.dropped_digest for row in stored})
    for row in rows.states:
        row["chain"] = heads.get(row["id"], NO_DIGEST)
    # A new one that somebody else has made meanwhile is a conflict, and not to be replaced.
    _NEW_STATES.put(connection, [row for row in rows.states if row["version"] == 1])
    _CHANGED_STATES.put(connection, [row for row in rows.states if row["version"] > 1])
    _TEXTS.put(connection, rows.texts)
    _PLANS.put(connection, rows.plans)
    _JOURNAL.put(connection, rows.journal)
    # Whoever writes on a journal without a state, as a test may, must keep its chain whole.
    if loose := [key for key in ids if key not in wanted]:
        lines = [{"key": key, "head": heads[key]} for key in loose]
        connection.execute(_SET_CHAIN, lines)
    return known


def _see_to_it(ids: Iterable[str], known: Collection[str]) -> None:
    """See to it that what refers to orchestrations refers to some that are there.

    PostgreSQL would look for each row by itself (`schema.looked_after`).
    """
    if missing := [key for key in ids if key not in known]:
        raise unknown(missing[0])


def _chain(rows: Prepared, heads: dict[str, str], dropped: Mapping[str, str]) -> None:
    """Chain the new entries to those that are stored, or were; bring the heads up to date."""
    for row in rows.journal:
        key = row["orchestration_id"]
        before = heads.get(key) or dropped.get(key, NO_DIGEST)
        digest = digest_of(before, OrchestrationId(key), row["seq"], row["event"])
        row["digest"] = heads[key] = digest


def _save_dispatched(
    connection: sa.Connection, new: Sequence[Dispatched], known: Collection[str]
) -> None:
    ids = {it.orchestration_id for it in new}
    if unsure := ids.difference(known):
        found = {row.id for row in VERSIONS.rows(connection, unsure)}
        _see_to_it(unsure, found)
    # Of one marker twice in a batch the last counts, but an id once known stays known.
    latest: dict[str, Row] = {}
    for it in new:
        run_id = latest.get(it.marker, {}).get("workflow_run_id")
        latest[it.marker] = {
            "marker": it.marker,
            "orchestration_id": it.orchestration_id,
            "task": it.attempt.task,
            "leg": it.attempt.leg,
            "attempt": it.attempt.number,
            "workflow_run_id": it.workflow_run_id or run_id,
        }
    _DISPATCHED.put(connection, list(latest.values()))


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
        _REPOSITORIES.put(connection, list(latest.values()))
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
    _DEFINITIONS.put(connection, files)


def _repository_row(known: KnownRepository) -> Row:
    return {
        "id": known.repository.id,
        "name": known.repository.name,
        "default_branch": known.repository.default_branch,
        "installation_id": known.installation_id,
        "head_sha": known.head_sha,
        "policy": known.policy,
        "unreadable": known.unreadable,
    }
