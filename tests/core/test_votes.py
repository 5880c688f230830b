"""Votes at gates: heard, asked about, judged, bound to the plan, and taken back."""

from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType

import pytest

from app.core.approvals.people import AUTHORS, Party
from app.core.approvals.survey import PolicyText, Survey
from app.core.decide import decide
from app.core.gate_commands import SurveyGate
from app.core.gate_events import (
    GateId,
    GateSurveyed,
    VoteCast,
    VotesWithdrawn,
)
from app.core.legs.asking import plan_digest
from app.core.moves import LegStatus, TaskStatus
from app.core.state import Vote
from app.core.values import TaskName
from tests.core.ballot import GATE, HEAD, TWO_RULES, TWO_TEAMS, Ballot
from tests.core.told import COMMIT, START, Told, plan_of


def test_a_gate_opens_once_the_right_people_have_voted() -> None:
    """One of two is not enough; with the second the task succeeds and says who."""
    ballot = Ballot(TWO_TEAMS)
    ballot.vote("mona")
    waiting = ballot.status
    ballot.vote("hubot")

    assert (waiting, ballot.status) == (TaskStatus.RUNNING, TaskStatus.SUCCEEDED)
    assert ballot.gate.choice == "approve"
    assert ballot.gate.by == "mona, hubot"
    assert ballot.state.tasks[TaskName("deploy")].status is TaskStatus.RUNNING


def test_memberships_are_asked_for_at_each_vote_and_kept_with_it() -> None:
    """Each vote is asked about once, and the answer stands in the state."""
    ballot = Ballot(TWO_TEAMS)
    ballot.vote("mona")
    ballot.vote("hubot")

    assert ballot.asked == 2
    assert ballot.gate.survey is not None
    assert [voter.login for voter in ballot.gate.survey.voters] == ["hubot", "mona"]


def test_nothing_is_decided_before_the_survey_has_come() -> None:
    """A vote alone opens nothing: what its voter may is not known yet."""
    state = Ballot("rules: [{require: [{teams: [acme/sre]}]}]").state
    vote = Vote(by="mona", option="approve", at=START, source="comment", sha=COMMIT)
    decision = decide(state, VoteCast(at=START, gate=GATE, vote=vote))
    again = decide(decision.state, VoteCast(at=START, gate=GATE, vote=replace(vote, by="x")))

    leg = next(iter(decision.state.tasks[TaskName("sign_off")].legs.values()))
    assert leg.status is LegStatus.AWAITING
    assert [c.key for c in decision.commands if isinstance(c, SurveyGate)] == [
        "survey-gate/sign_off/1"
    ]
    assert [c.key for c in again.commands if isinstance(c, SurveyGate)] == [
        "survey-gate/sign_off/2"
    ]


def test_an_outsider_opens_nothing() -> None:
    """Whoever is not asked for does not count, and the gate says who could."""
    ballot = Ballot(TWO_TEAMS)
    ballot.vote("eve")

    assert ballot.status is TaskStatus.RUNNING
    assert "acme/sre" in ballot.why()


def test_a_rejection_shuts_the_gate() -> None:
    """One no of somebody who is asked fails the task, and what needs it is skipped."""
    ballot = Ballot(TWO_TEAMS)
    ballot.vote("mona", "reject", reason="not on a Friday")

    task = ballot.state.tasks[TaskName("sign_off")]
    assert task.status is TaskStatus.FAILED
    assert task.reason is not None
    assert task.reason.code == "rejected"
    assert "not on a Friday" in task.reason.message
    assert ballot.state.tasks[TaskName("deploy")].status is TaskStatus.SKIPPED


def test_a_vote_is_heard_once() -> None:
    """The same delivery again changes nothing and asks for nothing."""
    ballot = Ballot(TWO_TEAMS)
    ballot.vote("mona")
    before, asked = ballot.state, ballot.asked
    ballot.vote("mona")

    assert ballot.state is before
    assert ballot.asked == asked


def test_a_vote_that_names_nothing_is_heard_once_too() -> None:
    """It is known by its moment; the same words a minute later are another vote."""
    ballot = Ballot(TWO_TEAMS)
    vote = Vote(by="mona", option="approve", at=START, source="page", sha=COMMIT)
    ballot.hear(VoteCast(at=START, gate=GATE, vote=vote))
    before, asked = ballot.state, ballot.asked
    ballot.hear(VoteCast(at=ballot.now, gate=GATE, vote=vote))
    again = (ballot.state is before, ballot.asked == asked)
    ballot.vote("mona", source="page", reference="")

    assert again == (True, True)
    assert len(ballot.gate.votes) == 2


