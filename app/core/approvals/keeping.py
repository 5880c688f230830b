"""Which votes a gate keeps: what counts, or may yet, is never pushed out by what does not.

In a public repository anybody may write `/approve`, as often as they like and from as many
accounts as they have. So a gate keeps so many votes in all, so many of one person, and few of
people whom nobody asks. All of them stand in the journal, also those that it lets go.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import IntEnum

from app.core.approvals.people import Voter
from app.core.approvals.question import Question, asked_rules
from app.core.approvals.reasons import Finding, ReasonCode
from app.core.approvals.votes import Ballot, asks_for, judge_alone, order_of
from app.core.state import Vote

VOTES_MAX = 500
"""Votes that a gate keeps of its own, beside those that were given elsewhere."""
OF_ONE_MAX = 20
"""Votes that it keeps of one person."""
UNKNOWN_MAX = 40
"""People who have voted while it is not known yet whether they are asked."""
UNASKED_MAX = 20
"""Votes that it keeps of people whom nobody asks, and of those that were taken back."""
CALLS_MAX = 600
"""What a survey may cost for all of these: each is looked up, and in each team that is named.

GitHub grants 900 a minute, and what it says of somebody is kept for no longer: a survey that
took more would never come to its end.
https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits
"""
STRANGERS_MIN = 4
"""How many of each kind find room however many teams are named."""
OWNING_TEAMS = 30
"""How many teams are taken to own what is changed, as long as nobody has looked."""

NO_ROOM = Finding(
    code=ReasonCode.VOTE_NO_ROOM,
    sentence=(
        "so many have voted of whom it is not known yet what they may that one more finds no "
        "room until it is: vote again in a minute"
    ),
    is_met=False,
)


class Worth(IntEnum):
    """What a vote is worth keeping for: one gives way to those that are worth more."""

    NOTHING = 0
    """It was taken back, or is of somebody whom nobody asks."""
    UNKNOWN = 1
    """It is not known yet who that is."""
    ASKED = 2
    """It is of somebody who is asked, and does not count: another of theirs may."""
    COUNTS = 3
    """It counts; or would, if the one whom a rule names by the login may vote."""


def make_room(
    question: Question,
    votes: Sequence[Vote],
    vote: Vote,
    voters: Mapping[str, Voter],
    now: datetime,
) -> frozenset[int] | None:
    """Name the places of those that are let go for one that comes; `None`: it finds no room.

    `voters` are those that are known, by login in lower case. Whoever is known to be asked, or
    is named by the login, finds room however many others there are.
    """
    own = [place for place, each in enumerate(votes) if not each.carried_from]
    if len(own) < STRANGERS_MIN:
        return frozenset()
    heard = (*votes, vote)
    ballots = [judge_alone(question, each, voters, now) for each in heard]
    worths = _worths(question, ballots, voters)
    gone = set(_too_many_of_one(ballots, own, worths))
    unasked = [place for place in own if worths[place] is Worth.NOTHING and place not in gone]
    strangers = _strangers_max(question)
    most = min(UNASKED_MAX, strangers)
    if len(unasked) > most:
        # By the dozen: so that not each one that comes moves another.
        gone.update(unasked[: -(most // 2)])
    unknown = {
        _person(each)
        for each, worth in zip(ballots, worths, strict=True)
        if worth is Worth.UNKNOWN and not each.vote.carried_from
    }
    if worths[-1] is Worth.UNKNOWN and len(unknown) > min(UNKNOWN_MAX, strangers):
        return None
    if len(own) - len(gone) < VOTES_MAX:
        return frozenset(gone)
    worse = [place for place in own if worths[place] < worths[-1]]
    # The worst goes, and of these the oldest.
    return frozenset({min(worse, key=lambda it: (worths[it], it))}) if worse else None


def _strangers_max(question: Question) -> int:
    """Say how many people may be looked up of each kind who are not known to be asked."""
    asked = [each for rule in asked_rules(question) for each in rule.require]
    teams = {team for each in asked for team in each.teams}
    if question.approval.break_glass is not None:
        teams.update(question.approval.break_glass.teams)
    for group in question.owned or ():
        teams.update(owner for owner in group.owners if "/" in owner)
    count = len(teams)
    if question.owned is None and any(each.code_owners for each in asked):
        count += OWNING_TEAMS
    return max(STRANGERS_MIN, CALLS_MAX // (1 + count) // 2)


def _too_many_of_one(
    ballots: Sequence[Ballot], own: Sequence[int], worths: Sequence[Worth]
) -> tuple[int, ...]:
    """Choose which vote of a person gives way to a new one, if there are too many of theirs."""
    person = _person(ballots[-1])
    theirs = [place for place in own if _person(ballots[place]) == person]
    if len(theirs) < OF_ONE_MAX:
        return ()
    # Of who is not known yet one vote may count and another not: the last of each kind is kept.
    in_time = sorted((*theirs, len(ballots) - 1), key=lambda it: order_of(ballots[it].vote))
    kept = frozenset({_kind(ballots[place]): place for place in in_time}.values())
    return (min(theirs, key=lambda it: (worths[it], it in kept, it)),)


def _worths(
    question: Question, ballots: Sequence[Ballot], voters: Mapping[str, Voter]
) -> tuple[Worth, ...]:
    worths = [_worth(question, each, voters) for each in ballots]
    latest: dict[str, int] = {}
    for place in sorted(range(len(ballots)), key=lambda it: order_of(ballots[it].vote)):
        if worths[place] is Worth.COUNTS:
            before = latest.get(_person(ballots[place]))
            if before is not None:
                worths[before] = Worth.ASKED
            latest[_person(ballots[place])] = place
    return tuple(worths)


def _worth(question: Question, ballot: Ballot, voters: Mapping[str, Voter]) -> Worth:
    vote, code = ballot.vote, _code(ballot)
    if vote.is_withdrawn or code is ReasonCode.VOTER_ANOTHER:
        return Worth.NOTHING
    known = voters.get(vote.by.lower())
    if not asks_for(question, known or Voter(login=vote.by, id=vote.user_id)):
        return Worth.NOTHING if known is not None else Worth.UNKNOWN
    return Worth.COUNTS if code in (None, ReasonCode.VOTER_UNKNOWN) else Worth.ASKED


def _person(ballot: Ballot) -> str:
    vote = ballot.vote
    return f"#{vote.user_id}" if vote.user_id else f"@{vote.by.lower()}"


def _kind(ballot: Ballot) -> tuple[str, bool, ReasonCode | None]:
    return ballot.vote.option, ballot.vote.is_break_glass, _code(ballot)


def _code(ballot: Ballot) -> ReasonCode | None:
    return ballot.refusal.code if ballot.refusal is not None else None
