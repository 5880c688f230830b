"""One round: set up, let everything go wrong at once, let it come to rest, and compare."""

import asyncio
import contextlib
import random
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import httpx
import sqlalchemy as sa

from app.core.shared import LOCK
from app.rehearsal import Flavour, Rehearsal, serve
from app.store.sql import SqlStore, open_store
from tests.chaos.cast import COVERED, set_stage
from tests.chaos.grounds import FileGround, Ground
from tests.chaos.hurry import HurriedClock, HurriedGitHub, new_clock
from tests.chaos.machines import URL, Balancer, Machine, environ_of, unused_port
from tests.chaos.past import Past, check_past, live_through
from tests.chaos.people import People
from tests.chaos.plan import SPEED, TROUBLE, Blow, Kind, RoundPlan, Strike
from tests.chaos.rest import LOOK, deliver_all_again, patiently, send_again, until_at_rest
from tests.chaos.truth import Belief, check, check_history, check_nothing_has_changed

READ_WITHIN: Final = 150.0
"""Real seconds in which everything must have been read that is read at a start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What can be told of a round that went well."""

    orchestrations: int
    dispatches: int
    events: int
    blows: int
    seconds: float


async def play(
    plan: RoundPlan, folder: Path, *, ground: Ground | None = None, replicas: int = 1
) -> Told:
    """Play one round. Raises `AssertionError` where belief and truth differ."""
    begun = time.monotonic()
    ground = ground or FileGround(folder / f"round-{plan.seed}.db")
    clock = new_clock(folder / f"round-{plan.seed}.time")
    kinds = {Kind.FORGETFUL: Flavour.ENTERPRISE_SERVER}
    github = HurriedGitHub(
        clock,
        SPEED,
        webhook_url=f"{URL}/webhooks/github",
        # Of its own, so that no other round can take in what is meant for this one.
        webhook_secret=secrets.token_hex(16),
        seed=plan.seed,
        flavour=kinds.get(plan.kind, Flavour.CLOUD),
    )
    set_stage(github, random.Random(plan.seed + 2), plan.failing)
    people = People(github, plan)
    async with serve(github):
        machines = [
            Machine(
                f"machine-{number}",
                environ_of(github, ground.url, unused_port()),
                clock,
                folder / f"round-{plan.seed}-{number}.log",
            )
            for number in range(replicas)
        ]
        async with _running(machines), httpx.AsyncClient(transport=Balancer(machines)) as at:
            github.connect(at)
            store = open_store(ground.url, is_time_rehearsed=True)
            await _until_read(store)
            past = await live_through(plan, github, people, machines, ground, clock, store)
            await _live(plan, github, people, machines, ground, clock)
            await until_at_rest(plan, github, people, store)
            belief = await patiently(lambda: _belief(store, past))
            notes = folder / f"round-{plan.seed}.deliveries"
            notes.write_text("\n".join(await _deliveries(github, store)), encoding="utf-8")
            check(github, people, belief)
            dispatches = len(github.dispatches)
            await deliver_all_again(github, store)
            after = await patiently(lambda: _belief(store, past))
            check_nothing_has_changed(belief, after)
            await check_past(past, store)
            assert len(github.dispatches) == dispatches, "what is heard again starts nothing"
    await store.close()
    if ground.copy_url:
        await _check_copy(ground.copy_url, past)
    return Told(
        orchestrations=len(belief.states),
        dispatches=len(github.dispatches),
        events=sum(len(journal) for journal in belief.journals.values()),
        blows=len(plan.strikes),
        seconds=time.monotonic() - begun,
    )


@contextlib.asynccontextmanager
async def _running(machines: Sequence[Machine]) -> AsyncIterator[None]:
    try:
        for machine in machines:
            machine.start()
        for machine in machines:
            await machine.until_ready()
        yield
    finally:
        for machine in machines:
            machine.thaw()
            await machine.kill()


