"""Statements that go to PostgreSQL's driver by themselves keep what SQLAlchemy promised."""

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from app.core.values import OrchestrationId
from app.ports import Batch, Dispatched, Report, StoreUnavailable
from app.store.inbox import GroupInbox
from app.store.schema import turns
from app.store.sql.database import driver_url
from app.store.sql.many import Among, Rows
from app.store.sql.postgres import PostgresDatabase
from tests.kit import postgres
from tests.shell.store_kit import PostgresHome, at, attempt, delivery, first, orchestration

pytestmark = pytest.mark.anyio

PUT = Rows(turns, turns.columns.keys())
NAMES = Among((turns.c.name,), sa.select(turns.c.name, turns.c.note).where)
LOCKED = Among((turns.c.name,), lambda it: sa.select(turns.c.name).where(it).with_for_update())
HANG_UP = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


def turn(name: str, *, due: int = 1, note: str = "") -> dict[str, Any]:
    return {"name": name, "due": due, "note": note}


def report(text: str) -> Report:
    return Report(
        orchestration_id=orchestration().id, name="pack", format="md", text=text, made_at=at(0)
    )


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a NUL \x00 here", "a NUL \N{REPLACEMENT CHARACTER} here"),
        ("six letters \\u0000 here", "six letters \\u0000 here"),
        ("both \x00\\u0000 \\\\u0000\\", "both \N{REPLACEMENT CHARACTER}\\u0000 \\\\u0000\\"),
        ('{"of": "JSON\\n", "é": "😀"}', '{"of": "JSON\\n", "é": "😀"}'),
    ],
)
async def test_texts_come_back_letter_by_letter(given: str, kept: str) -> None:
    """Only a NUL is replaced, and not what JSON writes in its place."""
    store = PostgresHome().open()
    await store.commit(first(orchestration()))
    await store.commit(Batch(reports=[report(given)]))
    found = await store.reports(orchestration().id)
    await store.close()

    assert [it.text for it in found] == [kept]


async def test_a_nul_is_looked_up_as_it_was_stored() -> None:
    """Whoever asks by the name that was sent finds what was stored."""
    database = PostgresDatabase(driver_url(postgres.fresh_database()))
    await database.write(lambda it: PUT.put(it, [turn("a\x00b"), turn("ab")]))
    found = await database.read(lambda it: NAMES.rows(it, ["a\x00b"]))
    await database.close()

    assert [row.name for row in found] == ["a\N{REPLACEMENT CHARACTER}b"]


@pytest.mark.parametrize(
    "wrong",
    [
        Batch(reports=[report("half a character \ud83d")]),
        *(
            Batch(
                dispatched=[
                    Dispatched(
                        marker="m",
                        orchestration_id=orchestration().id,
                        attempt=attempt(),
                        workflow_run_id=beyond,
                    )
                ]
            )
            for beyond in (2**63, 2**64)
        ),
    ],
)
async def test_what_cannot_be_stored_is_a_mistake_of_ours(wrong: Batch) -> None:
    """It would fail again and again, so it is not told as trouble of the database."""
    store = PostgresHome().open()
    await store.commit(first(orchestration()))
    with pytest.raises(DBAPIError):
        await store.commit(wrong)
    await store.commit(Batch(reports=[report("whole")]))
    found = await store.reports(orchestration().id)
    await store.close()

    assert [it.text for it in found] == ["whole"]


async def test_the_first_of_a_transaction_belongs_to_it() -> None:
    """What is held open is kept with the rest, or undone with it, whatever came first."""
    database = PostgresDatabase(driver_url(postgres.fresh_database()))
    async with database.hold() as held:
        await held.work(lambda it: PUT.put(it, [turn("kept")]))
        await held.finish(lambda it: PUT.put(it, [turn("as well")]))
    async with database.hold() as held:
        await held.work(lambda it: PUT.put(it, [turn("undone")]))
    found = await database.read(lambda it: NAMES.rows(it, ["kept", "as well", "undone"]))
    await database.close()

    assert sorted(row.name for row in found) == ["as well", "kept"]


async def test_a_lost_connection_is_lost_once() -> None:
    """Whoever was using it hears so; nobody is given another one that is as old."""
    home = PostgresHome()
    store = home.open()
    await asyncio.gather(*(store.load([OrchestrationId("0" * 16)]) for _ in range(4)))
    postgres.ask(home.url, HANG_UP)
    with pytest.raises(StoreUnavailable):
        await store.load([OrchestrationId("0" * 16)])
    found = [await store.load([OrchestrationId("0" * 16)]) for _ in range(9)]
    await store.close()

    assert found == [{}] * 9


async def test_nobody_meets_a_connection_that_the_server_has_closed() -> None:
    """After a restart of the server, too: none of those that lie ready is handed out."""
    home = PostgresHome()
    store = home.open()
    await asyncio.gather(*(store.load([OrchestrationId("0" * 16)]) for _ in range(4)))
    postgres.ask(home.url, HANG_UP)
    await asyncio.sleep(0.1)  # until the driver has heard of it
    await store.ready()
    found = await asyncio.gather(*(store.load([OrchestrationId("0" * 16)]) for _ in range(9)))
    await store.close()

    assert found == [{}] * 9


async def test_deliveries_are_saved_though_the_server_has_hung_up() -> None:
    """After a restart of the server the first delivery is taken in as ever."""
    home = PostgresHome()
    store = home.open()
    box = GroupInbox(store)
    await box.take_in(delivery("before"))
    postgres.ask(home.url, HANG_UP)
    fresh = [await box.take_in(delivery(key)) for key in ("before", "after")]
    kept = [it.id for it in await store.new_deliveries(9)]
    await store.close()

    assert fresh == [False, True]
    assert kept == ["before", "after"]


async def test_what_is_broken_off_leaves_no_connection_in_the_middle() -> None:
    """Somebody who waited for a lock is cancelled, and others go on as if nothing had been."""
    database = PostgresDatabase(driver_url(postgres.fresh_database()))
    await database.write(lambda it: PUT.put(it, [turn("a")]))
    async with database.hold() as held:
        await held.work(lambda it: LOCKED.rows(it, ["a"]))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await database.write(lambda it: LOCKED.rows(it, ["a"]))
    found = [await database.write(lambda it: LOCKED.rows(it, ["a"])) for _ in range(3)]
    await database.close()

    assert [len(rows) for rows in found] == [1, 1, 1]


async def test_a_table_that_changes_is_met_once() -> None:
    """What was prepared for an older schema is given up with its connection."""
    url = postgres.fresh_database()
    database = PostgresDatabase(driver_url(url))
    await database.write(lambda it: PUT.put(it, [turn("a", note="7")]))
    before = await database.read(lambda it: NAMES.rows(it, ["a"]))
    postgres.ask(url, "ALTER TABLE turns ALTER note TYPE bigint USING note::bigint")
    with pytest.raises(StoreUnavailable):
        await database.read(lambda it: NAMES.rows(it, ["a"]))
    after = await database.read(lambda it: NAMES.rows(it, ["a"]))
    await database.close()

    assert (before[0].note, after[0].note) == ("7", 7)
