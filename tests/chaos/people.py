"""The people of a round: they push, approve, refuse, cancel, and try what they may not."""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.rehearsal import Rehearsal
from app.rehearsal.model.state import CheckRun, PullRequest
from tests.chaos.cast import ACTOR, APPROVERS, FORK, HOME, OUTSIDER, SITE
from tests.chaos.plan import Doing, RoundPlan

PRESSES = 0.3
"""How likely somebody who sees a gate wait says something about it at a look."""
PAUSE = timedelta(seconds=2)
"""How long they wait at first for what they said to be heard; each time twice as long."""
PAUSES_MAX = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Somebody who has the right said yes: by a button to one check, or on a pull request.

    `sha` is the commit that was looked at: of a fork it is that one which counts.
    """

    by: str
    at: datetime
    check: str = ""
    pull_request: int = 0
    sha: str = ""


class People:
    """All of them, and what they have done so far."""

    def __init__(self, github: Rehearsal, plan: RoundPlan) -> None:
        self.approvals: list[Approval] = []
        self.started: list[Doing] = []
        self._github = github
        self._plan = plan
        self._chance = random.Random(plan.seed + 1)
        self._pulls: list[PullRequest] = []
        self._strange: list[PullRequest] = []
        self._queued: list[str] = []
        self._spoken = Counter[int]()
        self._spoken_at: dict[int, datetime] = {}
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
            case Doing.AUDIT | Doing.JOIN:
                self._github.push(HOME, {"audits/one.txt": text})
            case Doing.VIGIL:
                self._github.push(HOME, {"vigils/one.txt": text})
            case Doing.CHANGE:
                self._github.push(HOME, {"changes/one.txt": text})
            case Doing.PREVIEW:
                pull = self._github.open_pull_request(
                    HOME, {"README.md": text}, branch=f"change-{self._count}", author=ACTOR
                )
                self._pulls.append(pull)
            case Doing.FORK:
                self._strange.append(
                    self._github.open_pull_request(
                        HOME, {"README.md": text}, author=OUTSIDER, fork=FORK, base="outside"
                    )
                )
            case Doing.ASK:
                self._github.start_workflow(SITE, "site.yml", by=ACTOR)
            case Doing.LEAVE:
                if not self._queued:
                    return
                self._github.leave_queue(HOME, self._queued.pop(), "dequeued")
            case Doing.AGAIN | Doing.CLOSE | Doing.QUEUE:
                if not (pulls := [pull for pull in self._pulls if pull.state == "open"]):
                    return
                self._do_to(pulls[-1], doing, text)
        self.started.append(doing)

    def _do_to(self, pull: PullRequest, doing: Doing, text: str) -> None:
        if doing is Doing.AGAIN:
            self._github.push(HOME, {"README.md": text}, branch=pull.head_ref, author=ACTOR)
        elif doing is Doing.QUEUE:
            self._queued.append(self._github.enqueue(HOME, pull.number, by=ACTOR))
        else:
            self._github.close_pull_request(HOME, pull.number)

    def look(self) -> None:
        """Look at what waits, and perhaps say something about it."""
        now = self._github.clock.now()
        for repository, check in list(self.waiting()):
            pause = PAUSE * 2 ** min(self._spoken[check.id], PAUSES_MAX)
            is_time = now - self._spoken_at.get(check.id, now - pause) >= pause
            if is_time and self._chance.random() < PRESSES:
                self._spoken[check.id] += 1
                self._spoken_at[check.id] = now
                self._say(repository, check)

    def waiting(self) -> Iterator[tuple[str, CheckRun]]:
        """Yield the checks that offer to approve, and where they are."""
        for name in (HOME, SITE):
            for check in self._github.world.repository(name).check_runs.values():
                if any(each["identifier"] == "approve" for each in check.actions):
                    yield name, check

    def _say(self, repository: str, check: CheckRun) -> None:
        chance = self._chance
        pulls = [each for each in self._pulls if each.head_sha == check.head_sha]
        strange = [each for each in self._strange if each.head_sha == check.head_sha]
        pull = next(iter([*pulls, *strange]), None)
        who = chance.choice((*APPROVERS, *APPROVERS, ACTOR, OUTSIDER))
        if chance.random() < self._plan.cancelling:
            self._github.press_button(repository, check, "cancel", by="steve")
        elif pull is not None and chance.random() < self._plan.refusing:
            self._github.review(HOME, pull.number, who, "CHANGES_REQUESTED", body="not yet")
        elif pull is not None and chance.random() < 0.6:
            self._note(who, pull_request=pull.number, sha=pull.head_sha)
            if chance.random() < 0.5:
                self._github.review(HOME, pull.number, who)
            else:
                which = f" commit={pull.head_sha}" if strange else ""
                self._github.comment(HOME, pull.number, f"/approve{which}", by=who)
        else:
            self._note(who, check=check.external_id)
            self._github.press_button(repository, check, "approve", by=who)

    def _note(self, who: str, *, check: str = "", pull_request: int = 0, sha: str = "") -> None:
        if who in APPROVERS:
            now = self._github.clock.now()
            said = Approval(by=who, at=now, check=check, pull_request=pull_request, sha=sha)
            self.approvals.append(said)
