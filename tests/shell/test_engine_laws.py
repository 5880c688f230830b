"""Laws of what is shared, under random lives: two processes, ends, cancellations, crashes."""

import random
from collections import Counter

import pytest

from app.core.locks import Lock
from app.core.shared import LOCK
from app.core.state import Orchestration
from tests.kit.build import document
from tests.kit.office import Office, read_of

pytestmark = pytest.mark.anyio
STEPS = 60
LIVES = 12


def grouped(group: str, **more: object) -> dict[str, object]:
    return {"concurrency": {"group": group, "scope": "organization", **more}}


DEFINITIONS = {
    "slow": document("build", whole={"on": {"manual": {}}, **grouped("one")}),
    "wide": document(
        "build; deploy: build",
        whole={"on": {"manual": {}}},
        build=grouped("two", limit=2),
        deploy=grouped("one"),
    ),
    "newest": document(
        "build", whole={"on": {"manual": {}}, **grouped("three", queue="latest")}
    ),
    "rude": document(
        "build",
        whole={"on": {"manual": {}}, **grouped("three", **{"cancel-in-progress": True})},
    ),
}


async def life(seed: int) -> Office:
    """Live one life at random, checking the laws at every step."""
    rng = random.Random(seed)
    one = Office()
    one.hands.knows_run = False
    await one.open_with(read_of(**DEFINITIONS))
    offices = [one]
    for _ in range(STEPS):
        office = rng.choice(offices)
        office.moment = max(each.moment for each in offices)
        await step(rng, office)
        await check(office)
        if rng.random() < 0.1:
            # Another process takes over or joins; what was in memory is forgotten.
            other = Office(one.store, owner=rng.choice(["one", "two"]))
            other.moment, other.hands.knows_run = office.moment, False
            await other.engine.open()
            offices = [other] if rng.random() < 0.5 else [*offices[-1:], other]
    await wind_up(offices[-1])
    return offices[-1]


async def step(rng: random.Random, office: Office) -> None:
    live = [state for state in await office.states() if not state.has_ended]
    chance = rng.random()
    if chance < 0.35 or not live:
        await office.start(rng.choice(sorted(DEFINITIONS)))
    elif chance < 0.45:
        await office.ask("cancel", orchestration=rng.choice(live).id)
    elif chance < 0.5:
        await office.ask("retry", orchestration=rng.choice(await office.states()).id)
    else:
        await end_one(rng, office, rng.choice(live))


async def end_one(rng: random.Random, office: Office, state: Orchestration) -> None:
    for name, task in state.tasks.items():
        for leg in task.legs.values():
            if leg.attempts and not leg.has_ended:
                how = rng.choice(["success", "success", "failure", "cancelled"])
                number = len(leg.attempts)
                await office.end(state.plan.title, str(name), how, number)
                return


async def wind_up(office: Office) -> None:
    """Let everything end: whatever runs succeeds."""
    rng = random.Random(0)
    for _ in range(500):
        live = [state for state in await office.states() if not state.has_ended]
        if not live:
            return
        for state in live:
            await end_one(rng, office, state)
        await office.wait(minutes=1)
    raise AssertionError("not everything ends")


async def check(office: Office) -> None:
    """Check that what locks believe and what orchestrations believe is the same."""
    states = {state.id: state for state in await office.states()}
    locks = [saved.state for saved in await office.store.shared_of_kind(LOCK)]
    held, waits = Counter[tuple[str, str, str]](), Counter[tuple[str, str, str]]()
    for lock in locks:
        assert isinstance(lock, Lock)
        assert len(lock.holding) <= lock.limit, "no place too many is given"
        assert not lock.waiting or len(lock.holding) == lock.limit, "no place is left empty"
        for place in lock.holding:
            held[lock.key, place.orchestration, place.holder] += 1
        for place in lock.waiting:
            waits[lock.key, place.orchestration, place.holder] += 1
    for state in states.values():
        for holder, seat in state.seats.items():
            place_key = (seat.lock, state.id, holder)
            known = held if seat.granted_at is not None else waits
            assert known[place_key] == 1, f"{state.plan.title} believes in a place it has not"
            known[place_key] -= 1
    assert not +held, "a place is held by somebody who does not know it"
    assert not +waits, "somebody waits without knowing it"


@pytest.mark.parametrize("seed", range(LIVES))
async def test_places_are_what_all_believe_them_to_be(seed: int) -> None:
    """Whatever happens in which order, and whoever decides: at the end all places are free."""
    office = await life(seed)

    assert await office.store.shared_of_kind(LOCK) == []
    assert all(state.has_ended for state in await office.states())
