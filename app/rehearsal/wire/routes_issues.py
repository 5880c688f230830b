"""Issues, labels, comments and reactions. https://docs.github.com/rest/issues"""

from typing import Any

from app.rehearsal.model import talk
from app.rehearsal.model.refused import Refused, invalid, not_found
from app.rehearsal.model.state import Comment, Issue, PullRequest
from app.rehearsal.shapes import issues as shapes
from app.rehearsal.shapes import labels as label_shapes
from app.rehearsal.shapes.people import instant
from app.rehearsal.wire.exchange import Answer, Ask, Route

BODY_CHARACTERS_MAX = 65_536
TITLE_CHARACTERS_MAX = 256


def list_issues(ask: Ask) -> Answer:
    """Return issues and pull requests, the newest first; open ones unless asked otherwise."""
    wanted = ask.query.get("state", "open")
    repository = ask.repository
    everything: list[Issue | PullRequest] = [
        *repository.issues.values(),
        *repository.pulls.values(),
    ]
    known = [
        each
        for each in sorted(everything, key=lambda each: -each.number)
        if wanted in ("all", each.state)
        if instant(each.updated_at) >= ask.query.get("since", "")
        if set(filter(None, ask.query.get("labels", "").split(","))) <= set(each.labels)
    ]
    found, headers = ask.page(known)
    return Answer(200, [_dated(ask, each) for each in found], headers)


def create_issue(ask: Ask) -> Answer:
    """Open an issue."""
    given = ask.body()
    ask.demand(given, title=(str, int))
    title, body = str(given["title"]), given.get("body") or ""
    if not title.strip() or len(title) > TITLE_CHARACTERS_MAX:
        raise invalid("Validation Failed", resource="Issue", code="custom", field="title")
    if len(body) > BODY_CHARACTERS_MAX:
        raise invalid(f"body is too long (maximum is {BODY_CHARACTERS_MAX} characters)")
    labels = [
        each if isinstance(each, str) else each["name"] for each in given.get("labels", ())
    ]
    made = talk.open_issue(
        ask.world, ask.repository, ask.who, title, body, labels, is_by_app=True
    )
    shape = _dated(ask, made)
    return Answer(201, shape, {"location": shape["url"]})


def get_issue(ask: Ask) -> Answer:
    """Return an issue, or the one that a pull request also is."""
    return Answer(200, _dated(ask, _issue(ask)))


def list_labels(ask: Ask) -> Answer:
    """Return the labels of an issue or pull request."""
    at, repository = ask.world.at, ask.repository
    found, headers = ask.page(_issue(ask).labels)
    return Answer(200, [label_shapes.label(at, repository, name) for name in found], headers)


def add_labels(ask: Ask) -> Answer:
    """Put labels on an issue or pull request."""
    issue, given = _issue(ask), ask.body()
    ask.demand(given, labels=list)
    for name in given["labels"]:
        talk.add_label(ask.world, ask.repository, issue, name, ask.who)
    return list_labels(ask)


def list_comments(ask: Ask) -> Answer:
    """Return the comments of an issue or pull request, the oldest first."""
    known = talk.comments_of(ask.repository, _issue(ask).number)
    since = ask.query.get("since")
    if since:
        known = [c for c in known if instant(c.updated_at) >= since]
    found, headers = ask.page(known)
    return Answer(200, [_shown(ask, comment) for comment in found], headers)


def create_comment(ask: Ask) -> Answer:
    """Comment on an issue or pull request."""
    issue, text = _issue(ask), _text(ask)
    made = talk.comment(ask.world, ask.repository, issue.number, ask.who, text, is_by_app=True)
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
    talk.edit_comment(ask.world, ask.repository, comment, ask.who, text)
    return Answer(200, _shown(ask, comment))


def delete_comment(ask: Ask) -> Answer:
    """Remove a comment."""
    talk.delete_comment(ask.world, ask.repository, _comment(ask), ask.who)
    return Answer(204)


def list_reactions(ask: Ask) -> Answer:
    """Return the signs under a comment."""
    found, headers = ask.page(_comment(ask).reactions)
    shown = [label_shapes.reaction(ask.world.at, each) for each in found]
    return Answer(200, shown, headers)


def react(ask: Ask) -> Answer:
    """Put a sign under a comment; 200 where it is there already."""
    comment, given = _comment(ask), ask.body()
    ask.demand(given, content=str)
    if given["content"] not in label_shapes.REACTIONS:
        raise invalid(f"Invalid request.\n\n{given['content']} is no reaction.")
    made, is_new = talk.react(ask.world, comment, ask.who, given["content"])
    return Answer(201 if is_new else 200, label_shapes.reaction(ask.world.at, made))


def _issue(ask: Ask) -> Issue | PullRequest:
    text = ask.parameters["issue_number"]
    found = talk.find(ask.repository, int(text)) if text.isdigit() else None
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
    if len(text) > BODY_CHARACTERS_MAX:
        raise invalid(f"Body is too long (maximum is {BODY_CHARACTERS_MAX} characters)")
    return text


def _shown(ask: Ask, comment: Comment) -> dict[str, Any]:
    return shapes.comment(ask.world.at, ask.repository, comment, ask.world.app)


def _dated(ask: Ask, which: Issue | PullRequest) -> dict[str, Any]:
    """Return an issue without what the newer API version has dropped."""
    shape = shapes.issue(ask.world.at, ask.repository, which, ask.world.app)
    if ask.version >= "2026":
        del shape["assignee"]
    return shape


R = "/repos/{owner}/{repo}"
ISSUE = f"{R}/issues/{{issue_number}}"
COMMENT = f"{R}/issues/comments/{{comment_id}}"
ISSUES_READ = (("issues", "read"),)
ISSUES_WRITE = (("issues", "write"),)
# What is said on a pull request may be said with either permission.
TALK_READ = (("issues", "read"), ("pull_requests", "read"))
TALK = (("issues", "write"), ("pull_requests", "write"))
ROUTES = (
    Route("GET", f"{R}/issues", list_issues, needs=ISSUES_READ),
    Route("POST", f"{R}/issues", create_issue, needs=ISSUES_WRITE),
    Route("GET", ISSUE, get_issue, needs=TALK_READ),
    Route("GET", f"{ISSUE}/labels", list_labels, needs=TALK_READ),
    Route("POST", f"{ISSUE}/labels", add_labels, needs=TALK),
    Route("GET", f"{ISSUE}/comments", list_comments, needs=TALK_READ),
    Route("POST", f"{ISSUE}/comments", create_comment, needs=TALK),
    Route("GET", COMMENT, get_comment, needs=TALK_READ),
    Route("PATCH", COMMENT, update_comment, needs=TALK),
    Route("DELETE", COMMENT, delete_comment, needs=TALK),
    Route("GET", f"{COMMENT}/reactions", list_reactions, needs=TALK_READ),
    Route("POST", f"{COMMENT}/reactions", react, needs=TALK),
)