async def _until_read(store: SqlStore) -> None:
    """Wait until each repository is known with its definitions, and all replicas know it.

    GitHub's answers do not tell: what was asked for may be put off, or lost with who asked.
    """

    async def is_read() -> bool:
        known = (await store.catalogue()).repositories
        return sum(it.head_sha is not None for it in known) >= len(COVERED)

    async with asyncio.timeout(READ_WITHIN):
        # Other processes bring it about, and set no event of ours.
        while not await patiently(is_read):  # noqa: ASYNC110
            await asyncio.sleep(LOOK)
    await asyncio.sleep(0.5)


async def _live(
    plan: RoundPlan,
    github: Rehearsal,
    people: People,
    machines: Sequence[Machine],
    ground: Ground,
    clock: HurriedClock,
) -> None:
    """Let people act, and strike, while the world misbehaves."""
    world = github.world
    world.faults.call_chances, world.faults.delivery_chances = plan.calls, plan.deliveries
    world.faults.retry_after_max = plan.waits_told
    world.visibility_delay = timedelta(seconds=plan.visible_after)
    begun = clock.now()
    async with asyncio.TaskGroup() as group:
        group.create_task(_act(plan, github, people, begun + TROUBLE))
        group.create_task(_copy(plan, ground, clock))
        for number, machine in enumerate(machines):
            strikes = [each for each in plan.strikes if each.which == number]
            group.create_task(_strike(strikes, machine, ground, clock))
    world.faults.call_chances, world.faults.delivery_chances = {}, {}


async def _act(plan: RoundPlan, github: Rehearsal, people: People, end: datetime) -> None:
    waiting, begun = list(plan.doings), github.clock.now()
    while (now := github.clock.now()) < end:
        while waiting and waiting[0][0] <= (now - begun).total_seconds():
            people.do(waiting.pop(0)[1])
        people.look()
        if not plan.is_alone:
            send_again(github)
        await asyncio.sleep(LOOK)
    for _, doing in waiting:
        people.do(doing)


async def _copy(plan: RoundPlan, ground: Ground, clock: HurriedClock) -> None:
    await clock.until(clock.now() + timedelta(seconds=plan.copied_at))
    await ground.copy()


async def _strike(
    strikes: Sequence[Strike], machine: Machine, ground: Ground, clock: HurriedClock
) -> None:
    begun = clock.now()
    for strike in strikes:
        await clock.until(begun + timedelta(seconds=strike.at))
        match strike.blow:
            case Blow.FREEZE:
                machine.freeze()
                await clock.until(clock.now() + timedelta(seconds=strike.lasts))
                machine.thaw()
            case Blow.CUT:
                await ground.cut()
            case Blow.RESTART:
                await ground.restart(strike.lasts / SPEED)
            case Blow.KILL:
                await machine.kill()
                await clock.until(clock.now() + timedelta(seconds=strike.lasts))
                machine.start()
                # The next blow may come before it is ready, as it does.
    await machine.until_ready()


async def _deliveries(github: Rehearsal, store: SqlStore) -> list[str]:
    """Tell of each delivery what GitHub knows of it, and what became of it here."""
    columns = sa.select(sa.text("id, status, note")).select_from(sa.text("deliveries"))
    rows = await patiently(lambda: store._rows(columns))
    here = {row.id: f"{row.status} {row.note}" for row in rows}
    return [
        f"{each.created_at:%H:%M:%S} {each.event}.{each.action} {each.guid}"
        f" {each.status}; {here.get(each.guid, 'not known')}"
        for each in github.world.deliveries.values()
    ]


async def _check_copy(url: str, past: Past) -> None:
    """Assert that each history in a backup is whole, whenever it was made."""
    store = open_store(url, is_time_rehearsed=True)
    copied = await _belief(store, past)
    await store.close()
    for state in copied.states:
        check_history(state, copied)


async def _belief(store: SqlStore, past: Past) -> Belief:
    rows = await store.orchestrations(limit=1_000)
    saved = await store.load([row.id for row in rows])
    return Belief(
        states=[each.state for each in saved.values()],
        journals={id_: await store.journal(id_) for id_ in saved},
        chains={id_: await store.chain(id_) for id_ in saved},
        locks=[each.state for each in await store.shared_of_kind(LOCK)],
        dropped=past.dropped,
    )
