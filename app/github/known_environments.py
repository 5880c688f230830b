"""Tells before a dispatch whether the environment is there that its task answers for.

Were it not, GitHub would make one as soon as a job names it, with no rule that protects it, and
the workflow would not wait for anybody.
"""

import asyncio
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Final, TypeAlias
from weakref import WeakValueDictionary

from app.core.dispatchable import Fault
from app.github.client import Access, Client
from app.github.gates import has_environment

KEPT: Final = timedelta(seconds=60)
KEPT_MAX: Final = 5_000
_Key: TypeAlias = tuple[str, str]


class KnownEnvironments:
    """Which environments were there a moment ago, by repository and name."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._until: OrderedDict[_Key, datetime] = OrderedDict()
        # So that the legs of a matrix, which all want to know at once, ask once.
        self._asking: WeakValueDictionary[_Key, asyncio.Lock] = WeakValueDictionary()

    async def fault(self, environment: str, repository: str, access: Access) -> Fault | None:
        """Say so where it is not there. Raises `GitHubError`: unseen is not there.

        However much is dispatched to it, an environment costs one call a minute. That one is
        missing is never kept: it may have been made meanwhile.
        """
        key = (repository.lower(), environment.lower())
        async with self._asking.setdefault(key, asyncio.Lock()):
            until = self._until.get(key)
            if until is not None and self._client.clock.now() < until:
                return None
            if not await has_environment(self._client, access, environment):
                message = f"{repository} has no environment `{environment}`"
                hint = "make it in the repository's settings, with the App's protection rule"
                return Fault(code="environment-not-found", message=message, hint=hint)
            self._keep(key)
            return None

    def _keep(self, key: _Key) -> None:
        self._until[key] = self._client.clock.now() + KEPT
        self._until.move_to_end(key)
        while len(self._until) > KEPT_MAX:
            self._until.popitem(last=False)
