"""The doors: what reviews, comments, check buttons and environments say about gates.

A delivery in, what it says out; whether it counts is for `decide`. Reviews and buttons name
a commit, which is compared with the plan's and never timed. A comment names none: it is about
the question that was open when it was written (`about`). What was edited withdraws what it
said before and says nothing itself, since a right to edit is not a right to approve.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from app.core.actions import APPROVE, REJECT
from app.core.approvals.requests import (
    CancelRequest,
    Request,
    RetryRequest,
    Spoken,
    VoteRequest,
    read_requests,
)
from app.core.hearing.heard import Heard, Person
from app.core.state import Vote
from app.core.state_of_gates import Words
from app.core.values import Json

REVIEW, COMMENT, CHECK, PAGE, ENVIRONMENT = "review", "comment", "check", "page", "environment"
SPOKEN = "comment/"
"""How references to comments begin."""
NO_COMMIT = "0" * 40
"""Stands for a commit that a review should name and does not: no plan is about it."""

REASON_LENGTH_MAX = 1_000

APPROVE_BUTTON, RETRY_BUTTON, CANCEL_BUTTON = "approve", "retry", "cancel"
"""The identifiers of check buttons; behind a colon may stand a task: `approve:sign_off`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What one delivery says.

    `reference` names the review or comment. `vote` is one without words, for every gate that
    its commit waits at. `withdraws` takes back all that the reference said before.
    `check` is our own id of the check run whose button was pressed, `workflow_run_id` the
    run that waits at an environment, `words` what the comment said.
    """

    by: Person
    at: datetime
    source: str
    reference: str
    sha: str = ""
    pull_request: int | None = None
    vote: Vote | None = None
    requests: tuple[Spoken, ...] = ()
    withdraws: bool = False
    check: str = ""
    workflow_run_id: int | None = None
    words: Words | None = None


def listen(heard: Heard, at: datetime) -> Said | None:
    """Read what a delivery says about gates; `None` if it says nothing. Never raises."""
    match heard.event:
        case "pull_request_review":
            return _review(heard, at)
        case "issue_comment":
            return _comment(heard, at)
        case "check_run":
            return _button(heard, at)
        case "deployment_review":
            return _environment(heard, at)
        case _:
            return None


def one_of_many(said: Said, delivery_id: str) -> Said:
    """Tell what is pressed apart by its delivery: a button may be pressed again."""
    if said.source not in (CHECK, ENVIRONMENT):
        return said
    reference = f"{said.reference}/{delivery_id}"
    vote = replace(said.vote, reference=reference) if said.vote is not None else None
    return replace(said, reference=reference, vote=vote)


def about(vote: Vote, digest: str, asked_at: datetime) -> Vote:
    """Say which plan a vote without a commit is for: the one asked about when it was cast.

    One that is older than the question was cast for another; it stays without a plan. GitHub
    tells times to the second, so the second in which it was asked is its own.
    """
    is_in_time = vote.at >= asked_at.replace(microsecond=0)
    return replace(vote, digest=digest) if vote.sha or is_in_time else vote


def cast(said: Said, request: VoteRequest, option: str, reason: str) -> Vote:
    """Make the vote that a command gives, once it is known which option it means."""
    return Vote(
        by=said.by.login,
        user_id=said.by.id,
        option=option,
        at=said.at,
        source=said.source,
        reason=reason[:REASON_LENGTH_MAX],
        inputs=dict(request.inputs),
        sha=said.sha,
        reference=said.reference,
        is_break_glass=request.is_break_glass,
        words=said.words,
    )


def withdraw(votes: tuple[Vote, ...], reference: str) -> tuple[Vote, ...]:
    """Take back every vote that a review or comment gave."""
    return tuple(
        replace(vote, is_withdrawn=True) if vote.reference == reference else vote
        for vote in votes
    )


def _review(heard: Heard, at: datetime) -> Said | None:
    review = _object(heard.payload.get("review"))
    by, number = _person(review.get("user")), _integer(review.get("id"))
    if by is None or number is None:
        return None
    said = Said(
        by=by,
        at=_moment(review.get("submitted_at"), at),
        source=REVIEW,
        reference=f"review/{number}",
        sha=_text(review.get("commit_id")) or NO_COMMIT,
        pull_request=heard.pull_request.number if heard.pull_request else None,
    )
    if heard.action in ("edited", "dismissed"):
        return replace(said, withdraws=True)
    if heard.action != "submitted":
        return None
    # The API writes it in upper case, the webhook in lower case.
    options = {"approved": APPROVE, "changes_requested": REJECT}
    option = options.get(_text(review.get("state")).lower())
    body = _text(review.get("body"))
    requests = read_requests(body)
    if option is None:
        # A review that only comments is a comment, which is about this commit.
        return replace(said, source=COMMENT, requests=requests) if requests else None
    votes = any(isinstance(each.request, VoteRequest) for each in requests)
    if votes and option == APPROVE:
        # Who says in words what they vote for votes so, and for nothing else.
        return replace(said, requests=requests)
    reason = "" if requests else body.strip()
    vote = cast(said, VoteRequest(is_approval=option == APPROVE), option, reason)
    return replace(said, vote=vote, requests=requests)


def _comment(heard: Heard, at: datetime) -> Said | None:
    comment = _object(heard.payload.get("comment"))
    issue = _object(heard.payload.get("issue"))
    by, number = _person(comment.get("user")), _integer(comment.get("id"))
    if by is None or number is None:
        return None
    is_pull_request = bool(_object(issue.get("pull_request")))
    said = Said(
        by=by,
        at=_moment(comment.get("created_at"), at),
        source=COMMENT,
        reference=f"{SPOKEN}{number}",
        pull_request=_integer(issue.get("number")) if is_pull_request else None,
    )
    if heard.action in ("edited", "deleted"):
        return replace(said, withdraws=True)
    requests = read_requests(_text(comment.get("body")))
    if heard.action != "created" or not requests:
        return None
    return replace(said, requests=requests)


def _button(heard: Heard, at: datetime) -> Said | None:
    if heard.action != "requested_action" or heard.sender is None:
        return None
    run = _object(heard.payload.get("check_run"))
    pressed = _text(_object(heard.payload.get("requested_action")).get("identifier"))
    button, _, task = pressed.partition(":")
    requests: Mapping[str, Request] = {
        APPROVE_BUTTON: VoteRequest(is_approval=True, words=(task,) if task else ()),
        RETRY_BUTTON: RetryRequest(task=task),
        CANCEL_BUTTON: CancelRequest(),
    }
    if button not in requests:
        return None
    return Said(
        by=heard.sender,
        at=at,
        source=CHECK,
        reference=f"check/{_integer(run.get('id')) or 0}",
        sha=_text(run.get("head_sha")) or NO_COMMIT,
        check=_text(run.get("external_id")),
        requests=(Spoken(line=1, request=requests[button]),),
    )


def _environment(heard: Heard, at: datetime) -> Said | None:
    """Read what GitHub's own required reviewers of an environment decided."""
    run = _object(heard.payload.get("workflow_run"))
    by, number = heard.sender, _integer(run.get("id"))
    options = {"approved": APPROVE, "rejected": REJECT}
    if heard.action not in options or by is None or number is None:
        return None
    said = Said(
        by=by,
        at=at,
        source=ENVIRONMENT,
        reference=f"environment/{number}",
        sha=_text(run.get("head_sha")) or NO_COMMIT,
        workflow_run_id=number,
    )
    option = options[heard.action]
    request = VoteRequest(is_approval=option == APPROVE)
    reason = _text(heard.payload.get("comment")).strip()
    return replace(said, vote=cast(said, request, option, reason))


def _person(value: Json) -> Person | None:
    said = _object(value)
    number, login = _integer(said.get("id")), _text(said.get("login"))
    if number is None or not login:
        return None
    return Person(id=number, login=login, is_bot=_text(said.get("type")) != "User")


def _moment(value: Json, otherwise: datetime) -> datetime:
    """Read a time of GitHub's; one that is missing or ahead of us is taken for now."""
    try:
        found = datetime.fromisoformat(_text(value))
        return min(found.astimezone(UTC), otherwise) if found.tzinfo else otherwise
    except (ValueError, OverflowError):
        return otherwise


def _object(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, Mapping) else {}


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _integer(value: Json) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
