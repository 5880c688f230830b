"""What holds however many votes a gate lets go: it stands as it would with all of them."""

from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.approvals.decide import decide_gate
from app.core.approvals.keeping import OF_ONE_MAX, UNASKED_MAX, make_room
from app.core.approvals.people import Voter
from app.core.approvals.question import Question, Verdict
from app.core.state import Vote
from tests.core.approvals import table
from tests.core.approvals.test_properties import CAST, questions

STRANGERS = [f"x{number}" for number in range(12)]
KNOWN = {**CAST, **{login: Voter(login=login, id=900) for login in STRANGERS}}
_CHOICES = ["", "", "/old", "/withdrawn", "/hold", "/reject", "/perhaps", "/glass=fire"]
_heard = st.lists(
    st.builds(
        lambda by, word, number: table.vote(by + word, number),
        st.sampled_from([*sorted(CAST), *STRANGERS, *STRANGERS]),
        st.sampled_from(_CHOICES),
        st.integers(0, 50),
    ),
    min_size=60,
    max_size=90,
)


def kept(question: Question, heard: list[Vote], known: dict[str, Voter]) -> list[Vote]:
    """Return what a gate keeps of what it hears."""
    votes: list[Vote] = []
    for vote in heard:
        gone = make_room(question, votes, vote, known, table.NOW)
        if gone is not None:
            votes = [each for place, each in enumerate(votes) if place not in gone]
            votes.append(vote)
    return votes


def outcome(verdict: Verdict) -> tuple[object, ...]:
    """Return what follows from how a gate stands."""
    return verdict.standing, verdict.option, verdict.by, verdict.inputs, verdict.stands


@given(questions(), _heard, st.sampled_from([(), ("ann", "x1"), tuple(KNOWN)]))
@settings(max_examples=25)
def test_what_is_let_go_decides_nothing(
    question: Question, heard: list[Vote], known: tuple[str, ...]
) -> None:
    """Whoever is known while they vote, once all are the gate stands as with every vote."""
    votes = kept(question, heard, {each: KNOWN[each] for each in known})
    with_all = decide_gate(question, heard, KNOWN, table.NOW)
    with_kept = decide_gate(question, votes, KNOWN, table.NOW)

    assert outcome(with_kept) == outcome(with_all)


@given(questions(), _heard)
@settings(max_examples=25)
def test_few_votes_are_kept_of_one_and_of_those_who_are_not_asked(
    question: Question, heard: list[Vote]
) -> None:
    """However many come: so many of one person, and so many that mean nothing."""
    votes = kept(question, heard, KNOWN)
    by = [vote.by for vote in votes]
    unasked = [vote for vote in votes if vote.by in STRANGERS]

    assert max(map(by.count, by)) <= OF_ONE_MAX
    assert len(unasked) <= UNASKED_MAX + 1
