"""DBOS: each event is enqueued as a workflow of two steps, the state and the call."""

import json
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from dbos import DBOS
from psycopg_pool import ConnectionPool

url, count, callers = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
DBOS(config={"name": "peers", "system_database_url": url, "log_level": "ERROR"})
pool = ConnectionPool(url, min_size=4, max_size=16, open=True)
with pool.connection() as connection:
    connection.execute("CREATE TABLE states (key text PRIMARY KEY, events int NOT NULL)")
done = threading.Semaphore(0)


@DBOS.step()
def change_state(key: str) -> None:
    with pool.connection() as connection:
        connection.execute(
            "INSERT INTO states VALUES (%s, 1)"
            " ON CONFLICT (key) DO UPDATE SET events = states.events + 1",
            (key,),
        )


@DBOS.step()
def call() -> None:
    time.sleep(0.001)  # noqa: TID251 - the work itself


@DBOS.workflow()
def handle(key: str) -> None:
    change_state(key)
    call()
    done.release()


DBOS.launch()
DBOS.register_queue("events", polling_interval_sec=0.02)
begun = time.perf_counter()
with ThreadPoolExecutor(callers) as threads:
    list(
        threads.map(
            lambda number: DBOS.enqueue_workflow("events", handle, f"key-{number}"),
            range(count),
        )
    )
for _ in range(count):
    done.acquire()
print(json.dumps({"seconds": time.perf_counter() - begun}), flush=True)
DBOS.destroy()
