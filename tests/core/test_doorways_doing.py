"""What is done of what people ask for: forks, commands, freezes, and what GitHub tells."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.core.actions import Permission
from app.core.decide import decide
from app.core.doorways.aiming import votes_at
from app.core.doorways.explaining import explain_orchestration, gates_as_json
from app.core.doorways.moving import moved
from app.core.doorways.words import marked
from app.core.events import CancelRequested, CommandGiven
from app.core.gate_events import GateId, SubjectGone, VoteCast
from app.core.hearing.heard import Heard, Subject
from app.core.moves import TaskStatus
from app.core.state import Orchestration, Vote
from app.core.telling.buttons import buttons_of
from app.core.values import JsonObject, Sha, TaskName
from tests.core.ballot import HEAD, TASKS, TWO_TEAMS
from tests.core.test_doorways import ADMIN, answer, asked, gated
from tests.core.told import COMMIT, START, Told, plan_of

MACHINE = """
initial: open
states:
  open:
    timeout-minutes: 60
    transitions: [{on: command.go, to: done}, {on: timeout, to: done}]
  done: {final: true, conclusion: success}
"""


def test_what_does_not_read_as_it_did_is_not_done() -> None:
    """Whoever can change a comment need not be who wrote it."""
    reply = answer(asked("/cancel", is_changed=True), gated())

    assert (reply.events, reply.sign) == ([], "confused")
    assert "write a new one" in reply.text


def test_each_request_is_answered_in_the_order_of_the_comment() -> None:
    """What needs a look gives the sign; starts and freezes are for those who can do them."""
    lines = "/skip build\n/why\n/orchestrate x\n/freeze until 2099-01-01T00:00Z because so"
    reply = answer(asked(lines), gated())

    assert reply.signs == ["confused", "eyes"]
    assert reply.sign == "confused"
    assert "command-incomplete" in reply.words[0]
    assert (len(reply.starts), len(reply.freezes)) == (1, 1)


def test_a_vote_for_no_gate_is_not_understood() -> None:
    """It says so rather than to guess."""
    assert "gate-not-found" in answer(asked("/approve")).text


def forked() -> Orchestration:
    """Return an orchestration of a fork's pull request, whose gate waits."""
    plan = plan_of(HEAD + TASKS % TWO_TEAMS)
    event: JsonObject = {"pull_request": {"head": {"repo": {"id": 2}}}}
    cause = replace(plan.cause, event=event)
    return Told(replace(plan, cause=cause)).begin().state


@pytest.mark.parametrize("given", ["", " commit=3f1c", " commit=0000000000", " commit=x"])
def test_a_comment_about_a_fork_names_the_commit(given: str) -> None:
    """Too short a name, or another commit, is none; who says no need not name it."""
    refused = answer(asked(f"/approve{given}"), forked())
    [(_, no)] = answer(asked("/reject"), forked()).events

    assert (refused.events, refused.sign) == ([], "-1")
    assert COMMIT[:12] in refused.text
    assert isinstance(no, VoteCast)


def test_a_vote_about_a_fork_is_bound_to_the_commit_it_names() -> None:
    """And so is a button's, or a review's, to that which it stands on."""
    [(_, named)] = answer(asked(f"/approve commit={COMMIT[:7]}"), forked()).events
    [(_, pressed)] = answer(asked("/approve", source="check", sha=COMMIT), forked()).events

    assert isinstance(named, VoteCast)
    assert isinstance(pressed, VoteCast)
    assert (named.vote.sha, named.vote.inputs) == (COMMIT, {})
    assert pressed.vote.sha == COMMIT


def test_the_one_that_is_named_is_cancelled() -> None:
    """Of several one must be named; the rest of the words is the reason."""
    first, second = gated("first"), gated("second")
    unclear = answer(asked("/cancel now"), first, second)
    [(id_, event)] = answer(asked("/cancel second now"), first, second).events

    assert "`first`, `second`" in unclear.text
    assert id_ == second.id
    assert isinstance(event, CancelRequested)
    assert event.reason == "now"


def test_a_definition_can_be_tried_again_as_a_whole() -> None:
    """Without a task all of it is meant that did not succeed."""
    state = decide(gated(), SubjectGone(at=START, code="gone", message="gone")).state
    [(_, event)] = answer(asked("/retry"), state).events
    may_not = answer(asked("/retry", voter=replace(ADMIN, permission=None)), state)

    assert getattr(event, "task", "") is None
    assert may_not.events == []


def test_a_command_is_for_those_who_listen_to_it() -> None:
    """Nobody is told of words that none listens to; who may not give it is."""
    machine = gated("change", text=MACHINE)
    given = answer(asked("/go how=fast"), machine, gated())
    ignored = answer(asked("/lgtm"), machine, gated())
    refused = answer(asked("/go", voter=replace(ADMIN, permission=None)), machine)

    [(id_, event)] = given.events
    assert isinstance(event, CommandGiven)
    assert (id_, event.arguments) == (machine.id, {"how": "fast"})
    assert (ignored.sign, ignored.text) == ("", "")
    assert (refused.events, refused.sign) == ([], "-1")


def test_a_vote_without_words_goes_where_its_door_is_open() -> None:
    """By its door and by its option; a gate with other options is not asked by reviews."""
    vote = Vote(by="mona", option="approve", at=START, source="review", sha=COMMIT)
    comments = "sources: [comment], " + TWO_TEAMS
    options = "options: [ship, hold], " + TWO_TEAMS
    found = [
        len(votes_at(gated(text=TASKS % each), vote, START))
        for each in (TWO_TEAMS, comments, options)
    ]

    assert found == [1, 0, 0]


