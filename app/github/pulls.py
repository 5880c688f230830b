"""Carries `FindPullRequest`: looks for the pull request that is at a commit.

What is on no branch of the repository is taken for a fork's: GitHub serves the commits of forks
as if they were the repository's own.
"""

from app.core.chores import FindPullRequest
from app.core.hearing.findings import PullRequestFound
from app.core.hearing.heard import PullRequestFacts
from app.github import repositories
from app.github.budget import Urgency
from app.github.client import Access, Client
from app.github.errors import RefusedError
from app.ports import Carried

PAGES_MAX = 3
"""Pages of open pull requests that are looked through, those that were changed last first."""


async def find_pull_request(client: Client, command: FindPullRequest) -> Carried:
    """Say which pull request is at a commit, and whether a fork's is. In doubt it is."""
    by_id = Access(
        installation_id=command.installation_id,
        repository_id=command.repository_id,
        urgency=Urgency.DECISION,
    )
    try:
        number, is_fork = await _find(client, by_id, command)
    except RefusedError:
        number, is_fork = None, True
    finding = PullRequestFound(delivery_id=command.delivery_id, number=number, is_fork=is_fork)
    return Carried(findings=(finding,))


async def _find(
    client: Client, by_id: Access, command: FindPullRequest
) -> tuple[int | None, bool]:
    repository = await repositories.get_repository(client, by_id)
    access = Access(
        installation_id=by_id.installation_id,
        repository=repository.name,
        repository_id=repository.id,
        urgency=by_id.urgency,
    )
    pulls = await _pulls_at(client, access, command.sha)
    own = [pull for pull in pulls if not pull.is_fork]
    whose = command.head_repository_id
    if whose is not None and whose != repository.id:
        theirs = [each for each in pulls if each.head_repository_id == whose]
        return _only(theirs), True
    if own or whose == repository.id:
        return _only(own), False
    if await repositories.is_on_branch(client, access, command.sha, repository.default_branch):
        return None, False
    return _only(pulls), True


async def _pulls_at(client: Client, access: Access, sha: str) -> list[PullRequestFacts]:
    """List the open pull requests whose head is a commit.

    By the commit GitHub does not find all that come from forks; so the latest are looked at.
    """
    found = await repositories.list_pull_requests_of(client, access, sha)
    at = [pull for pull in found if pull.head_sha == sha and pull.is_open]
    if at:
        return at
    latest = await repositories.list_open_pull_requests(client, access, pages_max=PAGES_MAX)
    return [pull for pull in latest if pull.head_sha == sha]


def _only(pulls: list[PullRequestFacts]) -> int | None:
    """Return the one that is meant; of several none is, since nobody can tell which."""
    return pulls[0].number if len(pulls) == 1 else None
