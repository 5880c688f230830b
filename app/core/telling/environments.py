"""What people read about workflow runs of others that wait for an orchestration to end well."""

from collections.abc import Iterator

from app.core.state import Orchestration
from app.core.state_of_environments import APPROVED, REFUSED, REJECTED, WaitingRun
from app.core.telling.markdown import code, plain, prose
from app.core.telling.waiting import NAME_MAX, REASON_MAX, why_calendar

RUNS_MAX = 20
"""Runs that are told one by one: seldom more than one has set an orchestration off."""


def lines_of_runs(state: Orchestration) -> Iterator[str]:
    """Say of each workflow run that set it off, or joined it, how that stands."""
    runs = [run for run in state.environments if run.attempt is None]
    for run in runs[:RUNS_MAX]:
        where = f"of {plain(run.repository, NAME_MAX)} at {code(run.environment, NAME_MAX)}"
        yield f"- the workflow run {run.workflow_run_id} {where} {_how(run)}"
    if len(runs) > RUNS_MAX:
        yield f"- and {len(runs) - RUNS_MAX} more workflow runs"


def _how(run: WaitingRun) -> str:
    if run.held_by is not None:
        return f"is let go when it may be: {why_calendar(run.held_by)}"
    if run.outcome == APPROVED:
        return "was let go"
    if run.outcome == REJECTED:
        return "was turned away"
    if run.outcome:
        verb = "is not let go" if run.outcome == REFUSED else "waits no more"
        return f"{verb}: {prose(run.message, REASON_MAX)}"
    return "is being answered" if run.answer else "waits for this"
