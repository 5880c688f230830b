"""Pull requests, reviews and releases as GitHub's JSON."""

from app.rehearsal.model.state import PullRequest, Release, Repository, Review
from app.rehearsal.shapes import people
from app.rehearsal.shapes.labels import label
from app.rehearsal.shapes.people import Addresses, Shape, instant, instant_or_none


def pull_request(
    at: Addresses, repository: Repository, pull: PullRequest, *, is_whole: bool
) -> Shape:
    """Return a `pull-request`, or the `pull-request-simple` that lists are made of."""
    api = f"{at.api}/repos/{repository.full_name}"
    web = f"{at.web}/{repository.full_name}/pull/{pull.number}"
    url, issue_url = f"{api}/pulls/{pull.number}", f"{api}/issues/{pull.number}"
    urls = {
        "url": url,
        "html_url": web,
        "diff_url": f"{web}.diff",
        "patch_url": f"{web}.patch",
        "issue_url": issue_url,
        "commits_url": f"{url}/commits",
        "review_comments_url": f"{url}/comments",
        "review_comment_url": f"{api}/pulls/comments{{/number}}",
        "comments_url": f"{issue_url}/comments",
        "statuses_url": f"{api}/statuses/{pull.head_sha}",
    }
    shape = {
        **urls,
        "id": pull.id,
        "node_id": f"PR_{pull.id}",
        "number": pull.number,
        "state": pull.state,
        "locked": False,
        "active_lock_reason": None,
        "title": pull.title,
        "user": people.account(at, pull.user),
        "body": pull.body or None,
        "created_at": instant(pull.created_at),
        "updated_at": instant(pull.updated_at),
        "closed_at": instant_or_none(pull.closed_at),
        "merged_at": instant_or_none(pull.merged_at),
        "merge_commit_sha": pull.merge_commit_sha,
        "assignee": None,
        "assignees": [],
        "requested_reviewers": [],
        "requested_teams": [],
        "labels": [label(at, repository, name) for name in pull.labels],
        "milestone": None,
        "draft": pull.draft,
        "head": _side(at, pull.head_repository, pull.head_ref, pull.head_sha),
        "base": _side(at, repository, pull.base_ref, pull.base_sha),
        "_links": _links(urls),
        "author_association": "MEMBER",
        "auto_merge": None,
    }
    return {**shape, **_whole(at, repository, pull)} if is_whole else shape


def pull_request_minimal(at: Addresses, repository: Repository, pull: PullRequest) -> Shape:
    """Return a `pull-request-minimal`, as check runs and workflow runs have it."""
    head = pull.head_repository
    return {
        "id": pull.id,
        "number": pull.number,
        "url": f"{at.api}/repos/{repository.full_name}/pulls/{pull.number}",
        "head": {
            "ref": pull.head_ref,
            "sha": pull.head_sha,
            "repo": _short_repository(at, head),
        },
        "base": {
            "ref": pull.base_ref,
            "sha": pull.base_sha,
            "repo": _short_repository(at, repository),
        },
    }


def pulls_at(at: Addresses, repository: Repository, sha: str) -> list[Shape]:
    """Return the open pull requests at a commit. Those from forks are not known."""
    return [
        pull_request_minimal(at, repository, pull)
        for pull in repository.pulls.values()
        if pull.head_sha == sha and pull.state == "open" and pull.head_repository is repository
    ]


def pulls_whole_at(at: Addresses, repository: Repository, sha: str) -> list[Shape]:
    """Return the same pull requests, each as a whole `pull-request`."""
    return [
        pull_request(at, repository, pull, is_whole=True)
        for pull in repository.pulls.values()
        if pull.head_sha == sha and pull.state == "open" and pull.head_repository is repository
    ]


def review(at: Addresses, repository: Repository, pull: PullRequest, given: Review) -> Shape:
    """Return a `pull-request-review`."""
    web = f"{at.web}/{repository.full_name}/pull/{pull.number}"
    html_url = f"{web}#pullrequestreview-{given.id}"
    pull_url = f"{at.api}/repos/{repository.full_name}/pulls/{pull.number}"
    return {
        "id": given.id,
        "node_id": f"PRR_{given.id}",
        "user": people.account(at, given.user),
        "body": given.body,
        "state": given.state,
        "html_url": html_url,
        "pull_request_url": pull_url,
        "author_association": "MEMBER",
        "_links": {"html": {"href": html_url}, "pull_request": {"href": pull_url}},
        "submitted_at": instant(given.submitted_at),
        "commit_id": given.commit_id,
    }


def release(at: Addresses, repository: Repository, which: Release) -> Shape:
    """Return a `release`."""
    api = f"{at.api}/repos/{repository.full_name}"
    url = f"{api}/releases/{which.id}"
    return {
        "url": url,
        "assets_url": f"{url}/assets",
        "upload_url": f"{url}/assets{{?name,label}}",
        "html_url": f"{at.web}/{repository.full_name}/releases/tag/{which.tag}",
        "id": which.id,
        "author": people.account(at, which.author),
        "node_id": f"RE_{which.id}",
        "tag_name": which.tag,
        "target_commitish": repository.default_branch,
        "name": which.name,
        "draft": False,
        "immutable": False,
        "prerelease": which.is_prerelease,
        "created_at": instant(which.at),
        "updated_at": instant(which.at),
        "published_at": instant(which.at),
        "assets": [],
        "tarball_url": f"{api}/tarball/{which.tag}",
        "zipball_url": f"{api}/zipball/{which.tag}",
        "body": which.body,
    }


def _side(at: Addresses, repository: Repository, ref: str, sha: str) -> Shape:
    return {
        "label": f"{repository.owner.login}:{ref}",
        "ref": ref,
        "sha": sha,
        "user": people.account(at, repository.owner),
        "repo": people.full_repository(at, repository),
    }


def _short_repository(at: Addresses, repository: Repository) -> Shape:
    url = f"{at.api}/repos/{repository.full_name}"
    return {"id": repository.id, "url": url, "name": repository.name}


def _links(urls: dict[str, str]) -> Shape:
    names = {
        "self": "url",
        "html": "html_url",
        "issue": "issue_url",
        "comments": "comments_url",
        "review_comments": "review_comments_url",
        "review_comment": "review_comment_url",
        "commits": "commits_url",
        "statuses": "statuses_url",
    }
    return {name: {"href": urls[key]} for name, key in names.items()}


def _whole(at: Addresses, repository: Repository, pull: PullRequest) -> Shape:
    is_open = pull.state == "open"
    comments = [c for c in repository.comments.values() if c.number == pull.number]
    return {
        "merged": pull.merged_at is not None,
        "mergeable": True if is_open else None,
        "rebaseable": True if is_open else None,
        "mergeable_state": "clean" if is_open else "unknown",
        "merged_by": None if pull.merged_by is None else people.account(at, pull.merged_by),
        "comments": len(comments),
        "review_comments": 0,
        "maintainer_can_modify": False,
        "commits": 1,
        "additions": 1,
        "deletions": 0,
        "changed_files": 1,
    }
