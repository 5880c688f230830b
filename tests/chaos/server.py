"""One process of a round: the server as `main` builds it, in the time of the round."""

import asyncio
import json
import sys

import uvicorn
import uvloop

from app import logs
from app.cli.serving import config_of, listen
from app.courier import LEASE
from app.main import build
from app.settings import Settings
from tests.chaos.hurry import HurriedClock


async def serve(told: dict[str, object]) -> None:
    """Serve until killed."""
    clock = HurriedClock(epoch=float(str(told["epoch"])), speed=float(str(told["speed"])))
    settings = Settings.from_environ({k: str(v) for k, v in dict(told["environ"]).items()})  # type: ignore[call-overload]  # it is JSON of our own
    with listen(settings.host, settings.port) as listening:
        logs.set_up()
        # What takes real time, such as a call's own limit, must not outlast a lease.
        lease = LEASE * clock.speed
        app = build(settings, clock=clock, owner=str(told["owner"]), lease=lease)
        server = uvicorn.Server(config_of(app))
        await server.serve(sockets=[listening])


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(json.loads(sys.argv[1])))
