"""Pull requests, their files and reviews, and comments."""

from typing import Any

from app.rehearsal.model import git, pulls
from app.rehearsal.model.refused import Refused, invalid, not_found
from app.rehearsal.model.state import Comment, PullRequest
from app.rehearsal.shapes import git as git_shapes
from app.rehearsal.shapes import pulls as shapes
from app.rehearsal.shapes.people import instant
from app.rehearsal.wire.exchange import Answer, Ask, Route

COMMENT_CHARACTERS_MAX = 65_536
# https://docs.github.com/rest/pulls/pulls#list-pull-requests-files
FILES_MAX = 3000
REVIEW_STATES = {
    "APPROVE": "APPROVED",
    "REQUEST_CHANGES": "CHANGES_REQUESTED",
    "COMMENT": "COMMENTED",
}


def list_pulls(ask: Ask) -> Answer:
    """Return the pull requests, the newest first; open ones unless asked otherwise."""
    wanted, head, base = (ask.query.get(name) for name in ("state", "head", "base"))
    known = [
        pull
        for pull in reversed(ask.repository.pulls.values())
        if wanted == "all" or pull.state == (wanted or "open")
        if base is None or pull.base_ref == base
        if head is None or f"{pull.head_repository.owner.login}:{pull.head_ref}" == head
    ]
    found, headers = ask.page(known)
    return Answer(200, [_dated(ask, pull, is_whole=False) for pull in found], headers)


def get_pull(ask: Ask) -> Answer:
    """Return one pull request."""
    return Answer(200, _dated(ask, _pull(ask), is_whole=True))


def list_files(ask: Ask) -> Answer:
    """Return the files a pull request changes."""
    pull, repository, at = _pull(ask), ask.repository, ask.world.at
    base = git.merge_base(repository, pull.base_sha, pull.head_sha)
    before = repository.commits[base] if base else None
    head = repository.commits[pull.head_sha]
    changed = git.changed_files(repository, base, head.sha)
    found, headers = ask.page(list(changed.items())[:FILES_MAX])
    body = [
        git_shapes.diff_entry(at, repository, before, head, path, status)
        for path, status in found
    ]
    return Answer(200, body, headers)


def list_reviews(ask: Ask) -> Answer:
    """Return the reviews of a pull request, the oldest first."""
    pull = _pull(ask)
    found, headers = ask.page(pull.reviews)
    at, repository = ask.world.at, ask.repository
    return Answer(200, [shapes.review(at, repository, pull, r) for r in found], headers)


def create_review(ask: Ask) -> Answer:
    """Review a pull request."""
    pull, given = _pull(ask), ask.body()
    state = REVIEW_STATES.get(given.get("event", ""), "PENDING")
    review = pulls.review(
        ask.world,
        ask.repository,
        pull,
        ask.who,
        state,
        given.get("body", ""),
        given.get("commit_id"),
    )
    return Answer(200, shapes.review(ask.world.at, ask.repository, pull, review))


def pulls_of_commit(ask: Ask) -> Answer:
    """Return the pull requests that have a commit."""
    sha = git.resolve(ask.repository, ask.parameters["commit_sha"])
    known = [
        pull
        for pull in ask.repository.pulls.values()
        if sha is not None
        and (
            pull.merge_commit_sha == sha
            or sha
            in set(git.ancestors(ask.repository, pull.head_sha))
            - set(git.ancestors(ask.repository, pull.base_sha))
        )
    ]
    found, headers = ask.page(known)
    return Answer(200, [_dated(ask, pull, is_whole=False) for pull in found], headers)


def get_issue(ask: Ask) -> Answer:
    """Return the issue that a pull request also is."""
    pull, repository = _pull(ask), ask.repository
    count = len(pulls.comments_of(repository, pull.number))
    shape = shapes.issue(ask.world.at, repository, pull, count)
    if ask.version >= "2026":
        del shape["assignee"]
    return Answer(200, shape)


def list_comments(ask: Ask) -> Answer:
    """Return the comments of an issue or pull request, the oldest first."""
    known = pulls.comments_of(ask.repository, _pull(ask).number)
    since = ask.query.get("since")
    if since:
        known = [c for c in known if instant(c.updated_at) >= since]
    found, headers = ask.page(known)
    return Answer(200, [_shown(ask, comment) for comment in found], headers)


