"""What pages need of GitHub: who somebody is, and which repositories they may read.

May somebody read a repository, is asked as the App, each answer kept for a minute: what was
taken away from somebody is gone from their pages a minute later, or once the rate limit lets
us ask. Whatever is not known shows nothing.
"""

import asyncio
from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Final
from urllib.parse import quote

import structlog

from app.github.budget import Urgency
from app.github.client import Access, Client
from app.github.errors import AwayError, GitHubError, NotFoundError, RateLimitedError
from app.github.kept_answers import NOT_KEPT, KeptAnswers
from app.github.oauth import WebFlow
from app.github.repositories import METADATA_READ, number_of, object_of, path_to, text_of
from app.ports import KnownRepository
from app.ports.visiting import Visitor, VisitsUnavailable

KEPT: Final = timedelta(minutes=1)
KEPT_MAX: Final = 10_000
STANDS: Final = timedelta(hours=1)
"""How long a yes stands while GitHub's rate limit keeps us from asking again: its window. What
is put off until when is what people then come to see."""
# More than one page shows; of others nothing is said.
REPOSITORIES_MAX: Final = 100
CALLS_AT_ONCE: Final = 8

log = structlog.get_logger(__name__)

# A role of the organisation's own is told as the one that it is based on.
# https://docs.github.com/en/rest/collaborators/collaborators#get-repository-permissions-for-a-user
_MAY_READ: Final = frozenset({"read", "write", "admin"})


class GitHubVisits:
    """The port `Visits`. `find` returns a repository that an installation of ours covers."""

    def __init__(
        self,
        *,
        client: Client,
        flow: WebFlow,
        find: Callable[[int], KnownRepository | None],
    ) -> None:
        self._client = client
        self._flow = flow
        self._find = find
        self._kept: KeptAnswers[tuple[int, Visitor], bool] = KeptAnswers(
            client.clock, lasts=KEPT, most=KEPT_MAX
        )
        self._stood: KeptAnswers[tuple[int, Visitor], bool] = KeptAnswers(
            client.clock, lasts=STANDS, most=KEPT_MAX
        )
        self._room = asyncio.Semaphore(CALLS_AT_ONCE)

    def sign_in_url(self, *, state: str, challenge: str, back: str) -> str:
        """Return GitHub's address at which somebody proves who they are."""
        return self._flow.address(state=state, challenge=challenge, back=back)

    async def visitor(self, *, code: str, verifier: str, back: str) -> Visitor:
        """Return whom GitHub's code stands for."""
        return await self._flow.visitor(code=code, verifier=verifier, back=back)

    async def readable(
        self, visitor: Visitor, repository_ids: Collection[int]
    ) -> frozenset[int]:
        """Return those of these repositories that the visitor may read, as of a minute ago."""
        asked = sorted(set(repository_ids))[:REPOSITORIES_MAX]
        found = await asyncio.gather(
            *(self._may_read(visitor, each) for each in asked), return_exceptions=True
        )
        for outcome in found:
            if isinstance(outcome, BaseException):
                raise outcome
        return frozenset(id_ for id_, may in zip(asked, found, strict=True) if may is True)

    async def _may_read(self, visitor: Visitor, repository_id: int) -> bool:
        known = self._find(repository_id)
        if known is None:
            return False
        key = (repository_id, visitor)
        try:
            return await self._kept.of(key, lambda: self._ask(visitor, known))
        except AwayError:
            # The App has left: what GitHub let somebody read there, we cannot know any more.
            return False
        except RateLimitedError as error:
            if self._stood.knows(key):
                return True
            message = f"GitHub's rate limit lets us ask again at {error.until:%H:%M:%S} UTC."
            raise VisitsUnavailable(message, until=error.until) from error
        except GitHubError as error:
            log.warning("nobody's right to read was found", why=str(error))
            raise VisitsUnavailable("GitHub does not tell what you may see.") from error

    async def _ask(self, visitor: Visitor, known: KnownRepository) -> bool:
        """Ask, by the repository's id as all reads do; the login may be another's by now."""
        repository = known.repository
        access = Access(
            installation_id=known.installation_id,
            repository=repository.name,
            repository_id=repository.id,
            urgency=Urgency.LOOK,
        )
        login = quote(visitor.login, safe="")
        path = f"{path_to(access)}/collaborators/{login}/permission"
        try:
            async with self._room:
                answer = await self._client.call(access, "GET", path, permissions=METADATA_READ)
            body = object_of(answer.json())
        except NotFoundError:
            body = {}
        is_same = number_of(object_of(body.get("user")), "id") == visitor.id
        may = is_same and text_of(body, "permission") in _MAY_READ
        self._stood.keep((repository.id, visitor), may, None if may else NOT_KEPT)
        return may
