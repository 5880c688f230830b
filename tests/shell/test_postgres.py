"""What only PostgreSQL can show: others that write at once, its clock, and its being away."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.commands import SetTimer, WriteCheck
from app.core.values import OrchestrationId
from app.ports import (
    Batch,
    Conflict,
    DeliveryDone,
    DeliveryStatus,
    Dispatched,
    KnownRepository,
    Saved,
)
from app.store.sql import open_store
from tests.kit import postgres
from tests.kit.office import read_of
from tests.shell.store_alike import STEPS, Seen
from tests.shell.store_kit import (
    LEASE,
    ClosableStore,
    MemoryHome,
    PostgresHome,
    at,
    attempt,
    delivery,
    directly,
    dispatch,
    entry,
    first,
    orchestration,
    wanted,
)

pytestmark = pytest.mark.anyio
LARGE_TABLES = 7
"""Those that grow with what happens: the seventh holds the plans."""


async def names_in(store: ClosableStore) -> list[str]:
    return [it.id for it in await store.new_deliveries(99)]


async def test_two_replicas_never_work_off_the_same_delivery() -> None:
    """What one works off another passes over, until it is given back or done."""
    home = PostgresHome()
    one, two = home.open(), home.open()
    await one.save_deliveries([delivery(name) for name in "abcd"])
    done = [DeliveryDone(id=name, status=DeliveryStatus.DONE) for name in "ab"]
    async with one.hold_deliveries(2) as ours, two.hold_deliveries(99) as theirs:
        taken = [it.id for it in ours], [it.id for it in theirs]
        await one.commit(Batch(deliveries=done))
    async with two.hold_deliveries(99) as later:
        given_back = [it.id for it in later]
    await one.close()
    await two.close()

    assert taken == (["a", "b"], ["c", "d"])
    assert given_back == ["c", "d"]


async def test_whoever_meets_a_conflict_gives_its_deliveries_back() -> None:
    """Nothing of the batch is saved, and whoever comes next has the deliveries."""
    home = PostgresHome()
    one, two = home.open(), home.open()
    state = orchestration()
    await one.commit(first(state))
    await one.save_deliveries([delivery("a")])
    done = [DeliveryDone(id="a", status=DeliveryStatus.DONE)]
    async with one.hold_deliveries(9):
        await two.commit(Batch(states=[Saved(state=state, version=2)]))
        with pytest.raises(Conflict):
            await one.commit(Batch(states=[Saved(state=state, version=2)], deliveries=done))
        async with two.hold_deliveries(9) as theirs:
            taken = [it.id for it in theirs]
    await one.close()
    await two.close()

    assert taken == ["a"]


async def test_a_delivery_is_parked_while_another_learns_whose_it_is() -> None:
    """Whoever of the two is first, the delivery is new again and nobody waits for ever."""
    home = PostgresHome()
    one, two = home.open(), home.open()
    state = orchestration()
    await one.commit(first(state))
    names = [f"delivery-{number}" for number in range(1, 21)]
    await one.save_deliveries([delivery(name) for name in names])
    commits = []
    for number, name in enumerate(names, 1):
        parked = DeliveryDone(id=name, status=DeliveryStatus.PARKED, workflow_run_id=number)
        known = Dispatched(
            marker=name,
            orchestration_id=state.id,
            attempt=attempt(),
            workflow_run_id=number,
        )
        commits.append(one.commit(Batch(deliveries=[parked])))
        commits.append(two.commit(Batch(dispatched=[known], wake_workflow_runs=[number])))
    await asyncio.gather(*commits)
    new = await names_in(one)
    await one.close()
    await two.close()

    assert new == names


async def test_a_delivery_waits_while_another_reads_its_repository() -> None:
    """Whoever of the two is first, the delivery is new: it was woken, or never was parked."""
    home = PostgresHome()
    one, two = home.open(), home.open()
    names = [f"delivery-{number}" for number in range(1, 21)]
    await one.save_deliveries([delivery(name) for name in names])
    commits = []
    for number, name in enumerate(names, 1):
        subject, found = f"repository/{number}", read_of(number, f"acme/{number}")
        waits = DeliveryDone(id=name, status=DeliveryStatus.PARKED, waits_for=subject)
        known = KnownRepository(
            repository=found.repository,
            installation_id=found.installation_id,
            head_sha=found.head_sha,
            policy=found.policy,
        )
        commits.append(one.commit(Batch(deliveries=[waits], unread=[number])))
        commits.append(two.commit(Batch(repositories=[known], wake_subjects=[subject])))
    outcomes = await asyncio.gather(*commits, return_exceptions=True)
    new = await names_in(one)
    await one.close()
    await two.close()

    assert new == names
    assert {type(each) for each in outcomes} <= {list, Conflict}


async def test_of_two_that_make_the_same_only_one_does() -> None:
    """Two replicas decide the same beginning at once: the second one looks again."""
    home = PostgresHome()
    one, two = home.open(), home.open()
    state = orchestration()
    outcomes = await asyncio.gather(
        one.commit(first(state)), two.commit(first(state)), return_exceptions=True
    )
    journal = await one.journal(state.id)
    await one.close()
    await two.close()

    assert sorted(type(it).__name__ for it in outcomes) == ["Conflict", "list"]
    assert len(journal) == 1


async def test_a_command_is_asked_for_by_many_and_carried_once() -> None:
    """Many replicas ask for the same and claim at once, and one of them has it."""
    home = PostgresHome()
    stores = [home.open() for _ in range(4)]
    chores = Batch(commands=[wanted(WriteCheck(), subject=name) for name in "abcdefgh"])
    await asyncio.gather(*(store.commit(chores) for store in stores))
    found = await asyncio.gather(
        *(store.claim(owner="me", now=at(1), lease=LEASE, limit=3) for store in stores)
    )
    for store in stores:
        await store.close()

    claimed = [it.subject for each in found for it in each]
    assert sorted(claimed) == list("abcdefgh")


async def test_leases_run_by_the_clock_of_the_database() -> None:
    """A replica whose clock is a day ahead takes nothing away from another."""
    home = PostgresHome()
    one, ahead = open_store(home.url), open_store(home.url)
    await one.commit(Batch(commands=[wanted(dispatch(), owner="one"), wanted(WriteCheck())]))
    claimed = await one.claim(owner="one", now=at(1), lease=LEASE, limit=9)
    taken = await ahead.claim(owner="ahead", now=at(86_400), lease=LEASE, limit=9)
    renewed = await one.renew([it.id for it in claimed], owner="one", now=at(1), lease=-LEASE)
    taken_over = await ahead.claim(owner="ahead", now=at(0), lease=LEASE, limit=9)
    await one.close()
    await ahead.close()

    assert (len(claimed), taken, renewed) == (1, [], 1)
    assert [it.command for it in taken_over] == [WriteCheck()]


async def test_turns_go_by_the_clock_of_the_database() -> None:
    """Of two replicas one is five minutes ahead: neither takes a turn of the other."""
    home = PostgresHome()
    one, ahead = open_store(home.url), open_store(home.url)
    lease, skew = timedelta(minutes=3), timedelta(minutes=5)
    ours, theirs = at(0), at(0) + skew
    await one.open_turn("mend", due=ours, note="from here", now=ours)
    taken = await one.take_turn("mend", now=ours, lease=lease)
    meanwhile = await ahead.take_turn("mend", now=theirs, lease=lease)
    await one.end_turn("mend", due=ours + lease, note="done", now=ours)
    early = await ahead.take_turn("mend", now=theirs, lease=lease)
    await ahead.hasten_turn("mend", due=theirs, now=theirs)
    hastened = await one.take_turn("mend", now=ours, lease=lease)
    await one.close()
    await ahead.close()

    assert (taken, meanwhile, early, hastened) == ("from here", None, None, "done")


async def test_text_that_postgres_cannot_keep_is_kept_readable() -> None:
    """A NUL in a note of a stranger's making is replaced and stops nothing."""
    home = PostgresHome()
    store = home.open()
    await store.save_deliveries([delivery("a"), delivery("b")])
    note = DeliveryDone(id="a", status=DeliveryStatus.FAILED, note="bad \x00 name")
    await store.commit(Batch(deliveries=[note]))
    new = await names_in(store)
    await store.close()

    assert new == ["b"]


