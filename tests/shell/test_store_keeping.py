"""The contract of a store, the part of it that is about no orchestration: turns and trouble."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.core.commands import ListJobs, WriteCheck
from app.core.values import RepositoryName
from app.ports import Batch, DeliveryDone, DeliveryStatus, Saved
from app.ports.keeping import Delayed, Kind, Standing, Turn
from tests.kit import build, stage
from tests.shell.store_kit import (
    ClosableStore,
    at,
    attempt,
    delivery,
    dispatch,
    first,
    orchestration,
    wanted,
)

pytestmark = pytest.mark.anyio

MINUTE = timedelta(minutes=1)


async def test_one_process_at_a_time_has_the_turn(store: ClosableStore) -> None:
    """Whoever takes a turn has it until it is over, or until the lease ran out."""
    taken = [await store.take_turn("mend", now=at(second), lease=MINUTE) for second in (0, 59)]
    await store.end_turn("mend", due=at(90), note="as far as here")
    early = await store.take_turn("mend", now=at(89), lease=MINUTE)
    late = await store.take_turn("mend", now=at(90), lease=MINUTE)
    taken_over = await store.take_turn("mend", now=at(150), lease=MINUTE)

    assert taken == ["", None]
    assert (early, late, taken_over) == (None, "as far as here", "as far as here")


async def test_a_turn_is_opened_once(store: ClosableStore) -> None:
    """Whoever comes second changes nothing, whatever its clock says."""
    await store.open_turn("mend", due=at(60), note="from here", now=at(0))
    await store.open_turn("mend", due=at(900), note="or here", now=at(840))

    assert await store.turns("") == {"mend": Turn(due=at(60), note="from here")}


async def test_a_turn_can_be_hastened(store: ClosableStore) -> None:
    """It is due earlier, never later; one that nobody ever took is none."""
    await store.end_turn("mend", due=at(90), note="n")
    await store.hasten_turn("mend", due=at(100))
    await store.hasten_turn("mend", due=at(10))
    await store.hasten_turn("other", due=at(10))

    assert await store.turns("") == {"mend": Turn(due=at(10), note="n")}


async def test_turns_are_found_by_how_their_names_begin(store: ClosableStore) -> None:
    """So many of a kind can be read together."""
    for name in ("limit/1", "limit/2", "mend"):
        await store.end_turn(name, due=at(1), note="")

    assert sorted(await store.turns("limit/")) == ["limit/1", "limit/2"]


async def test_it_tells_which_deliveries_it_knows(store: ClosableStore) -> None:
    """Of some ids, those that it has."""
    await store.save_deliveries([delivery("a"), delivery("b")])

    assert await store.known_deliveries(["b", "c"]) == {"b"}


async def test_it_tells_when_it_last_heard_of_something(store: ClosableStore) -> None:
    """Each event has its own newest delivery, or none."""
    runs = [replace(delivery(it, seconds=n), event="workflow_run") for n, it in enumerate("ab")]
    other = replace(delivery("c", seconds=9), event="push")
    await store.save_deliveries([*runs, other])
    heard = [await store.heard_at(event) for event in ("workflow_run", "push", "issues")]

    assert heard == [at(1), at(9), None]


async def test_a_delivery_set_aside_can_be_tried_again_or_dropped(store: ClosableStore) -> None:
    """It is listed with its error; tried again it is new; dropped it is no longer listed."""
    await store.save_deliveries([delivery("a"), delivery("b", seconds=1), delivery("c")])
    ended = [
        DeliveryDone(id=each, status=DeliveryStatus.FAILED, note="it broke") for each in "ab"
    ]
    done = DeliveryDone(id="c", status=DeliveryStatus.DONE)
    await store.commit(Batch(deliveries=[*ended, done]))
    listed = await store.set_aside(10)
    changed = [
        await store.try_again(Kind.DELIVERY, "a", now=at(5)),
        await store.drop(Kind.DELIVERY, "b"),
        await store.try_again(Kind.DELIVERY, "c", now=at(5)),
        await store.drop(Kind.DELIVERY, "nobody"),
    ]

    assert [(each.id, each.name, each.why, each.at) for each in listed] == [
        ("b", "push", "it broke", at(1)),
        ("a", "push", "it broke", at(0)),
    ]
    assert changed == [True, True, False, False]
    assert await store.set_aside(10) == []
    assert [each.id for each in await store.new_deliveries(5)] == ["a"]


async def test_a_command_set_aside_can_be_tried_again_or_dropped(store: ClosableStore) -> None:
    """Tried again it looks for what an earlier try has done; dropped it is done."""
    await store.commit(Batch(commands=[wanted(dispatch(1)), wanted(dispatch(2))]))
    held = await store.claim(owner="a", now=at(0), lease=MINUTE, limit=5)
    await store.commit(Batch(commands_failed=[(each.id, "no") for each in held]))
    listed = {each.id: each for each in await store.set_aside(10)}
    again, dropped = sorted(listed)
    changed = [
        await store.try_again(Kind.COMMAND, again, now=at(9)),
        await store.drop(Kind.COMMAND, dropped),
        await store.drop(Kind.COMMAND, dropped),
        await store.try_again(Kind.COMMAND, "no number", now=at(9)),
        await store.drop(Kind.COMMAND, "12345"),
    ]
    claimed = await store.claim(owner="a", now=at(9), lease=MINUTE, limit=5)

    assert listed[again].name == held[0].command.key
    assert (listed[again].why, listed[again].at, listed[again].tries) == ("no", at(0), 1)
    assert changed == [True, True, False, False, False]
    assert [(str(each.id), each.tries) for each in claimed] == [(again, 2)]


async def test_what_was_put_off_is_told(store: ClosableStore) -> None:
    """With the time of the next try and the reason; what merely waits is not."""
    jobs = ListJobs(
        attempt=attempt(),
        repository=RepositoryName("acme/app"),
        workflow_run_id=1,
        run_attempt=1,
    )
    rows = [wanted(jobs), wanted(WriteCheck(), seconds=60)]
    await store.commit(Batch(commands=rows))
    held = await store.claim(owner="a", now=at(0), lease=MINUTE, limit=1)
    await store.postpone(held[0].id, due=at(300), why="GitHub's rate limit")
    subject = rows[0].subject

    assert await store.delayed(subject) == [
        Delayed(subject=subject, name=jobs.key, until=at(300), why="GitHub's rate limit")
    ]
    assert await store.delayed("somebody else") == []


async def test_it_tells_how_things_stand(store: ClosableStore) -> None:
    """How many are open, what waits since when, and how much was set aside."""
    empty = await store.standing(at(0))
    await store.commit(first(orchestration()))
    await store.save_deliveries([delivery("a", seconds=3), delivery("b", seconds=4)])
    await store.commit(Batch(commands=[wanted(WriteCheck(), seconds=7)]))
    before, after = await store.standing(at(6)), await store.standing(at(8))

    assert empty == Standing(
        open={},
        gate_since=None,
        new_deliveries=0,
        new_since=None,
        due_since=None,
        set_aside={"delivery": 0, "command": 0},
    )
    assert sum(after.open.values()) == 1
    assert (after.new_deliveries, after.new_since) == (2, at(3))
    assert (before.due_since, after.due_since) == (None, at(7))


async def test_it_tells_since_when_the_oldest_gate_is_open(store: ClosableStore) -> None:
    """Over all orchestrations, and until somebody opens it."""
    rule = {"require": [{"users": ["mona"], "count": 1}]}
    waiting = stage.graph({"sign": {"approval": {"rules": [rule]}}})
    here = stage.Stage.of(waiting)
    await store.commit(Batch(states=[Saved(state=here.state, version=1)]))
    open_since = (await store.standing(at(0))).gate_since
    here.choose("sign")
    await store.commit(Batch(states=[Saved(state=here.state, version=2)]))

    assert open_since is not None
    assert build.START <= open_since <= here.now
    assert (await store.standing(at(0))).gate_since is None
