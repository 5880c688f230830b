"""Procrastinate: each event is deferred as a job under the lock of its key."""

import asyncio
import json
import sys
import time

import procrastinate
from psycopg_pool import AsyncConnectionPool

url, count, callers = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url))
handled = 0
all_done = asyncio.Event()
pool = AsyncConnectionPool(url, min_size=4, max_size=16, open=False)


@app.task(queue="events")
async def handle(key: str) -> None:
    global handled
    async with pool.connection() as connection:
        await connection.execute(
            "INSERT INTO states VALUES (%s, 1)"
            " ON CONFLICT (key) DO UPDATE SET events = states.events + 1",
            (key,),
        )
    await asyncio.sleep(0.001)
    handled += 1
    if handled == count:
        all_done.set()


async def main() -> None:
    await pool.open()
    async with pool.connection() as connection:
        await connection.execute(
            "CREATE TABLE states (key text PRIMARY KEY, events int NOT NULL)"
        )
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        working = asyncio.create_task(
            app.run_worker_async(concurrency=100, install_signal_handlers=False)
        )
        begun = time.perf_counter()
        numbers = iter(range(count))

        async def caller() -> None:
            for number in numbers:
                key = f"key-{number}"
                await handle.configure(lock=key).defer_async(key=key)

        await asyncio.gather(*(caller() for _ in range(callers)))
        await all_done.wait()
        print(json.dumps({"seconds": time.perf_counter() - begun}), flush=True)
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
    await pool.close()


asyncio.run(main())
