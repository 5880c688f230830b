"""Votes that come too late, their answers, and gates about which nobody asks any more."""

from app.core.decide import decide
from app.core.events import Conclusion, RetryRequested
from app.core.gate_commands import AnswerVote
from app.core.gate_events import (
    SubjectGone,
    VotesWithdrawn,
)
from app.core.legs.asking import gate_at
from app.core.moves import OrchestrationStatus, TaskStatus
from app.core.summary import summarise_check
from app.core.values import Sha, TaskName
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


LATE = f"""
tasks:
  build: {{dispatch: acme/api/.github/workflows/build.yml@main}}
  sign_off: {{needs: [build], approval: {{{TWO_TEAMS}}}}}
  roll:
    needs: [build]
    strategy:
      matrix: {{at: [one, two]}}
      waves:
        - {{name: canary, percent: 50, approval: {{{TWO_TEAMS}}}}}
        - {{name: rest, percent: 100}}
    dispatch: acme/api/.github/workflows/roll.yml@main
  deploy: {{needs: [sign_off], dispatch: acme/api/.github/workflows/deploy.yml@main}}
"""
PUSHED = SubjectGone(at=START, code="superseded", message="#12 goes on", sha=Sha("b" * 40))


def test_a_gate_that_opens_after_its_commit_has_gone_asks_nobody() -> None:
    """What was on its way goes on to its end; then there is nothing to decide."""
    told = Told(plan_of(HEAD + LATE)).begin().accept("build").hear(PUSHED)
    running = told.state.tasks[TaskName("build")].status
    told.end("build")

    tasks = told.state.tasks
    assert running is TaskStatus.RUNNING
    assert [tasks[TaskName(each)].status for each in ("build", "sign_off", "roll")] == [
        TaskStatus.SUCCEEDED, TaskStatus.CANCELLED, TaskStatus.CANCELLED,
    ]  # fmt: skip
    assert told.state.status is OrchestrationStatus.CANCELLED
    assert decide(told.state, PUSHED).state is told.state


def test_the_check_of_what_is_superseded_says_so_and_where_it_goes_on() -> None:
    """The title names what it is superseded by; the commit becomes a link on GitHub."""
    told = Told(plan_of(HEAD + LATE)).begin().accept("build").hear(PUSHED).end("build")
    check = summarise_check(told.state)

    assert (check.title, check.conclusion) == ("superseded: #12 goes on", "cancelled")
    assert f"It goes on at acme/release@{'b' * 12}." in check.summary
    assert "`superseded`" in check.summary


def test_a_closed_pull_request_holds_up_no_gate_that_opens_later() -> None:
    """What waits for the merge asks afterwards; only what is newer takes a question's place."""
    closed = SubjectGone(at=START, code="pull-request-closed", message="#12 was closed")
    told = Told(plan_of(HEAD + LATE)).begin().accept("build").hear(closed).end("build")
    later = told.hear(PUSHED).hear(closed).state

    assert told.state.gone is not None
    assert told.state.gone.is_superseded
    assert later.tasks[TaskName("sign_off")].status is TaskStatus.CANCELLED


def test_who_tries_again_what_was_superseded_is_asked_again() -> None:
    """It was wanted by somebody, who knows what has become of the commit."""
    told = Told(plan_of(HEAD + LATE)).begin().accept("build").hear(PUSHED).end("build")
    told.hear(RetryRequested(at=told.now, task=TaskName("sign_off"), by="mona"))

    assert told.state.gone is None
    assert gate_at(told.state, GATE) is not None


def test_what_was_cancelled_otherwise_does_not_blame_the_new_commit() -> None:
    """The reason of the whole is that of its tasks."""
    told = Told(plan_of(HEAD + LATE)).begin().accept("build").hear(PUSHED)
    told.end("build", conclusion=Conclusion.CANCELLED)

    assert told.state.reason is not None
    assert told.state.reason.code != "superseded"
