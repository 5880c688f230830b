"""Of what comes from a fork a maintainer must have approved, whomever the rules ask besides.

Whoever opens a pull request from a fork chooses what is run, and a definition may ask people
who have no say over secrets. So one of the votes at least is that of somebody who may push to
the repository of the definition. It may be a vote that a rule asks for, too.
"""

from collections.abc import Mapping, Sequence

from app.core.approvals.people import Voter, described, excluded, named_by
from app.core.approvals.question import ANYBODY_WHO_WRITES, Question, Stand
from app.core.approvals.reasons import Finding, ReasonCode
from app.core.approvals.votes import Ballot


def maintainers(
    question: Question, votes: Sequence[Ballot], voters: Mapping[str, Voter]
) -> tuple[Finding, ...]:
    """Say whether a maintainer is among those who voted; nothing where none is needed."""
    if not question.is_from_fork:
        return ()
    people = tuple(f"@{each.vote.by}" for each in votes if is_maintainer(each.voter))
    if people:
        sentence = f"it comes from a fork, and a maintainer approves it: {', '.join(people)}"
        code = ReasonCode.MAINTAINER_MET
        return (Finding(code=code, sentence=sentence, is_met=True, people=people),)
    known = (
        f"@{voter.login}"
        for _, voter in sorted(voters.items())
        if is_maintainer(voter)
        and not excluded(question.approval.exclude, question.parties, voter)
    )
    missing = Finding(
        code=ReasonCode.MAINTAINER_MISSING,
        sentence="it comes from a fork, and nobody who may push here has approved it",
        is_met=False,
        could=(*known, *described(ANYBODY_WHO_WRITES)),
    )
    return (missing,)


def with_maintainer(
    question: Question, votes: Sequence[Ballot], stands: tuple[Stand, ...]
) -> tuple[Stand, ...]:
    """Name a maintainer among those who stand for something, where one must and none does."""
    found = [each for each in votes if is_maintainer(each.voter)]
    standing = {each.login for each in stands}
    if not question.is_from_fork or not found or any(it.vote.by in standing for it in found):
        return stands
    vote, voter = found[0].vote, found[0].voter
    stand = Stand(
        login=vote.by,
        user_id=voter.id,
        requirement="a maintainer, since it comes from a fork",
        via=named_by(ANYBODY_WHO_WRITES, voter),
        at=vote.at,
    )
    return (*stands, stand)


def is_maintainer(voter: Voter) -> bool:
    """Tell whether somebody may push to the repository; no bot is looked to for that."""
    return bool(named_by(ANYBODY_WHO_WRITES, voter))