def test_a_review_that_is_heard_again_after_it_was_dismissed_stays_dismissed() -> None:
    """A delivery that comes back late brings no vote back."""
    ballot = Ballot(TWO_TEAMS)
    ballot.vote("mona")
    cast = VoteCast(at=ballot.now, gate=GATE, vote=replace(ballot.gate.votes[0], digest=""))
    ballot.hear(VotesWithdrawn(at=ballot.now, reference="c/mona"))
    ballot.hear(cast)
    ballot.vote("hubot")

    assert [each.is_withdrawn for each in ballot.gate.votes] == [True, False]
    assert ballot.status is TaskStatus.RUNNING


def test_a_comment_that_says_something_else_when_its_vote_is_used_withdraws_it() -> None:
    """However it came that nobody heard of the change: what GitHub shows now counts."""
    ballot = Ballot(TWO_TEAMS, changed=("c/mona",))
    ballot.vote("mona")
    ballot.vote("hubot")

    assert [each.is_withdrawn for each in ballot.gate.votes] == [True, False]
    assert ballot.status is TaskStatus.RUNNING


def test_a_vote_taken_back_does_not_count() -> None:
    """A dismissed review withdraws; the gate asks anew about what is left."""
    ballot = Ballot(TWO_TEAMS)
    ballot.vote("mona")
    ballot.hear(VotesWithdrawn(at=ballot.now, reference="c/mona"))
    ballot.vote("hubot")

    assert ballot.status is TaskStatus.RUNNING
    assert ballot.hear(VotesWithdrawn(at=ballot.now, reference="")).commands == ()


def test_what_is_left_after_a_withdrawal_is_asked_about_anew() -> None:
    """Under a key of its own, since what was asked before has been answered."""
    ballot = Ballot(TWO_TEAMS)
    ballot.vote("mona")
    ballot.vote("eve")
    ballot.hear(VotesWithdrawn(at=ballot.now, reference="c/eve"))
    keys = [each.key for each in ballot.told if isinstance(each, SurveyGate)]

    assert keys == [
        "survey-gate/sign_off/1",
        "survey-gate/sign_off/2",
        "survey-gate/sign_off/2/1",
    ]


def test_a_vote_about_another_commit_does_not_count() -> None:
    """A review of an old commit opens nothing, unless it holds the same files."""
    old = "0" * 40
    stale = Ballot(TWO_TEAMS)
    stale.vote("mona", sha=old)
    stale.vote("hubot")
    same = Ballot(TWO_TEAMS, same_tree=(old,))
    same.vote("mona", sha=old)
    same.vote("hubot")

    assert stale.status is TaskStatus.RUNNING
    assert same.status is TaskStatus.SUCCEEDED


def test_a_vote_names_the_plan_that_was_seen() -> None:
    """A vote with another digest is for another plan; one without gets that of now."""
    ballot = Ballot(TWO_TEAMS)
    ballot.vote("mona", digest="0" * 32)
    ballot.vote("hubot")

    assert ballot.status is TaskStatus.RUNNING
    assert ballot.gate.votes[1].digest == plan_digest(ballot.state, GATE)


def test_an_author_does_not_approve_their_own() -> None:
    """Whoever is excluded does not count, though they are in the team."""
    rules = "rules: [{require: [{teams: [acme/sre]}]}], exclude: [authors]"
    ballot = Ballot(rules, parties={AUTHORS: (Party(login="mona", id=1),)})
    ballot.vote("mona")

    assert ballot.status is TaskStatus.RUNNING


def test_unknown_authors_exclude_everybody() -> None:
    """Where it is not known who the authors are, it could be anybody: it stays shut."""
    ballot = Ballot("rules: [{require: [{teams: [acme/sre]}]}], exclude: [authors]")
    ballot.vote("mona")

    assert ballot.status is TaskStatus.RUNNING


POLICY = """
version: 1
organization:
  rules:
    - {require: [{teams: [acme/qa], count: 1}]}
"""


def test_the_policy_of_the_organisation_asks_for_more() -> None:
    """With its rule the vote that was enough is not any more."""
    policies = (PolicyText(owner="acme/.github", text=POLICY),)
    ballot = Ballot("rules: [{require: [{teams: [acme/sre]}]}]", policies=policies)
    ballot.vote("mona")
    waiting = ballot.status
    ballot.vote("hubot")

    assert (waiting, ballot.status) == (TaskStatus.RUNNING, TaskStatus.SUCCEEDED)


