"""Procrastinate: each delivery is a job under the lock of its orchestration.

A delivery's text goes into a table in the transaction that defers its job, which holds its
id: as an argument of the job it is half as fast, for it is quoted more than once. The job
decides on the end in one transaction, calls, and decides on the outcome in another.
"""

import asyncio
import itertools
import json
import sys
import time

import procrastinate
import uvloop
from psycopg import AsyncConnection
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

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

DELIVERIES = "CREATE TABLE deliveries (id text PRIMARY KEY, body text NOT NULL)"
TAKE_IN = "INSERT INTO deliveries VALUES (%(id)s, %(body)s)"
READ = "SELECT body FROM deliveries WHERE id = %(id)s"
CONCURRENCY = 100
PATIENCE = 300

url, count, callers = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
work = Work(count)
app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url))
pool = AsyncConnectionPool(
    url, min_size=4, max_size=16, open=False, kwargs={"row_factory": dict_row}
)
run_ids = itertools.count(2_000_000)
handled = 0
all_done = asyncio.Event()


@app.task(queue="events")
async def handle(delivery: str) -> None:
    global handled
    async with pool.connection() as connection:
        body = (await ask(connection, READ, {"id": delivery}))["body"]
        facts = work.read(body)
        attempt = Attempt(**await ask(connection, FIND, {"run": facts.id}))
        key = {"id": attempt.orchestration_id}
        state = (await ask(connection, LOAD, key))["state"]
        decided = work.ended(attempt, state, facts)
        await save(connection, decided)
    await asyncio.sleep(EFFECT_SECONDS)
    run = next(run_ids)
    async with pool.connection() as connection:
        state = (await ask(connection, LOAD, key))["state"]
        await save(connection, work.accepted(decided.dispatch, state, run))
    handled += 1
    if handled == count:
        all_done.set()


async def ask(connection: AsyncConnection, statement: str, values: dict) -> dict:
    return await (await connection.execute(statement, values)).fetchone()


async def save(connection: AsyncConnection, decided: Decided) -> None:
    # One round trip for all of them.
    async with connection.pipeline():
        for statement, values in decided.statements:
            await connection.execute(statement, values)


async def main() -> None:
    await pool.open()
    async with pool.connection() as connection:
        await connection.execute(TABLES)
        await connection.execute(DELIVERIES)
        await save(connection, work.prepared)
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        working = asyncio.create_task(
            app.run_worker_async(concurrency=CONCURRENCY, install_signal_handlers=False)
        )
        begun = time.perf_counter()
        numbers = iter(range(count))

        async def caller() -> None:
            for number in numbers:
                row = {"id": f"delivery-{number}", "body": work.bodies[number]}
                async with pool.connection() as connection:
                    await connection.execute(TAKE_IN, row)
                    job = handle.configure(lock=work.ids[number], connection=connection)
                    await job.defer_async(delivery=row["id"])

        await asyncio.gather(*(caller() for _ in range(callers)))
        async with asyncio.timeout(PATIENCE):
            await all_done.wait()
        lasted = time.perf_counter() - begun
        async with pool.connection() as connection:
            left = await ask(connection, LEFT, {})
        assert not any(left.values()), "all was saved, the outcomes too"
        print(json.dumps({"seconds": lasted}), flush=True)
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
    await pool.close()


set_for_serving()
with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
    runner.run(main())
