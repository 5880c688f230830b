"""What people mean by what they say, whether they may, and what they are answered."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.core.actions import Permission
from app.core.approvals.people import Voter
from app.core.approvals.requests import (
    CancelRequest,
    RetryRequest,
    Spoken,
    VoteRequest,
    WhyRequest,
)
from app.core.approvals.survey import PolicyText
from app.core.chores import JudgeRequests
from app.core.doorways.explaining import explain_orchestration
from app.core.doorways.responding import Reply, respond
from app.core.doorways.words import answer_to_vote, spoken_words, words_of
from app.core.events import ApprovalDecided, Conclusion, RetryRequested, SkipRequested
from app.core.gate_commands import AnswerVote
from app.core.gate_events import GateId, VoteCast
from app.core.hearing.findings import RequestsJudged, StandingIn
from app.core.hearing.forks import comes_from_fork
from app.core.state import Orchestration
from app.core.telling.buttons import buttons_of
from app.core.values import TaskName
from tests.core.ballot import HEAD, TASKS, TWO_TEAMS
from tests.core.told import START, Told, plan_of

ADMIN = Voter(login="ada", id=4, permission=Permission.ADMIN)
FAILING = """
tasks:
  build:
    dispatch: acme/api/.github/workflows/build.yml@main
    on-failure: ask
"""


def asked(text: str, *, voter: Voter | None = ADMIN, **more: Any) -> RequestsJudged:
    """Say that somebody said this under pull request 12, and what is known of them."""
    policies = more.pop("policies", ())
    places = more.pop("places", (1,))
    about: dict[str, Any] = {
        key: more.pop(key)
        for key in ("source", "sha", "orchestration", "number")
        if key in more
    }
    given: dict[str, Any] = {
        "installation_id": 7,
        "repository_id": 1,
        "delivery_id": "d",
        "by": voter.login if voter else "nobody",
        "by_id": 4,
        "is_bot": False,
        "at": START + timedelta(minutes=9),
        "source": "comment",
        "reference": "comment/1",
        "text": text,
        "number": 12,
        "is_pull_request": True,
        **about,
    }
    said = JudgeRequests(**given)
    standings = tuple(
        StandingIn(repository_id=place, voter=voter, policies=policies) for place in places
    )
    return RequestsJudged(asked=said, standings=standings, **more)


def gated(stem: str = "ship", number: int = 1, text: str = TASKS % TWO_TEAMS) -> Orchestration:
    """Return an orchestration whose gate waits."""
    plan = plan_of(HEAD + text, stem=stem, number=number)
    return Told(replace(plan, id=f"{stem}-{number}")).begin().state  # type: ignore[arg-type]


def failed(stem: str = "try", text: str = FAILING) -> Orchestration:
    """Return an orchestration whose task failed, and asks what to do where it is to."""
    plan = replace(plan_of(HEAD + text, stem=stem), id=stem)  # type: ignore[arg-type]
    return Told(plan).begin().accept("build").end("build", conclusion=Conclusion.FAILURE).state


def answer(judged: RequestsJudged, *states: Orchestration) -> Reply:
    """Answer it."""
    return respond(judged, states, START + timedelta(minutes=10))


def test_the_newest_of_a_definition_is_meant() -> None:
    """What went before has had its time; by a button just the one whose it is is meant."""
    old, new = gated(number=1), gated(number=2)
    [(by_comment, _)] = answer(asked("/approve"), old, new).events
    [(by_button, event)] = answer(asked("/approve", orchestration=old.id), old, new).events

    assert (by_comment, by_button) == (new.id, old.id)
    assert isinstance(event, VoteCast)
    assert event.vote.option == "approve"


def test_a_gate_is_named_by_its_definition_where_two_have_the_same() -> None:
    """In doubt none is meant, and the answer says how to name them."""
    first, second = gated("first"), gated("second")
    unclear = answer(asked("/approve"), first, second)
    [(id_, _)] = answer(asked("/approve second:sign_off"), first, second).events

    assert (unclear.events, unclear.sign) == ([], "confused")
    assert "first:sign_off, second:sign_off" in unclear.text
    assert id_ == second.id


def test_a_vote_by_a_button_is_told_that_it_was_heard() -> None:
    """A comment is answered by its gate, once it is known whether the vote counts."""
    by_comment = answer(asked("/approve"), gated())
    by_button = answer(asked("/approve", source="check", sha="f" * 40), gated())

    assert (by_comment.sign, by_button.sign) == ("", "+1")


MACHINE = """
initial: open
states:
  open:
    approval: {rules: [{require: [{teams: [acme/sre]}]}]}
    timeout-minutes: 60
    transitions:
      - {on: approval.approved, to: work}
      - {on: approval.rejected, to: done}
      - {on: timeout, to: done}
  work:
    tasks: {build: {dispatch: acme/api/.github/workflows/build.yml@main}}
    timeout-minutes: 60
    transitions:
      - {on: tasks.succeeded, to: done}
      - {on: tasks.failed, to: done}
      - {on: timeout, to: done}
  done: {final: true, conclusion: success}
