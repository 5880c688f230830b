"""Facts about environments: which workflow runs wait for us, and what became of answers.

A run that waits sets an orchestration off, joins one by its `correlate`, or was dispatched by
one of its attempts. Of the address that GitHub would be called back at only the run's number
counts.
"""

from datetime import datetime

from app.core.copying import replace
from app.core.environment_events import EnvironmentAnswered, EnvironmentAsked
from app.core.hearing.callbacks import run_in
from app.core.limits import PASSAGE_STALE
from app.core.plan import Cause
from app.core.state import Orchestration
from app.core.state_of_environments import REFUSED, WaitingRun

RULE = "deployment_protection_rule"
WAITING_MAX = 200
"""Workflow runs that one orchestration may answer for."""


def waiting_at_start(state: Orchestration, at: datetime) -> Orchestration:
    """Note the workflow run whose waiting set an orchestration off, if it was that."""
    return wait_for(state, state.plan.cause, at)


def wait_for(state: Orchestration, cause: Cause, at: datetime) -> Orchestration:
    """Note the workflow run that a delivery says is waiting; only of those set off by one."""
    if cause.event_name != RULE or state.plan.cause.event_name != RULE:
        return state
    number = run_in(cause.event.get("deployment_callback_url"))
    environment = cause.event.get("environment")
    if number is None or not isinstance(environment, str) or not environment:
        return state
    return _with(
        state,
        WaitingRun(
            workflow_run_id=number,
            environment=environment,
            repository_id=cause.repository_id,
            repository=cause.repository,
            installation_id=cause.installation_id,
            asked_at=at,
        ),
    )


def record_asked(state: Orchestration, event: EnvironmentAsked) -> Orchestration:
    """Note that a workflow run of ours waits; of an attempt that is not the run's, nothing."""
    leg = state.leg(event.attempt)
    if leg is None or event.workflow_run_id != leg.attempt.workflow_run_id:
        return state
    if event.is_found and (known := _known(state, event, leg.attempt.asked_at)) is not None:
        return _asked_anew(state, known)
    return _with(
        state,
        WaitingRun(
            workflow_run_id=event.workflow_run_id,
            environment=event.environment,
            repository_id=event.repository_id,
            repository=event.repository,
            installation_id=event.installation_id,
            asked_at=event.at,
            attempt=event.attempt,
        ),
    )


def _known(state: Orchestration, event: EnvironmentAsked, since: datetime) -> int | None:
    """Return which run it is that has been asked about since its attempt was begun."""
    spots = reversed(range(len(state.environments)))
    known = ((spot, state.environments[spot]) for spot in spots)
    return next(
        (spot for spot, run in known if _key(run) == _key(event) and run.asked_at >= since),
        None,
    )


def _asked_anew(state: Orchestration, spot: int) -> Orchestration:
    """Let a refused answer be given once more: what was missing may be there by now."""
    run = state.environments[spot]
    if run.outcome != REFUSED:
        return state
    run = replace(run, answer="", outcome="", message="", again=run.again + 1)
    runs = (*state.environments[:spot], run, *state.environments[spot + 1 :])
    return replace(state, environments=runs)


def record_answered(state: Orchestration, event: EnvironmentAnswered) -> Orchestration:
    """Note what came of our last answer for a workflow run."""
    for spot in reversed(range(len(state.environments))):
        each = state.environments[spot]
        if (each.workflow_run_id, each.environment) != _key(event):
            continue
        if not each.answer or each.outcome:
            return state
        told = _put_off(each, event) or replace(
            each, outcome=event.outcome, message=event.message
        )
        runs = (*state.environments[:spot], told, *state.environments[spot + 1 :])
        return replace(state, environments=runs)
    return state


def _put_off(run: WaitingRun, event: EnvironmentAnswered) -> WaitingRun | None:
    """Let an approval wait for calendars that a policy names; `None` if it did just now."""
    new = tuple(each for each in event.calendars if each not in run.calendars)
    since = run.answered_at or event.at
    if not new and not (event.calendars and event.at - since > PASSAGE_STALE):
        return None
    return replace(run, answer="", again=run.again + 1, calendars=(*run.calendars, *new))


def _with(state: Orchestration, run: WaitingRun) -> Orchestration:
    """Add a run that waits, unless it is known to; once answered it may wait again."""
    for each in state.environments:
        if (each.workflow_run_id, each.environment) == _key(run) and (
            each.is_open or each.asked_at >= run.asked_at
        ):
            return state
    if len(state.environments) >= WAITING_MAX:
        return state
    return replace(state, environments=(*state.environments, run))


def _key(of: WaitingRun | EnvironmentAsked | EnvironmentAnswered) -> tuple[int, str]:
    return of.workflow_run_id, of.environment
