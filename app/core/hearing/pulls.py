"""To which pull request a commit belongs, and whether it is a fork's, where nobody says so.

GitHub names the pull requests of a workflow run or a check suite only if they come from the
repository itself: of a fork's there is an empty list. So before such a delivery starts anything
GitHub is asked for the pull request that is at its commit. What cannot be told is a fork's.
"""

from app.core.copying import replace
from app.core.hearing.heard import Heard
from app.core.values import Sha

ASKED = frozenset({"workflow_run", "check_suite", "deployment_protection_rule"})
"""Events about a commit that may be a fork's, without saying so."""
PULL, FORK = "pull ", "fork"


def has_to_ask(heard: Heard, head_sha: Sha | None) -> bool:
    """Tell whether it must be asked for before anything is started; `head_sha` is ours."""
    subject, repository = heard.subject, heard.repository
    if heard.event not in ASKED or repository is None or not subject.sha:
        return False
    if subject.pull_request is not None or subject.sha == head_sha:
        return False
    # Whose a workflow run is, GitHub says; a fork may call its branch as it likes.
    is_ours = subject.head_repository_id == repository.id
    return not is_ours or subject.filtered != f"refs/heads/{repository.default_branch}"


def noted(number: int | None, *, is_fork: bool) -> tuple[str, ...]:
    """Write down what was found, as it is kept with the delivery."""
    pull = (f"{PULL}{number}",) if number is not None else ()
    return (*pull, *((FORK,) if is_fork else ()))


def with_pull(heard: Heard, notes: tuple[str, ...]) -> Heard:
    """Return a delivery with what was found about it."""
    found = [int(each.removeprefix(PULL)) for each in notes if each.startswith(PULL)]
    subject = replace(
        heard.subject,
        pull_request=found[0] if found else None,
        is_fork=heard.subject.is_fork or FORK in notes,
    )
    return replace(heard, subject=subject)
