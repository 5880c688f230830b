"""`python -m tests.fuzz`: read a million mutated texts, on all processors."""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Collection, Mapping
from importlib.util import find_spec
from typing import Final

from tests.fuzz.readers import READERS
from tests.kit import tree

SHARES: Final[Mapping[str, float]] = {
    "commands": 0.3,
    "payloads": 0.26,
    "owners": 0.1,
    "wishes": 0.1,
    "policies": 0.08,
    "definitions": 0.1,
    "scenarios": 0.06,
}
"""What part of all runs each reader gets: those that take longer get fewer."""
SHOWN_MAX: Final = 3_000


async def fuzz(runs: int, seed: int, workers: int, names: Collection[str]) -> int:
    """Give each reader its share; return how many of those that are named broke."""
    assert SHARES.keys() == READERS.keys(), "every reader has a share"
    places = asyncio.Semaphore(workers)
    broken = await asyncio.gather(
        *(_one(places, name, int(runs * SHARES[name]), seed) for name in names)
    )
    return sum(broken)


async def _one(places: asyncio.Semaphore, name: str, runs: int, seed: int) -> bool:
    async with places:
        begun = time.monotonic()
        worker = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.fuzz.worker",
            name,
            str(runs),
            str(seed + 1),  # to libFuzzer 0 means any
            cwd=tree.ROOT,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await worker.communicate()
        took = time.monotonic() - begun
    if worker.returncode == 0:
        print(f"{name}: {runs:,} texts in {took:.0f} s, nothing broke", flush=True)
        return False
    print(f"{name} BROKE:\n{said.decode(errors='replace')[-SHOWN_MAX:]}", flush=True)
    return True


def main() -> None:
    """Read the arguments and fuzz."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--runs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("readers", nargs="*", default=list(SHARES), help="all, if none is")
    given = parser.parse_args()
    print(
        "guided by atheris" if find_spec("atheris") else "without atheris: from examples only"
    )
    sys.exit(min(asyncio.run(fuzz(given.runs, given.seed, given.workers, given.readers)), 1))


if __name__ == "__main__":
    main()
