"""DBOS: each delivery is a workflow of a decision, a call, and a decision.

A decision is a transaction of a datasource, as DBOS recommends, or, where the script is told
`steps`, an ordinary step that commits for itself: that is faster, and may happen twice, which
`decide` does not mind. Whoever works on an orchestration locks its row. The id of a workflow
is that of its delivery, so that none is worked off twice.
"""

import contextlib
import itertools
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
from dbos import DBOS, SetWorkflowID, SQLAlchemyDatasource
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

from app.interpreter import set_for_serving
from tests.bench.peers.same_work import (
    EFFECT_SECONDS,
    FIND,
    LEFT,
    LOAD,
    TABLES,
    Attempt,
    Decided,
    Work,
)  # fmt: skip

POLLED_EVERY = 0.02
WORKERS = 32
"""Tried were 8, 16, 32, 64 and as many as come. Coroutines were slower than these threads."""
CONNECTIONS = 20
PATIENCE = 10

url, count, callers, how = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
work = Work(count)
DBOS(config={"name": "peers", "system_database_url": url, "log_level": "ERROR"})
run_ids = itertools.count(2_000_000)
done = threading.Semaphore(0)


def transactions() -> tuple[Callable, Callable]:
    source = SQLAlchemyDatasource.create(
        url, engine_kwargs={"pool_size": CONNECTIONS, "max_overflow": 0}
    )

    @contextlib.contextmanager
    def connected() -> Iterator[psycopg.Connection]:
        yield source.sql_session().connection().connection.driver_connection

    # With the row locked this is enough, and costs less than its default, SERIALIZABLE.
    return source.transaction(isolation_level="READ COMMITTED"), connected


def steps() -> tuple[Callable, Callable]:
    pool = ConnectionPool(url, min_size=4, max_size=CONNECTIONS, open=True)
    return DBOS.step(), pool.connection


decision, connected = {"transactions": transactions, "steps": steps}[how]()


@decision
def take_end(body: str) -> dict:
    facts = work.read(body)
    with connected() as connection:
        attempt = Attempt(**ask(connection, FIND, {"run": facts.id}))
        state = ask(connection, LOAD, {"id": attempt.orchestration_id})["state"]
        decided = work.ended(attempt, state, facts)
        save(connection, decided)
    return decided.dispatch.row()


@DBOS.step()
def call() -> int:
    time.sleep(EFFECT_SECONDS)  # noqa: TID251 - the work itself
    return next(run_ids)


@decision
def take_outcome(dispatch: dict, run: int) -> None:
    attempt = Attempt(**dispatch)
    with connected() as connection:
        state = ask(connection, LOAD, {"id": attempt.orchestration_id})["state"]
        save(connection, work.accepted(attempt, state, run))


@DBOS.workflow()
def handle(body: str) -> None:
    dispatch = take_end(body)
    take_outcome(dispatch, call())
    done.release()


def ask(connection: psycopg.Connection, statement: str, values: dict) -> dict:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement, values).fetchone()


def save(connection: psycopg.Connection, decided: Decided) -> None:
    # One round trip for all of them.
    with connection.pipeline():
        for statement, values in decided.statements:
            connection.execute(statement, values)


def enqueue(number: int) -> None:
    with SetWorkflowID(f"delivery-{number}"):
        DBOS.enqueue_workflow("events", handle, work.bodies[number])


with psycopg.connect(url) as connection:
    connection.execute(TABLES)
    save(connection, work.prepared)
turn = sys.getswitchinterval()
set_for_serving()
sys.setswitchinterval(turn)  # short turns of threads, which help us, slow so many down
DBOS.launch()
DBOS.register_queue("events", polling_interval_sec=POLLED_EVERY, worker_concurrency=WORKERS)
begun = time.perf_counter()
with ThreadPoolExecutor(callers) as threads:
    list(threads.map(enqueue, range(count)))
assert all(done.acquire(timeout=PATIENCE) for _ in range(count)), "some was not worked off"
lasted = time.perf_counter() - begun
with psycopg.connect(url) as connection:
    assert connection.execute(LEFT).fetchone() == (0, 0), "all was saved, the outcomes too"
print(json.dumps({"seconds": lasted}), flush=True)
DBOS.destroy(workflow_completion_timeout_sec=PATIENCE)
