"""The doors: what deliveries say about gates; and the attacks that pure rules can stop."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.approvals.decide import decide_gate
from app.core.approvals.doors import (
    CHECK,
    ENVIRONMENT,
    NO_COMMIT,
    REVIEW,
    Said,
    about,
    cast,
    listen,
    one_of_many,
    withdraw,
)
from app.core.approvals.requests import (
    Aim,
    CancelRequest,
    OpenGate,
    RetryRequest,
    VoteRequest,
    WhyRequest,
    aim,
)
from app.core.hearing.heard import Person
from app.core.state import Vote
from app.github.webhooks import read
from tests.core.approvals import table
from tests.core.routed import HEAD, NEXT, heard_of

CAST, _ = table.read()
NOW = table.NOW
SENT = (NOW - timedelta(minutes=5)).isoformat().replace("+00:00", "Z")
ANN = {"id": 1, "login": "ann", "type": "User"}


def said(event: str, action: str, **payload: Any) -> Said | None:
    """Hear a delivery."""
    return listen(read(event, heard_of(event, action=action, **payload)), NOW)


def review(action: str = "submitted", state: str = "approved", **more: Any) -> Said | None:
    """Hear a review by ann of the head commit."""
    given_ = {
        "id": 5, "user": ANN, "state": state, "commit_id": HEAD, "submitted_at": SENT,
        "body": "", **more,
    }  # fmt: skip
    pull = {
        "number": 12,
        "head": {"sha": HEAD, "ref": "x", "repo": {"id": 1}},
        "base": {"sha": NEXT, "ref": "main", "repo": {"id": 1}},
    }
    return said("pull_request_review", action, review=given_, pull_request=pull)


def comment(body: str, action: str = "created", **more: Any) -> Said | None:
    """Hear a comment by ann on pull request 12."""
    given_ = {"id": 6, "user": ANN, "body": body, "created_at": SENT, **more}
    issue = {"number": 12, "pull_request": {"url": "x"}}
    return said("issue_comment", action, comment=given_, issue=issue)


def test_an_approving_review_is_a_vote_about_its_commit() -> None:
    """It is for every gate that waits at this commit, with the words of the review."""
    heard = review(body=" Well done ")

    assert heard is not None
    assert heard.pull_request == 12
    assert heard.vote == Vote(
        by="ann",
        user_id=1,
        option="approve",
        at=NOW - timedelta(minutes=5),
        source="review",
        reason="Well done",
        sha=HEAD,
        reference="review/5",
    )


@pytest.mark.parametrize(
    ("action", "state", "option", "withdraws"),
    [
        ("submitted", "APPROVED", "approve", False),
        ("submitted", "changes_requested", "reject", False),
        ("edited", "approved", None, True),
        ("dismissed", "dismissed", None, True),
    ],
)
def test_a_review_votes_or_withdraws(
    action: str, state: str, option: str | None, withdraws: bool
) -> None:
    """Edited or dismissed, it takes back what it said and says nothing new."""
    heard = review(action, state)

    assert heard is not None
    assert (heard.vote.option if heard.vote else None) == option
    assert heard.withdraws is withdraws


def test_a_review_that_only_comments_is_no_vote() -> None:
    """Unless its words are commands, which are then about its commit."""
    heard = review(state="commented", body="/approve sign_off")

    assert review(state="commented", body="Hm.") is None
    assert heard is not None
    assert (heard.source, heard.sha, heard.vote, len(heard.requests)) == (
        "comment", HEAD, None, 1,
    )  # fmt: skip


def test_a_review_whose_words_vote_votes_so() -> None:
    """The command says for which gate, with which form; a demand for changes stays a no."""
    approving = review(body="/approve sign_off ticket=CHG-1\n/why")
    doubting = review(state="changes_requested", body="/approve sign_off")

    assert approving is not None
    assert approving.vote is None
    assert [type(each.request) for each in approving.requests] == [VoteRequest, WhyRequest]
    assert doubting is not None
    assert doubting.vote is not None
    assert doubting.vote.option == "reject"


def test_a_comment_says_commands_or_nothing() -> None:
    """On an issue it is about no pull request."""
    on_issue = said(
        "issue_comment",
        "created",
        comment={"id": 6, "user": ANN, "body": "/why"},
        issue={"number": 3},
    )

    assert comment("Nice!") is None
    assert comment("/approve", action="pinned") is None
    assert on_issue is not None
    assert (on_issue.pull_request, on_issue.at) == (None, NOW)


@pytest.mark.parametrize(
    ("identifier", "request_"),
    [
        ("approve", VoteRequest(is_approval=True)),
        ("approve:sign_off", VoteRequest(is_approval=True, words=("sign_off",))),
        ("retry", RetryRequest()),
        ("cancel", CancelRequest()),
    ],
)
def test_a_button_asks_in_the_name_of_whoever_pressed_it(
    identifier: str, request_: object
) -> None:
    """It is about the commit of its check, which carries our own id."""
    heard = said(
        "check_run",
        "requested_action",
        check_run={"id": 9, "external_id": "orchestration-1", "head_sha": HEAD},
        requested_action={"identifier": identifier},
    )

    assert heard is not None
    assert (heard.by.login, heard.check, heard.sha) == ("mona", "orchestration-1", HEAD)
    assert heard.requests[0].request == request_


def test_github_s_own_reviewers_are_heard() -> None:
    """Their decision about an environment is a vote by that door."""
    run = {"id": 77, "head_sha": HEAD}
    heard = said("deployment_review", "rejected", workflow_run=run, comment="not yet")

    assert heard is not None
    assert heard.vote is not None
    assert (heard.vote.option, heard.vote.source, heard.vote.reason) == (
        "reject", "environment", "not yet",
    )  # fmt: skip
    assert heard.workflow_run_id == 77
    assert said("deployment_review", "requested", workflow_run=run) is None


def test_each_press_of_a_button_is_one_of_its_own() -> None:
    """What has no id of its own is told apart by its delivery; a review has one."""
    person = Person(id=1, login="mona", is_bot=False)
    pressed = Said(by=person, at=NOW, source=CHECK, reference="check/7")
    voted = cast(pressed, VoteRequest(is_approval=True), "approve", "")
    reviewed = replace(pressed, source=REVIEW, reference="review/7")
    with_vote = one_of_many(replace(pressed, source=ENVIRONMENT, vote=voted), "d1")

    assert one_of_many(pressed, "d1").reference == "check/7/d1"
    assert one_of_many(reviewed, "d1") is reviewed
    assert with_vote.vote == replace(voted, reference="check/7/d1")


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("push", {}),
        ("pull_request_review", {}),
        ("pull_request_review", {"review": {"id": 5, "user": None}}),
        ("pull_request_review", {"review": {"id": True, "user": ANN}}),
        ("issue_comment", {"comment": {"id": 5, "user": {"id": 1}}}),
        ("check_run", {"action": "created"}),
        ("check_run", {"action": "requested_action", "requested_action": {"identifier": "x"}}),
        ("check_run", {"action": "requested_action", "sender": None}),
        ("deployment_review", {"action": "approved"}),
    ],
)
def test_a_delivery_that_lacks_what_matters_says_nothing(
    event: str, payload: dict[str, Any]
) -> None:
    """Nobody is made up."""
    assert listen(read(event, heard_of(event, **payload)), NOW) is None


def test_a_review_without_a_pull_request_or_of_another_kind_is_read_leniently() -> None:
    """What is missing is missing; an action that we do not know says nothing."""
    bare = said(
        "pull_request_review", "submitted", review={"id": 5, "user": ANN, "state": "approved"}
    )

    assert review("reopened") is None
    assert bare is not None
    assert (bare.pull_request, bare.sha, bare.at) == (None, NO_COMMIT, NOW)


# ------------------------------------------------------------------------------- attacks

GATE = table.question({"rules": [{"require": [{"teams": ["acme/sre"]}]}]})
WAITING = [OpenGate(task="sign_off", options=("approve", "reject"))]


def standing(*votes: Vote, asked: datetime = NOW - timedelta(hours=1)) -> str:
    """Decide the gate at the head commit, which was asked about at a time."""
    question = replace(GATE, shas=frozenset({HEAD}))
    bound = [about(vote, table.DIGEST, asked) for vote in votes]
    return decide_gate(question, bound, CAST, NOW).standing


def votes_of(heard: Said | None) -> list[Vote]:
    """Return the votes that a delivery gives at the gate."""
    if heard is None:
        return []
    found = [heard.vote] if heard.vote else []
    for each in heard.requests:
        assert isinstance(each.request, VoteRequest)
        target = aim(each.request, WAITING)
        assert isinstance(target, Aim)
        found.append(cast(heard, each.request, target.option, target.reason))
    return found


def test_a_review_and_a_comment_open_the_gate() -> None:
    """Both doors lead to the same engine."""
    assert standing(*votes_of(review())) == "open"
    assert standing(*votes_of(comment("/approve sign_off"))) == "open"
    assert standing(*votes_of(comment("/reject sign_off"))) == "shut"


@pytest.mark.parametrize(
    "heard",
    [
        comment("/approve", action="edited"),
        comment("> /approve"),
        comment("```\n/approve\n```"),
        comment("/approve", user={"id": 5, "login": "eve", "type": "User"}),
        comment("/approve", user={"id": 20, "login": "rob[bot]", "type": "Bot"}),
        comment("/approve", user={"id": 99, "login": "ann", "type": "User"}),
        review("edited"),
        review(commit_id=NEXT),
        review(commit_id=None),
    ],
)
def test_an_attack_opens_nothing(heard: Said | None) -> None:
    """Edited, quoted, shown, by an outsider, a bot, a namesake, or about an old commit."""
    assert standing(*votes_of(heard)) == "undecided"


@pytest.mark.parametrize("action", ["edited", "deleted"])
def test_an_edited_comment_takes_back_what_it_said(action: str) -> None:
    """Whoever edits it, and whatever it says now."""
    heard = comment("/approve", action=action)

    assert heard is not None
    assert (heard.withdraws, heard.requests) == (True, ())
    assert standing(*withdraw(tuple(votes_of(comment("/approve"))), heard.reference)) == (
        "undecided"
    )


def test_a_comment_is_about_the_question_that_was_open_then() -> None:
    """Approve, then push: the question is asked again, and the old comment is no answer."""
    votes = votes_of(comment("/approve"))

    assert standing(*votes, asked=NOW - timedelta(minutes=4)) == "undecided"
    assert standing(*votes, asked=NOW - timedelta(minutes=5)) == "open"
    late = datetime(2026, 11, 25, 11, 55, 0, 999_999, tzinfo=UTC)
    assert standing(*votes, asked=late) == "open"


def test_a_dismissed_review_withdraws() -> None:
    """As does a deleted comment; what others said stands."""
    votes = (*votes_of(review()), table.vote("hal"))
    dismissed = review("dismissed", "dismissed")
    deleted = comment("/approve", action="deleted")

    assert dismissed is not None
    assert deleted is not None
    assert standing(*withdraw(votes[:1], dismissed.reference)) == "undecided"
    assert standing(*withdraw(votes, dismissed.reference)) == "open"
    assert deleted.withdraws
    assert deleted.reference == "comment/6"


_VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.text(max_size=8),
        st.sampled_from(["submitted", "created", "approved", "/approve", "User", SENT,
                         "0001-01-01T00:00:00+14:00", "2026-01-01T00:00"]),
    ),
    lambda inner: st.dictionaries(
        st.sampled_from(["id", "login", "user", "state", "body", "commit_id", "submitted_at",
                         "created_at", "number", "identifier", "head_sha", "type"]),
        inner,
        max_size=6,
    ),
    max_leaves=12,
)  # fmt: skip


@given(
    st.sampled_from(["pull_request_review", "issue_comment", "check_run", "deployment_review"]),
    st.sampled_from(["submitted", "created", "edited", "requested_action", "approved"]),
    st.dictionaries(
        st.sampled_from(
            ["review", "comment", "issue", "check_run", "requested_action", "workflow_run",
             "pull_request", "sender"]
        ),
        _VALUES,
    ),
)  # fmt: skip
def test_no_delivery_is_too_odd(event: str, action: str, payload: dict[str, Any]) -> None:
    """Any payload is read; none says something later than now."""
    heard = listen(read(event, heard_of(event, action=action, **payload)), NOW)

    assert heard is None or heard.at <= NOW


@given(
    st.sampled_from(["2026-01-01T00:00", "x", "0001-01-01T00:00:00+14:00", "2999-01-01T00:00Z"])
)
def test_a_time_that_cannot_be_is_now(text: str) -> None:
    """Without a zone, before all time or ahead of us: it is taken for the present."""
    heard = comment("/why", created_at=text)

    assert heard is not None
    assert heard.at == NOW
