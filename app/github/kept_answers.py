"""Answers of GitHub that are kept for a while: however many want to know, it is asked once."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from datetime import datetime, timedelta
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

from app.ports import Clock

Key = TypeVar("Key", bound=Hashable)
Answer = TypeVar("Answer")

NOT_KEPT = timedelta()
"""How long an answer is kept that may be another one in a moment."""


class KeptAnswers(Generic[Key, Answer]):
    """The answers to one kind of question, by what was asked; at most `most` of them.

    An error is no answer: it is raised to whoever asked, and the next one asks anew.
    """

    def __init__(self, clock: Clock, *, lasts: timedelta, most: int) -> None:
        self._clock = clock
        self._lasts = lasts
        self._most = most
        self._kept: OrderedDict[Key, tuple[Answer, datetime]] = OrderedDict()
        # The legs of a matrix want to know the same at the same moment.
        self._asking: WeakValueDictionary[Key, asyncio.Lock] = WeakValueDictionary()

    async def of(
        self,
        key: Key,
        ask: Callable[[], Awaitable[Answer]],
        *,
        holds: Callable[[Answer], bool] = lambda _: True,
        lasts: Callable[[Answer], timedelta] | None = None,
    ) -> Answer:
        """Return what is kept if it still `holds`; else ask, and keep the answer."""
        async with self._asking.setdefault(key, asyncio.Lock()):
            kept = self._fresh(key)
            if kept is not None and holds(kept[0]):
                return kept[0]
            answer = await ask()
            self.keep(key, answer, self._lasts if lasts is None else lasts(answer))
            return answer

    def knows(self, key: Key) -> bool:
        """Tell whether an answer is kept."""
        return self._fresh(key) is not None

    def keep(self, key: Key, answer: Answer, lasts: timedelta | None = None) -> None:
        """Take over what was found out elsewhere, in place of what was kept."""
        until = self._clock.now() + (self._lasts if lasts is None else lasts)
        self._kept[key] = answer, until
        self._kept.move_to_end(key)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def _fresh(self, key: Key) -> tuple[Answer, datetime] | None:
        kept = self._kept.get(key)
        return kept if kept is not None and self._clock.now() < kept[1] else None
