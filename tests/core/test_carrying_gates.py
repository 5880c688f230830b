"""Gates of merge groups: what they look for, what must be proved, and whom they tell."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.core.approvals.carry import Carry, Proof
from app.core.approvals.survey import Survey
from app.core.commands import FindVotes, TellQueue
from app.core.decide import decide
from app.core.doorways.explaining import explain_orchestration
from app.core.events import TimerElapsed
from app.core.gate_commands import AnswerVote, SurveyGate
from app.core.gate_events import GateId, GateSurveyed, QueueMoved, VoteCast, VotesFound
from app.core.interests import behind, interests, queued_on, searched, waiting
from app.core.legs.asking import gate_at
from app.core.moves import TaskStatus
from app.core.state import Vote
from app.core.values import TaskName
from tests.core.ballot import GATE, KNOWN
from tests.core.queued import (
    BASE,
    GROUP,
    HEAD,
    ONE,
    PROVED,
    TEXT,
    asked,
    found,
    group,
    pull_request,
    surveyed,
    voted,
)
from tests.core.told import START


def test_a_gate_of_a_merge_group_looks_for_votes_as_it_opens() -> None:
    """It asks nobody before that; then it asks about those that were found."""
    told = group()
    [message] = asked(FindVotes, decide(told.state, QueueMoved(at=START)))
    state = told.state
    carried = decide(state, found(state, voted(pull_request())))
    [survey] = asked(SurveyGate, carried)
    state = surveyed(carried.state, PROVED)

    assert message == FindVotes(gate=GATE, repository_id=1, number=12, base=BASE)
    assert (survey.votes, survey.round) == (1, 1)
    assert survey.key == "survey-gate/sign_off/1/1"
    assert state.tasks[TaskName("sign_off")].status is TaskStatus.SUCCEEDED
    assert state.tasks[TaskName("deploy")].status is TaskStatus.RUNNING


def test_who_has_had_an_answer_on_the_pull_request_gets_none_in_the_group() -> None:
    """The comment stands there, and has its sign."""
    told = group()
    told.hear(found(told.state, voted(pull_request())))
    gate = gate_at(told.state, GATE)
    assert gate is not None
    survey = Survey(at=START, votes=1, voters=(KNOWN["mona"],), proof=PROVED)
    decision = decide(told.state, GateSurveyed(at=START, gate=GATE, survey=survey, round=1))

    assert asked(AnswerVote, decision) == []
    assert decision.state.tasks[TaskName("sign_off")].status is TaskStatus.SUCCEEDED


FAULTS = [
    (None, "carry-not-proved", "GitHub has not shown yet what the group holds"),
    (Proof(error="gone"), "carry-not-proved", "does not show what the group holds: gone"),
    (replace(PROVED, head="9" * 40), "carry-not-proved", "is at 999999999999"),
    (replace(PROVED, is_held=False), "carry-not-proved", "squashed or rebased"),
    (replace(PROVED, is_alone=False), "carry-not-proved", "holds more than"),
    (replace(PROVED, is_first=False), "carry-queue-ahead", "others stand before it"),
]


@pytest.mark.parametrize(("proof", "code", "why"), FAULTS)
def test_what_is_not_proved_asks_anew_and_says_why(
    proof: Proof | None, code: str, why: str
) -> None:
    """The gate stays shut, and the vote is refused with the same words."""
    told = group()
    told.hear(found(told.state, voted(pull_request())))
    state = surveyed(told.state, proof)

    text = explain_orchestration(state, START)
    assert code in text
    assert "vote-not-carried" in text
    assert why in text
    assert state.tasks[TaskName("sign_off")].status is TaskStatus.RUNNING


def test_a_vote_without_anything_that_carries_it_counts_for_nothing() -> None:
    """It says that it was given elsewhere, and nobody says that it may be."""
    told = group()
    vote = Vote(by="mona", option="approve", at=START, source="comment", carried_from="x")
    none = Carry(number=12, code="carry-no-votes", why="nobody")
    told.hear(VotesFound(at=START, gate=GATE, carry=none, votes=(vote,)))
    state = surveyed(told.state, PROVED)

    assert state.tasks[TaskName("sign_off")].status is TaskStatus.RUNNING


def test_what_was_chosen_before_it_in_the_queue_must_be_the_same() -> None:
    """A group holds what those before it hold, and nobody ships what others hold back."""
    text = TEXT % "rules: [{require: [{teams: [acme/sre]}]}], options: [ship, hold]"
    source = pull_request(text)
    vote = Vote(by="mona", option="ship", at=START, source="page", reference="r")
    source.hear(VoteCast(at=START, gate=GATE, vote=vote))
    first = group(text, number=3, sha=BASE)
    behind_it = group(text, number=4)
    waits = found(behind_it.state, source.state, first.state).carry.ahead
    kinds = []
    for option in ("ship", "hold"):
        other = replace(vote, option=option, sha=BASE)
        ahead = group(text, number=3, sha=BASE).hear(
            VotesFound(at=START, gate=GATE, carry=Carry(number=1, code="carry-no-votes"))
        )
        ahead.hear(VoteCast(at=START, gate=GATE, vote=other))
        opened = surveyed(ahead.state, None)
        event = found(behind_it.state, source.state, opened)
        state = decide(behind_it.state, event).state
        state = surveyed(state, replace(PROVED, is_first=False))
        kinds.append((event.carry.ahead, str(state.tasks[TaskName("sign_off")].status)))

    assert waits == ""
    assert kinds == [("ship", "succeeded"), ("hold", "running")]


def test_what_is_no_yes_of_those_before_it_brings_nobody_further() -> None:
    """A gate that was rejected is decided, and is no way through."""
    ahead = group(number=3, sha=BASE)
    ahead.hear(VotesFound(at=START, gate=GATE, carry=Carry(number=1, code="carry-no-votes")))
    no = Vote(by="mona", option="reject", at=START, source="page", reference="r", sha=BASE)
    ahead.hear(VoteCast(at=START, gate=GATE, vote=no))
    shut = surveyed(ahead.state, None)

    assert shut.tasks[TaskName("sign_off")].status is TaskStatus.FAILED
    assert found(group(number=4).state, voted(pull_request()), shut).carry.ahead == ""


def test_what_was_found_again_takes_the_place_of_what_was_known() -> None:
    """Votes that were given in the group itself stay, and whoever was answered stays so."""
    told, source = group(), pull_request()
    told.hear(found(told.state, source.state))
    own = voted(told, "eve", sha=GROUP)
    own = surveyed(own, PROVED)
    moved = decide(own, QueueMoved(at=START))
    event = found(own, voted(source))
    state = decide(moved.state, event).state
    again = decide(state, event)
    gate = gate_at(state, GATE)

    assert len(asked(FindVotes, moved)) == 1
    assert gate is not None
    assert [vote.by for vote in gate.votes] == ["eve", "mona"]
    assert (gate.answered, gate.seeking.rounds, gate.survey) == (1, 1, None)
    assert again.state is state
    assert decide(moved.state, QueueMoved(at=START)).commands == moved.commands


def test_an_answer_about_votes_that_are_others_by_now_is_too_old() -> None:
    """It knows nothing of those who were found since."""
    told = group()
    told.hear(found(told.state, voted(pull_request())))
    survey = Survey(at=START, votes=1, voters=(KNOWN["mona"],), proof=PROVED)
    late = GateSurveyed(at=START, gate=GATE, survey=survey)

    assert decide(told.state, late).state is told.state


def test_whoever_stands_behind_looks_once_more_when_the_answer_has_come() -> None:
    """Those before it may have been decided on while nobody listened yet."""
    told = group()
    told.hear(found(told.state, voted(pull_request())))
    survey = Survey(
        at=START, votes=1, voters=(KNOWN["mona"],), proof=replace(PROVED, is_first=False)
    )
    decision = decide(told.state, GateSurveyed(at=START, gate=GATE, survey=survey, round=1))

    assert [each.key for each in asked(FindVotes, decision)] == ["find-votes/sign_off"]


def test_a_gate_that_is_decided_tells_the_queue() -> None:
    """Groups listen to their pull request, and to the group before them."""
    source = voted(pull_request())
    survey = Survey(at=START, votes=1, voters=(KNOWN["mona"],))
    decided = decide(source, GateSurveyed(at=START, gate=GATE, survey=survey))
    [told] = asked(TellQueue, decided)
    waiting_group = group().state
    ended = decide(waiting_group, QueueMoved(at=START + timedelta(days=30))).state

    assert told == TellQueue(repository_id=1, number=12, sha=HEAD)
    assert waiting(told) == (queued_on(1, 12),)
    assert waiting(replace(told, number=None, sha=BASE)) == (behind(1, BASE),)
    assert {queued_on(1, 12), behind(1, BASE)} <= interests(waiting_group)
    assert queued_on(1, 12) not in interests(ended)
    assert [
        each.number
        for each in searched(FindVotes(gate=GATE, repository_id=1, number=12, base=BASE))
    ] == [12, 0]
    assert (told.key, replace(told, number=None).key) == (
        "tell-queue/12",
        f"tell-queue/{HEAD}",
    )


WAVES = """
version: 1
on: {merge_group: {}}
tasks:
  sign_off:
    strategy:
      matrix: {at: [one, two]}
      waves: [{name: canary, percent: 100, approval: {%s}}]
    dispatch: acme/api/.github/workflows/deploy.yml@main
