"""`/orchestrate` and `/freeze`: what is about no orchestration that is there already."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from app.core.approvals.people import described, named_by
from app.core.approvals.reasons import Finding, ReasonCode
from app.core.approvals.requests import FreezeRequest, StartRequest
from app.core.approvals.roles import Role
from app.core.calendar_state import CalendarFrozen
from app.core.doorways.responding import DONE, Reply, role_in
from app.core.expressions import ExpressionError, evaluate_condition
from app.core.hearing.catalogue import Catalogue, Covered, Entry, listens
from app.core.hearing.filters import wants_repository
from app.core.hearing.findings import RequestsJudged
from app.core.hearing.forks import is_guarded
from app.core.plan import Cause
from app.core.planning import values_of
from app.core.policy import read_policy
from app.core.routing import Start
from app.core.values import Json, JsonObject, Sha

COMMAND = "command"


def starting(
    request: StartRequest, judged: RequestsJudged, catalogue: Catalogue, reply: Reply
) -> Start | None:
    """Return what is to be begun, or answer why nothing is."""
    covered = catalogue.repositories.get(judged.asked.repository_id)
    if covered is None:
        return None
    cause = _cause(request, judged, covered)
    entries = [
        entry
        for entry in catalogue.listeners(COMMAND, covered.repository.id)
        if entry.definition.id == request.definition and _wants(entry, covered, cause)
    ]
    if len(entries) != 1:
        what = "no definition" if not entries else "more than one definition"
        sentence = f"{what} called {request.definition[:100]} can be started here by a command"
        reply.refuse(_no(ReasonCode.DEFINITION_UNKNOWN, sentence))
        return None
    standings = {each.repository_id: each for each in judged.standings}
    finding = role_in(standings.get(entries[0].origin.repository_id), Role.START)
    if not finding.is_met:
        reply.refuse(finding)
        return None
    if judged.is_fork and not is_guarded(entries[0].definition):
        sentence = (
            "the pull request comes from a fork, and not all that the definition does waits "
            "for an approval"
        )
        reply.refuse(_no(ReasonCode.DEFINITION_UNKNOWN, sentence))
        return None
    return Start(entry=entries[0], cause=cause)


def _wants(entry: Entry, covered: Covered, cause: Cause) -> bool:
    for each in listens(entry, COMMAND):
        if not wants_repository(each, entry.origin.repository, covered.repository.name):
            continue
        if each.condition is None:
            return True
        try:
            return evaluate_condition(each.condition, values_of(cause))
        except ExpressionError:
            return False
    return False


def _cause(request: StartRequest, judged: RequestsJudged, covered: Covered) -> Cause:
    """Say what a command is to expressions: at the head of the pull request it is under."""
    asked = judged.asked
    event: JsonObject = {
        "action": "command",
        "issue": {"number": asked.number},
        "comment": {"user": {"login": asked.by, "id": asked.by_id}},
        "inputs": dict(request.inputs),
    }
    if judged.head_sha:
        # Of a fork the repository is not named, so that it is none of ours.
        head: Json = {
            "sha": judged.head_sha,
            "repo": None if judged.is_fork else {"id": asked.repository_id},
        }
        event = {**event, "pull_request": {"number": asked.number, "head": head}}
    ref = f"refs/pull/{asked.number}/head" if judged.head_sha else ""
    return Cause(
        event_name=COMMAND,
        event=event,
        repository_id=covered.repository.id,
        repository=covered.repository.name,
        installation_id=covered.installation_id,
        actor=asked.by,
        sha=Sha(judged.head_sha) or covered.head_sha or Sha(""),
        ref=ref or f"refs/heads/{covered.repository.default_branch}",
        pull_request=asked.number if judged.head_sha else None,
    )


def freezing(
    request: FreezeRequest,
    judged: RequestsJudged,
    organization: str,
    calendars: Sequence[str],
    reply: Reply,
    now: datetime,
) -> CalendarFrozen | None:
    """Return how the calendars of an organisation are closed, or answer why they are not.

    They are everybody's. So the organisation's policy alone gives the right, to people by
    name or team: what somebody may in one repository is no reason to hold up all others.
    """
    finding = _may_freeze(judged, organization)
    if not finding.is_met:
        reply.refuse(finding)
        return None
    if not calendars:
        sentence = f"the policy of {organization} has no calendar"
        reply.refuse(_no(ReasonCode.NO_CALENDAR, sentence))
        return None
    reply.say(DONE)
    return CalendarFrozen(
        at=now, until=request.until, by=judged.asked.by, because=request.reason
    )


def _may_freeze(judged: RequestsJudged, organization: str) -> Finding:
    own = [it for it in judged.standings if it.repository_id == judged.asked.repository_id]
    for standing in own:
        for each in standing.policies:
            policy, _ = read_policy(each.text) if each.text else (None, ())
            rules = policy.organization if policy is not None else None
            if rules is None or Role.OVERRIDE not in rules.roles or standing.voter is None:
                continue
            grant = replace(rules.roles[Role.OVERRIDE], permission=None)
            if named_by(grant, standing.voter):
                sentence = f"@{standing.voter.login} may override"
                return Finding(code=ReasonCode.ROLE_GRANTED, sentence=sentence, is_met=True)
            return Finding(
                code=ReasonCode.ROLE_MISSING,
                sentence=f"{each.owner} lets others close its calendars",
                is_met=False,
                could=described(grant),
            )
    sentence = (
        f"the policy of {organization} names nobody who may close its calendars "
        "(`organization.roles.override`, with `teams` or `users`)"
    )
    return _no(ReasonCode.ROLE_MISSING, sentence)


def _no(code: ReasonCode, sentence: str) -> Finding:
    return Finding(code=code, sentence=sentence, is_met=False)