"""


def test_in_a_machine_gates_are_named_by_the_state() -> None:
    """Nobody has to know how the visits of a state are counted."""
    state = gated("change", text=MACHINE)
    [(_, event)] = answer(asked("/approve open"), state).events
    told = explain_orchestration(state, START, TaskName("open.1.approval"))

    assert isinstance(event, VoteCast)
    assert event.gate == GateId(task=TaskName("open.1.approval"))
    assert "`open.1.approval` asks" in told


def test_a_task_is_named_by_itself_or_behind_its_definition() -> None:
    """A word that two have is none; a definition is no task that could be skipped."""
    first, second = failed("one"), failed("two")
    unclear = answer(asked("/retry build"), first, second)
    [(id_, event)] = answer(asked("/retry two:build"), first, second).events
    whole = answer(asked("/skip one because it is"), first, second)
    nothing = answer(asked("/retry bild"), first, second)
    idle = answer(asked("/retry"), gated())

    assert "`one:build`, `two:build`" in unclear.text
    assert (id_, event) == (
        second.id,
        RetryRequested(at=START + timedelta(minutes=10), task=TaskName("build"), by="ada"),
    )
    assert [whole.sign, nothing.sign, idle.sign] == ["confused"] * 3
    assert "`bild`" in nothing.text


def test_a_task_that_asks_is_failed_by_a_no() -> None:
    """By its name, or without where nothing else could be meant; a gate goes before."""
    state = failed()
    [(_, named)] = answer(asked("/reject build it is broken"), state).events
    [(_, bare)] = answer(asked("/reject it is broken"), state).events
    beside = answer(asked("/reject"), state, gated())
    may_not = answer(asked("/reject", voter=replace(ADMIN, permission=None)), state)

    assert isinstance(named, ApprovalDecided)
    assert isinstance(bare, ApprovalDecided)
    assert (named.option, named.reason, bare.reason) == ("fail", *["it is broken"] * 2)
    assert isinstance(beside.events[0][1], VoteCast)
    assert (may_not.events, may_not.sign) == ([], "-1")


def test_a_task_is_skipped_with_its_reason() -> None:
    """It stands in the journal."""
    [(_, event)] = answer(asked("/skip build we know"), failed()).events

    assert isinstance(event, SkipRequested)
    assert (event.task, event.reason) == ("build", "we know")


@pytest.mark.parametrize(
    ("policy", "code"),
    [
        (PolicyText(owner="acme/x", error="500"), "policy-error"),
        (PolicyText(owner="acme/x", text="version: 1\nno: no"), "policy-error"),
        (PolicyText(owner="acme/x", text="version: 1\nroles: {cancel: {users: [z]}}"), "role"),
    ],
)
def test_a_policy_in_doubt_gives_no_role(policy: PolicyText, code: str) -> None:
    """It fails shut, and says who could."""
    reply = answer(asked("/cancel", policies=(policy,)), gated())

    assert (reply.events, reply.sign) == ([], "-1")
    assert code in reply.text


def test_roles_are_asked_for_where_the_definition_stands() -> None:
    """Of somebody of whom nothing is known there nothing is taken for granted."""
    elsewhere = answer(asked("/cancel", places=(2,)), gated())
    unknown = answer(asked("/cancel", voter=None), gated())

    assert "role-unknown-person" in elsewhere.text
    assert "role-unknown-person" in unknown.text


def test_why_tells_of_what_is_meant_and_else_of_all() -> None:
    """Without an orchestration there is nothing to tell; who may not look is told so."""
    state = gated()
    nothing = answer(asked("/why"))
    named = answer(asked("/why deploy"), state)
    unknown = answer(asked("/why no_such"), state)
    hidden = answer(asked("/why", voter=replace(ADMIN, permission=None)), state)

    assert (nothing.sign, named.sign, unknown.sign, hidden.sign) == (
        "confused",
        "eyes",
        "eyes",
        "-1",
    )
    assert "`deploy` waits for `sign_off`" in named.text
    assert "`sign_off` asks" in unknown.text


def test_an_explanation_says_what_ended_and_what_asks() -> None:
    """What went well is told only when it is asked for."""
    asking = explain_orchestration(failed(), START)
    done = Told(plan_of(HEAD + FAILING)).begin().accept("build").end("build").state
    whole = explain_orchestration(done, START)
    one = explain_orchestration(done, START, TaskName("build"))

    assert "`build` asking" in asking
    assert "choose `/retry`" in asking
    assert "succeeded" not in whole.partition("\n")[2]
    assert "`build` succeeded" in one


def test_an_explanation_is_never_longer_than_a_comment_may_be() -> None:
    """What does not fit is counted; what the whole waits for comes first."""
    many = "\n".join(
        f"  t{n}: {{needs: [first], dispatch: acme/api/.github/workflows/b.yml@main}}"
        for n in range(900)
    )
    first = "tasks:\n  first: {dispatch: acme/api/.github/workflows/b.yml@main}\n"
    group = "concurrency: {group: prod}\n"
    told = explain_orchestration(
        Told(plan_of(HEAD + group + first + many)).begin().state, START
    )

    assert len(told) < 20_000
    assert "waits for a place in the concurrency group" in told
    assert "more; ask about one task" in told


def test_a_fork_is_told_by_the_repository_of_its_head() -> None:
    """One that is gone was none of ours, either."""
    cause = plan_of(HEAD + FAILING).cause
    own = {"pull_request": {"head": {"repo": {"id": 1}}}}
    other = {"pull_request": {"head": {"repo": {"id": 2}}}}
    gone = {"pull_request": {"head": {"repo": None}}}
    found = [comes_from_fork(replace(cause, event=event)) for event in (own, other, gone, {})]

    assert found == [False, True, True, False]


def test_a_button_stands_for_a_line() -> None:
    """What is no button's stands for none; of a comment only what asks is kept."""
    requests = (
        VoteRequest(is_approval=True, words=("sign_off",)),
        RetryRequest(),
        CancelRequest(),
        WhyRequest(),
    )
    spoken = tuple(Spoken(line=1, request=each) for each in requests)

    assert spoken_words(spoken) == "/approve sign_off\n/retry\n/cancel"
    assert words_of("Hello\n\n  /why\n\n> /cancel\n") == "/why"


def test_an_answer_to_a_vote_says_who_could_where_that_is_known() -> None:
    """The reason comes with its code."""
    vote = AnswerVote(
        gate=GateId(task=TaskName("ask")),
        reference="comment/1",
        is_counted=False,
        code="vote-expired",
        sentence="it is too old",
    )

    assert (
        answer_to_vote(vote) == "At `ask` this does not count: it is too old (`vote-expired`)."
    )
    assert "Who could: the owners" in answer_to_vote(replace(vote, could=("the owners",)))


def test_a_form_has_no_button() -> None:
    """A button cannot fill it in; what failed can be tried again by one."""
    form = "inputs: {ticket: {type: string, required: true}}, " + TWO_TEAMS
    offered = [
        [each.identifier for each in buttons_of(state)]
        for state in (gated(), gated(text=TASKS % form), failed())
    ]

    assert offered == [["approve", "cancel"], ["cancel"], ["retry", "cancel"]]
