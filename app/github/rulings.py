"""Reads the policies of organisations for dispatches, each kept for a minute.

What they mean is judged by `app.core.legs.ruling`.
"""

from datetime import timedelta
from typing import Final

from app.core.approvals.survey import PolicyText
from app.core.routing import ORGANIZATION_REPOSITORIES, policies_of
from app.core.values import RepositoryName
from app.github.budget import Urgency
from app.github.client import Access, Client
from app.github.errors import NotFoundError, RefusedError
from app.github.kept_answers import KeptAnswers
from app.github.repositories import read_file

KEPT: Final = timedelta(seconds=60)
KEPT_MAX: Final = 1_000


class Rulings:
    """The policies of organisations, by owner."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._kept: KeptAnswers[str, PolicyText] = KeptAnswers(
            client.clock, lasts=KEPT, most=KEPT_MAX
        )

    async def policies(self, *repositories: RepositoryName) -> tuple[PolicyText, ...]:
        """Return the policy of each organisation that owns one of these repositories."""
        owners = dict.fromkeys(each.partition("/")[0].lower() for each in repositories)
        return tuple([await self._policy(owner) for owner in owners])

    async def _policy(self, owner: str) -> PolicyText:
        return await self._kept.of(owner, lambda: self._read(owner))

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
