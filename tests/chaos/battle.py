"""One round: set up, let everything go wrong at once, let it come to rest, and compare."""

import asyncio
import contextlib
import random
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

import httpx

from app.core.shared import LOCK
from app.rehearsal import Flavour, Rehearsal, serve
from app.store.sql import SqlStore, open_store
from tests.chaos.cast import set_stage
from tests.chaos.grounds import FileGround, Ground
from tests.chaos.hurry import HurriedGitHub, hurried
from tests.chaos.machines import URL, Balancer, Machine, environ_of, unused_port
from tests.chaos.people import People
from tests.chaos.plan import SPEED, TROUBLE_SECONDS, Blow, Kind, RoundPlan, Strike
from tests.chaos.rest import LOOK, send_again, until_at_rest
from tests.chaos.truth import Belief, check

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
    clock = hurried(SPEED)
    kinds = {Kind.FORGETFUL: Flavour.ENTERPRISE_SERVER}
    github = HurriedGitHub(
        clock,
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
            await _until_read(github)
            store = open_store(ground.url, is_time_rehearsed=True)
            await _live(plan, github, people, machines, ground)
            await until_at_rest(plan, github, people, store)
    belief = await _belief(store)
    await store.close()
    check(github, people, belief)
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


async def _until_read(github: Rehearsal) -> None:
    """Wait until the policy of each repository was asked for: it is read last."""
    async with asyncio.timeout(READ_WITHIN):
        while True:
            asked = {call.path for call in github.calls if call.path.endswith("policy.yml")}
            if len(asked) >= len(github.world.repositories):
                break
            await asyncio.sleep(LOOK)
    await asyncio.sleep(1)


async def _live(
    plan: RoundPlan,
    github: Rehearsal,
    people: People,
    machines: Sequence[Machine],
    ground: Ground,
) -> None:
    """Let people act, and strike, while the world misbehaves."""
    world = github.world
    world.faults.call_chances, world.faults.delivery_chances = plan.calls, plan.deliveries
    world.visibility_delay = timedelta(seconds=plan.visible_after)
    async with asyncio.TaskGroup() as group:
        group.create_task(_act(plan, github, people))
        for number, machine in enumerate(machines):
            strikes = [each for each in plan.strikes if each.which == number]
            group.create_task(_strike(strikes, machine, ground))
    world.faults.call_chances, world.faults.delivery_chances = {}, {}


async def _act(plan: RoundPlan, github: Rehearsal, people: People) -> None:
    waiting, begun = list(plan.doings), time.monotonic()
    while (passed := time.monotonic() - begun) < TROUBLE_SECONDS:
        while waiting and waiting[0][0] <= passed * SPEED:
            people.do(waiting.pop(0)[1])
        people.look()
        if not plan.is_alone:
            send_again(github)
        await asyncio.sleep(LOOK)
    for _, doing in waiting:
        people.do(doing)


async def _strike(strikes: Sequence[Strike], machine: Machine, ground: Ground) -> None:
    begun = time.monotonic()
    for strike in strikes:
        await asyncio.sleep(max(0.0, strike.at - (time.monotonic() - begun)))
        match strike.blow:
            case Blow.FREEZE:
                machine.freeze()
                await asyncio.sleep(strike.lasts)
                machine.thaw()
            case Blow.CUT:
                await ground.cut()
            case Blow.RESTART:
                await ground.restart(strike.lasts)
            case Blow.KILL:
                await machine.kill()
                await asyncio.sleep(strike.lasts)
                machine.start()
                # The next blow may come before it is ready, as it does.
    await machine.until_ready()


async def _belief(store: SqlStore) -> Belief:
    rows = await store.orchestrations(limit=1_000)
    saved = await store.load([row.id for row in rows])
    return Belief(
        states=[each.state for each in saved.values()],
        journals={id_: await store.journal(id_) for id_ in saved},
        chains={id_: await store.chain(id_) for id_ in saved},
        locks=[each.state for each in await store.shared_of_kind(LOCK)],
    )