@pytest.mark.parametrize(
    "policy",
    [
        PolicyText(owner="acme/.github", error="404"),
        PolicyText(owner="acme/.github", text="version: 1\nno: no"),
    ],
)
def test_a_policy_that_cannot_be_read_keeps_the_gate_shut(policy: PolicyText) -> None:
    """Nobody knows what it would have asked for: nothing opens."""
    ballot = Ballot("rules: [{require: [{teams: [acme/sre]}]}]", policies=(policy,))
    ballot.vote("mona")

    assert ballot.status is TaskStatus.RUNNING


def test_a_rule_whose_condition_has_no_value_keeps_the_gate_shut() -> None:
    """A missing value is an error and never a no: the gate says so and waits."""
    rules = TWO_RULES % "event.no.such"
    ballot = Ballot(rules)
    ballot.vote("mona")

    assert ballot.status is TaskStatus.RUNNING


def test_a_condition_that_does_not_hold_asks_for_nobody_more() -> None:
    """Only rules whose `when` holds must be met."""
    rules = TWO_RULES % "'ref == \"x\"'"
    ballot = Ballot(rules)
    ballot.vote("mona")

    assert ballot.status is TaskStatus.SUCCEEDED


def test_an_old_survey_changes_nothing() -> None:
    """An answer about fewer votes than are known comes too late."""
    ballot = Ballot(TWO_TEAMS)
    ballot.vote("mona")
    old = GateSurveyed(at=START, gate=GATE, survey=Survey(at=START, votes=0))
    closed = GateId(task=TaskName("deploy"))
    elsewhere = GateSurveyed(at=START, gate=closed, survey=Survey(at=START, votes=3))
    nowhere = replace(elsewhere, gate=GateId(task=TaskName("no_such")))

    assert decide(ballot.state, old).state is ballot.state
    assert decide(ballot.state, elsewhere).state is ballot.state
    assert decide(ballot.state, nowhere).state is ballot.state


def test_a_comment_from_before_the_question_is_about_another_plan() -> None:
    """Whoever approved before it was asked cannot have seen what is asked."""
    ballot = Ballot("rules: [{require: [{teams: [acme/sre]}]}]")
    early = Vote(by="mona", option="approve", at=START - timedelta(minutes=1), source="comment")
    ballot.hear(VoteCast(at=START, gate=GATE, vote=early))

    assert ballot.status is TaskStatus.RUNNING


AGENT = """
tasks:
  sign_off:
    agent: acme/agents/.github/workflows/fix.yml@main
    outputs: {schema: {type: object, properties: {n: {type: integer}}}}
    review: {rules: [{require: [{teams: [acme/sre]}]}]}
"""


def test_what_an_agent_proposes_is_approved_like_anything_else() -> None:
    """The review of an agent's outputs is a gate: a vote lets them go on."""
    told = Told(plan_of(HEAD + AGENT)).begin().accept("sign_off").report("sign_off", n=1)
    ballot = Ballot("", HEAD + AGENT)
    ballot.state = told.end("sign_off").state
    before = ballot.status
    ballot.vote("mona")

    assert (before, ballot.status) == (TaskStatus.RUNNING, TaskStatus.SUCCEEDED)
    assert ballot.state.tasks[TaskName("sign_off")].outputs == {"n": 1}


def test_roles_say_who_decides_where_no_rule_asks_for_anybody() -> None:
    """The policy's `approve` role is asked where the definition's rules ask for nobody."""
    text = "version: 1\nroles: {approve: {teams: [acme/qa]}}\n"
    policies = (PolicyText(owner="acme/release", text=text),)
    rules = "rules: [{when: 'false', require: [{teams: [acme/sre]}]}]"
    ballot = Ballot(rules, policies=policies)
    ballot.vote("mona")
    waiting = ballot.status
    ballot.vote("hubot")

    assert (waiting, ballot.status) == (TaskStatus.RUNNING, TaskStatus.SUCCEEDED)


def test_the_digest_of_a_plan_is_of_what_it_says_and_not_of_how_it_is_held() -> None:
    """Inputs that are held by another kind of mapping are the same inputs."""
    state = Ballot(TWO_TEAMS).state
    plain = replace(state.plan, inputs={"a": {"b": 1}})
    other = replace(state.plan, inputs=MappingProxyType({"a": MappingProxyType({"b": 1})}))
    digests = {plan_digest(replace(state, plan=plan), GATE) for plan in (plain, other)}

    assert len(digests) == 1
    assert plan_digest(state, GATE) not in digests
