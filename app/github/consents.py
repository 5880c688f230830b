"""Reads what a repository consents to: its policy, and its default branch.

What a policy means is judged by the core. It is kept for a minute, or until it is told anew.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from weakref import WeakValueDictionary

from app.core.hearing.findings import RepositoryRead
from app.core.plan import Origin
from app.core.policy import POLICY_PATH
from app.core.values import RepositoryName
from app.github.budget import AWAY_PAUSE, Urgency
from app.github.client import Access, Client
from app.github.errors import AwayError, ForbiddenError, NotFoundError, RefusedError
from app.github.repositories import get_repository, read_file

KEPT: Final = timedelta(seconds=60)
KEPT_MAX: Final = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    value: str | None
    until: datetime


class Consents:
    """Policies and default branches by repository."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._kept: OrderedDict[tuple[str, str], _Kept] = OrderedDict()
        # So that the legs of a matrix, which all want to know at once, ask once.
        self._asking: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    async def access_to(
        self, repository: RepositoryName, origin: Origin, urgency: Urgency
    ) -> Access:
        """Return how to reach a repository. Raises NotFoundError where no installation does.

        Where none reaches the definition's own either, it is the App that is away, and nothing
        is said about the target: AwayError.

        The definition's own is reached by its id: it needs no consent, so its name, which may
        have become another's, must not decide.
        """
        if repository.lower() == origin.repository.lower():
            return Access(
                installation_id=origin.installation_id,
                repository=repository,
                repository_id=origin.repository_id,
                urgency=urgency,
            )
        find = self._client.tokens.installation_of
        try:
            installation_id = await find(repository)
        except NotFoundError as error:
            try:
                await find(origin.repository, is_anew=True)
            except NotFoundError as away:
                until = self._client.clock.now() + AWAY_PAUSE
                message = f"the App is not installed any more: {away.message}"
                raise AwayError(message, until=until) from error
            raise
        return Access(installation_id=installation_id, repository=repository, urgency=urgency)

    async def policy(self, access: Access) -> str | None:
        """Return the policy on the default branch, None where there is none.

        One that is too large or no text is the empty text, which lets nobody in.
        """
        key = _key(access, "policy")
        async with self._asking.setdefault(key, asyncio.Lock()):
            kept = self._fresh(key)
            if kept is not None:
                return kept.value
            text: str | None
            try:
                text = (await read_file(self._client, access, POLICY_PATH)).text
            except NotFoundError:
                text = None
            except ForbiddenError:
                raise
            except RefusedError:
                text = ""
            self._keep(key, text)
            return text

    async def default_branch(self, access: Access) -> str:
        """Return the name of the default branch."""
        key = _key(access, "default branch")
        async with self._asking.setdefault(key, asyncio.Lock()):
            kept = self._fresh(key)
            if kept is not None and kept.value is not None:
                return kept.value
            found = (await get_repository(self._client, access)).default_branch
            self._keep(key, found)
            return found

    def note(self, found: RepositoryRead) -> None:
        """Take over what was read of a repository: after a push, that is newer."""
        name = found.repository.name.lower()
        self._keep((name, "policy"), found.policy)
        self._keep((name, "default branch"), found.repository.default_branch)

    def _fresh(self, key: tuple[str, str]) -> _Kept | None:
        kept = self._kept.get(key)
        return kept if kept is not None and self._client.clock.now() < kept.until else None

    def _keep(self, key: tuple[str, str], value: str | None) -> None:
        self._kept[key] = _Kept(value=value, until=self._client.clock.now() + KEPT)
        self._kept.move_to_end(key)
        while len(self._kept) > KEPT_MAX:
            self._kept.popitem(last=False)


def _key(access: Access, what: str) -> tuple[str, str]:
    assert access.repository is not None, "a consent is a repository's"
    return access.repository.lower(), what
