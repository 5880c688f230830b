"""Pull requests, their files and reviews, and merges."""

from typing import Any

from app.rehearsal.model import git, merging, pulls
from app.rehearsal.model.refused import Refused, invalid, not_found
from app.rehearsal.model.state import PullRequest, Repository, Review
from app.rehearsal.shapes import git as git_shapes
from app.rehearsal.shapes import pulls as shapes
from app.rehearsal.wire.exchange import Answer, Ask, Route

MERGE_METHODS = ("merge", "squash", "rebase")
DISMISSIBLE = frozenset({"APPROVED", "CHANGES_REQUESTED"})
# https://docs.github.com/rest/pulls/pulls#list-commits-on-a-pull-request
COMMITS_MAX = 250
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


def create_pull(ask: Ask) -> Answer:
    """Open a pull request from a branch, perhaps that of a fork as `owner:branch`."""
    given, repository = ask.body(), ask.repository
    ask.demand(given, title=str, head=str, base=str)
    owner, _, branch = given["head"].rpartition(":")
    head = _head_repository(ask, owner)
    for name, place, ref in (("head", head, branch), ("base", repository, given["base"])):
        if place is None or f"heads/{ref}" not in place.refs:
            raise _not_opened(field=name, code="invalid")
    assert head is not None, "it has the branch"
    base_sha, head_sha = repository.refs[f"heads/{given['base']}"], head.refs[f"heads/{branch}"]
    if head_sha in git.ancestors(repository, base_sha):
        raise _not_opened(message=f"No commits between {given['base']} and {branch}")
    label = f"{head.owner.login}:{branch}"
    if any(
        pull.state == "open" and (pull.head_repository, pull.head_ref) == (head, branch)
        for pull in repository.pulls.values()
    ):
        raise _not_opened(message=f"A pull request already exists for {label}.")
    pull = pulls.open_pull_request(
        ask.world,
        repository,
        head,
        branch,
        ask.who,
        title=given["title"],
        body=given.get("body") or "",
        base_ref=given["base"],
        is_draft=given.get("draft", False),
    )
    shape = _dated(ask, pull, is_whole=True)
    return Answer(201, shape, {"location": shape["url"]})


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


def list_commits(ask: Ask) -> Answer:
    """Return the commits of a pull request, the oldest first."""
    pull, repository, at = _pull(ask), ask.repository, ask.world.at
    base = git.merge_base(repository, pull.base_sha, pull.head_sha)
    before = set(git.ancestors(repository, base)) if base else set()
    own = [sha for sha in git.ancestors(repository, pull.head_sha) if sha not in before]
    commits = [repository.commits[sha] for sha in reversed(own)]
    found, headers = ask.page(commits[:COMMITS_MAX])
    return Answer(
        200, [git_shapes.commit_object(at, repository, each) for each in found], headers
    )


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


def merge(ask: Ask) -> Answer:
    """Merge a pull request."""
    pull, given = _pull(ask), ask.body()
    method = given.get("merge_method", "merge")
    if method not in MERGE_METHODS:
        raise invalid(f"Invalid request.\n\n{method} is not a member of {MERGE_METHODS}.")
    merging.check_mergeable(pull, given.get("sha"))
    sha = merging.merge(ask.world, ask.repository, pull, ask.who)
    body = {"sha": sha, "merged": True, "message": "Pull Request successfully merged"}
    return Answer(200, body)


def get_review(ask: Ask) -> Answer:
    """Return one review."""
    pull = _pull(ask)
    return Answer(200, shapes.review(ask.world.at, ask.repository, pull, _review(ask, pull)))


def dismiss_review(ask: Ask) -> Answer:
    """Dismiss a review."""
    pull, given = _pull(ask), ask.body()
    ask.demand(given, message=str)
    review = _review(ask, pull)
    if review.state not in DISMISSIBLE:
        raise Refused(422, "Can not dismiss a commented pull request review")
    pulls.dismiss(ask.world, ask.repository, pull, review, ask.who)
    return Answer(200, shapes.review(ask.world.at, ask.repository, pull, review))


def _pull(ask: Ask) -> PullRequest:
    text = ask.parameters["pull_number"]
    found = ask.repository.pulls.get(int(text)) if text.isdigit() else None
    if found is None:
        raise not_found()
    return found


def _head_repository(ask: Ask, owner: str) -> Repository | None:
    """Return the repository itself, or the fork of it that somebody has."""
    repository = ask.repository
    if owner.lower() in ("", repository.owner.login.lower()):
        return repository
    forks = (each for each in ask.world.repositories.values() if each.parent is repository)
    return next((each for each in forks if each.owner.login.lower() == owner.lower()), None)


def _not_opened(**error: str) -> Refused:
    whole = {"resource": "PullRequest", "code": "custom", **error}
    return Refused(422, "Validation Failed", errors=[whole])


def _review(ask: Ask, pull: PullRequest) -> Review:
    for found in pull.reviews:
        if str(found.id) == ask.parameters["review_id"]:
            return found
    raise not_found()


def _dated(ask: Ask, pull: PullRequest, *, is_whole: bool) -> dict[str, Any]:
    """Return a pull request without what the newer API version has dropped."""
    shape = shapes.pull_request(ask.world.at, ask.repository, pull, is_whole=is_whole)
    if ask.version >= "2026":
        del shape["merge_commit_sha"], shape["assignee"]
    return shape


R = "/repos/{owner}/{repo}"
READ = (("pull_requests", "read"),)
WRITE = (("pull_requests", "write"),)
REVIEW = f"{R}/pulls/{{pull_number}}/reviews/{{review_id}}"
ROUTES = (
    Route("GET", f"{R}/pulls", list_pulls, needs=READ),
    Route("POST", f"{R}/pulls", create_pull, needs=WRITE),
    Route("GET", f"{R}/pulls/{{pull_number}}/commits", list_commits, needs=READ),
    Route("GET", f"{R}/pulls/{{pull_number}}", get_pull, needs=READ),
    Route("GET", f"{R}/pulls/{{pull_number}}/files", list_files, needs=READ),
    Route("GET", f"{R}/pulls/{{pull_number}}/reviews", list_reviews, needs=READ),
    Route("POST", f"{R}/pulls/{{pull_number}}/reviews", create_review, needs=WRITE),
    Route("GET", f"{R}/commits/{{commit_sha}}/pulls", pulls_of_commit, needs=READ),
    Route("GET", REVIEW, get_review, needs=READ),
    Route("PUT", f"{REVIEW}/dismissals", dismiss_review, needs=WRITE),
    Route("PUT", f"{R}/pulls/{{pull_number}}/merge", merge, needs=(("contents", "write"),)),
)
