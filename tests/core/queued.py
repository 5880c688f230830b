"""Orchestrations of a pull request and of the merge group that holds it, for stories."""

from dataclasses import replace
from typing import Any, TypeVar

from app.core.approvals.carry import Proof
from app.core.approvals.survey import Survey
from app.core.commands import FindVotes, TellQueue
from app.core.decide import decide
from app.core.gate_commands import AnswerVote, SurveyGate
from app.core.gate_events import GateSurveyed, VoteCast, VotesFound
from app.core.legs.asking import gate_at
from app.core.legs.carrying import find_votes
from app.core.rules import Decision
from app.core.state import Orchestration, Vote
from app.core.values import JsonObject, OrchestrationId, Sha
from tests.core.ballot import GATE, KNOWN
from tests.core.told import START, Told, plan_of
from tests.kit.laws import asking

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


def pull_request(
    text: str = TEXT % ONE, number: int = 1, actor: str = "ada", **changes: Any
) -> Told:
    """Return an orchestration of pull request 12, begun."""
    event: JsonObject = {"action": "opened", "pull_request": {"head": {"repo": {"id": 1}}}}
    plan = plan_of(text, number=number, stem="land", actor=actor)
    cause = replace(plan.cause, event_name="pull_request", event=event, sha=HEAD)
    made = replace(plan, id=OrchestrationId(f"pull-{number}"), cause=cause, **changes)
    return Told(made, by=actor).begin()


def group(
    text: str = TEXT % ONE,
    number: int = 2,
    sha: str = GROUP,
    actor: str = "queue",
    **changes: Any,
) -> Told:
    """Return an orchestration of the merge group that holds it, begun."""
    said: JsonObject = {
        "head_ref": f"refs/heads/gh-readonly-queue/main/pr-12-{BASE}",
        "base_ref": "refs/heads/main",
        "base_sha": BASE,
    }
    event: JsonObject = {"action": "checks_requested", "merge_group": said}
    plan = plan_of(text, number=number, stem="land", actor=actor)
    cause = replace(
        plan.cause, event_name="merge_group", event=event, sha=Sha(sha), pull_request=None
    )
    made = replace(plan, id=OrchestrationId(f"group-{number}"), cause=cause, **changes)
    return Told(made, by=actor).begin()


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
    decision = decide(state, event)
    asking.check(state, event, decision)
    return decision.state
