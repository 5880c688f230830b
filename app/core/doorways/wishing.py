"""What follows from a wish of the command line or the API that is somebody's (`as`).

The same verbs as the operator's, but the role of the person is asked for as under a comment.
Pure, like `responding`; what begins, and what closes calendars, is left to the engine.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from app.core.actions import REJECT
from app.core.approvals.doors import cast
from app.core.approvals.keeping import NO_ROOM
from app.core.approvals.reasons import Finding, ReasonCode
from app.core.approvals.requests import FreezeRequest, VoteRequest
from app.core.approvals.roles import Role
from app.core.doorways.responding import Reply, bound_to_commit, role_in
from app.core.events import ApprovalDecided, Event
from app.core.gate_events import GateId, VoteCast
from app.core.hearing.asking import PREFIX, event_asked_for, moment_asked_for
from app.core.hearing.catalogue import Catalogue, Covered, Entry
from app.core.hearing.findings import RequestsJudged
from app.core.legs.asking import gate_at
from app.core.moves import TaskStatus
from app.core.planning import manual_cause
from app.core.recording.people import FAIL, RETRY
from app.core.recording.people import SKIP as SKIP_IT
from app.core.recording.votes import finds_room
from app.core.routing import Start
from app.core.state import Orchestration
from app.core.values import Json, JsonObject

START_VERB: Final = "start"
FREEZE_VERB: Final = "freeze"
ROLES: Final[Mapping[str, Role]] = {
    "cancel": Role.CANCEL,
    "pause": Role.CANCEL,
    "resume": Role.CANCEL,
    "retry": Role.START,
    "command": Role.START,
    "skip": Role.OVERRIDE,
    "rollback": Role.OVERRIDE,
}
"""What each verb takes; `approve` is for its gate to judge."""

ANSWER_ROLES: Final[Mapping[str, Role]] = {
    RETRY: Role.START,
    SKIP_IT: Role.OVERRIDE,
    FAIL: Role.CANCEL,
}
"""What it takes to tell a task that asks what becomes of its failure."""


def respond_to_wish(
    judged: RequestsJudged, state: Orchestration | None, now: datetime
) -> Reply:
    """Say what follows from a wish about one orchestration; of a freeze, what it is."""
    reply, asked = Reply(), judged.asked
    if asked.verb == FREEZE_VERB:
        until, because = moment_asked_for(asked.wish, "until"), asked.wish.get("because")
        reason = because if isinstance(because, str) else ""
        reply.freezes.append(FreezeRequest(until=until, reason=reason))
        return reply
    if state is None:
        return reply
    event = event_asked_for(f"{PREFIX}{asked.verb}", asked.wish, now)
    assert event is not None, "what nobody can wish for is refused before"
    found = _granted(judged, state, event, now)
    if isinstance(found, Finding):
        reply.refuse(found)
    else:
        reply.events.append((state.id, found))
    return reply


def _granted(
    judged: RequestsJudged, state: Orchestration, event: Event, now: datetime
) -> Event | Finding:
    role = ROLES.get(judged.asked.verb)
    if isinstance(event, ApprovalDecided):
        task = state.tasks.get(event.task)
        if task is None or task.status is not TaskStatus.ASKING:
            return _vote(judged, state, event, now)
        role = ANSWER_ROLES.get(event.option, Role.OVERRIDE)
    assert role is not None, "every other verb has its role"
    place = state.plan.origin.repository_id
    standings = {each.repository_id: each for each in judged.standings}
    finding = role_in(standings.get(place), role)
    return event if finding.is_met else finding


def _vote(
    judged: RequestsJudged, state: Orchestration, event: ApprovalDecided, now: datetime
) -> VoteCast | Finding:
    """Make a vote of it: whether it counts is for its gate to say, as by any other door."""
    where = GateId(task=event.task, leg=event.leg, wave=event.wave)
    gate = gate_at(state, where)
    if gate is None or gate.choice:
        sentence = f"nobody is asked at {where} just now"
        return Finding(code=ReasonCode.TARGET_UNCLEAR, sentence=sentence, is_met=False)
    request = VoteRequest(
        is_approval=event.option != REJECT, inputs=_texts(event.inputs), reason=event.reason
    )
    bound = bound_to_commit(judged.asked, request, state)
    if isinstance(bound, Finding):
        return bound
    said, request = bound
    vote = cast(said, request, event.option, event.reason)
    if not finds_room(state, where, vote, now):
        return NO_ROOM
    return VoteCast(at=now, gate=where, vote=vote)


def _texts(inputs: JsonObject) -> dict[str, str]:
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in inputs.items()
    }


def wished_start(
    judged: RequestsJudged, catalogue: Catalogue, reply: Reply
) -> tuple[Start, JsonObject] | None:
    """Return what somebody wants begun by hand, with its inputs, or answer why it is not."""
    wish = judged.asked.wish
    entry = entry_meant(wish, catalogue)
    if entry is None:
        sentence = "the definition is not there any more"
        code = ReasonCode.DEFINITION_UNKNOWN
        reply.refuse(Finding(code=code, sentence=sentence, is_met=False))
        return None
    standings = {each.repository_id: each for each in judged.standings}
    finding = role_in(standings.get(entry.origin.repository_id), Role.START)
    if not finding.is_met:
        reply.refuse(finding)
        return None
    inputs = _object(wish.get("inputs"))
    covered = catalogue.repositories[entry.origin.repository_id]
    cause = manual_cause(covered, judged.asked.by, inputs)
    return Start(entry=entry, cause=cause), inputs


def entry_meant(wish: JsonObject, catalogue: Catalogue) -> Entry | None:
    """Find the definition that a start names."""
    return catalogue.find(_text(wish, "repository"), _text(wish, "definition"))


def place_of_freeze(wish: JsonObject, catalogue: Catalogue) -> Covered | None:
    """Find a repository of the organisation, by which its policy is read."""
    owner = f"{_text(wish, 'organization').lower()}/"
    own = [
        each
        for each in catalogue.repositories.values()
        if each.repository.name.lower().startswith(owner)
    ]
    return min(own, key=lambda each: each.repository.id, default=None)


def _object(value: Json) -> JsonObject:
    return value if isinstance(value, Mapping) else {}


def _text(wish: JsonObject, name: str) -> str:
    value = wish.get(name)
    return value if isinstance(value, str) else ""
