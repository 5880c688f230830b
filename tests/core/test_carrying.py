"""Votes of a pull request at the gate of its merge group, in the core alone."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

import pytest

from app.core.approvals.carry import Carry, Proof, weigh_carry
from app.core.approvals.survey import Survey
from app.core.commands import FindVotes, TellQueue
from app.core.decide import decide
from app.core.doorways.explaining import explain_orchestration
from app.core.gate_commands import AnswerVote, SurveyGate
from app.core.gate_events import GateId, GateSurveyed, QueueMoved, VoteCast, VotesFound
from app.core.hearing.queue import number_in, queued_in
from app.core.interests import behind, interests, queued_on, searched, waiting
from app.core.legs.asking import gate_at
from app.core.legs.carrying import find_votes
from app.core.moves import TaskStatus
from app.core.rules import Decision
from app.core.state import Orchestration, Vote
from app.core.values import JsonObject, OrchestrationId, Sha, TaskName
from tests.core.ballot import GATE, KNOWN
from tests.core.told import START, Told, plan_of

C = TypeVar("C", FindVotes, TellQueue, SurveyGate, AnswerVote)
HEAD, GROUP, BASE = Sha("1" * 40), Sha("2" * 40), Sha("3" * 40)
ONE = "rules: [{require: [{teams: [acme/sre]}]}]"
TEXT = """
version: 1
on: {pull_request: {}, merge_group: {}}
inputs: {train: {type: string, default: v1}}
tasks:
  sign_off: {approval: {%s}}
  deploy: {needs: [sign_off], dispatch: acme/api/.github/workflows/deploy.yml@main}
"""
BUILT = """
version: 1
on: {pull_request: {}, merge_group: {}}
tasks:
  build:
    dispatch: acme/api/.github/workflows/build.yml@main
    outputs: {image: {type: string}}
  sign_off: {needs: [build], approval: {%s}}
