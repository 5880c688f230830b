"""What is asked at a gate, and the answer: the two ends of `decide`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from app.core.actions import Approval, Permission, Requirement
from app.core.approvals.codeowners import Owned
from app.core.approvals.people import Party
from app.core.approvals.reasons import Finding
from app.core.values import JsonObject

ANYBODY_WHO_WRITES = Requirement(permission=Permission.WRITE)


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedRule:
    """A rule whose `when` was worked out: it holds, or not, or could not be worked out.

    `policy` names the rule of the organisation's policy that it comes from; one of the
    definition has none. One that is not enforced is only reported.
    """

    require: tuple[Requirement, ...]
    holds: bool = True
    error: str = ""
    policy: str = ""
    is_enforced: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """What the organisation's policy says against it, or the error that kept it from saying."""

    policy: str
    message: str
    error: str = ""
    is_enforced: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked, about which plan, and who had a part in it.

    `digests` and `shas` are those that count as this plan: its own, and others with the same
    tree. `parties` has who is meant by each word of `exclude`; a word that is missing is not
    known. `owned` are the changed paths by their owners, `None` if not known. `auto` is what
    its condition gave. `fallback` is asked where the definition's rules ask for nobody. Of
    what comes from a fork a maintainer must approve, too. `carried` says whether votes count
    that were given on the pull request of a merge group, `ahead` what was chosen before it.
    `is_crowded`: somebody voted for whom there was no room.
    """

    approval: Approval
    rules: tuple[AskedRule, ...]
    digests: frozenset[str] = frozenset()
    shas: frozenset[str] = frozenset()
    parties: Mapping[str, tuple[Party, ...]] = field(default_factory=dict)
    owned: tuple[Owned, ...] | None = ()
    auto: bool = False
    auto_error: str = ""
    denials: tuple[Denial, ...] = ()
    fallback: Requirement = ANYBODY_WHO_WRITES
    is_from_fork: bool = False
    carried: Finding | None = None
    ahead: str = ""
    is_crowded: bool = False


def asked_rules(question: Question) -> tuple[AskedRule, ...]:
    """Return the rules, and the fallback where the definition's ask for nobody.

    A gate that nobody is asked at would not be one: whoever wants no people asks by `if`.
    """
    own = [rule for rule in question.rules if not rule.policy]
    if any(
        rule.error or (rule.holds and any(seats(question, each) for each in rule.require))
        for rule in own
    ):
        return question.rules
    return (*question.rules, AskedRule(require=(question.fallback,)))


def seats(question: Question, requirement: Requirement) -> int:
    """Say how many people a requirement asks for: none where it is about no owned path."""
    is_for_owners = requirement.code_owners and not (
        requirement.teams or requirement.users or requirement.permission
    )
    return 0 if is_for_owners and question.owned == () else requirement.count


class Standing(StrEnum):
    """How a gate stands."""

    OPEN = "open"
    SHUT = "shut"
    """Rejected: by a person, a rule or the policy."""
    UNDECIDED = "undecided"


class How(StrEnum):
    """What decided."""

    PEOPLE = "people"
    RULE = "rule"
    BREAK_GLASS = "break-glass"
    POLICY = "policy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """One person who counts: for what, and by which word the requirement names them."""

    login: str
    user_id: int
    requirement: str
    via: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How the gate stands, through whom, and the whole tree of why.

    `option` is what was chosen, `inputs` what the form says then. `expires_at` is when the
    first of the votes that count expires.
    """

    standing: Standing
    why: Finding
    option: str = ""
    how: How = How.PEOPLE
    by: tuple[str, ...] = ()
    reason: str = ""
    inputs: JsonObject = field(default_factory=dict)
    stands: tuple[Stand, ...] = ()
    expires_at: datetime | None = None
