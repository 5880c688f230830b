"""Laws about what is believed: what counts is counted, and stale facts change nothing."""

from app.core.actions import Agent, Dispatch, GitHubOperation, Orchestrate, Report
from app.core.events import (
    ApprovalDecided,
    CalendarTold,
    CommandGiven,
    DispatchAccepted,
    DispatchRefused,
    Event,
    GitHubEventHeard,
    JobsListed,
    OutputsReported,
    RerunAccepted,
    RetryRequested,
    WorkflowRunMissed,
    WorkflowRunObserved,
)
from app.core.moves import LegStatus
from app.core.naming import definition_of, waiting_run_of
from app.core.rules import Decision
from app.core.rules.whole import is_overdue
from app.core.state import Attempt, Leg, Orchestration

ANSWERS = DispatchAccepted | DispatchRefused | RerunAccepted
CALLS = GitHubOperation | Report
OF_RUN = WorkflowRunObserved | WorkflowRunMissed | OutputsReported | JobsListed


def check(before: Orchestration, event: Event, decision: Decision) -> None:
    """Assert the laws about what is believed."""
    _check_count(before, decision)
    if not is_overdue(before, event.at) and is_stale(before, event):
        assert decision == Decision(state=before), "stale facts are ignored"


def _check_count(before: Orchestration, decision: Decision) -> None:
    """A decision that changes nothing asks for nothing; any other counts as one event."""
    after = decision.state
    if after is before:
        assert decision.commands == (), "what changes nothing asks for nothing"
        return
    assert after.events == before.events + 1, "each event that counts is counted once"
    assert after.plan is before.plan, "the plan at the start is the plan to the end"
    keys = [command.key for command in decision.commands]
    assert len(keys) == len(set(keys)), "nothing is asked for twice in one breath"


def may_count_twice(after: Orchestration, event: Event) -> bool:
    """Tell whether an event means something again when it is heard again.

    People may ask for the same once more, and what a machine hears leads it on from wherever
    it is. An answer of a calendar that was asked again meanwhile answers that, too.
    """
    match event:
        case RetryRequested() | CommandGiven() | GitHubEventHeard():
            return True
        case ApprovalDecided():
            return event.option == "retry"
        case CalendarTold():
            spot = waiting_run_of(event.holder)
            passages = after.passages.get(event.holder, ())
            if spot is not None and spot < len(after.environments):
                passages = after.environments[spot].passages
            return any(each.told_at is None for each in passages)
        case _:
            return False


def is_stale(before: Orchestration, event: Event) -> bool:
    """Tell whether a fact is about an attempt that does not count, or is known better."""
    if not isinstance(event, ANSWERS | OF_RUN):
        return False
    leg = before.leg(event.attempt)
    action = definition_of(before.plan.definition, event.attempt.task).action if leg else None
    if leg is None or not isinstance(action, Dispatch | Agent | Orchestrate | CALLS):
        return True
    if not isinstance(event, DispatchRefused) and not isinstance(action, Dispatch | Agent):
        return True
    if leg.status in (LegStatus.PENDING, LegStatus.BLOCKED, LegStatus.SKIPPED):
        return True
    if leg.has_ended or leg.status is LegStatus.RESTING:
        return not _is_again(leg, event)
    if isinstance(event, ANSWERS):
        return _is_answered(leg.attempt, event)
    return _is_known_better(leg.attempt, event)


def _is_again(leg: Leg, event: Event) -> bool:
    """Tell whether somebody ran a workflow run again that had ended."""
    known = leg.attempt
    if not isinstance(event, WorkflowRunObserved | OutputsReported):
        return False
    if known.workflow_run_id is None or event.run_attempt <= known.run_attempt:
        return False
    if isinstance(event, OutputsReported):
        return True
    return known.workflow_run_id == event.workflow_run_id


def _is_answered(known: Attempt, event: ANSWERS) -> bool:
    if known.accepted_at is not None:
        return True
    if known.workflow_run_id is None:
        return isinstance(event, RerunAccepted) and not known.is_rerun
    if event.attempt.number != known.number:
        return True
    if known.is_rerun:
        return isinstance(event, DispatchAccepted) or (
            isinstance(event, DispatchRefused) and known.run_status is not None
        )
    return isinstance(event, RerunAccepted) or known.workflow_run_id is not None


def _is_known_better(known: Attempt, event: OF_RUN) -> bool:
    match event:
        case OutputsReported():
            return event.run_attempt < known.run_attempt
        case JobsListed():
            return event.run_attempt != known.run_attempt or known.jobs is not None
        case WorkflowRunMissed():
            return known.ended_at is not None
        case WorkflowRunObserved():
            is_foreign = known.workflow_run_id not in (None, event.workflow_run_id)
            # A lower run attempt may still say that a re-run never came.
            is_lower = event.run_attempt < known.run_attempt
            return is_foreign or (is_lower and not known.is_rerun)
