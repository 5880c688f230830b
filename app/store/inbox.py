"""The inbox: many callers, one commit.

A commit costs a wait for the disk, whether it holds one delivery or five hundred. So
whoever brings a delivery while a commit is under way waits for the next one, together with
all others that do.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from app.ports import Delivery, Store, StoreUnavailable
from app.store.bounded import fitting

COMMIT_MAX: Final = 500
WAITING_MAX: Final = 5_000
"""More than the store takes in a second: whoever comes then is better off trying later."""
COMMIT_BYTES_MAX: Final = 64 * 1024 * 1024
"""Payloads may be 25 MB each; a commit of them must not fill the memory twice."""
TRIED_AGAIN_WITHIN: Final = 1.0
"""Seconds. What fails sooner may have met a connection that broke at that moment; the next is
new. GitHub waits ten seconds, and delivers once by itself:
https://docs.github.com/en/webhooks/using-webhooks/handling-failed-webhook-deliveries"""


class GroupInbox:
    """Takes deliveries in, saving those that arrive together in one commit."""

    def __init__(self, store: Store, tried_again_within: float = TRIED_AGAIN_WITHIN) -> None:
        self._store = store
        self._tried_again_within = tried_again_within
        self._waiting: list[tuple[Delivery, asyncio.Future[bool]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def take_in(self, delivery: Delivery) -> bool:
        """Return once the delivery is on disk; false where its id is known already."""
        if len(self._waiting) >= WAITING_MAX:
            raise StoreUnavailable("too many deliveries wait to be saved")
        saved: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((delivery, saved))
        if self._writer is None:
            self._writer = asyncio.create_task(self._write(), name="inbox")
        return await saved

    async def close(self) -> None:
        """Wait until everything that was brought is saved."""
        if self._writer is not None:
            await self._writer

    async def _write(self) -> None:
        """Save what waits until nothing does; every caller is told, whatever happens."""
        try:
            while group := self._next_group():
                try:
                    fresh = await self._save([it for it, _ in group])
                except BaseException as error:
                    _refuse(group, error)
                    if not isinstance(error, Exception):
                        raise
                    continue
                for (_, saved), is_fresh in zip(group, fresh, strict=True):
                    if not saved.done():  # a caller may have gone away
                        saved.set_result(is_fresh)
        finally:
            self._writer = None
            _refuse(self._waiting, StoreUnavailable("the inbox was closed"))
            self._waiting = []

    async def _save(self, deliveries: Sequence[Delivery]) -> Sequence[bool]:
        """Save a group; try once more where that failed at once: the next connection is new."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._tried_again_within
        try:
            return await self._store.save_deliveries(deliveries)
        except StoreUnavailable:
            if loop.time() >= until:
                raise
        return await self._store.save_deliveries(deliveries)

    def _next_group(self) -> list[tuple[Delivery, asyncio.Future[bool]]]:
        sizes = (len(delivery.body) for delivery, _ in self._waiting[:COMMIT_MAX])
        count = fitting(sizes, COMMIT_BYTES_MAX)
        group, self._waiting = self._waiting[:count], self._waiting[count:]
        return group


def _refuse(group: list[tuple[Delivery, asyncio.Future[bool]]], error: BaseException) -> None:
    """Tell callers that nothing was saved; one exception each, since each is raised."""
    for _, saved in group:
        if not saved.done():
            refusal = StoreUnavailable(str(error))
            refusal.__cause__ = error
            saved.set_exception(refusal)
