"""Votes that come too late, their answers, and gates about which nobody asks any more."""

from app.core.decide import decide
from app.core.gate_commands import AnswerVote
from app.core.gate_events import (
    SubjectGone,
    VotesWithdrawn,
)
from app.core.legs.asking import gate_at
from app.core.moves import OrchestrationStatus, TaskStatus
from app.core.values import TaskName
from tests.core.ballot import GATE, HEAD, TASKS, TWO_TEAMS, Ballot
from tests.core.told import COMMIT, START, Told, plan_of


def test_a_vote_that_is_heard_after_it_was_taken_back_does_not_count() -> None:
    """GitHub does not order its webhooks: that a comment was edited may be heard first."""
    ballot = Ballot("rules: [{require: [{teams: [acme/sre]}]}]")
    ballot.hear(VotesWithdrawn(at=ballot.now, reference="c/mona"))
    again = ballot.hear(VotesWithdrawn(at=ballot.now, reference="c/mona"))
    ballot.vote("mona")

    assert again.commands == ()
    assert ballot.gate.votes == ()
    assert ballot.status is TaskStatus.RUNNING


def test_who_votes_by_a_comment_is_told_what_became_of_it_once() -> None:
    """The vote that counts and the one that does not are both answered; reviews are not."""
    ballot = Ballot(TWO_TEAMS)
    ballot.vote("mona", reference="comment/1")
    ballot.vote("eve", reference="comment/2")
    ballot.vote("hubot", reference="review/3")

    answers = [each for each in ballot.told if isinstance(each, AnswerVote)]
    assert [(each.reference, each.is_counted) for each in answers] == [
        ("comment/1", True),
        ("comment/2", False),
    ]
    assert answers[1].code == "voter-not-asked"
    assert "acme/qa" in " ".join(answers[1].could)


def test_a_closed_pull_request_leaves_nothing_to_decide() -> None:
    """The gate is given up with the reason, and what needs it is skipped."""
    ballot = Ballot(TWO_TEAMS)
    here = SubjectGone(at=ballot.now, code="superseded", message="same", sha=COMMIT)
    same = ballot.hear(here).state
    gone = SubjectGone(at=ballot.now, code="pull-request-closed", message="#7 was closed")
    ballot.hear(gone)

    assert gate_at(same, GATE) is not None
    assert ballot.status is TaskStatus.CANCELLED
    assert ballot.state.status is OrchestrationStatus.CANCELLED
    assert ballot.state.tasks[TaskName("deploy")].status is TaskStatus.SKIPPED
    assert ballot.hear(gone).commands == ()


def test_what_waits_for_its_place_is_given_up_with_its_pull_request() -> None:
    """It has not begun, and need not."""
    state = Told(plan_of(HEAD + "concurrency: {group: prod}" + TASKS % TWO_TEAMS)).begin().state
    gone = SubjectGone(at=START, code="pull-request-closed", message="#7 was closed")

    assert decide(state, gone).state.status is OrchestrationStatus.CANCELLED
