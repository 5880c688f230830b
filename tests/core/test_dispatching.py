"""From a task to a dispatch: what it renders to, and what cannot be dispatched."""

import pytest

from app.core.commands import DispatchWorkflow
from app.core.expressions import ExpressionError
from app.core.legs.dispatching import as_text
from app.core.moves import TaskStatus
from app.core.values import Json
from tests.kit import build

WORK = "acme/api/.github/workflows/work.yml@main"


INPUTS = {"inputs": {"repository": {"type": "string"}, "text": {"type": "string"}}}
GIVEN = {"repository": "no repository", "text": "x" * 40_000}
TWICE = {"one": "${{ inputs.text }}", "two": "${{ inputs.text }}"}


@pytest.mark.parametrize(
    ("task", "why"),
    [
        (
            {"dispatch": "${{ inputs.repository }}/.github/workflows/a.yml@main"},
            "the target came out as 'no repository/.github/workflows/a.yml@main'",
        ),
        ({"dispatch": WORK, "with": TWICE}, "longer than 65535 characters"),
    ],
)
def test_what_cannot_be_dispatched_fails_its_task(task: dict[str, Json], why: str) -> None:
    """It fails shut, and says what came out."""
    decision = build.begun(build.plan("a", whole=INPUTS, inputs=GIVEN, a=task))

    assert build.asked(decision, DispatchWorkflow) == []
    assert build.statuses(decision.state)["a"] is TaskStatus.FAILED
    reason = build.leg(decision.state, "a").reason
    assert reason is not None
    assert why in reason.message


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("as it is", "as it is"),
        (True, "true"),
        (3, "3"),
        (3.0, "3"),
        (3.5, "3.5"),
        ([1, "ü"], '[1,"ü"]'),
        ({"a": 1}, '{"a":1}'),
    ],
)
def test_inputs_leave_as_text(value: Json, text: str) -> None:
    """GitHub hands text to the workflow, whatever the type of the input."""
    assert as_text("x", value) == text


def test_an_input_without_a_value_is_an_error() -> None:
    """Null is never sent as the word."""
    with pytest.raises(ExpressionError):
        as_text("x", None)
