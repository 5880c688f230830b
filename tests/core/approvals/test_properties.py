"""What holds at every gate, whoever votes and in whatever order."""

import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from app.core.approvals.decide import decide_gate
from app.core.approvals.people import Party
from app.core.approvals.question import Question, Standing, Verdict
from app.core.approvals.reasons import REASONS, explain
from app.core.state import Vote
from tests.core.approvals import table

CAST, _ = table.read()
_REQUIREMENTS: list[Mapping[str, Any]] = [
    {"teams": ["acme/sre"]},
    {"teams": ["acme/release", "acme/council"]},
    {"teams": ["acme/sre"], "count": 2},
    {"permission": "write"},
    {"users": ["eve", "rob[bot]"]},
    {"code-owners": True},
    {"code-owners": True, "permission": "admin", "count": 2},
]
_rules = st.lists(
    st.builds(
        lambda require, holds, policy, error: {
            "require": require, "holds": holds, "policy": policy, "error": error,
        },
        st.lists(st.sampled_from(_REQUIREMENTS), min_size=1, max_size=2),
        st.sampled_from([True, True, True, False]),
        st.sampled_from(["", "", "production"]),
        st.sampled_from(["", "", "", "", "no such key"]),
    ),
    max_size=3,
)  # fmt: skip
_owned = st.sampled_from(
    [
        [],
        [{"by": ["@acme/api"], "paths": ["a"]}],
        [{"by": ["@ann", "@cy"], "paths": ["a"]}, {"by": ["@ann", "@bob"], "paths": ["b"]}],
    ]
)
_party = st.sampled_from([{"login": "ann"}, {"login": "cop[bot]", "is_bot": True}])


@st.composite
def questions(draw: st.DrawFn) -> Question:
    """Ask something: with rules, owners, emergencies, options and exclusions."""
    words = draw(st.sets(st.sampled_from(["actor", "authors", "last-pusher"]), max_size=2))
    given_: dict[str, Any] = {
        "rules": draw(_rules),
        "owned": draw(_owned),
        "exclude": words,
        "parties": {word: draw(st.lists(_party, max_size=1)) for word in words},
        "options": draw(st.sampled_from([["approve", "reject"], ["approve", "hold"]])),
        "break-glass": draw(st.sampled_from([None, {"teams": ["acme/ciso"]}])),
        "fork": draw(st.booleans()),
    }
    if draw(st.booleans()):
        given_["inputs"] = {"ticket": {"type": "string", "required": True}}
    if draw(st.integers(0, 5)) == 0:
        given_["auto"] = {"choose": "approve", "holds": True}
    return table.question(given_)


_WORDS = ["", "", "", "", "/ticket=CHG-1", "/old", "/withdrawn", "/hold", "/glass=fire"]
_voters = st.sampled_from([*sorted(CAST), "stranger"])
_votes = st.lists(
    st.builds(
        lambda by, word, number: table.vote(by + word, number),
        _voters,
        st.sampled_from([*_WORDS, "/reject"]),
        st.integers(0, 20),
    ),
    max_size=8,
)


def decided(question: Question, votes: list[Vote]) -> Verdict:
    """Decide a gate."""
    return decide_gate(question, votes, CAST, table.NOW)


@given(questions(), _votes, _voters, st.sampled_from(_WORDS))
def test_one_more_vote_never_closes_an_open_gate(
    question: Question, votes: list[Vote], by: str, word: str
) -> None:
    """Unless it is a rejection, or somebody who changes their mind."""
    assume(by not in {each.by for each in votes})
    before = decided(question, votes)
    after = decided(question, [*votes, table.vote(by + word, 30)])

    assert before.standing is not Standing.OPEN or after.standing is Standing.OPEN


@given(questions(), _votes, _voters, st.sampled_from(["actor", "authors", "last-pusher"]))
def test_excluding_a_person_never_opens_a_gate(
    question: Question, votes: list[Vote], by: str, word: str
) -> None:
    """Nor does it take back a rejection."""
    approval = question.approval
    stricter = replace(
        question,
        approval=replace(approval, exclude=approval.exclude | {word}),
        parties={
            **question.parties,
            word: (*question.parties.get(word, ()), Party(login=by)),
        },
    )
    before, after = decided(question, votes), decided(stricter, votes)

    assert after.standing is not Standing.OPEN or before.standing is Standing.OPEN
    assert before.standing is not Standing.SHUT or after.standing is Standing.SHUT


@given(questions(), _votes, st.randoms(use_true_random=False))
def test_the_order_of_votes_does_not_matter(
    question: Question, votes: list[Vote], chance: random.Random
) -> None:
    """The same votes give the same answer with the same reasons, however they are heard."""
    shuffled = list(votes)
    chance.shuffle(shuffled)

    assert decided(question, shuffled) == decided(question, votes)
    assert decided(question, votes * 2).standing == decided(question, votes).standing


@given(questions(), _votes, st.sampled_from(_REQUIREMENTS))
def test_a_policy_only_tightens(
    question: Question, votes: list[Vote], requirement: Mapping[str, Any]
) -> None:
    """No rule that the organisation adds opens a gate that its own rules keep shut.

    A form is left out: whoever the policy asks for may fill it in as well.
    """
    question = replace(question, approval=replace(question.approval, inputs={}))
    rule = {"policy": "more", "require": [requirement]}
    added = table.question({"rules": [rule]}).rules
    stricter = replace(question, rules=(*question.rules, *added))
    before, after = decided(question, votes), decided(stricter, votes)

    assert after.standing is not Standing.OPEN or before.standing is Standing.OPEN


@given(questions(), _votes)
def test_nothing_is_decided_without_a_reason(question: Question, votes: list[Vote]) -> None:
    """Every branch of the tree has a sentence, and a code that is explained."""
    verdict = decided(question, votes)

    assert all(each.sentence and each.code in REASONS for each in verdict.why.walk())
    assert (verdict.standing is Standing.OPEN) == verdict.why.is_met
    assert str(verdict.why.code) in explain(verdict.why)


@given(questions(), _votes)
def test_an_open_gate_has_people_a_rule_or_an_emergency_behind_it(
    question: Question, votes: list[Vote]
) -> None:
    """A gate that asks for nobody at all does not open by itself."""
    verdict = decided(question, votes)

    assert verdict.standing is not Standing.OPEN or verdict.by or verdict.how == "rule"