def create_comment(ask: Ask) -> Answer:
    """Comment on an issue or pull request."""
    pull, text = _pull(ask), _text(ask)
    made = pulls.comment(ask.world, ask.repository, pull.number, ask.who, text, is_by_app=True)
    shape = _shown(ask, made)
    return Answer(201, shape, {"location": shape["url"]})


def get_comment(ask: Ask) -> Answer:
    """Return one comment."""
    return Answer(200, _shown(ask, _comment(ask)))


def update_comment(ask: Ask) -> Answer:
    """Change the text of a comment."""
    comment, text = _comment(ask), _text(ask)
    if comment.user is not ask.who:
        raise Refused(403, "Resource not accessible by integration")
    pulls.edit_comment(ask.world, ask.repository, comment, ask.who, text)
    return Answer(200, _shown(ask, comment))


def delete_comment(ask: Ask) -> Answer:
    """Remove a comment."""
    pulls.delete_comment(ask.world, ask.repository, _comment(ask), ask.who)
    return Answer(204)


def _pull(ask: Ask) -> PullRequest:
    text = ask.parameters.get("pull_number") or ask.parameters["issue_number"]
    found = ask.repository.pulls.get(int(text)) if text.isdigit() else None
    if found is None:
        raise not_found()
    return found


def _comment(ask: Ask) -> Comment:
    text = ask.parameters["comment_id"]
    found = ask.repository.comments.get(int(text)) if text.isdigit() else None
    if found is None:
        raise not_found()
    return found


def _text(ask: Ask) -> str:
    given = ask.body()
    ask.demand(given, body=str)
    text: str = given["body"]
    if not text.strip():
        raise invalid("Validation Failed", resource="IssueComment", code="missing_field")
    if len(text) > COMMENT_CHARACTERS_MAX:
        raise invalid(f"Body is too long (maximum is {COMMENT_CHARACTERS_MAX} characters)")
    return text


def _shown(ask: Ask, comment: Comment) -> dict[str, Any]:
    return shapes.comment(ask.world.at, ask.repository, comment, ask.world.app)


def _dated(ask: Ask, pull: PullRequest, *, is_whole: bool) -> dict[str, Any]:
    """Return a pull request without what the newer API version has dropped."""
    shape = shapes.pull_request(ask.world.at, ask.repository, pull, is_whole=is_whole)
    if ask.version >= "2026":
        del shape["merge_commit_sha"], shape["assignee"]
    return shape


R = "/repos/{owner}/{repo}"
READ = (("pull_requests", "read"),)
WRITE = (("pull_requests", "write"),)
# A comment on a pull request may be written with either permission.
TALK_READ = (("issues", "read"), ("pull_requests", "read"))
TALK = (("issues", "write"), ("pull_requests", "write"))
ROUTES = (
    Route("GET", f"{R}/pulls", list_pulls, needs=READ),
    Route("GET", f"{R}/pulls/{{pull_number}}", get_pull, needs=READ),
    Route("GET", f"{R}/pulls/{{pull_number}}/files", list_files, needs=READ),
    Route("GET", f"{R}/pulls/{{pull_number}}/reviews", list_reviews, needs=READ),
    Route("POST", f"{R}/pulls/{{pull_number}}/reviews", create_review, needs=WRITE),
    Route("GET", f"{R}/commits/{{commit_sha}}/pulls", pulls_of_commit, needs=READ),
    Route("GET", f"{R}/issues/{{issue_number}}", get_issue, needs=TALK_READ),
    Route("GET", f"{R}/issues/{{issue_number}}/comments", list_comments, needs=TALK_READ),
    Route("POST", f"{R}/issues/{{issue_number}}/comments", create_comment, needs=TALK),
    Route("GET", f"{R}/issues/comments/{{comment_id}}", get_comment, needs=TALK_READ),
    Route("PATCH", f"{R}/issues/comments/{{comment_id}}", update_comment, needs=TALK),
    Route("DELETE", f"{R}/issues/comments/{{comment_id}}", delete_comment, needs=TALK),
)
