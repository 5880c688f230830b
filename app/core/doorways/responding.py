"""What follows from requests once it is known who asks: events, and the answer.

Pure. Each request is answered for itself, in the order of the comment. Whether somebody may is
judged by the policies of the repository in which the definition stands, since who may write in
one repository must not thereby act in another. Whether a vote counts is left to its gate.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import assert_never

from app.core.approvals.doors import COMMENT, PAGE, REASON_LENGTH_MAX, SPOKEN, Said, cast
from app.core.approvals.keeping import NO_ROOM
from app.core.approvals.reasons import Finding, ReasonCode
from app.core.approvals.requests import (
    BadRequest,
    CancelRequest,
    FreezeRequest,
    OtherRequest,
    Request,
    RetryRequest,
    SkipRequest,
    StartRequest,
    VoteRequest,
    WhyRequest,
    aim,
    read_requests,
)
from app.core.approvals.roles import Role, may
from app.core.chores import JudgeRequests
from app.core.doorways.aiming import (
    Target,
    gates_in,
    has_failed,
    is_live,
    newest,
    targets_of,
    task_name,
)
from app.core.doorways.explaining import explain_orchestration
from app.core.events import (
    ApprovalDecided,
    CancelRequested,
    CommandGiven,
    Event,
    RetryRequested,
    SkipRequested,
)
from app.core.gate_events import VoteCast
from app.core.hearing.findings import RequestsJudged, StandingIn
from app.core.hearing.forks import comes_from_fork
from app.core.hearing.heard import Person
from app.core.legs.asking import digest_of, givers_of
from app.core.legs.context import cause_of
from app.core.machine.happening import listens
from app.core.moves import TaskStatus
from app.core.policy import read_policy
from app.core.recording.people import FAIL
from app.core.recording.votes import finds_room
from app.core.state import Orchestration
from app.core.state_of_gates import Words
from app.core.telling.markdown import code, plain, prose
from app.core.values import ONLY_LEG, OrchestrationId

DONE, NO, HUH, LOOK = "+1", "-1", "confused", "eyes"
"""Reactions: it is done, it may not be, it is not understood, here is what you asked for."""

_WEIGHT = (HUH, NO, LOOK, DONE)
COMMIT = "commit"
COMMIT_LENGTH_MIN = 7


@dataclass(slots=True, kw_only=True)
class Reply:
    """What follows from one comment: events for orchestrations, beginnings, and the answer."""

    events: list[tuple[OrchestrationId, Event]] = field(default_factory=list)
    starts: list[StartRequest] = field(default_factory=list)
    freezes: list[FreezeRequest] = field(default_factory=list)
    signs: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    @property
    def sign(self) -> str:
        """The one sign for all: what needs a look goes before what is done."""
        return next((each for each in _WEIGHT if each in self.signs), "")

    @property
    def text(self) -> str:
        """The answer in words; empty where the sign says it all."""
        return "\n\n".join(self.words)

    def say(self, sign: str, words: str = "") -> None:
        """Answer one request."""
        self.signs.append(sign)
        if words:
            self.words.append(words)

    def begun(self, faults: Sequence[str]) -> None:
        """Say that an orchestration begins, or what is wrong with its inputs."""
        if not faults:
            self.say(DONE)
            return
        sentence = "; ".join(faults)
        self.refuse(Finding(code=ReasonCode.INPUTS_BAD, sentence=sentence, is_met=False))

    def refuse(self, finding: Finding) -> None:
        """Say that something may not be, why, and who could."""
        text = f"{sentence_of(finding)} (`{finding.code}`)."
        if finding.could:
            text += f" Who could: {plain(', '.join(finding.could))}."
        self.say(NO if finding.code in _OF_ROLES else HUH, text)


_OF_ROLES = frozenset(
    {
        ReasonCode.ROLE_MISSING,
        ReasonCode.ROLE_UNKNOWN_PERSON,
        ReasonCode.ROLE_IS_BOT,
        ReasonCode.POLICY_ERROR,
        ReasonCode.VOTE_FOR_ANOTHER_PLAN,
        ReasonCode.VOTE_NO_ROOM,
    }
)


def respond(judged: RequestsJudged, states: Sequence[Orchestration], now: datetime) -> Reply:
    """Say what follows from what somebody asked; `states` are those that it may be about."""
    reply = Reply()
    if judged.is_changed:
        reply.refuse(CHANGED)
        return reply
    meant = newest(states)
    if judged.asked.orchestration:
        meant = tuple(each for each in states if each.id == judged.asked.orchestration)
    desk = _Desk(judged=judged, states=meant, now=now, reply=reply)
    for spoken in read_requests(judged.asked.text):
        desk.take(spoken.request)
    return reply


def sentence_of(finding: Finding) -> str:
    """Write a finding as the sentence that an answer begins with."""
    text = prose(finding.sentence)
    return f"{text[:1].upper()}{text[1:]}"


CHANGED = Finding(
    code=ReasonCode.COMMENT_CHANGED,
    sentence="the comment does not read any more as it did, so nothing of it was done; please "
    "write a new one, since whoever can change a comment need not be who wrote it",
    is_met=False,
)


def role_in(standing: StandingIn | None, role: Role) -> Finding:
    """Say whether a person has a role in a repository; a policy in doubt gives none."""
    if standing is None:
        return may(role, None, ())
    for each in standing.policies:
        if each.error or (each.text and read_policy(each.text)[0] is None):
            why = each.error or "it has a problem"
            sentence = f"the policy of {each.owner} could not be read: {why}"
            return Finding(code=ReasonCode.POLICY_ERROR, sentence=sentence, is_met=False)
    return may(role, standing.voter, givers_of(standing.policies))


def _words(asked: JudgeRequests) -> Words | None:
    """Say by what a comment is known again; what is said elsewhere is not edited unheard."""
    if not asked.reference.startswith(SPOKEN):
        return None
    return Words(
        installation_id=asked.installation_id,
        repository_id=asked.repository_id,
        is_pull_request=asked.is_pull_request,
        digest=digest_of(asked.text),
    )


def bound_to_commit(
    asked: JudgeRequests, request: VoteRequest, state: Orchestration
) -> tuple[Said, VoteRequest] | Finding:
    """Bind a vote about a fork to the commit that was looked at: a stranger may push on."""
    said = Said(
        by=Person(id=asked.by_id, login=asked.by, is_bot=asked.is_bot),
        at=asked.at,
        source=asked.source,
        reference=asked.reference,
        sha=asked.sha,
        words=_words(asked),
    )
    cause = cause_of(state)
    if said.sha or not request.is_approval or not comes_from_fork(cause):
        return said, request
    inputs = dict(request.inputs)
    commit = inputs.pop(COMMIT, "")
    if len(commit) >= COMMIT_LENGTH_MIN and cause.sha.startswith(commit):
        return replace(said, sha=cause.sha), replace(request, inputs=inputs)
    sentence = (
        "it comes from a fork, whose author may push at any time: approve by a review, or "
        f"say which commit you have looked at (commit={cause.sha[:12]})"
    )
    return Finding(code=ReasonCode.VOTE_FOR_ANOTHER_PLAN, sentence=sentence, is_met=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Desk:
    """One comment being answered."""

    judged: RequestsJudged
    states: Sequence[Orchestration]
    now: datetime
    reply: Reply

    def take(self, request: Request) -> None:
        """Answer one request."""
        match request:
            case VoteRequest():
                self._vote(request)
            case RetryRequest():
                self._retry(request)
            case SkipRequest():
                self._skip(request)
            case CancelRequest():
                self._cancel(request)
            case WhyRequest():
                self._why(request)
            case OtherRequest():
                self._command(request)
            case StartRequest():
                self.reply.starts.append(request)
            case FreezeRequest():
                self.reply.freezes.append(request)
            case BadRequest():
                self.reply.refuse(request.finding)
            case _:  # pragma: no cover - the type checker counts the cases
                assert_never(request)

    # ------------------------------------------------------------------------------- votes

    def _vote(self, request: VoteRequest) -> None:
        if self._fails_asking(request):
            return
        gates = gates_in(self.states)
        found = aim(request, [each.as_open for each in gates])
        if isinstance(found, Finding):
            self.reply.refuse(found)
            return
        named = next(each for each in gates if each.name == found.task)
        bound = bound_to_commit(self.judged.asked, request, named.state)
        if isinstance(bound, Finding):
            self.reply.refuse(bound)
            return
        said, request = bound
        vote = cast(said, request, found.option, found.reason)
        if not finds_room(named.state, named.gate, vote, self.now):
            self.reply.refuse(NO_ROOM)
            return
        event = VoteCast(at=self.now, gate=named.gate, vote=vote)
        self.reply.events.append((named.state.id, event))
        if self.judged.asked.source not in (COMMENT, PAGE):
            # Who votes by a comment is answered once it is known whether the vote counts.
            self.reply.say(DONE)

    def _fails_asking(self, request: VoteRequest) -> bool:
        """Let a no end a task that asks what to do about its failure."""
        if request.is_approval:
            return False
        asking = [
            (state, name)
            for state in self.states
            for name, task in state.tasks.items()
            if task.status is TaskStatus.ASKING
        ]
        words = list(request.words)
        named = [it for it in asking if words and words[0] in (it[1], task_name(it[1]))]
        if named:
            words.pop(0)
        elif gates_in(self.states) or len(asking) != 1:
            return False
        for state, name in named or asking:
            if self._has_role(state, Role.CANCEL):
                event = ApprovalDecided(
                    at=self.now,
                    task=name,
                    leg=ONLY_LEG,
                    option=FAIL,
                    by=self.judged.asked.by,
                    reason=" ".join(words)[:REASON_LENGTH_MAX],
                    inputs={},
                )
                self._do(state, event)
        return True

    # ------------------------------------------------------------------------------- tasks

    def _retry(self, request: RetryRequest) -> None:
        target = self._one(request.task, [each for each in self.states if has_failed(each)])
        if target is not None and self._has_role(target.state, Role.START):
            by = self.judged.asked.by
            self._do(target.state, RetryRequested(at=self.now, task=target.task, by=by))

    def _skip(self, request: SkipRequest) -> None:
        target = self._one(request.task, ())
        if target is None or not self._has_role(target.state, Role.OVERRIDE):
            return
        if target.task is None:
            self._unknown(f"`/skip` is about one task, and {code(request.task)} is none")
            return
        reason = request.reason[:REASON_LENGTH_MAX]
        by = self.judged.asked.by
        self._do(
            target.state, SkipRequested(at=self.now, task=target.task, by=by, reason=reason)
        )

    def _cancel(self, request: CancelRequest) -> None:
        live = [each for each in self.states if is_live(each)]
        first, _, rest = request.reason.partition(" ")
        named = [each for each in live if each.plan.definition.id == first]
        reason = rest.strip() if named else request.reason
        target = self._one("", named or live)
        if target is not None and self._has_role(target.state, Role.CANCEL):
            by, reason = self.judged.asked.by, reason[:REASON_LENGTH_MAX]
            self._do(target.state, CancelRequested(at=self.now, by=by, reason=reason))

    def _why(self, request: WhyRequest) -> None:
        targets: Sequence[Target] = [Target(state=each) for each in self.states]
        if request.task:
            targets = targets_of(request.task, self.states) or targets
        if not targets:
            self._unknown("there is no orchestration here")
        for target in targets:
            if self._has_role(target.state, Role.OBSERVE):
                told = explain_orchestration(target.state, self.now, target.task)
                self.reply.say(LOOK, told)

    def _command(self, request: OtherRequest) -> None:
        """Give a command that a machine listens to; a word that none knows is none of ours."""
        for state in self.states:
            if not listens(state, f"command.{request.name}"):
                continue
            if self._has_role(state, Role.START):
                arguments = dict(request.arguments)
                by = self.judged.asked.by
                event = CommandGiven(at=self.now, name=request.name, by=by, arguments=arguments)
                self._do(state, event)

    # -------------------------------------------------------------------------------- both

    def _one(self, word: str, otherwise: Sequence[Orchestration]) -> Target | None:
        """Find the one thing that is meant, or ask which."""
        if word:
            found = targets_of(word, self.states)
            if len(found) == 1:
                return found[0]
            if found:
                ways = [f"{it.state.plan.definition.id}:{word}" for it in found]
                self._unknown(f"several are called so: name one of {_listed(ways)}")
            else:
                self._unknown(f"nothing here is called {code(word[:100])}")
            return None
        if len(otherwise) == 1:
            return Target(state=otherwise[0])
        if otherwise:
            ids = [state.plan.definition.id for state in otherwise]
            self._unknown(f"several are meant by that: name one of {_listed(ids)}")
        else:
            self._unknown("there is nothing here to which that could be done")
        return None

    def _unknown(self, words: str) -> None:
        self.reply.say(HUH, f"{words[:1].upper()}{words[1:]} (`{ReasonCode.TARGET_UNCLEAR}`).")

    def _has_role(self, state: Orchestration, role: Role) -> bool:
        place = state.plan.origin.repository_id
        standings = {each.repository_id: each for each in self.judged.standings}
        finding = role_in(standings.get(place), role)
        if not finding.is_met:
            self.reply.refuse(finding)
        return finding.is_met

    def _do(self, state: Orchestration, event: Event) -> None:
        self.reply.events.append((state.id, event))
        self.reply.say(DONE)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(code(each) for each in names)
