"""Tells before a dispatch whether the environment is there that its task answers for.

Were it not, GitHub would make one as soon as a job names it, with no rule that protects it, and
the workflow would not wait for anybody.
"""

from datetime import timedelta
from typing import Final

from app.core.dispatchable import Fault
from app.github.client import Access, Client
from app.github.gates import has_environment
from app.github.kept_answers import NOT_KEPT, KeptAnswers

KEPT: Final = timedelta(seconds=60)
KEPT_MAX: Final = 5_000


class KnownEnvironments:
    """Which environments were there a moment ago, by repository and name."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._are_there: KeptAnswers[tuple[str, str], bool] = KeptAnswers(
            client.clock, lasts=KEPT, most=KEPT_MAX
        )

    async def fault(self, environment: str, repository: str, access: Access) -> Fault | None:
        """Say so where it is not there. Raises `GitHubError`: unseen is not there.

        However much is dispatched to it, an environment costs one call a minute. That one is
        missing is never kept: it may have been made meanwhile.
        """
        is_there = await self._are_there.of(
            (repository.lower(), environment.lower()),
            lambda: has_environment(self._client, access, environment),
            lasts=lambda it: KEPT if it else NOT_KEPT,
        )
        if is_there:
            return None
        message = f"{repository} has no environment `{environment}`"
        hint = "make it in the repository's settings, with the App's protection rule"
        return Fault(code="environment-not-found", message=message, hint=hint)
