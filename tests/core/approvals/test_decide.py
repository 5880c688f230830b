"""Gates: who votes and what comes of it, as a table; and what holds whoever votes."""

from datetime import timedelta

import pytest

from app.core.approvals.decide import decide_gate
from app.core.approvals.question import How, Stand
from app.core.approvals.reasons import explain
from tests.core.approvals import table

CAST, CASES = table.read()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.line)
def test_a_gate_decides_and_explains_itself(case: table.Case) -> None:
    """The decision is that of the table, and the tree says why."""
    verdict = table.answer(case, CAST)

    text = explain(verdict.why)
    assert table.shown(verdict) == case.decision, text
    assert [each for each in case.says if each not in text] == [], text


def test_the_table_is_long_enough() -> None:
    """Issue 4 asks for at least 120 cases, all of them different."""
    assert len({case.line for case in CASES}) == len(CASES) >= 120


def test_a_verdict_records_who_counted_for_what() -> None:
    """What lets a person count is recorded as it was when the vote was used."""
    gate = table.question({"rules": [{"require": [{"teams": ["acme/sre"]}]}], "expires": 24})
    vote = table.vote("ann/because=looks good")
    verdict = decide_gate(gate, [vote], CAST, table.NOW)

    assert verdict.stands == (
        Stand(login="ann", user_id=1, requirement="acme/sre", via="acme/sre", at=vote.at),
    )
    assert (verdict.how, verdict.by, verdict.reason) == (How.PEOPLE, ("ann",), "looks good")
    assert verdict.expires_at == vote.at + timedelta(hours=24)


def test_a_form_is_filled_by_all_votes_together() -> None:
    """Values become what they were declared as, and the later of two stands."""
    inputs = {"ticket": {"type": "string", "required": True}, "risk": {"type": "integer"}}
    gate = table.question(
        {"rules": [{"require": [{"permission": "write", "count": 2}]}], "inputs": inputs}
    )
    votes = [table.vote("ann/ticket=CHG-1/risk=3"), table.vote("bob/ticket=CHG-2", 1)]

    assert decide_gate(gate, votes, CAST, table.NOW).inputs == {"ticket": "CHG-2", "risk": 3}


def test_too_many_ways_to_own_paths_keep_the_gate_shut() -> None:
    """Where the search gives up it says so, and opens nothing."""
    people = 40
    cast = table.voters(
        {f"p{one}": {"id": one + 1, "permission": "write"} for one in range(people)}
    )
    owned = [
        {"by": [f"@p{one + step}" for step in range(3)], "paths": [f"path{one}"]}
        for one in range(people - 2)
    ]
    require = [{"code-owners": True}, {"permission": "write", "count": people - 1}]
    gate = table.question({"rules": [{"require": require}], "owned": owned})
    verdict = decide_gate(gate, [table.vote(login) for login in cast], cast, table.NOW)

    assert verdict.standing == "undecided"
    assert "assignment-too-large" in explain(verdict.why)
