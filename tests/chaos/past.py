"""What was days before the trouble: GitHub delivers again what it may, and what is old goes.

An orchestration has ended and left evidence, another waits for people all the while. Twice
the time passes in which a delivery may be delivered again, and the pushes are, at its very
end; the processes are killed while they drop what is old. After that all goes on as ever.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from app.core.values import OrchestrationId
from app.ports import Report
from app.rehearsal import Flavour, Rehearsal
from app.rehearsal.model.state import Delivery
from app.rehearsal.wire.routes_apps import REDELIVERY_DAYS
from app.store.sql import SqlStore
from tests.chaos.grounds import Ground
from tests.chaos.hurry import HurriedClock
from tests.chaos.machines import Machine
from tests.chaos.people import People
from tests.chaos.plan import Doing, RoundPlan
from tests.chaos.rest import LOOK, patiently, redeliver

STEPS: Final = 2
SHORT_OF: Final = timedelta(hours=12)
"""So long before GitHub would not do so any more the pushes are delivered again."""
SWEPT_EVERY: Final = timedelta(hours=1)
LOOKED_WITHIN: Final = 6.0
"""Real seconds in which each process looks whether it is time to drop what is old."""
SWEEPS_MAX: Final = 10
SETTLED_WITHIN: Final = 90.0
FORMATS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What was dropped, and what may not have been.

    `dropped` says of each orchestration whose journal was dropped how many entries it had;
    `gone` are the deliveries that were.
    """

    dropped: Mapping[OrchestrationId, int] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()
    evidence: Mapping[OrchestrationId, Sequence[Report]] = field(default_factory=dict)


async def live_through(
    plan: RoundPlan,
    github: Rehearsal,
    people: People,
    machines: Sequence[Machine],
    ground: Ground,
    clock: HurriedClock,
    store: SqlStore,
) -> Past:
    """Let it be, if the plan has one."""
    if not plan.has_past:
        return Past()
    chance = random.Random(plan.seed + 6)
    # What comes to join the audit must not come so late that it begins one of its own.
    async with ground.calm():
        for doing in (Doing.AUDIT, Doing.JOIN, Doing.VIGIL):
            people.do(doing)
        await _until(lambda: _is_settled(people, store))
        ended = [row.id for row in await store.orchestrations(limit=9) if row.ended_at]
        dropped = {id_: len(await store.journal(id_)) for id_ in ended}
        evidence = await evidence_of(ended, store)
        packs = [len(each) for each in evidence.values()]
        assert packs == [FORMATS], "there is one pack of each"
        before = {each.guid: each.event for each in github.world.deliveries.values()}
        known = await store.known_deliveries(before)
    for _ in range(STEPS):
        clock.advance((_reach_of(plan, github) - SHORT_OF).total_seconds())
        await _restart(machines, chance)
        pushes = {each.guid: each for each in github.world.deliveries.values()}
        again = [each for each in pushes.values() if each.event == "push"]
        await redeliver(github, [each for each in again if each.guid in known])
    # What was not answered at every try is kept for longer: it may be delivered once more.
    tried = {each.guid for each in github.world.deliveries.values() if not _is_answered(each)}
    gone = frozenset(guid for guid in known - tried if before[guid] != "push")
    await _until_swept(gone, ended, clock, store)
    return Past(dropped=dropped, gone=gone, evidence=evidence)


async def check_past(past: Past, store: SqlStore) -> None:
    """Assert that what was dropped has not come back, and that the evidence is still there."""
    back = await patiently(lambda: store.known_deliveries(past.gone))
    assert not back, f"{sorted(back)} were dropped, and are heard anew"
    evidence = await patiently(lambda: evidence_of(past.evidence, store))
    assert evidence == past.evidence, "evidence packs are kept as they were made"


async def evidence_of(
    ids: Collection[OrchestrationId], store: SqlStore
) -> dict[OrchestrationId, Sequence[Report]]:
    """Return the evidence packs of orchestrations."""
    return {id_: await store.reports(id_) for id_ in ids}


def _is_answered(delivery: Delivery) -> bool:
    return 200 <= delivery.status_code < 300


def _reach_of(plan: RoundPlan, github: Rehearsal) -> timedelta:
    flavour = github.world.flavour
    assert (flavour is Flavour.ENTERPRISE_SERVER) == plan.is_forgetful
    return timedelta(days=REDELIVERY_DAYS[flavour])


async def _is_settled(people: People, store: SqlStore) -> bool:
    """Tell whether one has ended and left evidence, and the other waits for people."""
    rows = await store.orchestrations(limit=9)
    if len(rows) != STEPS or sum(row.ended_at is not None for row in rows) != 1:
        return False
    return len(list(people.waiting())) == 1 and not await store.new_deliveries(1)


async def _restart(machines: Sequence[Machine], chance: random.Random) -> None:
    """Kill them all, once more while they drop what is old, and have them back."""
    for machine in machines:
        await machine.kill()
        machine.start()
    for machine in machines:
        if chance.random() < 0.5:
            await machine.until_ready()
            await asyncio.sleep(chance.uniform(0.0, 0.3))
            await machine.kill()
            machine.start()
    for machine in machines:
        await machine.until_ready()


async def _until_swept(
    gone: Collection[str],
    ended: Collection[OrchestrationId],
    clock: HurriedClock,
    store: SqlStore,
) -> None:
    """Let hours pass until what is old is dropped."""

    async def is_swept() -> bool:
        left = [id_ for id_ in ended if await store.journal(id_)]
        return not left and not await store.known_deliveries(gone)

    for _ in range(SWEEPS_MAX):
        try:
            return await _until(is_swept, LOOKED_WITHIN)
        except TimeoutError:
            clock.advance(SWEPT_EVERY.total_seconds())
    left = await patiently(lambda: store.known_deliveries(gone))
    raise AssertionError(f"what is old is kept: {sorted(left)}, or a journal")


async def _until(holds: Callable[[], Awaitable[bool]], within: float = SETTLED_WITHIN) -> None:
    async with asyncio.timeout(within):
        # Other processes bring it about, and set no event of ours.
        while not await patiently(holds):  # noqa: ASYNC110
            await asyncio.sleep(LOOK)
