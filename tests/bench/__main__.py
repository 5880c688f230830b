"""`python -m tests.bench`: measure everything, and print one table."""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop

from app.interpreter import set_for_serving
from tests.bench import (
    answering,
    calls,
    deciding,
    end_to_end,
    figures,
    following,
    pieces,
    replicas,
    restarting,
    sizes,
    taking_over,
    thinking,
    waiting,
    whole,
    yardstick,
)
from tests.bench.figures import Figure

Part = Callable[[Path], Awaitable[list[Figure]]]
PARTS: dict[str, Part] = {
    "yardstick": yardstick.measure,
    "answering": lambda folder: answering.measure(folder, 8),
    "deciding": lambda folder: deciding.measure(folder, 2_000),
    "end-to-end": end_to_end.measure,
    "replicas": replicas.measure,
    "latency": lambda folder: following.measure_latency(folder, 200),
    "chain": following.measure_chain,
    "whole": whole.measure,
    "thinking": thinking.measure,
    "pieces": pieces.measure,
    "sizes": sizes.measure,
    "waiting": waiting.measure,
    "restarting": restarting.measure,
    "taking-over": taking_over.measure,
    "calls": calls.measure,
    "yardstick-again": yardstick.measure,
}


async def measure(names: list[str], quiet: bool) -> list[Figure]:
    """Measure these parts, one after the other."""
    found: list[Figure] = []
    # On a disk, so that a commit costs what it costs: /tmp may be memory.
    with tempfile.TemporaryDirectory(prefix="bench-", dir=Path.cwd() / ".cache") as folder:
        for name in names:
            if not quiet:
                print(f"measuring {name} …", file=sys.stderr, flush=True)
            found += await PARTS[name](Path(folder))
    return found


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"some of {', '.join(PARTS)}")
    given = parser.parse_args()
    if unknown := set(given.parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    set_for_serving()  # as the server does
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        found = runner.run(measure(given.parts or list(PARTS), given.json))
    print(figures.as_json(found) if given.json else figures.table(found))


if __name__ == "__main__":
    main()
