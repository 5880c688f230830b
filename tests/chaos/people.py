"""The people of a round: they push, approve, refuse, cancel, and try what they may not."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from app.rehearsal import Rehearsal
from app.rehearsal.model.state import CheckRun, PullRequest
from tests.chaos.cast import ACTOR, APPROVERS, HOME, OUTSIDER
from tests.chaos.plan import Doing, RoundPlan

PRESSES = 0.3
"""How likely somebody who sees a gate wait says something about it at a look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Somebody who has the right said yes: by a button to one check, or on a pull request."""

    by: str
    at: datetime
    check: str = ""
    pull_request: int = 0


class People:
    """All of them, and what they have done so far."""

    def __init__(self, github: Rehearsal, plan: RoundPlan) -> None:
        self.approvals: list[Approval] = []
        self.started: list[Doing] = []
        self._github = github
        self._plan = plan
        self._chance = random.Random(plan.seed + 1)
        self._pulls: list[PullRequest] = []
        self._count = 0

    def do(self, doing: Doing) -> None:
        """Do one thing of the plan; what has nothing to be done to is left."""
        self._count += 1
        text = f"{self._count}\n"
        match doing:
            case Doing.RELEASE:
                self._github.push(HOME, {"versions/train.txt": text})
            case Doing.TRAIN:
                self._github.push(HOME, {"train/name.txt": text})
            case Doing.CHANGE:
                self._github.push(HOME, {"changes/one.txt": text})
            case Doing.PREVIEW:
                pull = self._github.open_pull_request(
                    HOME, {"README.md": text}, branch=f"change-{self._count}", author=ACTOR
                )
                self._pulls.append(pull)
            case Doing.AGAIN | Doing.CLOSE:
                if not (pulls := [pull for pull in self._pulls if pull.state == "open"]):
                    return
                self._do_to(pulls[-1], doing, text)
        self.started.append(doing)

    def _do_to(self, pull: PullRequest, doing: Doing, text: str) -> None:
        if doing is Doing.AGAIN:
            self._github.push(HOME, {"README.md": text}, branch=pull.head_ref, author=ACTOR)
        else:
            self._github.close_pull_request(HOME, pull.number)

    def look(self) -> None:
        """Look at what waits, and perhaps say something about it."""
        for check in list(self.waiting()):
            if self._chance.random() < PRESSES:
                self._say(check)

    def waiting(self) -> Iterator[CheckRun]:
        """Yield the checks that offer to approve."""
        for check in self._github.world.repository(HOME).check_runs.values():
            if any(each["identifier"] == "approve" for each in check.actions):
                yield check

    def _say(self, check: CheckRun) -> None:
        chance = self._chance
        pull = next((each for each in self._pulls if each.head_sha == check.head_sha), None)
        who = chance.choice((*APPROVERS, *APPROVERS, ACTOR, OUTSIDER))
        if chance.random() < self._plan.cancelling:
            self._github.press_button(HOME, check, "cancel", by="steve")
        elif pull is not None and chance.random() < self._plan.refusing:
            self._github.review(HOME, pull.number, who, "CHANGES_REQUESTED", body="not yet")
        elif pull is not None and chance.random() < 0.6:
            self._note(who, pull_request=pull.number)
            if chance.random() < 0.5:
                self._github.review(HOME, pull.number, who)
            else:
                self._github.comment(HOME, pull.number, "/approve", by=who)
        else:
            self._note(who, check=check.external_id)
            self._github.press_button(HOME, check, "approve", by=who)

    def _note(self, who: str, *, check: str = "", pull_request: int = 0) -> None:
        if who in APPROVERS:
            now = self._github.clock.now()
            said = Approval(by=who, at=now, check=check, pull_request=pull_request)
            self.approvals.append(said)
