"""Reads the policies of organisations for dispatches, each kept for a minute.

What they mean is judged by `app.core.legs.ruling`.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from weakref import WeakValueDictionary

from app.core.approvals.survey import PolicyText
from app.core.routing import ORGANIZATION_REPOSITORIES, policies_of
from app.core.values import RepositoryName
from app.github.budget import Urgency
from app.github.client import Access, Client
from app.github.errors import NotFoundError, RefusedError
from app.github.repositories import read_file

KEPT: Final = timedelta(seconds=60)
KEPT_MAX: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    text: PolicyText
    until: datetime


class Rulings:
    """The policies of organisations, by owner."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        # So that the legs of a matrix, which all want to know at once, ask once.
        self._asking: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def policies(self, *repositories: RepositoryName) -> tuple[PolicyText, ...]:
        """Return the policy of each organisation that owns one of these repositories."""
        owners = dict.fromkeys(each.partition("/")[0].lower() for each in repositories)
        return tuple([await self._policy(owner) for owner in owners])

    async def _policy(self, owner: str) -> PolicyText:
        async with self._asking.setdefault(owner, asyncio.Lock()):
            kept = self._kept.get(owner)
            if kept is not None and self._client.clock.now() < kept.until:
                return kept.text
            text = await self._read(owner)
            self._kept[owner] = _Kept(text=text, until=self._client.clock.now() + KEPT)
            self._kept.move_to_end(owner)
            while len(self._kept) > KEPT_MAX:
                self._kept.popitem(last=False)
            return text

    async def _read(self, owner: str) -> PolicyText:
        for name in ORGANIZATION_REPOSITORIES:
            where = RepositoryName(f"{owner}/{name}")
            try:
                installation = await self._client.tokens.installation_of(where)
            except NotFoundError:
                continue
            access = Access(
                installation_id=installation, repository=where, urgency=Urgency.DECISION
            )
            for path in policies_of(where):
                try:
                    text = (await read_file(self._client, access, path)).text
                except NotFoundError:
                    continue
                except RefusedError as error:
                    return PolicyText(owner=where, error=error.message)
                return PolicyText(owner=where, text=text)
        return PolicyText(owner=owner)