def heard(event: str, action: str, **payload: object) -> Heard:
    """Say that something happened to pull request 12 or to a merge group."""
    return Heard(
        event=event,
        action=action,
        installation_id=7,
        repository=None,
        sender=None,
        workflow_run=None,
        push=None,
        pull_request=None,
        payload={"reason": "dequeued"} if payload else {},
        subject=Subject(sha=Sha("b" * 40), pull_request=12),
    )


def test_what_becomes_of_a_pull_request_ends_what_waits_for_people() -> None:
    """A close and a new commit do; other things that happen to it do not."""
    [closed] = moved(heard("pull_request", "closed"), START)
    [pushed] = moved(heard("pull_request", "synchronize"), START)

    assert isinstance(closed, SubjectGone)
    assert isinstance(pushed, SubjectGone)
    assert (closed.code, closed.sha) == ("pull-request-closed", None)
    assert (pushed.code, pushed.sha) == ("superseded", "b" * 40)
    assert moved(heard("pull_request", "labeled"), START) == ()
    assert moved(heard("pull_request", "edited"), START) == ()


@pytest.mark.parametrize(
    ("action", "why"),
    [
        ("edited", "has another base"),
        ("converted_to_draft", "is a draft now"),
        ("ready_for_review", "is no draft any more"),
    ],
)
def test_what_is_planned_anew_ends_the_plan_there_was(action: str, why: str) -> None:
    """It says what has changed, and whom it is for: those who listen to it."""
    changes: JsonObject = {"changes": {"base": {"ref": {"from": "next"}}}}
    delivery = replace(heard("pull_request", action), payload=changes)
    [gone] = moved(delivery, START)

    assert isinstance(gone, SubjectGone)
    assert (gone.code, gone.sha, gone.action) == ("superseded", None, action)
    assert why in gone.message


def test_only_who_listens_to_new_commits_is_planned_anew() -> None:
    """What a draft is nothing to is asked about as before."""
    gone = SubjectGone(at=START, code="superseded", message="a draft", action="edited")
    commits = HEAD.replace("{push: {}}", "pull_request")
    other = gated(text=TASKS % TWO_TEAMS)
    listening = Told(plan_of(commits + TASKS % TWO_TEAMS)).begin().state

    assert decide(other, gone).state is other
    assert decide(listening, gone).state.tasks[TaskName("sign_off")].status is (
        TaskStatus.CANCELLED
    )


def test_a_merge_group_takes_all_with_it() -> None:
    """The reason is GitHub's, where it gives one."""
    [told] = moved(heard("merge_group", "destroyed", reason="dequeued"), START)
    [bare] = moved(heard("merge_group", "destroyed"), START)

    assert isinstance(told, CancelRequested)
    assert isinstance(bare, CancelRequested)
    assert (told.reason, bare.reason) == (
        "the merge group is gone (dequeued)",
        "the merge group is gone (destroyed)",
    )


def test_what_goes_its_own_way_is_not_given_up() -> None:
    """A machine says what leads it on; what is being cancelled is cancelled already."""
    gone = SubjectGone(at=START + timedelta(minutes=1), code="gone", message="gone")
    machine = gated("change", text=MACHINE)
    ended = decide(gated(), gone).state
    joined = gated()
    joined = replace(joined, plan=replace(joined.plan, correlation="7"))

    assert [decide(each, gone).state is each for each in (machine, ended, joined)] == [True] * 3


def test_an_answer_begins_with_the_mark_by_which_it_is_found() -> None:
    """Nothing in a key may end the mark."""
    assert marked("a-->b", "yes").splitlines() == ["<!-- signalbox answer a--_b -->", "yes"]


def test_what_went_before_is_not_meant_in_whatever_order_it_is_found() -> None:
    """The newest counts; a skip takes the role to override."""
    old, new = gated(number=1), gated(number=2)
    [(id_, _)] = answer(asked("/approve"), new, old).events
    writer = replace(ADMIN, permission=Permission.WRITE)

    assert id_ == new.id
    assert "role-missing" in answer(asked("/skip deploy so", voter=writer), new).text


WAVES = """
tasks:
  roll:
    strategy:
      matrix: {at: [one, two]}
      waves:
        - {name: canary, percent: 50, approval: {%s}}
        - {name: rest, percent: 100}
    dispatch: acme/api/.github/workflows/b.yml@main
"""


def test_the_approval_of_a_wave_is_named_behind_its_task() -> None:
    """It is explained like any gate, and given up like any, with what it holds up."""
    state = gated("roll-out", text=WAVES % TWO_TEAMS)
    gone = SubjectGone(at=START + timedelta(minutes=1), code="gone", message="gone")
    [(_, event)] = answer(asked("/approve roll/canary"), state).events
    [gate] = gates_as_json(state, START)

    assert isinstance(event, VoteCast)
    assert event.gate == GateId(task=TaskName("roll"), wave="canary")
    assert (gate["gate"], gate["name"]) == ("roll/canary", "roll")
    assert decide(state, gone).state.tasks[TaskName("roll")].status is TaskStatus.CANCELLED


def test_legs_that_have_ended_need_no_explanation() -> None:
    """Of a matrix only those are told of that go on; what has ended has no buttons."""
    text = (
        "tasks: {build: {strategy: {matrix: {at: [one, two]}}, "
        "dispatch: acme/api/.github/workflows/b.yml@main}}\n"
    )
    told = Told(plan_of(HEAD + text)).begin().accept("build", "one").accept("build", "two")
    half = told.end("build", "one").state
    whole = told.end("build", "two").state

    assert "(two)" in explain_orchestration(half, START)
    assert "(one)" not in explain_orchestration(half, START)
    assert buttons_of(whole) == ()
