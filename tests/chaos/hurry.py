"""A time that runs faster, the same for all processes of a round.

Ten minutes of silence are a third of a minute of chaos. The round's GitHub keeps the time, in
a file that all processes look at: where the machine is so busy that GitHub stands still, time
stands still, too. Else what takes a moment would seem to take minutes, and a round would fail
because of its neighbours. What is measured in real time, as the time-outs of connections are,
stays as it is.
"""

import asyncio
import mmap
import struct
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from app.rehearsal import Rehearsal

LOOK_AGAIN: Final = 0.01
STEP_MAX: Final = 0.05
"""Real seconds that may count as passed from one look to the next."""
_MICROS: Final = struct.Struct("q")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class HurriedClock:
    """The time that stands in a file, for as many processes as look."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), _MICROS.size)

    def __reduce__(self) -> tuple[Any, ...]:
        return HurriedClock, (self._path,)

    def now(self) -> datetime:
        """Return the present moment."""
        return _EPOCH + timedelta(microseconds=_MICROS.unpack_from(self._memory)[0])

    def advance(self, seconds: float) -> None:
        """Let time pass: only whoever keeps it does."""
        micros = _MICROS.unpack_from(self._memory)[0] + int(seconds * 1_000_000)
        _MICROS.pack_into(self._memory, 0, micros)

    async def until(self, moment: datetime) -> None:
        """Wait for a moment."""
        # Time is looked at, and never told.
        while self.now() < moment:  # noqa: ASYNC110
            await asyncio.sleep(LOOK_AGAIN)


def new_clock(path: Path) -> HurriedClock:
    """Return a clock that stands at this very moment."""
    path.write_bytes(_MICROS.pack(int(time.time() * 1_000_000)))
    return HurriedClock(path)


class HurriedGitHub(Rehearsal):
    """A rehearsal GitHub that keeps the time of its round."""

    def __init__(self, clock: HurriedClock, speed: float, **given: Any) -> None:
        super().__init__(clock, **given)
        self._hurried = clock
        self._speed = speed

    async def keep_going(self) -> None:
        """Let time pass and do what becomes due, until cancelled."""
        async with asyncio.TaskGroup() as sending:
            before = time.monotonic()
            while True:
                after = time.monotonic()
                self._hurried.advance(min(after - before, STEP_MAX) * self._speed)
                before, now = after, self._hurried.now()
                while (action := self.world.agenda.pop_due(now)) is not None:
                    action()
                while self.world.outbox:
                    sending.create_task(self.postman.send(self.world.outbox.popleft()))
                await asyncio.sleep(LOOK_AGAIN)
