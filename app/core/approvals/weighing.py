"""One option weighed: do the votes for it satisfy every rule, and who stands for what.

People are assigned to the requirements of all rules together (`matching`). A break-glass or
`auto` sets the definition's own rules aside, but never those of the organisation's policy; nor
does a break-glass spare what comes from a fork a maintainer (`maintaining`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from app.core.actions import Requirement
from app.core.approvals.codeowners import Owned, owns
from app.core.approvals.maintaining import maintainers, with_maintainer
from app.core.approvals.matching import Assignment, Demand, assign
from app.core.approvals.people import Voter, described, excluded, named_by
from app.core.approvals.question import AskedRule, Question, Stand, asked_rules, seats
from app.core.approvals.reasons import Finding, ReasonCode
from app.core.approvals.votes import Ballot, stands_for
from app.core.typed_values import fill_inputs
from app.core.values import Json, JsonObject

PATHS_SHOWN_MAX = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """What became of one option; `missing` says in sentences what it lacks."""

    option: str
    is_met: bool
    why: Finding
    stands: tuple[Stand, ...] = ()
    glass: Ballot | None = None
    is_by_rule: bool = False
    inputs: JsonObject
    missing: tuple[str, ...] = ()
    could: tuple[str, ...] = ()
    reason: str = ""
    oldest: datetime | None = None

    @property
    def standing(self) -> tuple[str, ...]:
        """Name those who stand for something."""
        return tuple(dict.fromkeys(each.login for each in self.stands))


@dataclass(frozen=True, slots=True)
class _Seated:
    """Who stands for the requirements of these rules, taken together."""

    rules: tuple[AskedRule, ...]
    ballots: tuple[Ballot, ...]
    assignment: Assignment

    def of(self, spot: int) -> tuple[Ballot, ...]:
        return tuple(self.ballots[one] for one in self.assignment.of(spot))


def weigh(
    question: Question, option: str, counting: Sequence[Ballot], voters: Mapping[str, Voter]
) -> Weighed:
    """Weigh one option by the votes that count, in order of time."""
    own = [each for each in counting if each.vote.option == option]
    auto = question.approval.auto
    is_by_rule = question.auto and auto is not None and auto.choose == option
    # What a rule decides is no emergency: one would ask for more than the rule does.
    glass = None if is_by_rule else next((each for each in own if each.breaks_glass), None)
    rules = asked_rules(question)
    if glass is not None or is_by_rule:
        rules = tuple(rule for rule in rules if rule.policy)
    held = tuple(rule for rule in rules if rule.holds and not rule.error)
    ballots = tuple(each for each in own if each.is_asked)
    seated = _seat(question, tuple(rule for rule in held if rule.is_enforced), ballots)
    form = _form(question, own, is_by_rule=is_by_rule)
    branches = [
        *_met(question, seated, voters),
        *_unmet(question, rules),
        *_evaluated(question, held, ballots, voters),
        *(() if is_by_rule else maintainers(question, own, voters)),
        form[1],
    ]
    is_met = all(each.is_met or each.code is ReasonCode.RULE_EVALUATED for each in branches)
    code = ReasonCode.OPTION_MET if is_met else ReasonCode.OPTION_UNMET
    lacking = [each for each in branches if not each.is_met and each.code is not _EVALUATED]
    sentence = f"{option} is chosen" if is_met else f"{option} is not chosen"
    stands = with_maintainer(question, own, _stands(question, seated))
    return Weighed(
        option=option,
        is_met=is_met,
        why=Finding(code=code, sentence=sentence, is_met=is_met, children=tuple(branches)),
        stands=stands,
        glass=glass,
        is_by_rule=is_by_rule,
        inputs=form[0],
        missing=tuple(each.sentence for each in lacking),
        could=tuple(name for each in lacking for name in each.could),
        reason=next((each.vote.reason.strip() for each in reversed(own)), ""),
        oldest=min((each.at for each in stands), default=None),
    )


_EVALUATED = ReasonCode.RULE_EVALUATED


def _seat(
    question: Question, rules: tuple[AskedRule, ...], ballots: tuple[Ballot, ...]
) -> _Seated:
    demands = [_demand(question, each, ballots) for rule in rules for each in rule.require]
    return _Seated(rules, ballots, assign(demands, len(ballots)))


def _demand(
    question: Question, requirement: Requirement, ballots: tuple[Ballot, ...]
) -> Demand:
    able = frozenset(
        number
        for number, each in enumerate(ballots)
        if stands_for(question, requirement, each.voter)
    )
    # Whom a requirement names beside the owners may stand in for any of them.
    covers = tuple(
        frozenset(one for one in able if _covers(requirement, group, ballots[one].voter))
        for group in _groups(question, requirement)
    )
    return Demand(count=seats(question, requirement), people=able, covers=covers)


def _covers(requirement: Requirement, group: Owned, voter: Voter) -> bool:
    return bool(named_by(requirement, voter)) or owns(voter, group)


def _groups(question: Question, requirement: Requirement) -> tuple[Owned, ...]:
    return (question.owned or ()) if requirement.code_owners else ()


def _met(question: Question, seated: _Seated, voters: Mapping[str, Voter]) -> list[Finding]:
    """Say of each rule in force whether it is met, and through whom."""
    found: list[Finding] = []
    spot = 0
    for rule in seated.rules:
        children: list[Finding] = []
        for requirement in rule.require:
            children += _requirement(question, requirement, seated, spot, voters)
            spot += 1
        is_met = all(each.is_met for each in children)
        whose = f"the policy {rule.policy}" if rule.policy else "the definition"
        lacking = [each.sentence for each in children if not each.is_met]
        sentence = f"what {whose} asks for is met" if is_met else "; ".join(lacking)
        finding = Finding(
            code=ReasonCode.RULE_MET if is_met else ReasonCode.RULE_UNMET,
            sentence=sentence,
            is_met=is_met,
            children=tuple(children),
            could=tuple(name for each in children if not each.is_met for name in each.could),
        )
        found.append(finding)
    if seated.assignment.is_given_up:
        sentence = "there are too many ways to let owners stand for paths to try them all"
        found.append(
            Finding(code=ReasonCode.ASSIGNMENT_TOO_LARGE, sentence=sentence, is_met=False)
        )
    return found


def _requirement(
    question: Question,
    requirement: Requirement,
    seated: _Seated,
    spot: int,
    voters: Mapping[str, Voter],
) -> list[Finding]:
    standing = seated.of(spot)
    wanted = seats(question, requirement)
    people = tuple(f"@{each.vote.by}" for each in standing)
    could = _could(question, requirement, seated, voters)
    whom = _whom(requirement)
    is_met = len(standing) >= wanted
    through = f": {', '.join(people)}" if people else ""
    found = [
        Finding(
            code=ReasonCode.REQUIREMENT_MET if is_met else ReasonCode.REQUIREMENT_UNMET,
            sentence=f"{_counted(len(standing), wanted)} from {whom}{through}",
            is_met=is_met,
            people=people,
            could=() if is_met else could,
        )
    ]
    if not requirement.code_owners:
        return found
    if question.owned is None:
        sentence = "it is not known who owns what is changed"
        unknown = Finding(code=ReasonCode.OWNERS_UNKNOWN, sentence=sentence, is_met=False)
        return [*found, unknown]
    missing = [group for which, group in seated.assignment.uncovered if which == spot]
    return [*found, *_owners(question.owned, missing)]


def _owners(owned: tuple[Owned, ...], missing: list[int]) -> list[Finding]:
    if not missing:
        sentence = "each changed path that has owners was approved by one of them"
        return [Finding(code=ReasonCode.OWNERS_MET, sentence=sentence, is_met=True)]
    return [
        Finding(
            code=ReasonCode.OWNERS_MISSING,
            sentence=f"no owner of {_paths(owned[group])} has approved",
            is_met=False,
            could=tuple(sorted(owned[group].owners)),
        )
        for group in missing
    ]


def _counted(standing: int, wanted: int) -> str:
    """Count votes: `1 of 2 votes`, or none where nothing has owners."""
    if wanted == 0:
        return "no vote is needed"
    return f"{min(standing, wanted)} of {wanted} {'vote' if wanted == 1 else 'votes'}"


def _paths(group: Owned) -> str:
    shown = ", ".join(group.paths[:PATHS_SHOWN_MAX])
    more = len(group.paths) - PATHS_SHOWN_MAX
    return f"{shown} and {more} more" if more > 0 else shown


def _whom(requirement: Requirement) -> str:
    words = [*(f"@{user.removeprefix('@')}" for user in requirement.users), *requirement.teams]
    if requirement.permission is not None:
        words.append(f"people with {requirement.permission} permission")
    if requirement.code_owners:
        words.append("the code owners")
    return " or ".join(words) or "nobody"


def _could(
    question: Question,
    requirement: Requirement,
    seated: _Seated,
    voters: Mapping[str, Voter],
) -> tuple[str, ...]:
    """Name who could still stand for a requirement: known people first, then words."""
    busy = {seated.ballots[one].voter.key for one in seated.assignment.stands}

    def is_able(voter: Voter) -> bool:
        exclude = question.approval.exclude
        return voter.key not in busy and not excluded(exclude, question.parties, voter)

    known = [
        f"@{voter.login}"
        for _, voter in sorted(voters.items())
        if is_able(voter) and stands_for(question, requirement, voter)
    ]
    barred = {f"@{login}" for login, voter in voters.items() if not is_able(voter)}
    words = [each for each in described(requirement) if each.lower() not in barred]
    return tuple(dict.fromkeys((*known, *words)))


def _unmet(question: Question, rules: tuple[AskedRule, ...]) -> list[Finding]:
    """Say of the other rules why they are not asked, or why they keep the gate shut."""
    found: list[Finding] = []
    for rule in question.rules:
        whose = f"the policy {rule.policy}" if rule.policy else "the definition"
        if rule not in rules:
            sentence = f"a rule of {whose} is set aside by `auto` or a break-glass"
            code, is_met = ReasonCode.RULE_SET_ASIDE, True
        elif rule.error:
            sentence = f"a rule of {whose} could not be worked out: {rule.error}"
            code, is_met = ReasonCode.RULE_ERROR, not rule.is_enforced
        elif not rule.holds:
            sentence = f"a rule of {whose} is not in force: its condition does not hold"
            code, is_met = ReasonCode.RULE_NOT_IN_FORCE, True
        else:
            continue
        found.append(Finding(code=code, sentence=sentence, is_met=is_met))
    return found


def _evaluated(
    question: Question,
    held: tuple[AskedRule, ...],
    ballots: tuple[Ballot, ...],
    voters: Mapping[str, Voter],
) -> list[Finding]:
    """Say what rules that are not enforced would ask for on top of the others."""
    if all(rule.is_enforced for rule in held):
        return []
    together = _seat(question, held, ballots)
    return [
        replace(each, code=ReasonCode.RULE_EVALUATED, could=())
        for rule, each in zip(held, _met(question, together, voters), strict=False)
        if not rule.is_enforced
    ]


def _form(
    question: Question, own: Sequence[Ballot], *, is_by_rule: bool
) -> tuple[JsonObject, Finding]:
    given: dict[str, Json] = {}
    for ballot in own:
        given.update(ballot.vote.inputs)
    # A rule cannot fill in a form; what it leaves out is for the definition to do without.
    declarations = {
        name: replace(each, required=each.required and not is_by_rule)
        for name, each in question.approval.inputs.items()
    }
    filled, missing = fill_inputs(declarations, given, is_text=True)
    is_met = not missing
    code = ReasonCode.FORM_COMPLETE if is_met else ReasonCode.FORM_INCOMPLETE
    sentence = "the form is complete"
    if missing:
        sentence = f"the form is not filled in: {'; '.join(missing)}"
    return filled, Finding(code=code, sentence=sentence, is_met=is_met)


def _stands(question: Question, seated: _Seated) -> tuple[Stand, ...]:
    requirements = [each for rule in seated.rules for each in rule.require]
    return tuple(
        Stand(
            login=ballot.vote.by,
            user_id=ballot.voter.id,
            requirement=_whom(requirement),
            via=stands_for(question, requirement, ballot.voter),
            at=ballot.vote.at,
        )
        for spot, requirement in enumerate(requirements)
        for ballot in seated.of(spot)
    )
