"""Issues, labels, comments and reactions: what is said about a repository's work.

What is said on a pull request is said on the issue that it also is.
"""

from collections.abc import Iterable
from typing import Any

from app.rehearsal.model import pulls
from app.rehearsal.model.state import (
    Account,
    Comment,
    Issue,
    PullRequest,
    Reaction,
    Repository,
)
from app.rehearsal.model.world import World
from app.rehearsal.shapes import issues as shapes
from app.rehearsal.shapes.labels import label


def open_issue(
    world: World,
    repository: Repository,
    who: Account,
    title: str,
    body: str = "",
    labels: Iterable[str] = (),
    *,
    is_by_app: bool = False,
) -> Issue:
    """Open an issue and tell the App."""
    repository.number_count += 1
    now = world.now()
    made = Issue(
        id=world.new_id(),
        number=repository.number_count,
        title=title,
        body=body,
        user=who,
        created_at=now,
        updated_at=now,
        labels=list(dict.fromkeys(labels)),
        by_app=is_by_app,
    )
    repository.issues[made.number] = made
    _tell_issue(world, repository, made, "opened", who)
    return made


def close_issue(world: World, repository: Repository, which: Issue, who: Account) -> None:
    """Close an issue."""
    which.state, which.closed_at = "closed", world.now()
    _tell_issue(world, repository, which, "closed", who)


def find(repository: Repository, number: int) -> Issue | PullRequest | None:
    """Return the issue or the pull request of that number."""
    return repository.issues.get(number) or repository.pulls.get(number)


def add_label(
    world: World,
    repository: Repository,
    which: Issue | PullRequest,
    name: str,
    who: Account,
) -> None:
    """Put a label on an issue or pull request, unless it is there."""
    if name not in which.labels:
        which.labels.append(name)
        _tell_label(world, repository, which, name, "labeled", who)


def remove_label(
    world: World,
    repository: Repository,
    which: Issue | PullRequest,
    name: str,
    who: Account,
) -> None:
    """Take a label off an issue or pull request."""
    which.labels.remove(name)
    _tell_label(world, repository, which, name, "unlabeled", who)


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


def react(world: World, written: Comment, who: Account, content: str) -> tuple[Reaction, bool]:
    """Put a sign under a comment. Return it, and whether it is new: each person has one."""
    for known in written.reactions:
        if known.user is who and known.content == content:
            return known, False
    made = Reaction(world.new_id(), who, content, world.now())
    written.reactions.append(made)
    return made, True


def comments_of(repository: Repository, number: int) -> list[Comment]:
    """Return the comments of a pull request or issue, the oldest first."""
    return [found for found in repository.comments.values() if found.number == number]


def _tell_issue(
    world: World,
    repository: Repository,
    which: Issue,
    action: str,
    sender: Account,
    extra: dict[str, Any] | None = None,
) -> None:
    which.updated_at = world.now()
    shape = shapes.issue(world.at, repository, which, world.app)
    if which.by_app:
        # GitHub's description of this webhook knows not all events that an App may hear.
        shape["performed_via_github_app"]["events"] = []
    body = {"action": action, "issue": shape, **(extra or {})}
    world.emit("issues", repository, sender, body)


def _tell_label(
    world: World,
    repository: Repository,
    which: Issue | PullRequest,
    name: str,
    action: str,
    sender: Account,
) -> None:
    extra = {"label": label(world.at, repository, name)}
    if isinstance(which, PullRequest):
        pulls.tell(world, repository, which, action, sender, extra)
    else:
        _tell_issue(world, repository, which, action, sender, extra)


def _tell_comment(
    world: World,
    repository: Repository,
    written: Comment,
    action: str,
    sender: Account,
    extra: dict[str, Any],
) -> None:
    about = find(repository, written.number)
    assert about is not None, "a comment is on an issue or a pull request"
    about.updated_at = world.now()
    body = {
        "action": action,
        **extra,
        "issue": shapes.issue(world.at, repository, about, world.app),
        "comment": shapes.comment(world.at, repository, written, world.app),
    }
    world.emit("issue_comment", repository, sender, body)
