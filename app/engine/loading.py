"""Loads together what many ask for one at a time: a hundred commands cost one question.

On a shared database each look at an orchestration is a round trip. Whoever asks while another
look is under way shares the next one, which begins after they asked: so what they get is as
new as if they had gone by themselves.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import TypeAlias

from app.core.values import OrchestrationId
from app.ports import Saved

Load: TypeAlias = Callable[
    [Collection[OrchestrationId]], Awaitable[Mapping[OrchestrationId, Saved]]
]


class Together:
    """Gathers askers; `load` is asked once for all of them."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._waiting: list[tuple[OrchestrationId, asyncio.Future[Saved | None]]] = []
        self._asking: asyncio.Task[None] | None = None

    async def one(self, id_: OrchestrationId) -> Saved | None:
        """Return one orchestration as it is now, if it is there."""
        answer: asyncio.Future[Saved | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((id_, answer))
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask())
        return await answer

    async def _ask(self) -> None:
        try:
            # Each round answers all who wait; whoever comes meanwhile gets the next.
            while self._waiting:
                waiting, self._waiting = self._waiting, []
                await self._answer(waiting)
        finally:
            self._asking = None

    async def _answer(
        self, waiting: list[tuple[OrchestrationId, asyncio.Future[Saved | None]]]
    ) -> None:
        try:
            found = await self._load(list(dict.fromkeys(id_ for id_, _ in waiting)))
        # It is theirs to say what an error means.
        except Exception as error:
            for _, answer in waiting:
                if not answer.done():
                    answer.set_exception(error)
            return
        for id_, answer in waiting:
            if not answer.done():
                answer.set_result(found.get(id_))
