"""`python -m tests.bench.peers`: the same events given to Signalbox, DBOS and Procrastinate."""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Final

import uvloop

from app.collecting import collect_seldom
from tests.bench import end_to_end
from tests.kit import postgres, tree

SCRATCH: Final = tree.ROOT / ".cache" / "peers"
LIBRARIES: Final = ("dbos==3.4.0", "procrastinate==3.10.0", "psycopg[binary,pool]==3.3.9")
PEERS: Final = {"DBOS": ("dbos_work.py", 20), "Procrastinate": ("procrastinate_work.py", 8)}
"""The script of each, and how many times as fast Signalbox wants to be."""
PATIENCE: Final = 600


def main() -> None:
    """Measure all, one after the other, and print the ratios."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.peers", description=__doc__)
    parser.add_argument("--events", type=int, default=end_to_end.EVENTS)
    parser.add_argument("--times", type=int, default=3, help="of which the median counts")
    given = parser.parse_args()
    python = _environment()
    collect_seldom()  # as the server does, which runs on uvloop, too
    ours = statistics.median(_ours(given.events) for _ in range(given.times))
    print(f"{'Signalbox, PostgreSQL':24} {ours:8,.0f} events/s")
    for name, (script, goal) in PEERS.items():
        found = [_theirs(python, script, given.events) for _ in range(given.times)]
        theirs = statistics.median(found)
        verdict = "reached" if ours >= goal * theirs else "MISSED"
        print(
            f"{name:24} {theirs:8,.0f} events/s; Signalbox is {ours / theirs:.1f} times as fast"
            f" (goal {goal}: {verdict}, {ours / theirs / goal:.0%} of it)"
        )


def _environment() -> Path:
    """Make the scratch environment, if it is not there."""
    python = SCRATCH / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(SCRATCH)], check=True)
    subprocess.run([str(python), "-m", "pip", "install", "-qq", *LIBRARIES], check=True)
    return python


def _ours(events: int) -> float:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        lasted, _, _ = runner.run(end_to_end.burst(postgres.durable_database(), events))
    return events / lasted


def _theirs(python: Path, script: str, events: int) -> float:
    path = Path(__file__).parent / script
    arguments = [postgres.durable_database(), str(events), str(end_to_end.CALLERS)]
    done = subprocess.run(
        [str(python), str(path), *arguments],
        check=True,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    seconds: float = json.loads(done.stdout.strip().splitlines()[-1])["seconds"]
    return events / seconds


if __name__ == "__main__":
    main()
