"""The contract of a store: what orchestrations share, listen to, are joined by, and report."""

from dataclasses import replace

import pytest

from app.core.interests import Interest
from app.core.locks import Lock, SeatAsked, decide_lock
from app.core.moves import OrchestrationStatus
from app.core.schedules import ScheduleState
from app.core.shared import LOCK, lock_subject, schedule_subject
from app.core.state import Orchestration
from app.core.values import Holder, LockKey, OrchestrationId
from app.ports import Batch, Conflict, Report, Saved, SavedShared, SharedChange
from tests.shell.store_kit import ClosableStore, at, delivery, first, orchestration

pytestmark = pytest.mark.anyio
KEY = LockKey("repository/1/100%_deploy")
NAME = lock_subject(KEY)


def lock(*holders: str) -> Lock:
    """Return a lock that these have asked for a place in."""
    state = Lock(key=KEY)
    for name in holders:
        asked = SeatAsked(
            at=at(0), orchestration=OrchestrationId(name), holder=Holder(""), who=name
        )
        state, _ = decide_lock(state, asked)
    return state


def change(
    state: Lock | None, version: int, was: int, *, joined: str = "", left: str = ""
) -> Batch:
    """Return a batch that changes the lock; members have names of one letter."""
    made = SharedChange(
        subject=NAME,
        state=state,
        version=version,
        was=was,
        joined=frozenset(map(OrchestrationId, joined)),
        left=frozenset(map(OrchestrationId, left)),
    )
    return Batch(shared=[made])


async def test_what_is_shared_is_kept_whole(store: ClosableStore) -> None:
    """A lock comes back as it was, by its name and among all of its kind."""
    await store.commit(change(lock("a", "b"), 7, 0))
    saved = SavedShared(state=lock("a", "b"), version=7)
    schedule = ScheduleState(repository_id=1, definition="nightly")
    named = schedule_subject(1, "nightly")
    await store.commit(
        Batch(shared=[SharedChange(subject=named, state=schedule, version=1, was=0)])
    )

    assert await store.shared([NAME, "lock/nothing"]) == {NAME: saved}
    assert await store.shared_of_kind(LOCK) == [saved]
    assert await store.shared_of_kind("lock/repository/1/100_") == []


async def test_whoever_decided_on_an_old_state_is_refused(store: ClosableStore) -> None:
    """Neither a change of another version nor a second making is saved, nor what came along."""
    await store.commit(change(lock("a"), 5, 0))
    for version, was in ((6, 4), (1, 0)):
        batch = change(lock("b"), version, was)
        batch.states.append(Saved(state=orchestration(), version=1))
        with pytest.raises(Conflict):
            await store.commit(batch)

    assert (await store.shared([NAME]))[NAME].version == 5
    assert await store.load([orchestration().id]) == {}


async def test_members_are_found_as_long_as_they_are_members(store: ClosableStore) -> None:
    """An orchestration finds what it has a place in, until it leaves or nothing is left."""
    await store.commit(change(lock("a", "b"), 1, 0, joined="ab"))
    both = await store.memberships([OrchestrationId("a"), OrchestrationId("c")])
    await store.commit(change(lock("b"), 2, 1, joined="b", left="a"))
    after = await store.memberships([OrchestrationId("a"), OrchestrationId("b")])
    await store.commit(change(None, 3, 2, left="b"))

    assert both == [("a", NAME)]
    assert after == [("b", NAME)]
    assert await store.memberships([OrchestrationId("b")]) == []
    assert await store.shared([NAME]) == {}


async def test_listeners_are_found_by_what_they_listen_to(store: ClosableStore) -> None:
    """Only those who listen to the event, the repository and the number are found."""
    closed = Interest(event="pull_request.closed", repository_id=1, number=5)
    pushed = Interest(event="push", repository_id=1)
    one, two = OrchestrationId("one"), OrchestrationId("two")
    await store.commit(
        Batch(interests=[(one, frozenset({closed, pushed})), (two, frozenset({pushed}))])
    )
    found = await store.interested([closed, pushed, replace(closed, number=6)])
    await store.commit(Batch(interests=[(one, frozenset({closed})), (two, frozenset())]))

    assert sorted(found) == [(closed, one), (pushed, one), (pushed, two)]
    assert await store.interested([pushed, closed]) == [(closed, one)]


def correlated(number: int) -> Orchestration:
    state = orchestration(number)
    return replace(state, plan=replace(state.plan, correlation="acme/app#5"))


async def test_the_newest_open_one_of_a_key_is_joined(store: ClosableStore) -> None:
    """Events join the newest of those that go on; without any, they join none."""
    key = (7, "train", "acme/app#5")
    for number in (1, 2, 3):
        await store.commit(first(correlated(number)))
    await store.commit(first(orchestration(4)))
    newest = await store.correlated([key, (7, "train", "")])
    for number in (1, 2, 3):
        ended = replace(correlated(number), status=OrchestrationStatus.SUCCEEDED)
        await store.commit(Batch(states=[Saved(state=ended, version=2)]))
        if number == 1:
            assert await store.correlated([key]) == newest

    assert newest == {key: correlated(3).id}
    assert await store.correlated([key]) == {}


async def test_a_plan_keeps_what_led_to_it(store: ClosableStore) -> None:
    """The key and the chain are the plan's, and come back with it."""
    state = correlated(1)
    state = replace(state, plan=replace(state.plan, chain=("1/parent",)))
    await store.commit(first(state))

    assert (await store.load([state.id]))[state.id].state.plan == state.plan


async def test_reports_are_kept(store: ClosableStore) -> None:
    """An evidence pack is kept in each of its forms; made again, it is replaced."""
    state = orchestration()
    await store.commit(first(state))
    report = Report(
        orchestration_id=state.id, name="evidence/1", format="json", text="{}", made_at=at(1)
    )
    better = replace(report, text="{1}", made_at=at(3))
    await store.commit(
        Batch(reports=[report, replace(report, format="markdown", made_at=at(2))])
    )
    await store.commit(Batch(reports=[better]))

    assert await store.reports(state.id) == [
        replace(report, format="markdown", made_at=at(2)),
        better,
    ]
    assert await store.reports(OrchestrationId("other")) == []


async def test_a_batch_may_bring_deliveries_itself(store: ClosableStore) -> None:
    """What we deliver to ourselves is new like any other, and known by its id."""
    await store.commit(Batch(arrivals=[delivery("tick")]))
    await store.commit(Batch(arrivals=[delivery("tick")]))

    assert await store.new_deliveries(9) == [delivery("tick")]


async def test_a_decision_on_an_old_state_is_refused_though_it_changes_nothing(
    store: ClosableStore,
) -> None:
    """Whoever saw another version, or none, decides anew: what was ignored may matter."""
    state = orchestration()
    await store.commit(first(state))
    await store.commit(Batch(seen=[(state.id, 1), (OrchestrationId("none"), 0)]))
    for version in (0, 2):
        with pytest.raises(Conflict):
            await store.commit(Batch(seen=[(state.id, version)], arrivals=[delivery("x")]))

    assert await store.new_deliveries(9) == []
