"""Which votes count: each is judged by itself, then the latest of each person is taken.

A vote that does not count says why, by its code. A rejection is judged more leniently than
the rest, since it can only shut: neither an author's nor an old one is turned away.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from app.core.actions import REJECT, Requirement
from app.core.approvals.codeowners import owns
from app.core.approvals.people import Voter, excluded, named_by
from app.core.approvals.question import ANYBODY_WHO_WRITES, Question, asked_rules
from app.core.approvals.reasons import Finding, ReasonCode
from app.core.spans import in_words
from app.core.state import Vote
from app.core.typed_values import fill_inputs


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot:
    """A vote that was judged. One without `refusal` counts.

    `is_asked`: it may stand for a requirement; `breaks_glass`: it decides alone. One of them
    at least holds for a vote that counts and is no rejection.
    """

    vote: Vote
    voter: Voter
    refusal: Finding | None = None
    is_asked: bool = False
    breaks_glass: bool = False


def judge(
    question: Question, votes: Iterable[Vote], voters: Mapping[str, Voter], now: datetime
) -> tuple[Ballot, ...]:
    """Judge every vote, in order of time. `voters` are by login in lower case."""
    ballots = [judge_alone(question, vote, voters, now) for vote in sorted(votes, key=order_of)]
    latest = {each.voter.key: each for each in ballots if each.refusal is None}
    return tuple(
        _superseded(each)
        if each.refusal is None and latest[each.voter.key] is not each
        else each
        for each in ballots
    )


def stands_for(question: Question, requirement: Requirement, voter: Voter) -> str:
    """Say by which word a requirement asks for a person; nothing if it does not."""
    word = named_by(requirement, voter)
    if word or not requirement.code_owners or voter.is_bot:
        return word
    is_owner = any(owns(voter, group) for group in question.owned or ())
    return "code owner" if is_owner else ""


def asks_for(question: Question, voter: Voter) -> bool:
    """Tell whether a rule in force asks for a person, or the definition for a break-glass."""
    return _is_asked(question, voter) or bool(named_by(_glass(question), voter))


def order_of(vote: Vote) -> tuple[datetime, bool, str]:
    """Say where a vote stands among others, in order of time."""
    # Of votes at the same moment a rejection is the last word; the rest only settles an order.
    said = [vote.option, vote.by, vote.source, vote.reference, vote.digest, vote.sha]
    flags = [vote.is_break_glass, vote.is_withdrawn, vote.user_id]
    text = json.dumps([said, flags, vote.reason, vote.inputs], sort_keys=True, default=str)
    return vote.at, vote.option == REJECT, text


def _superseded(ballot: Ballot) -> Ballot:
    sentence = f"@{ballot.vote.by} voted again later"
    finding = Finding(code=ReasonCode.VOTE_SUPERSEDED, sentence=sentence, is_met=False)
    return replace(ballot, refusal=finding)


def judge_alone(
    question: Question, vote: Vote, voters: Mapping[str, Voter], now: datetime
) -> Ballot:
    """Judge one vote, whatever the same person said before and after."""
    voter = voters.get(vote.by.lower())
    refusal = _refuse_vote(question, vote, now)
    if voter is None:
        if refusal is None:
            sentence = f"GitHub has not told yet what @{vote.by} may"
            refusal = _no(ReasonCode.VOTER_UNKNOWN, sentence)
        return Ballot(vote=vote, voter=Voter(login=vote.by), refusal=refusal)
    if refusal is None and vote.user_id and voter.id and vote.user_id != voter.id:
        sentence = f"@{vote.by} is another account now than the one that voted"
        refusal = _no(ReasonCode.VOTER_ANOTHER, sentence)
    if refusal is not None:
        return Ballot(vote=vote, voter=voter, refusal=refusal)
    if vote.is_break_glass and vote.option != REJECT:
        return _break_glass(question, vote, voter)
    refusal = _refuse_voter(question, vote, voter)
    return Ballot(vote=vote, voter=voter, refusal=refusal, is_asked=refusal is None)


def _refuse_vote(question: Question, vote: Vote, now: datetime) -> Finding | None:
    approval = question.approval
    by, is_rejection = f"@{vote.by}", vote.option == REJECT
    if vote.is_withdrawn:
        return _no(ReasonCode.VOTE_WITHDRAWN, f"{by} withdrew this vote")
    if vote.option not in approval.options:
        options = ", ".join(approval.options)
        sentence = f"{by} chose `{vote.option[:100]}`; the options are {options}"
        return _no(ReasonCode.VOTE_OPTION_UNKNOWN, sentence)
    if vote.source not in approval.sources:
        doors = ", ".join(sorted(approval.sources))
        door = vote.source or "no door that is known"
        sentence = f"{by} voted by {door}; votes count here by {doors}"
        return _no(ReasonCode.VOTE_BY_WRONG_DOOR, sentence)
    if vote.carried_from:
        refusal = _refuse_carried(question, vote)
        if refusal is not None:
            return refusal
    elif not _is_for_this_plan(question, vote):
        about = f"commit {vote.sha[:12]}" if vote.sha else "another plan"
        sentence = f"{by} voted about {about}, which is not what is asked about now"
        return _no(ReasonCode.VOTE_FOR_ANOTHER_PLAN, sentence)
    expires = approval.expires_after
    if expires is not None and not is_rejection and now - vote.at >= expires:
        return _no(
            ReasonCode.VOTE_EXPIRED, f"the vote of {by} is older than {in_words(expires)}"
        )
    # What is missing may come with another vote; what is wrong is refused here and now.
    lenient = {
        name: replace(each, required=False, default=None)
        for name, each in approval.inputs.items()
    }
    _, mistakes = fill_inputs(lenient, vote.inputs, is_text=True)
    if mistakes and not is_rejection:
        sentence = f"the form of {by} is not right: {'; '.join(mistakes)}"
        return _no(ReasonCode.VOTE_FORM_BAD, sentence)
    return None


def _refuse_carried(question: Question, vote: Vote) -> Finding | None:
    by, carried = f"@{vote.by}", question.carried
    if carried is None or not carried.is_met:
        why = f": {carried.sentence}" if carried is not None else ""
        sentence = f"the vote of {by} on the pull request does not count here{why}"
        return _no(ReasonCode.VOTE_NOT_CARRIED, sentence)
    if question.ahead and vote.option not in (question.ahead, REJECT):
        sentence = f"{by} chose {vote.option}, and for the group before it {question.ahead} was"
        return _no(ReasonCode.VOTE_NOT_CARRIED, sentence)
    return None


def _is_for_this_plan(question: Question, vote: Vote) -> bool:
    if not vote.digest and not vote.sha:
        return False
    is_digest = not vote.digest or vote.digest in question.digests
    return is_digest and (not vote.sha or vote.sha in question.shas)


def _break_glass(question: Question, vote: Vote, voter: Voter) -> Ballot:
    refusal = None
    if not named_by(_glass(question), voter):
        sentence = f"@{vote.by} may not break the glass here"
        refusal = _no(ReasonCode.BREAK_GLASS_NOT_ALLOWED, sentence)
    elif not vote.reason.strip():
        sentence = f"@{vote.by} gave no reason for breaking the glass"
        refusal = _no(ReasonCode.BREAK_GLASS_NO_REASON, sentence)
    is_asked = refusal is None and _refuse_voter(question, vote, voter) is None
    return Ballot(
        vote=vote,
        voter=voter,
        refusal=refusal,
        is_asked=is_asked,
        breaks_glass=refusal is None,
    )


def _glass(question: Question) -> Requirement:
    glass = question.approval.break_glass
    return Requirement(teams=glass.teams, users=glass.users) if glass else Requirement()


def _is_asked(question: Question, voter: Voter) -> bool:
    rules = (rule for rule in asked_rules(question) if rule.holds or rule.error)
    asked = [requirement for rule in rules for requirement in rule.require]
    if question.is_from_fork:
        # A maintainer has to look at it, whomever the rules name.
        asked.append(ANYBODY_WHO_WRITES)
    return any(stands_for(question, each, voter) for each in asked)


def _refuse_voter(question: Question, vote: Vote, voter: Voter) -> Finding | None:
    is_rejection = vote.option == REJECT
    if not _is_asked(question, voter):
        if voter.is_bot:
            sentence = f"@{vote.by} is a bot, and no rule in force names it"
            return _no(ReasonCode.VOTER_IS_BOT, sentence)
        return _no(ReasonCode.VOTER_NOT_ASKED, f"no rule in force asks for @{vote.by}")
    if is_rejection:
        return None
    exclusion = excluded(question.approval.exclude, question.parties, voter)
    if exclusion is not None:
        return _no(exclusion.code, exclusion.sentence)
    return None


def _no(code: ReasonCode, sentence: str) -> Finding:
    return Finding(code=code, sentence=sentence, is_met=False)
