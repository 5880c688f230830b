"""A loop that crashes starts again, and says that it is not well when that does not help."""

import asyncio

import pytest

from app.supervision import PAUSE_MAX, STEADY_SECONDS, Loop

pytestmark = pytest.mark.anyio


class Stage:
    """A time that only moves in pauses, and a loop that crashes a number of times."""

    def __init__(self, crashes: int, *, lasts: float = 0.0) -> None:
        self.seconds = 0.0
        self.pauses: list[float] = []
        self.troubles: list[str] = []
        self._left = crashes
        self._lasts = lasts
        self.runs = asyncio.Event()
        self.loop = Loop("engine", self.run, pause=self.pause, seconds=lambda: self.seconds)

    async def run(self) -> None:
        self.seconds += self._lasts
        if self._left:
            self._left -= 1
            raise RuntimeError("out of order")
        self.runs.set()
        await asyncio.Event().wait()

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.troubles.append(self.loop.trouble)
        self.seconds += seconds

    async def play(self) -> None:
        """Let the loop crash until it runs, then end it."""
        task = asyncio.create_task(self.loop.keep_running())
        await self.runs.wait()
        self.troubles.append(self.loop.trouble)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_crash_is_not_the_end() -> None:
    """After a crash the loop runs again, after a short pause and without alarm."""
    stage = Stage(crashes=1)

    await stage.play()

    assert stage.pauses == [0.5]
    assert stage.troubles == ["", ""]


async def test_crash_after_crash_is_trouble() -> None:
    """From the third crash in a row on the loop is not well, and the pauses grow to a limit."""
    stage = Stage(crashes=9)

    await stage.play()

    assert stage.pauses[:4] == [0.5, 1.0, 2.0, 4.0]
    assert max(stage.pauses) == PAUSE_MAX
    assert stage.troubles[:2] == ["", ""]
    assert stage.troubles[2] == "engine has crashed 3 times in a row: RuntimeError"
    assert stage.troubles[-1] != ""


async def test_a_loop_that_runs_for_a_while_is_well_again() -> None:
    """Trouble ends with a minute without a crash, and a later crash is a first one."""
    stage = Stage(crashes=4)
    await stage.play()

    stage.seconds += STEADY_SECONDS

    assert stage.loop.trouble == ""


async def test_crashes_far_apart_are_no_trouble() -> None:
    """A loop that runs for a minute between crashes begins to count anew each time."""
    stage = Stage(crashes=5, lasts=STEADY_SECONDS)

    await stage.play()

    assert stage.pauses == [0.5] * 5
    assert set(stage.troubles) == {""}
