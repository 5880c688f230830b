"""What only a file can show: other processes, crashes, a full disk, and the same as memory."""

import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.ports import Batch, StoreUnavailable
from app.store.sql import open_store
from app.store.sql.database import driver_url
from app.store.sql.sqlite import sqlite_engine
from tests.kit import tree
from tests.shell.store_alike import STEPS, Seen
from tests.shell.store_kit import (
    MemoryHome,
    SqliteHome,
    delivery,
    first,
    orchestration,
)

pytestmark = pytest.mark.anyio

# Another process: saves deliveries one by one, telling after each that it is on disk.
WRITER = """
import asyncio, os, sys
from app.store.sql import open_store
from tests.shell.store_kit import delivery

async def main(url, count):
    store = open_store(url)
    for number in range(count):
        await store.save_deliveries([delivery(f"theirs-{number}", body=os.urandom(20_000))])
        print(number, flush=True)

asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""


def another_process(home: SqliteHome, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, home.url, str(count)]
    return subprocess.Popen(command, cwd=tree.ROOT, stdout=subprocess.PIPE, text=True)


async def test_two_processes_write_at_once(tmp_path: Path) -> None:
    """The command line saves deliveries while the server runs, and nobody's are lost."""
    home = SqliteHome(tmp_path)
    store = home.open()
    with another_process(home, 40) as other:
        assert other.stdout is not None
        other.stdout.readline()
        for number in range(40):
            await store.save_deliveries([delivery(f"ours-{number}")])
        other.communicate()
    found = {it.id for it in await store.new_deliveries(100)}
    await store.close()

    assert other.returncode == 0
    assert found == {
        f"{whose}-{number}" for whose in ("ours", "theirs") for number in range(40)
    }


async def test_what_was_answered_survives_a_kill(tmp_path: Path) -> None:
    """A process killed in the midst of writing has lost nothing that it spoke of."""
    home = SqliteHome(tmp_path)
    with another_process(home, 100_000) as other:
        assert other.stdout is not None
        for _ in range(20):
            spoken = int(other.stdout.readline())
        other.kill()
        rest = other.stdout.read().split("\n")[:-1]
    spoken = int(rest[-1]) if rest else spoken
    store = home.open()
    found = [it.id for it in await store.new_deliveries(100_000)]
    await store.close()

    assert found[: spoken + 1] == [f"theirs-{number}" for number in range(spoken + 1)]
    assert len(found) <= spoken + 2


async def test_a_change_by_another_process_is_seen(tmp_path: Path) -> None:
    """States are remembered, but not past their version."""
    home = SqliteHome(tmp_path)
    state = orchestration()
    ours, theirs = home.open(), home.open()
    await ours.commit(first(state))
    saved = (await theirs.load([state.id]))[state.id]
    changed = type(saved)(state=orchestration(), version=2)
    await theirs.commit(Batch(states=[changed]))
    loaded = await ours.load([state.id])
    await ours.close()
    await theirs.close()

    assert loaded[state.id].version == 2


async def test_a_full_disk_is_said_so_and_keeps_nothing(tmp_path: Path) -> None:
    """Where not all of a batch can be written, none of it is, and later it goes through."""
    home = SqliteHome(tmp_path)
    store = home.open()
    await store.save_deliveries([delivery("before")])
    with largest_file(1_000_000), pytest.raises(StoreUnavailable):
        await store.save_deliveries(
            [delivery("small"), delivery("big", body=os.urandom(5_000_000))]
        )
    during = [it.id for it in await store.new_deliveries(9)]
    await store.save_deliveries([delivery("after")])
    after = [it.id for it in await store.new_deliveries(9)]
    await store.close()

    assert (during, after) == (["before"], ["before", "after"])


async def test_a_damaged_file_is_unavailable(tmp_path: Path) -> None:
    """A file that is no database is trouble of the world, whatever is asked of it."""
    (tmp_path / "a.db").write_bytes(b"no database" * 1000)
    store = open_store(f"sqlite:///{tmp_path}/a.db")
    for asked in (store.ready, store.next_due, store.catalogue):
        with pytest.raises(StoreUnavailable):
            await asked()
    with pytest.raises(StoreUnavailable):
        await store.save_deliveries([delivery("a")])
    await store.close()


def test_commits_survive_power_loss(tmp_path: Path) -> None:
    """The file is written ahead and waited for, as its settings say."""
    engine = sqlite_engine(driver_url(f"sqlite:///{tmp_path}/a.db"))
    with engine.connect() as connection:
        found = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    engine.dispose()

    assert found == ["wal", 2, 1]


def test_what_waits_costs_nothing(tmp_path: Path) -> None:
    """Looking for what is to be done uses indexes that hold nothing else."""
    connection = sqlite3.connect(SqliteHome(tmp_path).path)
    questions = {
        "ix_deliveries_new": "SELECT * FROM deliveries WHERE status = 'new' ORDER BY seq",
        "ix_commands_free": "SELECT min(due) FROM commands"
        " WHERE status = 'open' AND lease_owner IS NULL",
        "ix_commands_held": "SELECT * FROM commands"
        " WHERE status = 'open' AND lease_owner IS NOT NULL AND lease_until <= 5",
        "uq_commands": "SELECT * FROM commands WHERE (subject, key) IN (VALUES ('a', 'b'))",
    }
    plans = {
        index: " ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {question}"))
        for index, question in questions.items()
    }
    connection.close()

    for index, plan in plans.items():
        expected = "sqlite_autoindex_commands" if index == "uq_commands" else index
        assert expected in plan, f"{index}: {plan}"


# the same as memory


@settings(max_examples=60)
@given(st.lists(STEPS, max_size=25))
async def test_a_file_and_memory_answer_alike(steps: list[tuple[str, Any]]) -> None:
    """Whatever is asked of them in whatever order, two adapters give the same answers."""
    with tempfile.TemporaryDirectory() as folder:
        memory = Seen(MemoryHome(is_encoded=False).open())
        file = Seen(SqliteHome(Path(folder)).open())
        answers = [(await memory.take(step), await file.take(step)) for step in steps]
        await file.store.close()

    for step, (of_memory, of_file) in zip(steps, answers, strict=True):
        assert of_memory == of_file, step


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let no file grow beyond a size, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
