"""Keeps a loop running: a crash is logged, and the loop starts again after a pause.

Whether it crashes again and again is what readiness asks. What the loop does is its own
business; everything it promises is on disk, so a new start goes on where it stopped.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

PAUSE_FIRST: Final = 0.5
PAUSE_MAX: Final = 30.0
STEADY_SECONDS: Final = 60.0
"""Whoever has run so long is well again."""
CRASHES_BORNE: Final = 2
"""In a row, before we say that we are not ready."""

_log = logging.getLogger(__name__)


class Loop:
    """One loop that is to run for ever. `pause` and `seconds` are asyncio's, but for tests."""

    def __init__(
        self,
        name: str,
        run: Callable[[], Awaitable[None]],
        *,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        seconds: Callable[[], float] | None = None,
    ) -> None:
        self.name = name
        self._run = run
        self._pause = pause
        self._seconds = seconds or (lambda: asyncio.get_running_loop().time())
        self._crashes = 0
        self._began_at = 0.0
        self._why = ""

    @property
    def trouble(self) -> str:
        """Say why the loop is not well; nothing if it is."""
        if self._crashes <= CRASHES_BORNE or self._is_steady():
            return ""
        return f"{self.name} has crashed {self._crashes} times in a row: {self._why}"

    async def keep_running(self) -> None:
        """Run until cancelled."""
        while True:
            self._began_at = self._seconds()
            try:
                await self._run()
                self._why = "it ended, which it never should"
                _log.error("a loop ended", extra={"loop": self.name})
            # Whatever it was: without its loops the server does nothing.
            except Exception as error:
                self._why = type(error).__name__
                _log.exception("a loop crashed", extra={"loop": self.name})
            self._crashes = 1 if self._is_steady() else self._crashes + 1
            # Until it runs again it is not well, however long the pause.
            self._began_at = self._seconds()
            await self._pause(min(PAUSE_FIRST * 2 ** min(self._crashes - 1, 10), PAUSE_MAX))

    def _is_steady(self) -> bool:
        return self._seconds() - self._began_at >= STEADY_SECONDS
