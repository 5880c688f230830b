"""Tells pages that are open when what they show has changed.

One look a second at the database serves all of them together. A stream says that there is
something new, never what: the page is then asked for anew, by whoever may see it. Streams are
bounded, for each visitor and in all, and end when the server does.
"""

import asyncio
import logging
import zlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from app.core.values import OrchestrationId
from app.ports import Store, StoreUnavailable
from app.ports.keeping import Delayed

LOOK_SECONDS: Final = 1.0
DELAYS_EVERY: Final = 5
"""Looks after which it is also looked whether something was put off: that changes no state."""
CHECKED_SECONDS: Final = 60.0
"""How long somebody goes on seeing what may have been taken away from them since."""
BEAT_SECONDS: Final = 15.0
"""Proxies take a connection for dead on which nothing comes for long."""
STREAMS_MAX: Final = 200
OF_ONE_MAX: Final = 6
"""Browsers open no more than six connections to one host, where it speaks HTTP/1.1."""

_log = logging.getLogger(__name__)


class TooMany(Exception):
    """There are as many streams as there may be, of this visitor or in all."""


@dataclass(slots=True, kw_only=True, eq=False)
class _Stream:
    """One open page: `mark` is what it was told last, `latest` what is so."""

    id: OrchestrationId
    whose: int
    latest: str = ""
    woken: asyncio.Event = field(default_factory=asyncio.Event)


class Changes:
    """Keeps the streams. `store` raises `StoreUnavailable` while the server is not open."""

    def __init__(
        self,
        store: Callable[[], Store],
        *,
        look_seconds: float = LOOK_SECONDS,
        checked_seconds: float = CHECKED_SECONDS,
        streams_max: int = STREAMS_MAX,
    ) -> None:
        self._store = store
        self._look_seconds = look_seconds
        self._checked_seconds = checked_seconds
        self._streams_max = streams_max
        self._streams: list[_Stream] = []
        self._looking: asyncio.Task[None] | None = None
        self._closed = asyncio.Event()
        self._delays: dict[OrchestrationId, Sequence[Delayed]] = {}

    def close(self) -> None:
        """End all streams, and open none any more."""
        self._closed.set()
        for stream in self._streams:
            stream.woken.set()

    def follow(
        self, id_: OrchestrationId, whose: int, may_see: Callable[[], Awaitable[bool]]
    ) -> AsyncIterator[bytes]:
        """Return a stream of server-sent events. Raises `TooMany`.

        https://html.spec.whatwg.org/multipage/server-sent-events.html
        """
        if self._is_full(whose):
            raise TooMany
        return self._told(_Stream(id=id_, whose=whose), may_see)

    def _is_full(self, whose: int) -> bool:
        counts = Counter(stream.whose for stream in self._streams)
        return len(self._streams) >= self._streams_max or counts[whose] >= OF_ONE_MAX

    async def _told(
        self, stream: _Stream, may_see: Callable[[], Awaitable[bool]]
    ) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        checked, mark = loop.time(), ""
        # Between the question and the first word others may have begun.
        if self._is_full(stream.whose):
            return
        self._streams.append(stream)
        try:
            self._look()
            yield b"retry: 5000\n\n"
            while not self._closed.is_set():
                pause = min(BEAT_SECONDS, self._checked_seconds)
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await stream.woken.wait()
                stream.woken.clear()
                # Should looking have failed, it begins again with the next beat.
                self._look()
                if loop.time() - checked >= self._checked_seconds:
                    if not await may_see():
                        return
                    checked = loop.time()
                if self._closed.is_set():
                    return
                is_new, mark = stream.latest != mark, stream.latest
                yield f"data: {mark}\n\n".encode() if is_new else b": still here\n\n"
        finally:
            self._streams.remove(stream)

    def _look(self) -> None:
        """Look every second as long as anybody is there."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._keep_looking(), name="changes")

    async def _keep_looking(self) -> None:
        number = 0
        while self._streams and not self._closed.is_set():
            # While the database is away nothing is known to have changed.
            with suppress(StoreUnavailable):
                await self._look_once(with_delays=number % DELAYS_EVERY == 0)
            number += 1
            await asyncio.sleep(self._look_seconds)

    async def _look_once(self, *, with_delays: bool) -> None:
        store = self._store()
        ids = {stream.id for stream in self._streams}
        found = await store.load(ids)
        if with_delays:
            self._delays = {id_: await store.delayed(id_) for id_ in sorted(ids)}
        for stream in self._streams:
            saved = found.get(stream.id)
            mark = mark_of(saved.version if saved else 0, self._delays.get(stream.id, ()))
            if mark != stream.latest:
                stream.latest = mark
                stream.woken.set()


def mark_of(version: int, delayed: Sequence[Delayed]) -> str:
    """Name what a page shows, so that it is told apart from what it will show."""
    said = repr([(each.name, each.until, each.why) for each in delayed])
    return f"{version}.{zlib.crc32(said.encode())}" if delayed else f"{version}"
