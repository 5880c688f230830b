"""What an organisation's policy says about one attempt, at the moment it is to be made.

It may forbid it, forbid another try, or name calendars that must be open first. A policy that
cannot be read forbids: nobody knows what it would have said.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.core.actions import Agent, Dispatch
from app.core.approvals.question import Denial
from app.core.approvals.survey import PolicyText
from app.core.events import AttemptId
from app.core.expressions import ExpressionError, render
from app.core.legs.context import cause_values, values_for
from app.core.limits import PASSAGE_STALE
from app.core.naming import definition_of, is_following
from app.core.policies.organization import (
    Organization,
    Subject,
    capped_attempts,
    rule_on,
)
from app.core.policy import read_policy
from app.core.state import Leg, Orchestration
from app.core.state_of_environments import WaitingRun
from app.core.values import Json

DENIES = "policy-denies"
ERROR = "policy-error"
TOO_OFTEN = "policy-attempts"
FREEZES = "policy-freezes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """Why a dispatch is not made; with `calendars` it is made once all of them are open."""

    code: str
    message: str
    calendars: tuple[str, ...] = ()


def object_to_dispatch(
    state: Orchestration,
    attempt: AttemptId,
    repository: str,
    policies: Sequence[PolicyText],
    now: datetime,
) -> Objection | None:
    """Say what the policies have against an attempt that is about to be begun.

    Whether it is dispatched, run again, written by a call or started as a child.
    """
    # Of an attempt that counts no more nothing is known, and the policy is judged all the same.
    leg = state.leg(attempt) or Leg(key=attempt.leg)
    try:
        environment = environment_of(state, attempt, leg, now)
    except ExpressionError as error:
        return Objection(code=ERROR, message=f"its environment is not known: {error}")
    subject = Subject(
        definition=state.plan.definition.id,
        repositories=frozenset({str(state.plan.origin.repository), repository}),
        environments=frozenset({environment} if environment else ()),
    )
    values = values_for(state, attempt.task, now, leg.matrix)
    calendars: list[str] = []
    for text in policies:
        found = _organization(text)
        if isinstance(found, Objection):
            return found
        objection = _object(found, text.owner, subject, values, leg)
        if objection is not None:
            return objection
        calendars += _named(state, text.owner, rule_on(found, subject, values).calendars)
    if is_following(attempt.task):
        return None
    since = leg.attempt.asked_at if leg.attempts else now
    asked = (*state.plan.definition.freeze, *leg.calendars)
    return _freeze(calendars, asked) or _asked_long_ago(asked, since, now)


def object_to_release(
    state: Orchestration, run: WaitingRun, policies: Sequence[PolicyText], now: datetime
) -> Objection | None:
    """Say what the policies have against letting a run go on at an environment."""
    subject = Subject(
        definition=state.plan.definition.id,
        repositories=frozenset({str(state.plan.origin.repository), str(run.repository)}),
        environments=frozenset({run.environment}),
    )
    values = cause_values(state, now)
    calendars: list[str] = []
    for text in policies:
        found = _organization(text)
        if isinstance(found, Objection):
            return found
        ruling = rule_on(found, subject, values)
        for denial in ruling.denials:
            if denial.is_enforced:
                return _denied(denial, text.owner)
        calendars += _named(state, text.owner, ruling.calendars)
    if run.attempt is not None and is_following(run.attempt.task):
        return None
    asked = (*state.plan.definition.freeze, *run.calendars)
    since = run.answered_at or now
    return _freeze(calendars, asked) or _asked_long_ago(asked, since, now)


def environment_of(
    state: Orchestration, attempt: AttemptId, leg: Leg, now: datetime
) -> str | None:
    """Return the environment that a task may answer for. Raises `ExpressionError`."""
    action = definition_of(state.plan.definition, attempt.task).action
    action = action.dispatch if isinstance(action, Agent) else action
    if not isinstance(action, Dispatch) or action.environment is None:
        return None
    values = values_for(state, attempt.task, now, leg.matrix)
    found = render(action.environment, values)
    if not isinstance(found, str) or not found:
        raise ExpressionError(f"`environment` came out as {found!r}; it must be a name")
    return found


def _organization(text: PolicyText) -> Organization | None | Objection:
    if text.error:
        message = f"the policy of {text.owner} could not be read: {text.error}"
        return Objection(code=ERROR, message=message)
    if not text.text:
        return None
    policy, problems = read_policy(text.text)
    if policy is None:
        first = problems[0]
        message = f"the policy of {text.owner} has a problem in line {first.line}: "
        return Objection(code=ERROR, message=message + first.message)
    return policy.organization


def _object(
    organization: Organization | None,
    owner: str,
    subject: Subject,
    values: Mapping[str, Json],
    leg: Leg,
) -> Objection | None:
    for denial in rule_on(organization, subject, values).denials:
        if denial.is_enforced:
            return _denied(denial, owner)
    tries = len(leg.attempts) - leg.spent
    if (most := capped_attempts(organization, tries)) < tries:
        message = f"the policy of {owner} lets a task be tried {most} times (`max-attempts`)"
        return Objection(code=TOO_OFTEN, message=message)
    return None


def _denied(denial: Denial, owner: str) -> Objection:
    rule = f"the rule `{denial.policy}` of {owner}"
    if denial.error:
        message = f"it is not known whether {rule} forbids it: {denial.error}"
        return Objection(code=ERROR, message=message)
    return Objection(code=DENIES, message=f"{rule} forbids it: {denial.message}")


def _named(state: Orchestration, owner: str, calendars: Iterable[str]) -> Iterator[str]:
    """Name calendars as the orchestration knows them: those of another organisation in full."""
    own = state.plan.origin.repository.partition("/")[0]
    theirs = owner.partition("/")[0]
    is_own = own.lower() == theirs.lower()
    return (each if is_own else f"{theirs}/{each}" for each in calendars)


def _asked_long_ago(
    calendars: Sequence[str], since: datetime, now: datetime
) -> Objection | None:
    """Name calendars that may have closed since, while GitHub could not be asked."""
    if not calendars or now - since <= PASSAGE_STALE:
        return None
    names = ", ".join(dict.fromkeys(calendars))
    message = f"it could not be done for a while, so {names} may have closed: asked again"
    return Objection(code=FREEZES, message=message, calendars=tuple(dict.fromkeys(calendars)))


def _freeze(calendars: Sequence[str], asked: Collection[str]) -> Objection | None:
    """Name the calendars that were not asked yet. What undoes does not come here."""
    missing = tuple(dict.fromkeys(each for each in calendars if each not in asked))
    if not missing:
        return None
    names = ", ".join(missing)
    message = f"the organisation's policy freezes it by {names}"
    return Objection(code=FREEZES, message=message, calendars=missing)
