"""Gates at which strangers vote by the hundred: what counts finds room, and stays."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.core.actions import Permission
from app.core.approvals.carry import Carry
from app.core.approvals.codeowners import Owned
from app.core.approvals.keeping import (
    CALLS_MAX,
    OF_ONE_MAX,
    UNASKED_MAX,
    UNKNOWN_MAX,
    VOTES_MAX,
)
from app.core.approvals.people import AUTHORS, Party, Voter
from app.core.approvals.survey import Survey
from app.core.decide import decide
from app.core.doorways.responding import respond
from app.core.doorways.wishing import respond_to_wish
from app.core.gate_commands import AnswerVote, SurveyGate
from app.core.gate_events import GateSurveyed, VoteCast, VotesFound, VotesWithdrawn
from app.core.moves import TaskStatus
from app.core.recording.votes import WITHDRAWN_MAX
from app.core.rules.judging import verdict_at
from app.core.state import Gate, Orchestration, Vote
from app.core.values import TaskName
from tests.core.ballot import GATE, KNOWN, TWO_TEAMS, Ballot
from tests.core.test_doorways import asked
from tests.core.test_wishing import wished
from tests.core.told import COMMIT, START

ONE = "rules: [{require: [{teams: [acme/sre]}]}]"
NAMED = "rules: [{require: [{users: [mona], teams: [acme/sre]}]}]"
STRANGERS = {
    f"x{number}": Voter(login=f"x{number}", id=1_000 + number, permission=Permission.READ)
    for number in range(VOTES_MAX + 100)
}


def at(approval: str = ONE, **survey: Any) -> Ballot:
    """Return a gate of a public repository, where anybody may write."""
    ballot = Ballot(approval, **survey)
    ballot.known = {**KNOWN, **STRANGERS}
    return ballot


def crowded(approval: str = ONE, people: int = UNKNOWN_MAX, each: int = 1) -> Ballot:
    """Return a gate at which so many have voted of whom nothing is known yet."""
    ballot = at(approval)
    votes = [
        Vote(
            by=f"x{number}", user_id=1_000 + number, option="approve", at=START,
            source="comment", reference=f"comment/{time}.{number}",
        )
        for time in range(each)
        for number in range(people)
    ]  # fmt: skip
    ballot.state = _with_gate(ballot, votes=tuple(votes), asked_votes=len(votes))
    return ballot


def _with_gate(ballot: Ballot, **changes: Any) -> Orchestration:
    task = ballot.state.tasks[TaskName("sign_off")]
    leg = next(iter(task.legs.values()))
    leg = replace(leg, gate=replace(ballot.gate, **changes))
    return ballot.state.with_task(TaskName("sign_off"), task.with_leg(leg))


def voters(gate: Gate) -> list[str]:
    """Name those whose votes are kept, in the order in which they came."""
    return [vote.by for vote in gate.votes]


def test_hundreds_of_strangers_keep_no_gate_shut() -> None:
    """Few votes of those whom nobody asks are kept, and who is asked votes as ever."""
    ballot = at(TWO_TEAMS)
    ballot.vote("mona")
    for number in range(VOTES_MAX + 20):
        ballot.vote(f"x{number}")
    kept, waiting = len(ballot.gate.votes), ballot.status
    ballot.vote("hubot")

    assert kept <= UNASKED_MAX + 2
    assert ballot.gate.let_go == VOTES_MAX + 22 - len(ballot.gate.votes)
    assert (waiting, ballot.status) == (TaskStatus.RUNNING, TaskStatus.SUCCEEDED)
    assert ballot.gate.by == "mona, hubot"


def test_each_that_is_let_go_was_answered_once() -> None:
    """What became of a vote is told to whoever gave it, and not again when others go."""
    ballot = at()
    for number in range(UNASKED_MAX + 30):
        ballot.vote(f"x{number}", reference=f"comment/{number}")

    answers = [each.reference for each in ballot.told if isinstance(each, AnswerVote)]
    assert answers == [f"comment/{number}" for number in range(UNASKED_MAX + 30)]


def test_the_latest_of_those_whom_nobody_asks_are_kept() -> None:
    """Not each one that comes moves another: they go by the dozen, the oldest first."""
    ballot = at()
    for number in range(UNASKED_MAX + 2):
        ballot.vote(f"x{number}")

    first = UNASKED_MAX + 1 - UNASKED_MAX // 2
    assert voters(ballot.gate) == [f"x{n}" for n in range(first, UNASKED_MAX + 2)]


def test_what_is_on_its_way_is_asked_anew_once_votes_were_let_go() -> None:
    """An answer counts votes that are not there any more; what it knew of people is kept."""
    ballot = at()
    for number in range(UNASKED_MAX + 1):
        ballot.vote(f"x{number}")
    before = ballot.gate
    vote = Vote(by="mona", option="approve", at=ballot.now, source="comment", sha=COMMIT)
    decision = decide(ballot.state, VoteCast(at=ballot.now, gate=GATE, vote=vote))
    [command] = [each for each in decision.commands if isinstance(each, SurveyGate)]
    late = Survey(at=ballot.now, votes=before.asked_votes)
    stale = GateSurveyed(at=ballot.now, gate=GATE, survey=late)

    assert command.key == f"survey-gate/sign_off/{UNASKED_MAX // 2 + 1}/1"
    assert decide(decision.state, stale).state is decision.state


def test_one_person_pushes_nobody_out() -> None:
    """So many votes of one person are kept, the latest of them."""
    ballot = at()
    ballot.vote("eve")
    for number in range(OF_ONE_MAX + 10):
        ballot.vote("x1", reference=f"c/{number}")

    assert voters(ballot.gate) == ["eve", *["x1"] * OF_ONE_MAX]
    assert ballot.gate.votes[1].reference == "c/10"


def test_a_vote_that_counts_is_not_pushed_out_by_others_of_the_same_person() -> None:
    """Whoever approved and then wrote what means nothing has approved."""
    ballot = at(TWO_TEAMS)
    ballot.vote("mona")
    for number in range(OF_ONE_MAX + 10):
        ballot.vote("mona", f"perhaps {number}", reference=f"c/{number}")
    ballot.vote("hubot")

    assert ballot.status is TaskStatus.SUCCEEDED


def test_the_newest_that_counts_stands_for_a_person() -> None:
    """What somebody said before may go, though it counted until they voted again."""
    ballot = at(TWO_TEAMS)
    for number in range(OF_ONE_MAX + 10):
        ballot.vote("mona", reference=f"c/{number}")
    ballot.vote("hubot")

    assert ballot.gate.let_go == 10
    assert ballot.status is TaskStatus.SUCCEEDED


def test_a_no_is_kept_of_somebody_who_is_not_known_yet() -> None:
    """An author may say no, and not yes: their many yes do not push it out."""
    ballot = at(
        "rules: [{require: [{teams: [acme/sre]}]}], exclude: [authors]",
        parties={AUTHORS: (Party(login="mona", id=1),)},
    )
    said = ["reject", *["approve"] * (OF_ONE_MAX + 5)]
    for number, option in enumerate(said):
        moment = ballot.now + timedelta(seconds=number)
        vote = Vote(
            by="mona", option=option, at=moment, source="comment", sha=COMMIT,
            reference=f"c/{number}",
        )  # fmt: skip
        ballot.state = decide(ballot.state, VoteCast(at=moment, gate=GATE, vote=vote)).state
    kept = ballot.gate
    ballot.answer(SurveyGate(gate=GATE, votes=len(kept.votes), round=kept.seeking.rounds))

    assert len(kept.votes) == OF_ONE_MAX
    assert ballot.status is TaskStatus.FAILED


def test_whom_a_rule_names_finds_room_among_those_who_are_not_known() -> None:
    """A thousand accounts cannot keep out who is named: the oldest of theirs goes."""
    ballot = crowded(NAMED, people=VOTES_MAX // OF_ONE_MAX, each=OF_ONE_MAX)
    ballot.vote("mona")

    assert len(ballot.gate.votes) == VOTES_MAX
    assert ballot.gate.votes[0].reference == "comment/0.1"
    assert ballot.status is TaskStatus.SUCCEEDED
    assert ballot.gate.by == "mona"


def test_who_may_break_the_glass_finds_room_too() -> None:
    """The definition names them like any other."""
    ballot = crowded(f"{ONE}, break-glass: {{users: [hubot], reason: required}}")
    ballot.vote("hubot", is_break_glass=True, reason="it burns")

    assert ballot.status is TaskStatus.SUCCEEDED


def test_whoever_finds_no_room_is_told_so_and_votes_again() -> None:
    """Who may count makes no room for one who is not known; once they are known, there is."""
    ballot = crowded()
    full = ballot.gate.votes
    ballot.vote("mona")
    turned_away, why = ballot.gate, verdict_at(ballot.state, GATE, ballot.gate, ballot.now).why
    ballot.answer(SurveyGate(gate=GATE, votes=len(full)))
    known = ballot.gate
    ballot.vote("mona")

    assert turned_away.votes == full
    assert "vote-no-room" in [each.code for each in why.walk()]
    assert (turned_away.is_crowded, known.is_crowded) == (True, False)
    assert len(known.votes) == len(full)
    assert len(ballot.gate.votes) == UNASKED_MAX // 2 + 1
    assert ballot.status is TaskStatus.SUCCEEDED


def test_the_more_teams_are_named_the_fewer_strangers_are_looked_up() -> None:
    """Each is looked up in each team, and GitHub grants only so many calls a minute."""
    teams = ", ".join(f"acme/t{number}" for number in range(29))
    ballot = crowded(f"rules: [{{require: [{{teams: [{teams}]}}]}}]", people=20)
    full = ballot.gate.votes
    ballot.vote("mona")
    turned_away = ballot.gate.votes
    ballot.answer(SurveyGate(gate=GATE, votes=len(full)))
    ballot.vote("mona")

    assert turned_away == full
    assert len(ballot.gate.votes) == CALLS_MAX // 30 // 2 // 2 + 1


@pytest.mark.parametrize(
    ("owned", "has_room"),
    [
        (None, False),
        ((), True),
        ((Owned(owners=frozenset({"@acme/sre"}), paths=("a",)),), True),
    ],
)
def test_where_owners_are_asked_few_are_looked_up_before_it_is_known_who_they_are(
    owned: tuple[Owned, ...] | None, *, has_room: bool
) -> None:
    """There may be many teams of them."""
    ballot = crowded("rules: [{require: [{code-owners: true}]}]", people=20)
    survey = Survey(at=START, votes=0, owned=owned)
    ballot.state = _with_gate(ballot, survey=survey)
    ballot.vote("eve")

    assert ("eve" in voters(ballot.gate)) is has_room


def test_one_who_is_looked_up_may_change_their_mind() -> None:
    """Whoever found room before the crowd was full may vote again."""
    ballot = crowded()
    ballot.vote("x7", "reject", user_id=1_007)

    assert voters(ballot.gate)[-1] == "x7"


def test_a_gate_that_is_full_takes_one_more_for_what_means_nothing() -> None:
    """Where all the rest may count, what was taken back goes first; else it finds no room."""
    ballot = crowded(people=VOTES_MAX // OF_ONE_MAX, each=OF_ONE_MAX)
    full = ballot.gate.votes
    ballot.vote("mona")
    turned_away = ballot.gate.votes
    ballot.state = _with_gate(ballot, votes=(*full[:-1], replace(full[-1], is_withdrawn=True)))
    ballot.vote("mona")

    assert turned_away == full
    assert voters(ballot.gate)[-2:] == [full[-2].by, "mona"]
    assert ballot.gate.withdrawn == (full[-1].reference,)


def test_who_was_turned_away_in_a_comment_is_answered_there() -> None:
    """By a comment and on the command line the refusal comes at once, with its code."""
    state = crowded().state
    by_comment = respond(asked("/approve"), (state,), START)
    by_wish = respond_to_wish(
        wished("approve", task="sign_off", option="approve"), state, START
    )

    assert (by_comment.events, by_wish.events) == ([], [])
    assert by_comment.sign == "-1"
    assert all("vote-no-room" in each.text for each in (by_comment, by_wish))


def test_what_was_taken_back_and_let_go_does_not_come_back() -> None:
    """A delivery that is heard again brings no vote back, also when the gate forgot it."""
    ballot = at(TWO_TEAMS)
    ballot.vote("mona", reference="review/1", source="review")
    cast = VoteCast(at=ballot.now, gate=GATE, vote=replace(ballot.gate.votes[0], digest=""))
    ballot.hear(VotesWithdrawn(at=ballot.now, reference="review/1"))
    for number in range(UNASKED_MAX + 5):
        ballot.vote(f"x{number}")
    forgotten = "mona" not in voters(ballot.gate)
    ballot.hear(cast)
    ballot.vote("hubot")

    assert forgotten
    assert ballot.status is TaskStatus.RUNNING


def test_the_latest_that_were_taken_back_are_remembered() -> None:
    """However many comments are edited, the vote of the last one counts no more."""
    ballot = at()
    for number in range(WITHDRAWN_MAX + 1):
        ballot.hear(VotesWithdrawn(at=ballot.now, reference=f"comment/{number}"))
    ballot.vote("mona", reference=f"comment/{WITHDRAWN_MAX}")

    assert len(ballot.gate.withdrawn) == WITHDRAWN_MAX
    assert ballot.gate.votes == ()


def test_votes_of_the_pull_request_find_room_beside_those_of_the_merge_group() -> None:
    """What was voted elsewhere is not pushed out by strangers here, nor does it push."""
    ballot = crowded()
    found = Vote(
        by="mona", option="approve", at=START, source="comment", carried_from="pull",
        sha=COMMIT,
    )  # fmt: skip
    carry = Carry(number=12, source="pull")
    ballot.state = decide(
        ballot.state, VotesFound(at=START, gate=GATE, carry=carry, votes=(found,))
    ).state

    assert voters(ballot.gate) == [*(f"x{n}" for n in range(UNKNOWN_MAX)), "mona"]


def test_a_name_that_is_another_account_by_now_keeps_no_room() -> None:
    """What was voted under a name that somebody else has now means nothing."""
    ballot = at()
    ballot.vote("mona", user_id=77, reference="c/old")
    for number in range(UNASKED_MAX + 5):
        ballot.vote(f"x{number}")

    assert "mona" not in voters(ballot.gate)
