"""The decision: given what is asked and who said what, is the gate open, shut or neither.

Each option is weighed by itself, with the votes for it. Then, in this order: the policy's
no, one person's no, the option that was satisfied first. The answer holds the whole tree of
what is met and what is missing; nothing depends on the order in which votes are handed in.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from app.core.actions import REJECT
from app.core.approvals.keeping import NO_ROOM
from app.core.approvals.people import Voter
from app.core.approvals.question import Denial, How, Question, Standing, Verdict
from app.core.approvals.reasons import Finding, ReasonCode
from app.core.approvals.votes import Ballot, judge
from app.core.approvals.weighing import Weighed, weigh
from app.core.state import Vote

_EVER = datetime.min.replace(tzinfo=UTC)


def decide_gate(
    question: Question, votes: Iterable[Vote], voters: Mapping[str, Voter], now: datetime
) -> Verdict:
    """Say how a gate stands. Total: any votes are welcome, in any order.

    `voters` has what is known of people by login in lower case: of those who voted, and, so
    that they can be named as able, of any others.
    """
    ballots = judge(question, votes, voters, now)
    counting = [each for each in ballots if each.refusal is None]
    rejections = [each for each in counting if each.vote.option == REJECT]
    options = [each for each in question.approval.options if each != REJECT]
    weighed = [weigh(question, option, counting, voters) for option in options]
    denials = tuple(_denial(each) for each in question.denials)
    doubts = any(each.error and each.is_enforced for each in question.denials)
    tree = (*denials, *_branches(weighed), *_asides(question, ballots, weighed))
    if any(not each.error and each.is_enforced for each in question.denials):
        return _denied(question, tree)
    if rejections:
        return _rejected(rejections[0], tree)
    auto = question.approval.auto
    if question.auto and auto is not None and auto.choose == REJECT:
        sentence = "the condition of `auto` holds and rejects it"
        return _shut(ReasonCode.GATE_REJECTED, sentence, tree, How.RULE)
    is_open = [each for each in weighed if each.is_met and not doubts]
    if is_open:
        first = min(is_open, key=lambda each: _since(question, each, counting, voters))
        return _opened(question, first, tree)
    return _undecided(weighed, tree, has_doubts=doubts)


def _since(
    question: Question, option: Weighed, ballots: list[Ballot], voters: Mapping[str, Voter]
) -> tuple[datetime, int]:
    """Tell options that are satisfied apart by when they were first, then by their place."""
    own = [each for each in ballots if each.vote.option == option.option]
    enough = next(
        number
        for number in range(len(own) + 1)
        if weigh(question, option.option, own[:number], voters).is_met
    )
    at = own[enough - 1].vote.at if enough else _EVER
    return at, question.approval.options.index(option.option)


def _branches(weighed: list[Weighed]) -> tuple[Finding, ...]:
    if len(weighed) == 1:
        return weighed[0].why.children
    return tuple(each.why for each in weighed)


def _asides(
    question: Question, ballots: tuple[Ballot, ...], weighed: list[Weighed]
) -> tuple[Finding, ...]:
    """Say what was decided by rule, and what became of each vote."""
    found = [question.carried] if question.carried is not None else []
    if question.is_crowded:
        found.append(NO_ROOM)
    auto = question.approval.auto
    if auto is not None and question.auto_error:
        sentence = (
            f"`auto` decides nothing, as its condition has no value: {question.auto_error}"
        )
        found.append(Finding(code=ReasonCode.AUTO_ERROR, sentence=sentence, is_met=False))
    elif auto is not None:
        code = ReasonCode.AUTO_CHOSE if question.auto else ReasonCode.AUTO_NOT
        does = "holds and chooses" if question.auto else "does not hold; it would choose"
        sentence = f"the condition of `auto` {does} {auto.choose}"
        found.append(Finding(code=code, sentence=sentence, is_met=question.auto))
    standing = {login for each in weighed for login in each.standing}
    return (*found, *(_vote(each, standing) for each in ballots))


def _vote(ballot: Ballot, standing: set[str]) -> Finding:
    by, option = f"@{ballot.vote.by}", ballot.vote.option
    if ballot.refusal is not None:
        return ballot.refusal
    if option == REJECT:
        return Finding(
            code=ReasonCode.VOTE_REJECTS, sentence=f"{by} rejects it", is_met=True, people=(by,)
        )
    if ballot.breaks_glass:
        sentence = f"{by} breaks the glass for {option}: {ballot.vote.reason.strip()}"
        code = ReasonCode.BREAK_GLASS_USED
        return Finding(code=code, sentence=sentence, is_met=True, people=(by,))
    if ballot.vote.by in standing:
        where = " on the pull request" if ballot.vote.carried_from else ""
        sentence = f"the vote of {by} for {option}{where} counts"
        code = ReasonCode.VOTE_COUNTS
    else:
        sentence = f"the vote of {by} for {option} is good, and not needed now"
        code = ReasonCode.VOTE_NOT_NEEDED
    return Finding(code=code, sentence=sentence, is_met=True, people=(by,))


def _denial(denial: Denial) -> Finding:
    if denial.error:
        sentence = f"the policy {denial.policy} could not be worked out: {denial.error}"
        return Finding(code=ReasonCode.POLICY_ERROR, sentence=sentence, is_met=False)
    if denial.is_enforced:
        sentence = f"the policy {denial.policy} forbids it: {denial.message}"
        return Finding(code=ReasonCode.POLICY_DENIES, sentence=sentence, is_met=False)
    sentence = f"the policy {denial.policy} would forbid it: {denial.message}"
    return Finding(code=ReasonCode.POLICY_WOULD_DENY, sentence=sentence, is_met=True)


def _denied(question: Question, tree: tuple[Finding, ...]) -> Verdict:
    first = next(each for each in question.denials if not each.error and each.is_enforced)
    sentence = f"the policy {first.policy} forbids it: {first.message}"
    return _shut(ReasonCode.POLICY_DENIES, sentence, tree, How.POLICY)


def _shut(code: ReasonCode, sentence: str, tree: tuple[Finding, ...], how: How) -> Verdict:
    why = Finding(code=code, sentence=sentence, is_met=False, children=tree)
    return Verdict(standing=Standing.SHUT, option=REJECT, how=how, reason=sentence, why=why)


def _rejected(ballot: Ballot, tree: tuple[Finding, ...]) -> Verdict:
    by = f"@{ballot.vote.by}"
    said = ballot.vote.reason.strip()
    sentence = f"{by} rejected it" + (f": {said}" if said else "")
    why = Finding(
        code=ReasonCode.GATE_REJECTED, sentence=sentence, is_met=False, children=tree,
        people=(by,),
    )  # fmt: skip
    return Verdict(
        standing=Standing.SHUT, option=REJECT, by=(ballot.vote.by,), reason=said, why=why
    )


def _opened(question: Question, option: Weighed, tree: tuple[Finding, ...]) -> Verdict:
    people = tuple(f"@{login}" for login in option.standing)
    glass = option.glass.vote if option.glass is not None else None
    if glass is not None:
        code, how = ReasonCode.GATE_OPEN_BY_BREAK_GLASS, How.BREAK_GLASS
        sentence = f"@{glass.by} broke the glass for {option.option}: {glass.reason.strip()}"
        people = tuple(dict.fromkeys((f"@{glass.by}", *people)))
    elif option.is_by_rule:
        code, how = ReasonCode.GATE_OPEN_BY_RULE, How.RULE
        sentence = f"the condition of `auto` holds, which chooses {option.option}"
    else:
        code, how = ReasonCode.GATE_OPEN, How.PEOPLE
        sentence = f"{', '.join(people)} chose {option.option}"
    expires = question.approval.expires_after
    return Verdict(
        standing=Standing.OPEN,
        option=option.option,
        how=how,
        by=tuple(each.removeprefix("@") for each in people),
        reason=glass.reason.strip() if glass is not None else option.reason,
        inputs=option.inputs,
        stands=option.stands,
        expires_at=option.oldest + expires if expires and option.oldest else None,
        why=Finding(code=code, sentence=sentence, is_met=True, children=tree, people=people),
    )


def _undecided(
    weighed: list[Weighed], tree: tuple[Finding, ...], *, has_doubts: bool
) -> Verdict:
    missing = [each for option in weighed for each in option.missing]
    if has_doubts:
        missing.insert(0, "a condition of the policy could not be worked out")
    could = tuple(dict.fromkeys(name for option in weighed for name in option.could))
    sentence = "; ".join(dict.fromkeys(missing)) or "there is no option to choose"
    why = Finding(
        code=ReasonCode.GATE_UNDECIDED, sentence=sentence, is_met=False, children=tree,
        could=could,
    )  # fmt: skip
    return Verdict(standing=Standing.UNDECIDED, why=why)
