"""The demo is the first thing that anybody sees of Signalbox: it must work."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.kit import tree

# About twenty on a quiet machine, most of it the length of the rehearsed workflow runs.
SECONDS_MAX = 40


def _demo(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "app", "demo", *arguments],
        cwd=tree.ROOT,
        env={**os.environ, "TMPDIR": str(folder), "PYTHONUTF8": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_demo_plays_and_proves_itself(tmp_path: Path) -> None:
    """It ends by itself, needs no terminal, and checks what it shows."""
    began = time.monotonic()
    demo = _demo(tmp_path, "--once")

    out, err = demo.communicate(timeout=60)

    assert (demo.returncode, err) == (0, "")
    assert "✗" not in out
    assert out.count("✓") >= 10
    assert time.monotonic() - began < SECONDS_MAX
    assert list(tmp_path.iterdir()) == []


def test_the_demo_stays_up_until_it_is_interrupted(tmp_path: Path) -> None:
    """Other commands work beside a demo that stays up, and Ctrl-C ends it without a trace."""
    demo = _demo(tmp_path)
    assert demo.stdout is not None
    lines = iter(demo.stdout.readline, "")
    url = next(line for line in lines if "DATABASE_URL=" in line).split()[0]
    arguments = ["start", "release", "--database", url.partition("=")[2], "--wait", "30"]
    started = subprocess.run(
        [sys.executable, "-m", "app", *arguments],
        cwd=tree.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (started.returncode, started.stderr) == (0, "")
    assert started.stdout.startswith("release#2: ")

    demo.send_signal(signal.SIGINT)
    out, err = demo.communicate(timeout=30)

    assert (demo.returncode, err) == (0, "")
    assert "Traceback" not in out
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_demo_leaves_nothing_behind(tmp_path: Path) -> None:
    """Ended in the middle of the play it closes everything, and calls that no success."""
    demo = _demo(tmp_path, "--once")
    assert demo.stdout is not None
    demo.stdout.readline()

    demo.send_signal(signal.SIGTERM)
    out, err = demo.communicate(timeout=30)

    assert (demo.returncode, err) == (130, "")
    assert "Traceback" not in out
    assert list(tmp_path.iterdir()) == []