"""
PROVED = Proof(head=HEAD, is_held=True, is_alone=True, is_first=True)


def pull_request(text: str = TEXT % ONE, number: int = 1, **changes: Any) -> Told:
    """Return an orchestration of pull request 12, begun."""
    event: JsonObject = {"action": "opened", "pull_request": {"head": {"repo": {"id": 1}}}}
    plan = plan_of(text, number=number, stem="land", actor="ada")
    cause = replace(plan.cause, event_name="pull_request", event=event, sha=HEAD)
    made = replace(plan, id=OrchestrationId(f"pull-{number}"), cause=cause, **changes)
    return Told(made, by="ada").begin()


def group(text: str = TEXT % ONE, number: int = 2, sha: str = GROUP, **changes: Any) -> Told:
    """Return an orchestration of the merge group that holds it, begun."""
    said: JsonObject = {
        "head_ref": f"refs/heads/gh-readonly-queue/main/pr-12-{BASE}",
        "base_ref": "refs/heads/main",
        "base_sha": BASE,
    }
    event: JsonObject = {"action": "checks_requested", "merge_group": said}
    plan = plan_of(text, number=number, stem="land", actor="queue")
    cause = replace(
        plan.cause, event_name="merge_group", event=event, sha=Sha(sha), pull_request=None
    )
    made = replace(plan, id=OrchestrationId(f"group-{number}"), cause=cause, **changes)
    return Told(made, by="queue").begin()


def voted(told: Told, by: str = "mona", **more: Any) -> Orchestration:
    """Let somebody vote at the gate of an orchestration."""
    vote = Vote(
        by=by, option="approve", at=START, source="comment", reference=f"comment/{by}", **more
    )
    return told.hear(VoteCast(at=START, gate=GATE, vote=vote)).state


def found(state: Orchestration, *known: Orchestration) -> VotesFound:
    """Look for votes as the engine does."""
    message = FindVotes(gate=GATE, repository_id=1, number=12, base=BASE)
    return find_votes(state, message, known, START)


def asked(kind: type[C], decision: Decision) -> list[C]:
    """Return what of one kind was asked for."""
    return [each for each in decision.commands if isinstance(each, kind)]


def surveyed(state: Orchestration, proof: Proof | None, **more: Any) -> Orchestration:
    """Answer what is asked about the voters of a gate, with what GitHub shows."""
    gate = gate_at(state, GATE)
    assert gate is not None
    voters = tuple(KNOWN[vote.by] for vote in gate.votes)
    survey = Survey(at=START, votes=len(gate.votes), voters=voters, owned=(), proof=proof)
    event = GateSurveyed(at=START, gate=GATE, survey=survey, round=gate.seeking.rounds, **more)
    return decide(state, event).state


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


def test_a_carried_vote_keeps_where_it_came_from() -> None:
    """Its door and its reference are what they were; the commit it was about stands with it."""
    source = voted(pull_request(), reason="fine")
    event = found(group().state, source)

    [vote] = event.votes
    assert (vote.source, vote.reference, vote.reason) == ("comment", "comment/mona", "fine")
    assert (vote.sha, vote.digest, vote.carried_from) == (HEAD, "", "pull-1")
    assert event.carry == Carry(
        number=12, source="pull-1", title="land #1", head=HEAD, actor="ada", pusher="ada"
    )


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


def why(state: Orchestration, *known: Orchestration) -> str:
    """Say why nothing is carried over."""
    event = found(state, *known)
    assert event.votes == ()
    return f"{event.carry.code}: {event.carry.why}"


def test_of_which_nothing_is_known_nothing_is_carried_over() -> None:
    """Not of another pull request, file, repository or child, nor of itself."""
    state, source = group().state, voted(pull_request())
    plan = source.plan
    others = [
        replace(plan, cause=replace(plan.cause, pull_request=13)),
        replace(plan, cause=replace(plan.cause, repository_id=2)),
        replace(plan, origin=replace(plan.origin, path=".github/orchestrations/other.yml")),
        replace(plan, origin=replace(plan.origin, repository_id=2)),
    ]
    known = [replace(source, plan=each) for each in others]

    assert "carry-no-votes: nothing is known" in why(state, *known, state)
    assert "nobody has voted at this gate of land #1" in why(state, pull_request().state)
    assert len(found(state, *known, source).votes) == 1


def test_the_newest_of_the_pull_request_is_the_one_that_counts() -> None:
    """What was asked before was about something else."""
    old, new = voted(pull_request()), pull_request(number=5).state

    assert "of land #5" in why(group().state, new, old)


def test_only_votes_about_the_very_plan_are_carried_over() -> None:
    """Not those about other commits, or that were withdrawn, or carried over themselves."""
    told = pull_request()
    for by, more in (
        ("mona", {"sha": "9" * 40}),
        ("hubot", {"digest": "another"}),
        ("eve", {"sha": HEAD, "is_withdrawn": True}),
        ("ada", {"sha": HEAD, "carried_from": "x"}),
        ("carl", {"sha": HEAD}),
    ):
        state = voted(told, by, **more)

    assert [vote.by for vote in found(group().state, state).votes] == ["carl"]


def test_another_plan_is_asked_about_anew() -> None:
    """The definition and the inputs must be the same."""
    source = voted(pull_request())
    other = group(TEXT % (ONE + ", options: [approve, reject]")).state
    inputs = group(inputs={"train": "v2"}).state

    assert "the definition was changed meanwhile" in why(other, source)
    assert "it has other inputs" in why(inputs, source)


def built(told: Told, image: str) -> Told:
    """Let what comes before the gate end, with an output."""
    told.accept("build").end("build").report("build", image=image)
    return told


def test_what_came_before_must_have_come_to_the_same_but_for_the_commit() -> None:
    """An output that names the commit names another one in the group."""
    source = voted(built(pull_request(BUILT % ONE), f"app:{HEAD}"))
    same = built(group(BUILT % ONE), f"app:{GROUP}").state
    other = built(group(BUILT % ONE), "app:v2").state

    assert len(found(same, source).votes) == 1
    assert "build came to something else" in why(other, source)


READS = {
    "with: {who: '${{ actor }}'}": True,
    "with: {what: '${{ event.pull_request.title }}'}": True,
    "with: {name: '${{ event_name }}'}": True,
    "if: event_name == 'merge_group'": True,
    "if: needs.sign_off.outputs.choice == event_name": True,
    "if: event_name != 'push'": False,
    "with: {at: '${{ sha }} ${{ ref }} ${{ inputs.train }} ${{ repository }}'}": False,
    "if: needs.sign_off.result == 'success'": False,
    "retry: {max-attempts: 2, when: actor == 'ada'}": True,
    "concurrency: {group: 'deploy-${{ event.action }}'}": True,
}


@pytest.mark.parametrize("words", READS)
def test_what_reads_of_the_event_must_come_to_the_same(words: str) -> None:
    """What is carried out behind the gate is what people have approved, or they are asked."""
    text = TEXT.replace("deploy: {", f"deploy: {{{words}, ") % ONE
    text += "  after: {needs: [deploy], join: all-done, report: {}}\n"
    text += "  also: {needs: [deploy, after], report: {}}\n"
    event = found(group(text).state, voted(pull_request(text)))

    assert (event.carry.code == "carry-plan-differs") is READS[words]
    assert ("deploy depends on what set it off" in event.carry.why) is READS[words]


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


@pytest.mark.parametrize(
    ("ref", "number"),
    [
        ("refs/heads/gh-readonly-queue/main/pr-104-abc", 104),
        ("gh-readonly-queue/release/1.x/pr-7-0f", 7),
        ("refs/heads/main", None),
        ("refs/heads/gh-readonly-queue/main/pr-0-abc", None),
        (None, None),
        (5, None),
    ],
)
def test_the_name_of_a_group_tells_its_pull_request(ref: Any, number: int | None) -> None:
    """As GitHub names it; anything else names none."""
    assert number_in(ref) == number


def test_what_is_no_group_holds_nothing() -> None:
    """Another event, one that is destroyed, and one that lacks what must be known."""
    cause = group().state.plan.cause
    said = cause.event["merge_group"]
    assert isinstance(said, dict)
    odd: list[JsonObject] = [
        {},
        {"action": "destroyed", "merge_group": said},
        {"action": "checks_requested"},
        {"action": "checks_requested", "merge_group": {**said, "head_ref": "x"}},
        {"action": "checks_requested", "merge_group": {**said, "base_sha": None}},
        {"action": "checks_requested", "merge_group": {**said, "base_ref": 1}},
    ]

    assert [queued_in(replace(cause, event=each)) for each in odd] == [None] * 6
    assert queued_in(replace(cause, event_name="push")) is None
    assert weigh_carry(Carry(number=1, head=HEAD, title="x"), PROVED).is_met


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
