"""Keeps pages from taking the time that deliveries need: one is made at a time, with rests.

A page of thousands of rows takes a tenth of a second in which nothing else is done. However
many are asked for, making them takes no more than a share of the time.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from app.web.bodies import Crowded

SHARE: Final = 0.25
WAITING_MAX: Final = 50
"""Pages that may wait to be made: whoever comes after them comes again later."""


class Pace:
    """Hands out turns, of which all together take a share of the time."""

    def __init__(self, *, share: float = SHARE, waiting_max: int = WAITING_MAX) -> None:
        self._share = share
        self._waiting_max = waiting_max
        self._waiting = 0
        self._free_at = 0.0
        self._lock = asyncio.Lock()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn and have it. Raises `Crowded` where too many wait already."""
        if self._waiting >= self._waiting_max:
            raise Crowded
        self._waiting += 1
        try:
            async with self._lock:
                loop = asyncio.get_running_loop()
                await asyncio.sleep(max(0.0, self._free_at - loop.time()))
                began = loop.time()
                try:
                    yield
                finally:
                    took = loop.time() - began
                    self._free_at = loop.time() + took * (1 / self._share - 1)
        finally:
            self._waiting -= 1
