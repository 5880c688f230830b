"""`python -m tests.bench.peers`: the same events given to Signalbox, DBOS and Procrastinate.

Twice: "the same work", by which the goals are judged, has whoever handles an event do all
that `end_to_end` has Signalbox do; "bare" has them count events per key, and so shows what
their engines cost alone, beside a Signalbox that does everything.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uvloop

from app.interpreter import set_for_serving
from tests.bench import end_to_end
from tests.kit import postgres, tree

SCRATCH: Final = tree.ROOT / ".cache" / "peers"
LIBRARIES: Final = ("dbos==3.4.0", "procrastinate==3.10.0", "psycopg[binary,pool]==3.3.9")
PATIENCE: Final = 600
CALLERS: Final = 32
"""Who bring events to the peers: their threads and connections get in each other's way sooner
than our group commits, which have 256."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way of giving the work to a peer: its script, and what that is told.

    `goal` is how many times as fast Signalbox wants to be.
    """

    name: str
    script: str
    goal: int
    told: tuple[str, ...] = ()


SAME_WORK: Final = (
    Way(name="DBOS, steps", script="dbos_work", goal=20, told=("steps",)),
    Way(name="DBOS, transactions", script="dbos_work", goal=20, told=("transactions",)),
    Way(name="Procrastinate", script="procrastinate_work", goal=8),
)
BARE: Final = (
    Way(name="DBOS", script="dbos_bare", goal=20),
    Way(name="Procrastinate", script="procrastinate_bare", goal=8),
)


def main() -> None:
    """Measure all in turn, so often, and print the ratios.

    In turn, because the speed of a machine that is shared changes within minutes.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.bench.peers", description=__doc__)
    parser.add_argument("--events", type=int, default=end_to_end.EVENTS)
    parser.add_argument("--times", type=int, default=3, help="of which the median counts")
    given = parser.parse_args()
    python = _environment()
    set_for_serving()  # as the server does, which runs on uvloop, too
    for title, ways in (
        ("The same work for all, by which the goals are judged:", SAME_WORK),
        ("Bare: peers count events per key, and Signalbox does its work:", BARE),
    ):
        ours, theirs = list[float](), {way: list[float]() for way in ways}
        for _ in range(given.times):
            ours.append(_ours(given.events))
            for way in ways:
                theirs[way].append(_theirs(python, way, given.events))
        median = statistics.median(ours)
        print(f"{title}\n{_row('Signalbox, PostgreSQL', median)}", flush=True)
        for way, found in theirs.items():
            print(_compared(way, median, found, is_judged=ways is SAME_WORK), flush=True)


def _row(name: str, rate: float) -> str:
    return f"  {name:22} {rate:8,.0f} events/s"


def _compared(way: Way, ours: float, found: Sequence[float], *, is_judged: bool) -> str:
    theirs = statistics.median(found)
    said = f"{_row(way.name, theirs)}; Signalbox is {ours / theirs:.1f} times as fast"
    if not is_judged:
        return said
    verdict = "reached" if ours >= way.goal * theirs else "MISSED"
    return f"{said} (goal {way.goal}: {verdict}, {ours / theirs / way.goal:.0%} of it)"


def _environment() -> Path:
    """Make the scratch environment, if it is not there: their libraries and ours."""
    python = SCRATCH / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(SCRATCH)], check=True)
    ours = ["-r", str(tree.ROOT / "requirements.lock")]
    subprocess.run([str(python), "-m", "pip", "install", "-qq", *ours, *LIBRARIES], check=True)
    return python


def _ours(events: int) -> float:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        lasted, _, _ = runner.run(end_to_end.burst(postgres.durable_database(), events))
    return events / lasted


def _theirs(python: Path, way: Way, events: int) -> float:
    module = f"{__package__}.{way.script}"
    arguments = [postgres.durable_database(), str(events), str(CALLERS), *way.told]
    done = subprocess.run(
        [str(python), "-m", module, *arguments],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env={**os.environ, "PYTHONPATH": str(tree.ROOT)},
        cwd=tree.ROOT,
    )
    # What they say beside it matters only where it does not go well.
    assert done.returncode == 0, done.stderr
    seconds: float = json.loads(done.stdout.strip().splitlines()[-1])["seconds"]
    return events / seconds


if __name__ == "__main__":
    main()