async def test_ten_thousand_are_saved_at_once() -> None:
    """A list longer than PostgreSQL takes in one statement goes through in several."""
    home = PostgresHome()
    store = home.open()
    timers = [
        wanted(SetTimer(task=None, due=at(60)), seconds=60, subject=f"{number:016x}")
        for number in range(20_000)
    ]
    await store.commit(Batch(commands=timers))
    await store.commit(Batch(commands=timers))
    found = await store.load([OrchestrationId(f"{number:016x}") for number in range(40_000)])
    claimed = await store.claim(owner="me", now=at(61), lease=LEASE, limit=99)
    await store.close()

    assert (found, len(claimed)) == ({}, 99)


async def test_what_waits_costs_nothing_here_either() -> None:
    """Claiming looks only into the indexes of what is to be done."""
    home = PostgresHome()
    store = home.open()
    done = [wanted(dispatch(number), subject="a") for number in range(2_000)]
    await store.commit(Batch(commands=done))
    claimed = await store.claim(owner="me", now=at(1), lease=LEASE, limit=2_000)
    await store.commit(Batch(commands_done=[it.id for it in claimed]))
    await store.close()
    plan = postgres.ask(
        home.url,
        "ANALYZE commands; EXPLAIN SELECT id FROM commands WHERE"
        " (status = 'open' AND lease_owner IS NULL AND due <= 5) OR"
        " (status = 'open' AND lease_owner IS NOT NULL AND lease_until <= 5)"
        " ORDER BY priority, due, id LIMIT 100 FOR UPDATE SKIP LOCKED",
    )

    assert "ix_commands_free" in plan
    assert "ix_commands_held" in plan
    assert "Seq Scan" not in plan


