"""`python -m tests.chaos`: play many rounds; say of each that fails how to play it again."""

import argparse
import asyncio
import shutil
import sys
import tempfile
import time
from pathlib import Path

import uvloop

from tests.chaos.battle import Told, play
from tests.chaos.plan import draw


async def play_all(first: int, rounds: int, at_once: int, folder: Path) -> int:
    """Play rounds, so many at a time; return how many failed."""
    failed, begun, told = list[int](), time.monotonic(), list[Told]()
    places = asyncio.Semaphore(at_once)

    async def play_one(seed: int) -> None:
        plan = draw(seed)
        async with places:
            try:
                told.append(await play(plan, folder))
                print(f"seed {seed}: {_line(told[-1])}", flush=True)
            except (AssertionError, TimeoutError, ExceptionGroup) as error:
                failed.append(seed)
                print(
                    f"seed {seed} FAILED: {type(error).__name__}: {error}\n  {plan.told()}\n"
                    f"  database and logs: {folder}/round-{seed}*\n"
                    f"  again: make chaos SEED={seed} ROUNDS=1",
                    flush=True,
                )

    await asyncio.gather(*(play_one(seed) for seed in range(first, first + rounds)))
    print(_summary(told, rounds, failed, time.monotonic() - begun))
    return len(failed)


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
    parser.add_argument("--at-once", type=int, default=3, help="how many rounds at a time")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="chaos-", dir=Path.cwd() / ".cache"))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        failed = runner.run(play_all(given.seed, given.rounds, given.at_once, folder))
    if not failed:
        shutil.rmtree(folder)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
