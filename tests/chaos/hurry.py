"""A time that runs faster, the same for all processes of a round.

Ten minutes of silence are a quarter of a minute of chaos. What is measured in real time, as
the time-outs of connections are, stays as it is.
"""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.rehearsal import Rehearsal

LOOK_AGAIN = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class HurriedClock:
    """The time of the machine, `speed` times as fast since `epoch`, in seconds since 1970."""

    epoch: float
    speed: float

    def now(self) -> datetime:
        """Return the present moment."""
        passed = (time.time() - self.epoch) * self.speed
        return datetime.fromtimestamp(self.epoch, UTC) + timedelta(seconds=passed)


def hurried(speed: float) -> HurriedClock:
    """Return a clock that begins now."""
    return HurriedClock(epoch=time.time(), speed=speed)


class HurriedGitHub(Rehearsal):
    """A rehearsal GitHub whose time runs faster."""

    async def keep_going(self) -> None:
        """Do what becomes due, until cancelled."""
        async with asyncio.TaskGroup() as sending:
            while True:
                now = self.clock.now()
                while (action := self.world.agenda.pop_due(now)) is not None:
                    action()
                while self.world.outbox:
                    sending.create_task(self.postman.send(self.world.outbox.popleft()))
                await asyncio.sleep(LOOK_AGAIN)