"""
MACHINE = """
version: 1
on: {merge_group: {}}
initial: asked
states:
  asked:
    approval: {%s}
    transitions: [{on: approval.approved, to: done}, {on: approval.rejected, to: done}]
  done: {final: true, conclusion: success}
"""


@pytest.mark.parametrize("text", [WAVES, MACHINE])
def test_what_a_wave_or_a_machine_asks_is_asked_anew(text: str) -> None:
    """What they lead to hangs on what has come of it so far, here and there."""
    told = group(text % ONE)
    decision = decide(told.state, QueueMoved(at=START))

    assert asked(FindVotes, decision) == []
    assert decision.state is told.state


def test_what_is_found_for_a_gate_that_is_not_there_is_forgotten() -> None:
    """It was decided meanwhile, or the whole is over."""
    told = group()
    event = found(told.state, voted(pull_request()))
    other = replace(event, gate=GateId(task=TaskName("deploy")))
    over = told.cancel().state

    assert decide(over, event).state is over
    assert decide(group().state, other).commands == ()
    assert decide(over, QueueMoved(at=START)).state is over


def test_who_put_it_into_the_queue_may_have_approved_it() -> None:
    """Whoever set the pull request off may not; where it is asked anew neither of them may."""
    text = TEXT % (ONE + ", exclude: [actor]")
    kinds = []
    for actor, proof in (("eve", PROVED), ("mona", PROVED), ("eve", replace(PROVED, head="9"))):
        source = voted(pull_request(text, actor=actor))
        told = group(text, actor="mona")
        told.hear(found(told.state, source))
        own = Vote(by="mona", option="approve", at=START, source="check", sha=GROUP)
        told.hear(VoteCast(at=START, gate=GATE, vote=own))
        state = surveyed(told.state, proof)
        kinds.append(str(state.tasks[TaskName("sign_off")].status))

    assert kinds == ["succeeded", "running", "running"]


def test_what_only_waits_tells_the_queue_nothing() -> None:
    """Nobody was asked there."""
    text = "version: 1\non: {merge_group: {}}\ntasks: {pause: {wait: {for: 1m}}}\n"
    told = group(text).wait(minutes=2)
    decision = decide(told.state, TimerElapsed(at=told.now, task=TaskName("pause")))

    assert decision.state.tasks[TaskName("pause")].status is TaskStatus.SUCCEEDED
    assert asked(TellQueue, decision) == []
