"""Issues, and comments on them or on pull requests, as GitHub's JSON."""

from app.rehearsal.model.state import (
    AppRegistration,
    Comment,
    Issue,
    PullRequest,
    Repository,
)
from app.rehearsal.shapes import people
from app.rehearsal.shapes.labels import label, reactions
from app.rehearsal.shapes.people import Addresses, Shape, instant, instant_or_none


def issue(
    at: Addresses,
    repository: Repository,
    which: Issue | PullRequest,
    app: AppRegistration | None,
) -> Shape:
    """Return an `issue`, perhaps the one that a pull request also is."""
    api = f"{at.api}/repos/{repository.full_name}"
    url = f"{api}/issues/{which.number}"
    kind = "pull" if isinstance(which, PullRequest) else "issues"
    web = f"{at.web}/{repository.full_name}/{kind}/{which.number}"
    comments = [c for c in repository.comments.values() if c.number == which.number]
    is_by_app = isinstance(which, Issue) and which.by_app
    prefix = "PR" if isinstance(which, PullRequest) else "I"
    shape = {**_of_pull(at, repository, which)} if isinstance(which, PullRequest) else {}
    return {
        "url": url,
        "repository_url": api,
        "labels_url": f"{url}/labels{{/name}}",
        "comments_url": f"{url}/comments",
        "events_url": f"{url}/events",
        "html_url": web,
        "id": which.id,
        "node_id": f"{prefix}_{which.id}",
        "number": which.number,
        "title": which.title,
        "user": people.account(at, which.user),
        "labels": [label(at, repository, name) for name in which.labels],
        "state": which.state,
        "locked": False,
        "assignee": None,
        "assignees": [],
        "milestone": None,
        "comments": len(comments),
        "created_at": instant(which.created_at),
        "updated_at": instant(which.updated_at),
        "closed_at": instant_or_none(which.closed_at),
        "author_association": "NONE" if is_by_app else "MEMBER",
        "active_lock_reason": None,
        "body": which.body or None,
        "reactions": reactions(url),
        "performed_via_github_app": people.integration(at, app) if is_by_app and app else None,
        "state_reason": None,
        **shape,
    }


def comment(
    at: Addresses, repository: Repository, written: Comment, app: AppRegistration | None
) -> Shape:
    """Return an `issue-comment`."""
    api = f"{at.api}/repos/{repository.full_name}/issues"
    web = f"{at.web}/{repository.full_name}/pull/{written.number}"
    url = f"{api}/comments/{written.id}"
    is_by_app = written.by_app and app is not None
    return {
        "url": url,
        "html_url": f"{web}#issuecomment-{written.id}",
        "issue_url": f"{api}/{written.number}",
        "id": written.id,
        "node_id": f"IC_{written.id}",
        "user": people.account(at, written.user),
        "created_at": instant(written.created_at),
        "updated_at": instant(written.updated_at),
        "author_association": "NONE" if is_by_app else "MEMBER",
        "body": written.body,
        "reactions": reactions(url, written.reactions),
        "performed_via_github_app": people.integration(at, app) if is_by_app and app else None,
    }


def _of_pull(at: Addresses, repository: Repository, pull: PullRequest) -> Shape:
    web = f"{at.web}/{repository.full_name}/pull/{pull.number}"
    return {
        "draft": pull.draft,
        "pull_request": {
            "url": f"{at.api}/repos/{repository.full_name}/pulls/{pull.number}",
            "html_url": web,
            "diff_url": f"{web}.diff",
            "patch_url": f"{web}.patch",
            **({"merged_at": instant(pull.merged_at)} if pull.merged_at else {}),
        },
    }
