"""A gate in the core alone: what is said at it, and surveys answered as they are asked."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from app.core.actions import Permission
from app.core.approvals.people import Voter
from app.core.approvals.survey import Survey
from app.core.decide import decide
from app.core.events import Event
from app.core.gate_commands import SurveyGate
from app.core.gate_events import (
    GateId,
    GateSurveyed,
    VoteCast,
)
from app.core.legs.asking import gate_at
from app.core.legs.dispatching import Asked
from app.core.moves import TaskStatus
from app.core.rules import Decision
from app.core.rules.judging import verdict_at
from app.core.state import Gate, Vote
from app.core.values import TaskName
from tests.core.told import COMMIT, START, Told, plan_of
from tests.kit.laws import asking

HEAD = "version: 1\nname: Ship\non: {push: {}}\n"
TASKS = """
tasks:
  sign_off:
    approval: {%s}
    timeout-minutes: 600
  deploy: {needs: [sign_off], dispatch: acme/api/.github/workflows/deploy.yml@main}
"""
TWO_TEAMS = "rules: [{require: [{teams: [acme/sre], count: 1}, {teams: [acme/qa], count: 1}]}]"
TWO_RULES = (
    "rules: [{require: [{teams: [acme/sre]}]}, {when: %s, require: [{teams: [acme/qa]}]}]"
)
GATE = GateId(task=TaskName("sign_off"))
SRE, QA = frozenset({"acme/sre"}), frozenset({"acme/qa"})
KNOWN = {
    "mona": Voter(login="mona", id=1, permission=Permission.WRITE, teams=SRE),
    "hubot": Voter(login="hubot", id=2, permission=Permission.WRITE, teams=QA),
    "eve": Voter(login="eve", id=3, permission=Permission.READ),
}


class Ballot:
    """A gate, and what is said at it; surveys are answered when they are asked for."""

    def __init__(self, approval: str, text: str = HEAD + TASKS, **survey: Any) -> None:
        filled = text % approval if "%s" in text else text
        self.state = Told(plan_of(filled)).begin().state
        self.now: datetime = START
        self.known: Mapping[str, Voter] = KNOWN
        self.survey = survey
        self.asked = 0
        self.told: list[Asked] = []

    def hear(self, event: Event) -> Decision:
        """Hear one thing, and answer every survey that is asked for."""
        decision = decide(self.state, event)
        asking.check(self.state, event, decision)
        self.state = decision.state
        self.told.extend(decision.commands)
        for command in decision.commands:
            if isinstance(command, SurveyGate):
                self.asked += 1
                self.answer(command)
        return decision

    def answer(self, command: SurveyGate) -> None:
        """Answer a survey with what is known."""
        gate = gate_at(self.state, command.gate)
        logins = {vote.by for vote in gate.votes} if gate else set()
        survey = Survey(
            at=self.now,
            votes=command.votes,
            voters=tuple(self.known[each] for each in sorted(logins) if each in self.known),
            **{"owned": (), **self.survey},
        )
        self.hear(
            GateSurveyed(at=self.now, gate=command.gate, survey=survey, round=command.round)
        )

    def vote(self, by: str, option: str = "approve", **more: Any) -> Decision:
        """Vote by a comment, a minute later."""
        self.now += timedelta(minutes=1)
        given: dict[str, Any] = {"source": "comment", "sha": COMMIT, "reference": f"c/{by}"}
        vote = Vote(by=by, option=option, at=self.now, **{**given, **more})
        return self.hear(VoteCast(at=self.now, gate=GATE, vote=vote))

    @property
    def status(self) -> TaskStatus:
        return self.state.tasks[TaskName("sign_off")].status

    @property
    def gate(self) -> Gate:
        leg = next(iter(self.state.tasks[TaskName("sign_off")].legs.values()))
        assert leg.gate is not None, "the task is a gate"
        return leg.gate

    def why(self) -> str:
        """Say why the gate stands as it does."""
        return verdict_at(self.state, GATE, self.gate, self.now).why.sentence
