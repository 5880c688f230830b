"""Explanations as Markdown: a list that says why, in which strangers' words do nothing."""

from hypothesis import given
from hypothesis import strategies as st

from app.core.approvals.decide import decide_gate
from app.core.approvals.explain import COULD_MAX, LINES_MAX, explained
from app.core.approvals.reasons import Finding, ReasonCode
from tests.core.approvals import table

CAST, _ = table.read()


def finding(sentence: str, *children: Finding, could: tuple[str, ...] = ()) -> Finding:
    """Make a branch that is not met."""
    return Finding(
        code=ReasonCode.RULE_UNMET,
        sentence=sentence,
        is_met=False,
        children=children,
        could=could,
    )


def test_an_explanation_is_a_nested_list() -> None:
    """Each branch has its sign, its sentence and its code, below what rests on it."""
    gate = table.question({"rules": [{"require": [{"users": ["eve"]}]}]})
    why = decide_gate(gate, [table.vote("eve")], CAST, table.NOW).why

    lines = explained(why).split("\n")
    assert lines[0].startswith("- ✓ ")
    assert lines[1].startswith("  - ✓ what the definition asks for is met (`rule-met`)")
    assert lines[2].startswith("    - ✓ 1 of 1 vote from ")


def test_who_could_is_named_up_to_a_number() -> None:
    """More than a few names are counted."""
    text = explained(finding("no", could=tuple(f"p{one}" for one in range(COULD_MAX + 3))))

    assert text.startswith("- ✗ no (`rule-unmet`). Who could: p0, p1")
    assert text.endswith("p9, 3 more")


def test_a_long_explanation_is_cut() -> None:
    """The rest is counted."""
    text = explained(finding("no", *(finding("no") for _ in range(LINES_MAX + 5))))

    assert text.count("\n") == LINES_MAX
    assert text.endswith("- and 6 more")


@given(st.text())
def test_what_strangers_wrote_stays_on_its_line_and_mentions_nobody(text: str) -> None:
    """No text adds a line, a tag or a mention."""
    shown = explained(finding(text + " @ann <b>", could=(text + "@ann",)))

    assert "\n" not in shown
    assert "@ann" not in shown
    assert "<b>" not in shown
