"""One process of a round: the server as `main` builds it, in the time of the round."""

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import uvicorn
import uvloop

from app import logs
from app.cli.serving import config_of, listen
from app.courier import LEASE
from app.main import build
from app.settings import Settings
from tests.chaos.hurry import HurriedClock

NICE = 5
"""GitHub goes first: where it is slow, it is as if all of GitHub stood still."""
PR_SET_PDEATHSIG = 1
"""https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html"""
COULD_NOT_START = 3
"""As `signalbox serve` says it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Birth:
    """What a process is told at its start, and where it writes."""

    owner: str
    clock: HurriedClock
    speed: float
    environ: Mapping[str, str]
    log: Path


def live(birth: Birth) -> None:
    """Be a process of a round, until killed."""
    os.nice(NICE)
    # Should the round itself be killed, nothing of it goes on.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    with birth.log.open("ab") as log:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(log.fileno(), stream.fileno())
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(birth))


async def _serve(birth: Birth) -> None:
    settings = Settings.from_environ(birth.environ)
    with listen(settings.host, settings.port) as listening:
        logs.set_up()
        # What takes real time, such as a call's own limit, must not outlast a lease.
        lease = LEASE * birth.speed
        app = build(settings, clock=birth.clock, owner=birth.owner, lease=lease)
        server = uvicorn.Server(config_of(app))
        await server.serve(sockets=[listening])
    if not server.started:
        sys.exit(COULD_NOT_START)
