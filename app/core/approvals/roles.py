"""Roles: who may start, approve, cancel, override and observe orchestrations of a repository.

A repository says it in its policy file, and so may the organisation. Where both speak, both
must agree: the organisation can only ask for more. Where neither does, the default holds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from app.core.actions import Permission, Requirement
from app.core.approvals.people import Voter, described, named_by
from app.core.approvals.reasons import Finding, ReasonCode


class Role(StrEnum):
    """What somebody may do with orchestrations."""

    START = "start"
    """Begin one, and try again what failed."""
    APPROVE = "approve"
    """Decide where no rule of an approval asks for anybody."""
    CANCEL = "cancel"
    OVERRIDE = "override"
    """Skip a task, roll back, freeze."""
    OBSERVE = "observe"
    """See it, and ask why."""


DEFAULTS: Mapping[Role, Requirement] = {
    Role.START: Requirement(permission=Permission.WRITE),
    Role.APPROVE: Requirement(permission=Permission.WRITE),
    Role.CANCEL: Requirement(permission=Permission.MAINTAIN),
    Role.OVERRIDE: Requirement(permission=Permission.ADMIN),
    Role.OBSERVE: Requirement(permission=Permission.READ),
}

Grants: TypeAlias = Mapping[Role, Requirement]
"""To whom each role is given; a role that is not named is not spoken of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Giver:
    """Who gives roles: the policy of a repository or of an organisation, by its name."""

    name: str
    grants: Grants = field(default_factory=dict)


def may(role: Role, voter: Voter | None, givers: Sequence[Giver]) -> Finding:
    """Say whether somebody has a role; `None` is somebody of whom nothing is known."""
    if voter is None:
        sentence = f"what this person may is not known, so not whether they may {role}"
        return Finding(code=ReasonCode.ROLE_UNKNOWN_PERSON, sentence=sentence, is_met=False)
    speaking = [giver for giver in givers if role in giver.grants]
    default = Giver(name="the default (no policy says otherwise)", grants=DEFAULTS)
    children = tuple(_given(role, voter, giver) for giver in speaking or [default])
    missing = [each for each in children if not each.is_met]
    if not missing:
        sentence = f"@{voter.login} may {role}"
        return Finding(
            code=ReasonCode.ROLE_GRANTED, sentence=sentence, is_met=True, children=children
        )
    first = missing[0]
    return Finding(
        code=first.code,
        sentence=first.sentence,
        is_met=False,
        children=children,
        could=first.could,
    )


def fallback(givers: Sequence[Giver]) -> Requirement:
    """Return whom a gate asks for whose rules ask for nobody: the last who says so decides."""
    found = [giver.grants[Role.APPROVE] for giver in givers if Role.APPROVE in giver.grants]
    return found[-1] if found else DEFAULTS[Role.APPROVE]


def _given(role: Role, voter: Voter, giver: Giver) -> Finding:
    grant = giver.grants[role]
    word = named_by(grant, voter)
    could = described(grant)
    if word:
        sentence = f"{giver.name} lets {word} {role}"
        return Finding(code=ReasonCode.ROLE_GRANTED, sentence=sentence, is_met=True)
    code = ReasonCode.ROLE_IS_BOT if voter.is_bot else ReasonCode.ROLE_MISSING
    what = "is a bot that is not named" if voter.is_bot else "is none of those"
    sentence = f"{giver.name} lets {' or '.join(could)} {role}; @{voter.login} {what}"
    return Finding(code=code, sentence=sentence, is_met=False, could=could)
