"""Reasons: each code is explained once, and the document is what the table says."""

from app.core.approvals.reasons import REASONS, Finding, ReasonCode, explain
from tests.kit import docs


def test_every_code_is_explained() -> None:
    """Nothing is refused without a code, and no code is without a meaning."""
    assert list(REASONS) == list(ReasonCode)
    assert all(each.means.endswith(".") for each in REASONS.values())


def test_the_document_is_what_the_table_says() -> None:
    """`make docs` would change nothing."""
    assert docs.REASONS_FILE.read_text(encoding="utf-8") == docs.reasons_document()


def test_an_explanation_is_a_list_with_who_could() -> None:
    """What is not met names whoever could make it so; what is met does not."""
    leaf = Finding(
        code=ReasonCode.REQUIREMENT_UNMET,
        sentence="0 of 1 of acme/sre",
        is_met=False,
        could=("@ann", "@hal"),
    )
    root = Finding(
        code=ReasonCode.GATE_UNDECIDED, sentence="0 of 1", is_met=False, children=(leaf,)
    )

    assert explain(root) == (
        "- ✗ 0 of 1 (`gate-undecided`)\n"
        "  - ✗ 0 of 1 of acme/sre (`requirement-unmet`). Who could: @ann, @hal"
    )
    assert [each.code for each in root.walk()] == ["gate-undecided", "requirement-unmet"]
