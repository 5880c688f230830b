"""Simulate many orchestrations: `python -m tests.simulation --seeds 10000`.

One in twenty also runs through the real engine, courier and GitHub client, which takes a
hundred times as long. `--seed N` repeats a single one, at the level that `--level` names.
"""

import argparse
import os
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from time import perf_counter
from typing import Final

from tests.simulation.core_alone import CoreAlone
from tests.simulation.whole_shell import simulate_shell

SHELL_SHARE: Final = 20
AT_ONCE: Final = 20
SHOWN_MAX: Final = 5


def simulate_core(seed: int) -> int:
    """Simulate one orchestration of the core alone; return how many events it heard."""
    simulation = CoreAlone(seed)
    simulation.run()
    return simulation.events_heard


LEVELS: Final[Mapping[str, Callable[[int], int]]] = {
    "core": simulate_core,
    "shell": simulate_shell,
}


def simulate_some(level: str, seeds: range) -> tuple[int, list[str]]:
    """Simulate some seeds; return the events heard and what went wrong."""
    events, wrong = 0, []
    for seed in seeds:
        try:
            events += LEVELS[level](seed)
        except Exception as error:
            why = f"{type(error).__name__}: {str(error).splitlines()[:1]}"
            wrong.append(f"{why}\n  python -m tests.simulation --level {level} --seed {seed}")
    return events, wrong


def simulate_all(level: str, count: int) -> int:
    """Simulate seeds from 0 on all processors, print a line, and return how many failed."""
    began = perf_counter()
    blocks = [range(at, min(at + AT_ONCE, count)) for at in range(0, count, AT_ONCE)]
    events, wrong = 0, list[str]()
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for heard, failures in pool.map(simulate_some, [level] * len(blocks), blocks):
            events += heard
            wrong += failures
    took = perf_counter() - began
    rate = f"{count / took:,.0f} seeds/s, {events / took:,.0f} events/s"
    print(f"{level}: {count:,} seeds, {events:,} events, {took:.1f} s, {rate}")
    for failure in wrong[:SHOWN_MAX]:
        print(failure)
    if wrong:
        print(f"{level}: {len(wrong)} of {count} seeds failed")
    return len(wrong)


def main() -> int:
    """Read the command line; return 1 if any seed failed."""
    options = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    options.add_argument("--seeds", type=int, default=500)
    options.add_argument("--seed", type=int)
    options.add_argument("--level", choices=tuple(LEVELS))
    given = options.parse_args()
    if given.seed is not None:
        heard = LEVELS[given.level or "core"](given.seed)
        print(f"seed {given.seed}: {heard} events, and all is well")
        return 0
    counts = {"core": given.seeds, "shell": -(-given.seeds // SHELL_SHARE)}
    if given.level:
        counts = {given.level: given.seeds}
    return 1 if sum(simulate_all(level, count) for level, count in counts.items()) else 0


if __name__ == "__main__":
    sys.exit(main())
