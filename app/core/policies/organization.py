"""The organisation's policy: what it adds to definitions, and what it forbids.

It only tightens. Its rules ask for more people, its denials forbid, its calendars freeze, its
limits are the lower of two. With `mode: evaluate` nothing of it is enforced, and what it would
have done is reported.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum

from app.core.actions import Requirement
from app.core.approvals.question import AskedRule, Denial
from app.core.approvals.roles import Grants
from app.core.calendars import Calendar
from app.core.expressions import ExpressionError, evaluate_condition
from app.core.hearing.filters import accepts
from app.core.terms import Expression
from app.core.values import JsonObject


class Mode(StrEnum):
    """Whether a policy is enforced."""

    EVALUATE = "evaluate"
    """What it would do is reported, and not done."""
    ENFORCE = "enforce"


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliesTo:
    """What a rule is about: patterns, of which an empty list means any."""

    definitions: tuple[str, ...] = ()
    repositories: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRule:
    """One rule: it asks for people, forbids, or freezes by calendars; `deny` says why."""

    name: str
    applies_to: AppliesTo = field(default_factory=AppliesTo)
    when: Expression | None = None
    require: tuple[Requirement, ...] = ()
    deny: str = ""
    calendars: tuple[str, ...] = ()
    mode: Mode = Mode.ENFORCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    """What an organisation says about all of its orchestrations."""

    mode: Mode = Mode.ENFORCE
    rules: tuple[PolicyRule, ...] = ()
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    roles: Grants = field(default_factory=dict)
    retention: timedelta | None = None
    max_attempts: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is about to happen: by which definition, in which repositories and environments.

    `repositories` are the definition's own and those in which something is done.
    """

    definition: str
    repositories: frozenset[str]
    environments: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What the policy adds for one subject: rules, denials and calendars that must be open."""

    rules: tuple[AskedRule, ...] = ()
    denials: tuple[Denial, ...] = ()
    calendars: tuple[str, ...] = ()


def rule_on(organization: Organization | None, subject: Subject, values: JsonObject) -> Ruling:
    """Say what the organisation's policy adds; `values` are what its conditions read.

    They read the subject, too: its `definition`, `repositories` and `environments`.
    """
    ruling = Ruling()
    if organization is None:
        return ruling
    known: JsonObject = {
        **values,
        "definition": subject.definition,
        "repositories": sorted(subject.repositories),
        "environments": sorted(subject.environments),
    }
    for rule in organization.rules:
        if _is_about(rule.applies_to, subject):
            is_enforced = Mode.EVALUATE not in (organization.mode, rule.mode)
            ruling = _added(ruling, rule, known, is_enforced=is_enforced)
    return ruling


def capped_attempts(organization: Organization | None, asked: int) -> int:
    """Return how often a task may be tried: as it asks, but never more than the policy lets."""
    if organization is None or organization.max_attempts is None:
        return asked
    if organization.mode is Mode.EVALUATE:
        return asked
    return min(asked, organization.max_attempts)


def unreadable(message: str) -> Ruling:
    """Return the ruling of a policy that cannot be read: nobody knows, so nothing opens."""
    return Ruling(denials=(Denial(policy="of the organisation", message="", error=message),))


def _added(
    ruling: Ruling, rule: PolicyRule, values: JsonObject, *, is_enforced: bool
) -> Ruling:
    holds, error = True, ""
    try:
        holds = rule.when is None or evaluate_condition(rule.when, values)
    except ExpressionError as trouble:
        error = str(trouble)
    if rule.require:
        asked = AskedRule(
            require=rule.require,
            holds=holds,
            error=error,
            policy=rule.name,
            is_enforced=is_enforced,
        )
        ruling = replace(ruling, rules=(*ruling.rules, asked))
    if rule.deny and (holds or error):
        denial = Denial(
            policy=rule.name, message=rule.deny, error=error, is_enforced=is_enforced
        )
        ruling = replace(ruling, denials=(*ruling.denials, denial))
    # A condition that cannot be worked out freezes: in doubt, nothing goes out.
    if rule.calendars and (holds or error) and is_enforced:
        calendars = tuple(dict.fromkeys((*ruling.calendars, *rule.calendars)))
        ruling = replace(ruling, calendars=calendars)
    return ruling


def _is_about(applies: AppliesTo, subject: Subject) -> bool:
    repositories = tuple(pattern.lower() for pattern in applies.repositories)
    return (
        _takes(applies.definitions, [subject.definition])
        and _takes(repositories, (name.lower() for name in subject.repositories))
        and _takes(applies.environments, subject.environments)
    )


def _takes(patterns: tuple[str, ...], names: Iterable[str]) -> bool:
    return not patterns or any(accepts(patterns, name) for name in names)
