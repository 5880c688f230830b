"""Reads what a repository consents to: its policy, and its default branch.

What a policy means is judged by the core. It is kept for a minute, or until it is told anew.
"""

from datetime import timedelta
from typing import Final

from app.core.hearing.findings import RepositoryRead
from app.core.plan import Origin
from app.core.policy import POLICY_PATH
from app.core.values import RepositoryName
from app.github.budget import AWAY_PAUSE, Urgency
from app.github.client import Access, Client
from app.github.errors import AwayError, ForbiddenError, NotFoundError, RefusedError
from app.github.kept_answers import KeptAnswers
from app.github.repositories import get_repository, read_file

KEPT: Final = timedelta(seconds=60)
KEPT_MAX: Final = 5_000


class Consents:
    """Policies and default branches by repository."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._policies: KeptAnswers[str, str | None] = KeptAnswers(
            client.clock, lasts=KEPT, most=KEPT_MAX
        )
        self._branches: KeptAnswers[str, str] = KeptAnswers(
            client.clock, lasts=KEPT, most=KEPT_MAX
        )

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
        return await self._policies.of(_key(access), lambda: self._read(access))

    async def default_branch(self, access: Access) -> str:
        """Return the name of the default branch."""

        async def ask() -> str:
            return (await get_repository(self._client, access)).default_branch

        return await self._branches.of(_key(access), ask)

    def note(self, found: RepositoryRead) -> None:
        """Take over what was read of a repository: after a push, that is newer."""
        name = found.repository.name.lower()
        self._policies.keep(name, found.policy)
        self._branches.keep(name, found.repository.default_branch)

    async def _read(self, access: Access) -> str | None:
        try:
            return (await read_file(self._client, access, POLICY_PATH)).text
        except NotFoundError:
            return None
        except ForbiddenError:
            raise
        except RefusedError:
            return ""


def _key(access: Access) -> str:
    assert access.repository is not None, "a consent is a repository's"
    return access.repository.lower()
