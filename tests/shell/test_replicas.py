"""Any number of replicas on one PostgreSQL: nothing twice, nothing lost, whoever dies."""

import asyncio
from collections import Counter

import pytest

from app.ports import StoreUnavailable
from tests.kit import postgres
from tests.shell.replica_kit import Hub, Replica, let_read, replicas, until

pytestmark = pytest.mark.anyio
PUSHES = 30


async def test_three_replicas_share_the_work_and_do_nothing_twice() -> None:
    """Deliveries come in at each; every orchestration ends, every workflow starts once."""
    hub = Hub()
    async with replicas(postgres.fresh_database(), hub, "one", "two", "three") as three:
        for number in range(PUSHES):
            await three[number % 3].push(f"push-{number}")
            await three[(number + 1) % 3].push(f"push-{number}")
        await until(lambda: _all_succeeded(three[0]))
        statuses = await three[0].statuses()

    assert statuses == Counter(succeeded=PUSHES)
    assert len(hub.dispatched) == 2 * PUSHES
    assert set(hub.dispatched.values()) == {1}


async def _all_succeeded(replica: Replica) -> bool:
    return (await replica.statuses())["succeeded"] == PUSHES


async def test_what_one_replica_reads_all_know() -> None:
    """A definition that one has read anew is in force at the others at once."""
    hub, url = Hub(), postgres.fresh_database()
    async with replicas(url, hub, "one", "two") as (one, two):
        await let_read(url, "build; deploy: build; celebrate: deploy")
        await until(lambda: _knows(one, 3))
        await until(lambda: _knows(two, 3))
        await two.push("push")
        await until(lambda: _has_dispatched(hub, 3))

    assert set(hub.dispatched.values()) == {1}


async def _knows(replica: Replica, tasks: int) -> bool:
    [entry] = replica.engine.library.catalogue.entries
    return len(entry.definition.tasks) == tasks


async def _has_dispatched(hub: Hub, count: int) -> bool:
    return len(hub.dispatched) == count


async def test_what_comes_before_the_first_reading_waits_whoever_reads() -> None:
    """Some of it is heard while another replica reads: each push starts one, none is lost."""
    hub, url = Hub(), postgres.fresh_database()
    async with replicas(url, hub, "one", "two", is_read=False) as (one, two):
        await one.push("push-0")
        await until(lambda: _waits(one))
        async with asyncio.TaskGroup() as group:
            for number in range(1, PUSHES):
                group.create_task((one, two)[number % 2].push(f"push-{number}"))
            group.create_task(let_read(url))
        await until(lambda: _all_succeeded(one))
        left = await one.store.waiting(9)
        statuses = await one.statuses()

    assert left == []
    assert statuses == Counter(succeeded=PUSHES)
    assert set(hub.dispatched.values()) == {1}


async def _waits(replica: Replica) -> bool:
    return bool(await replica.store.waiting(1))


async def test_a_replica_that_dies_leaves_what_waits_to_the_others() -> None:
    """Who parked it is gone when the repository is read: another starts what it is for."""
    hub, url = Hub(), postgres.fresh_database()
    async with replicas(url, hub, "one", is_read=False) as (one,):
        await one.push("push")
        await until(lambda: _waits(one))
        await one.die()
        two = Replica(url, hub, "two")
        await two.start()
        hub.told = [two]
        await let_read(url)
        await until(lambda: _has_dispatched(hub, 2))
        await two.die()

    assert set(hub.dispatched.values()) == {1}


async def test_a_replica_that_returns_takes_its_own_leases_back_at_once() -> None:
    """What it was carrying when it died is carried on, without waiting for the leases."""
    hub, url = Hub(is_deaf=True), postgres.fresh_database()
    async with replicas(url, hub, "one") as (one,):
        await one.push("push")
        await until(lambda: _has_dispatched(hub, 1))
        await one.die()
        reborn = Replica(url, hub, "one")
        await reborn.engine.open()
        held = await _ask(url, "SELECT count(lease_owner) FROM commands")
        await reborn.store.close()

    assert int(held) == 0


async def test_a_dead_replicas_work_is_taken_over() -> None:
    """Once its leases have run out another carries on, and looks before it does anything."""
    hub, url = Hub(is_deaf=True), postgres.fresh_database()
    async with replicas(url, hub, "one", "two") as (one, two):
        await one.push("push")
        await until(lambda: _has_dispatched(hub, 1))
        dead, alive = (one, two) if await _holds(url, "one") else (two, one)
        await dead.die()
        await _ask(url, "UPDATE commands SET lease_until = 1 WHERE lease_owner IS NOT NULL")
        await until(lambda: _holds(url, alive.owner))
        tries = await _ask(url, "SELECT max(tries) FROM commands WHERE key LIKE 'dispatch%'")

    assert int(tries) == 2


async def _ask(url: str, statement: str) -> str:
    """Ask beside the replicas: they may hold what the statement waits for."""
    return await asyncio.to_thread(postgres.ask, url, statement)


async def _holds(url: str, owner: str) -> bool:
    query = (
        f"SELECT count(*) FROM commands WHERE key LIKE 'dispatch%' AND lease_owner = '{owner}'"
    )
    return int(await _ask(url, query)) > 0


async def test_what_is_carried_for_long_is_not_taken_over() -> None:
    """Leases are renewed while their holder lives, on the clock of the database."""
    hub, url = Hub(is_deaf=True), postgres.fresh_database()
    async with replicas(url, hub, "one") as (one,):
        await one.push("push")
        await until(lambda: _has_dispatched(hub, 1))
        query = "SELECT lease_until FROM commands WHERE key LIKE 'dispatch%'"
        before = int(await _ask(url, query))
        await until(lambda: _is_later(url, query, before))

    assert set(hub.dispatched.values()) == {1}


async def _is_later(url: str, query: str, moment: int) -> bool:
    return int(await _ask(url, query)) > moment


async def test_a_database_that_goes_and_comes_back_loses_nothing() -> None:
    """Meanwhile nothing is taken in, which the caller is told; afterwards all goes on."""
    hub = Hub()
    with postgres.own_server() as server:
        url = postgres.fresh_database_of(server)
        async with replicas(url, hub, "one", "two") as (one, two):
            await one.push("before")
            await until(lambda: _has_dispatched(hub, 2))
            await asyncio.to_thread(server.stop)
            for replica in (one, two):
                with pytest.raises(StoreUnavailable):
                    await replica.push("during")
                with pytest.raises(StoreUnavailable):
                    await replica.store.ready()
            await asyncio.to_thread(server.start)
            await until(lambda: _takes(two, "after"))
            await until(lambda: _has_dispatched(hub, 4))

    assert set(hub.dispatched.values()) == {1}


async def _takes(replica: Replica, name: str) -> bool:
    try:
        await replica.push(name)
    except StoreUnavailable:
        return False
    return True