@settings(max_examples=15)
@given(st.lists(STEPS, max_size=20))
async def test_postgres_and_memory_answer_alike(steps: list[tuple[str, Any]]) -> None:
    """Whatever is asked of them in whatever order, two adapters give the same answers."""
    memory = Seen(MemoryHome(is_encoded=False).open())
    database = Seen(PostgresHome().open())
    answers = [(await memory.take(step), await database.take(step)) for step in steps]
    await database.store.close()

    for step, (of_memory, of_database) in zip(steps, answers, strict=True):
        assert of_memory == of_database, step


async def test_rows_are_found_by_an_index_whatever_the_server_knows_of_a_table() -> None:
    """Of new tables it knows nothing, and would go through all of them for a list of keys."""
    home = PostgresHome()
    count = 200
    store = home.open()
    states = [orchestration(number) for number in range(1, count + 1)]
    await store.save_deliveries([delivery(state.id) for state in states])
    await store.commit(Batch(states=[Saved(state=state, version=1) for state in states]))
    for version in range(2, 5):
        read = await store.load([state.id for state in states])
        async with store.hold_deliveries(50) as held:
            batch = Batch(
                states=[replace(saved, version=version) for saved in read.values()],
                journal=[entry(state, version) for state in states],
                commands=[wanted(dispatch(version), subject=state.id) for state in states],
                dispatched=[_sent(state.id, version) for state in states],
                deliveries=[DeliveryDone(id=it.id, status=DeliveryStatus.DONE) for it in held],
            )
            await store.commit(batch)
        claimed = await store.claim(owner="me", now=at(9), lease=LEASE, limit=count)
        await store.commit(Batch(commands_done=[it.id for it in claimed]))
        await store.dispatched([1, 2], [f"{states[0].id}-{version}"])
    await store.close()
    told = await _told_by(home.url, count)
    gone_through = {table for table, scans, _, _ in told if scans}

    assert {table for table, *_ in told} >= {"commands", "deliveries", "dispatched"}
    assert gone_through == set()
    [(changed, in_place)] = [it[2:] for it in told if it[0] == "orchestrations"]
    # Where the page has room no index has to be told where the new state is.
    assert changed == 3 * count
    assert in_place > changed / 2


def _sent(id_: OrchestrationId, number: int) -> Dispatched:
    return Dispatched(
        marker=f"{id_}-{number}",
        orchestration_id=id_,
        attempt=attempt(number),
        workflow_run_id=None,
    )


async def _told_by(url: str, inserted: int) -> list[tuple[str, int, int, int]]:
    """Return how often PostgreSQL went through each large table, and how it changed rows."""
    query = (
        "SELECT relname, seq_scan, n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables"
        f" WHERE n_tup_ins >= {inserted}"
    )

    def told(connection: sa.Connection) -> Sequence[sa.Row[Any]]:
        return connection.exec_driver_sql(query).all()

    # What a connection did is counted once it has ended.
    async with asyncio.timeout(30):
        # The server tells nobody when it has counted, so it is asked.
        while len(found := await directly(url, told)) < LARGE_TABLES:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return [(it[0], it[1], it[2], it[3]) for it in found]
