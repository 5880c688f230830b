"""Pull requests with their reviews, labels and comments."""

from typing import Any

from app.rehearsal.model.state import (
    Account,
    Comment,
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
    _tell(world, repository, pull, "opened", author)
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
            before, pull.head_sha = pull.head_sha, sha
            repository.refs[f"pull/{pull.number}/head"] = sha
            extra = {"before": before, "after": sha}
            _tell(world, repository, pull, "synchronize", sender, extra)


def close(world: World, repository: Repository, pull: PullRequest, who: Account) -> None:
    """Close a pull request without merging it."""
    pull.state, pull.closed_at = "closed", world.now()
    _tell(world, repository, pull, "closed", who)


def mark_merged(
    world: World, repository: Repository, pull: PullRequest, who: Account, sha: str
) -> None:
    """Write down that a pull request was merged as that commit."""
    pull.state, pull.closed_at = "closed", world.now()
    pull.merged_at, pull.merged_by, pull.merge_commit_sha = pull.closed_at, who, sha
    _tell(world, repository, pull, "closed", who)


def set_label(
    world: World, repository: Repository, pull: PullRequest, label: str, who: Account
) -> None:
    """Put a label on a pull request, or take it off if it is there."""
    is_new = label not in pull.labels
    if is_new:
        pull.labels.append(label)
    else:
        pull.labels.remove(label)
    extra = {"label": shapes.label(world.at, repository, label)}
    _tell(world, repository, pull, "labeled" if is_new else "unlabeled", who, extra)


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


def dismiss(
    world: World, repository: Repository, pull: PullRequest, given: Review, who: Account
) -> None:
    """Dismiss a review."""
    given.state = "DISMISSED"
    _tell_review(world, repository, pull, given, "dismissed", who)


def comment(
    world: World,
    repository: Repository,
    number: int,
    who: Account,
    body: str,
    *,
    is_by_app: bool = False,
) -> Comment:
    """Write a comment on a pull request or an issue."""
    now = world.now()
    written = Comment(
        id=world.new_id(),
        number=number,
        user=who,
        body=body,
        created_at=now,
        updated_at=now,
        by_app=is_by_app,
        revisions=[body],
    )
    repository.comments[written.id] = written
    _tell_comment(world, repository, written, "created", who, {})
    return written


def edit_comment(
    world: World, repository: Repository, written: Comment, who: Account, body: str
) -> None:
    """Change the text of a comment."""
    before, written.body, written.updated_at = written.body, body, world.now()
    written.revisions.append(body)
    extra = {"changes": {"body": {"from": before}}}
    _tell_comment(world, repository, written, "edited", who, extra)


def delete_comment(
    world: World, repository: Repository, written: Comment, who: Account
) -> None:
    """Remove a comment."""
    del repository.comments[written.id]
    _tell_comment(world, repository, written, "deleted", who, {})


def comments_of(repository: Repository, number: int) -> list[Comment]:
    """Return the comments of a pull request or issue, the oldest first."""
    return [found for found in repository.comments.values() if found.number == number]


def _tell(
    world: World,
    repository: Repository,
    pull: PullRequest,
    action: str,
    sender: Account,
    extra: dict[str, Any] | None = None,
) -> None:
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
) -> None:
    shape = shapes.review(world.at, repository, pull, given)
    body = {
        "action": action,
        # Webhooks spell the state in lower case, the REST API in upper case.
        "review": {**shape, "state": given.state.lower()},
        "pull_request": shapes.pull_request(world.at, repository, pull, is_whole=False),
    }
    world.emit("pull_request_review", repository, sender, body)


def _tell_comment(
    world: World,
    repository: Repository,
    written: Comment,
    action: str,
    sender: Account,
    extra: dict[str, Any],
) -> None:
    pull = repository.pulls.get(written.number)
    if pull is None:
        return
    count = len(comments_of(repository, written.number))
    body = {
        "action": action,
        **extra,
        "issue": shapes.issue(world.at, repository, pull, count),
        "comment": shapes.comment(world.at, repository, written, world.app),
    }
    world.emit("issue_comment", repository, sender, body)
