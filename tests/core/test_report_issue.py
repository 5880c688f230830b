"""Stories about the issue that `report-to` names."""

from dataclasses import replace

import pytest

from app.core.definition import ReportTo
from app.core.state import Orchestration, new_orchestration
from app.core.telling.report_issue import report_issue
from app.core.terms import Place, Template
from app.core.values import Json
from tests.kit import build

PLACE = Place(line=1, column=1)


def reporting(issue: Json, **inputs: Json) -> Orchestration:
    """Return an orchestration that reports to what an expression over its inputs gives."""
    plan = build.plan("api", inputs=inputs)
    template = Template(value=issue, place=PLACE)
    definition = replace(plan.definition, report_to=ReportTo(issue=template))
    return new_orchestration(replace(plan, definition=definition))


def test_a_definition_need_not_report_to_an_issue() -> None:
    """Without `issue` there is none."""
    state = new_orchestration(build.plan("api"))

    assert report_issue(state, build.START) is None


def test_there_is_no_issue_before_its_number_is_known() -> None:
    """What has no value yet is no mistake: the issue may be made by a task."""
    state = reporting("${{ inputs.number }}")

    assert report_issue(state, build.START) is None


@pytest.mark.parametrize(
    ("number", "found"),
    [
        (7, 7),
        ("7", 7),
        (7.0, 7),
        (0, None),
        (-1, None),
        (7.5, None),
        (True, None),
        ("seven", None),
        ("²", None),
        ("", None),
        (None, None),
        ([7], None),
    ],
)
def test_a_number_may_come_in_several_forms(number: Json, found: int | None) -> None:
    """As a number or as digits; anything else names no issue."""
    state = reporting(number)

    assert report_issue(state, build.START) == found


def test_the_number_is_what_the_expression_gives() -> None:
    """Its type is kept."""
    state = reporting("${{ inputs.number }}", number=12)

    assert report_issue(state, build.START) == 12
