"""Reasons for what came of tasks: none is given that is not explained."""

import ast
import re
from collections.abc import Iterator

from app.core.approvals.reasons import ReasonCode
from app.core.outcomes import OUTCOMES
from tests.kit import tree

_GIVERS = {"Reason", "Refusal", "Consent", "DispatchRefused", "_said"}
_CODE = re.compile(r"[a-z]+(-[a-z]+)*")


def given() -> Iterator[tuple[str, str]]:
    """Find every code that a reason or refusal is written with, and where."""
    for name, source in tree.python("app/core/", "app/github/", "app/courier/"):
        for node in ast.walk(ast.parse(source)):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if node.func.id not in _GIVERS:
                continue
            named = [word.value for word in node.keywords if word.arg == "code"]
            for value in (*named, *node.args[:1]):
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    yield value.value, f"{name}:{node.lineno}"


def test_every_code_that_is_given_is_explained() -> None:
    """A code without a line in app/core/outcomes.py would tell people nothing."""
    found = list(given())

    assert [(code, where) for code, where in found if code not in OUTCOMES and code] == []
    assert len(found) > 40


def test_every_code_is_explained_once() -> None:
    """Codes about people and about tasks are apart, each in its form, with a sentence."""
    assert not set(OUTCOMES) & set(ReasonCode)
    assert all(_CODE.fullmatch(code) for code in OUTCOMES)
    assert all(each.means.endswith(".") for each in OUTCOMES.values())
