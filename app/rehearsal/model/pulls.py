"""Pull requests with their reviews."""

from typing import Any

from app.rehearsal.model.state import (
    Account,
    PullRequest,
    Repository,
    Review,
)
from app.rehearsal.model.world import World
from app.rehearsal.shapes import pulls as shapes


def open_pull_request(
    world: World,
    repository: Repository,
    head: Repository,
    head_ref: str,
    author: Account,
    *,
    title: str,
    body: str = "",
    base_ref: str | None = None,
    is_draft: bool = False,
) -> PullRequest:
    """Open a pull request, perhaps from a fork, and tell the App."""
    base_ref = base_ref or repository.default_branch
    head_sha = head.refs[f"heads/{head_ref}"]
    if head is not repository:
        repository.commits |= head.commits
        repository.blobs |= head.blobs
        repository.trees |= head.trees
    repository.number_count += 1
    number = repository.number_count
    now = world.now()
    pull = PullRequest(
        id=world.new_id(),
        number=number,
        title=title,
        body=body,
        user=author,
        base_ref=base_ref,
        base_sha=repository.refs[f"heads/{base_ref}"],
        head_ref=head_ref,
        head_sha=head_sha,
        head_repository=head,
        created_at=now,
        updated_at=now,
        draft=is_draft,
    )
    repository.pulls[number] = pull
    repository.refs[f"pull/{number}/head"] = head_sha
    tell(world, repository, pull, "opened", author)
    return pull


def follow_branch(
    world: World, pushed: Repository, branch: str, sha: str, sender: Account
) -> None:
    """Let the open pull requests from and to a branch know that it moved."""
    for repository in world.repositories.values():
        for pull in repository.pulls.values():
            if pull.state != "open":
                continue
            if repository is pushed and pull.base_ref == branch:
                pull.base_sha = sha
            if pull.head_repository is not pushed or pull.head_ref != branch:
                continue
            if repository is not pushed:
                repository.commits |= pushed.commits
                repository.blobs |= pushed.blobs
                repository.trees |= pushed.trees
            before, pull.head_sha = pull.head_sha, sha
            repository.refs[f"pull/{pull.number}/head"] = sha
            extra = {"before": before, "after": sha}
            tell(world, repository, pull, "synchronize", sender, extra)


def close(world: World, repository: Repository, pull: PullRequest, who: Account) -> None:
    """Close a pull request without merging it."""
    pull.state, pull.closed_at = "closed", world.now()
    tell(world, repository, pull, "closed", who)


def mark_draft(
    world: World, repository: Repository, pull: PullRequest, who: Account, *, is_draft: bool
) -> None:
    """Make a draft of a pull request, or none of it."""
    pull.draft = is_draft
    tell(world, repository, pull, "converted_to_draft" if is_draft else "ready_for_review", who)


def mark_merged(
    world: World, repository: Repository, pull: PullRequest, who: Account, sha: str
) -> None:
    """Write down that a pull request was merged as that commit."""
    pull.state, pull.closed_at = "closed", world.now()
    pull.merged_at, pull.merged_by, pull.merge_commit_sha = pull.closed_at, who, sha
    tell(world, repository, pull, "closed", who)


def review(
    world: World,
    repository: Repository,
    pull: PullRequest,
    who: Account,
    state: str,
    body: str = "",
    commit_id: str | None = None,
) -> Review:
    """Submit a review of state APPROVED, CHANGES_REQUESTED or COMMENTED."""
    given = Review(
        id=world.new_id(),
        user=who,
        state=state,
        body=body,
        commit_id=commit_id or pull.head_sha,
        submitted_at=world.now(),
    )
    pull.reviews.append(given)
    _tell_review(world, repository, pull, given, "submitted", who)
    return given


def edit_review(
    world: World,
    repository: Repository,
    pull: PullRequest,
    given: Review,
    who: Account,
    body: str,
) -> None:
    """Change the text of a review; what it decided stays."""
    before, given.body = given.body, body
    extra = {"changes": {"body": {"from": before}}}
    _tell_review(world, repository, pull, given, "edited", who, extra)


def dismiss(
    world: World, repository: Repository, pull: PullRequest, given: Review, who: Account
) -> None:
    """Dismiss a review."""
    given.state = "DISMISSED"
    _tell_review(world, repository, pull, given, "dismissed", who)


def tell(
    world: World,
    repository: Repository,
    pull: PullRequest,
    action: str,
    sender: Account,
    extra: dict[str, Any] | None = None,
) -> None:
    """Send a `pull_request` webhook."""
    pull.updated_at = world.now()
    shape = shapes.pull_request(world.at, repository, pull, is_whole=True)
    body = {"action": action, "number": pull.number, "pull_request": shape, **(extra or {})}
    world.emit("pull_request", repository, sender, body)


def _tell_review(
    world: World,
    repository: Repository,
    pull: PullRequest,
    given: Review,
    action: str,
    sender: Account,
    extra: dict[str, Any] | None = None,
) -> None:
    shape = shapes.review(world.at, repository, pull, given)
    body = {
        "action": action,
        **(extra or {}),
        # Webhooks spell the state in lower case, the REST API in upper case.
        "review": {**shape, "state": given.state.lower()},
        "pull_request": shapes.pull_request(world.at, repository, pull, is_whole=False),
    }
    world.emit("pull_request_review", repository, sender, body)
