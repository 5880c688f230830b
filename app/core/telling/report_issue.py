"""Which issue `report-to` names: an expression over what the tasks have made so far."""

from datetime import datetime

from app.core.expressions import ExpressionError, render
from app.core.legs.context import values_of_all
from app.core.state import Orchestration


def report_issue(state: Orchestration, now: datetime) -> int | None:
    """Return the number of the issue to report to, in the definition's own repository.

    There is none until the expression has a value: the issue may be made by a task.
    """
    template = state.plan.definition.report_to.issue
    if template is None:
        return None
    try:
        number = render(template, values_of_all(state, now))
    except ExpressionError:
        return None
    if isinstance(number, str) and number.isascii() and number.isdigit():
        number = int(number[:18])
    # A value that went through JSON or an expression may be a whole number of another kind.
    if isinstance(number, bool) or not isinstance(number, int | float):
        return None
    return int(number) if number == int(number) and number > 0 else None
