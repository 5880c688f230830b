"""The rule about environments: tell, approve or reject the workflow runs that wait for us.

A run that a task dispatched is approved where it waits at the very environment that the task
names: its gates let it through, or it would not run. A run that set the orchestration off is
approved once that has succeeded, and rejected only by a person's no or by policy. Whatever
else happens it goes on waiting, and is told why; GitHub gives up after thirty days.

An approval waits for calendars like a dispatch: for the definition's own, and for those that a
policy names when it is about to be given. It does so even after the orchestration has ended.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from app.core.actions import REJECT
from app.core.commands import AskCalendar
from app.core.copying import replace
from app.core.environment_commands import AnswerEnvironment, ReportEnvironment
from app.core.expressions import ExpressionError
from app.core.legs.dispatching import Asked
from app.core.legs.ruling import environment_of
from app.core.legs.watching import ON_GITHUB
from app.core.limits import PASSAGE_FRESH
from app.core.moves import LegStatus, OrchestrationStatus
from app.core.naming import environment_holder, is_following
from app.core.rules.decision import Decision
from app.core.state import Gate, Orchestration, Passage
from app.core.state_of_environments import APPROVED, REJECTED, WaitingRun
from app.core.telling.headline import headline
from app.core.telling.waiting import why_calendar

# https://docs.github.com/en/actions/how-tos/deploy/configure-and-manage-deployments/create-custom-protection-rules
REPORTS_MAX: Final = 10
REPORTS_ON_THE_WAY_MAX: Final = 9
"""The last report is kept for how it ended."""
ANSWERED_WITHIN: Final = timedelta(days=30)
_ON_ITS_WAY: Final = ON_GITHUB | {LegStatus.DISPATCHING}
_GOING_ON: Final = (OrchestrationStatus.RUNNING, OrchestrationStatus.COMPENSATING)
_NOES: Final = frozenset({"rejected", "policy-denies"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Word:
    """What is to be said about a run: an answer, or with none only a comment."""

    comment: str
    answer: str = ""
    most: int = REPORTS_ON_THE_WAY_MAX


def answer_environments(state: Orchestration, now: datetime) -> Decision | None:
    """Say of each workflow run that waits for us what there is to say, if it is new."""
    if not state.environments:
        return None
    runs = list(state.environments)
    commands: list[Asked] = []
    for spot, run in enumerate(runs):
        if not run.is_open or now >= run.asked_at + ANSWERED_WITHIN:
            continue
        word = _of_attempt(state, run, now) if run.attempt else _of_whole(state)
        runs[spot], asked = _say(state, run, word, spot, now)
        commands.extend(asked)
    environments = tuple(runs)
    if environments == state.environments:
        return None
    return Decision(state=replace(state, environments=environments), commands=tuple(commands))


def _say(
    state: Orchestration, run: WaitingRun, word: _Word, spot: int, now: datetime
) -> tuple[WaitingRun, Sequence[Asked]]:
    """Answer, unless calendars hold that up; else report what is new."""
    wanted = calendars_of(state, run) if word.answer == APPROVED else ()
    if tuple(each.calendar for each in run.passages) != wanted:
        return _ask_calendars(run, wanted, spot, now)
    closed = run.held_by
    if closed is None:
        # Until it could be answered, a calendar may have closed again.
        if any(now - (each.told_at or now) > PASSAGE_FRESH for each in run.passages):
            return _ask_calendars(run, wanted, spot, now)
        if word.answer:
            answered = replace(run, answer=word.answer, answered_at=now, passages=())
            return answered, (_answer(run, word, spot),)
    else:
        why = f"{state.plan.title}: {run.environment} waits: {why_calendar(closed)}"
        word = _Word(comment=why if closed.told_at is not None else run.reported)
    if word.comment == run.reported or run.reports >= word.most:
        return run, ()
    run = replace(run, reported=word.comment, reports=run.reports + 1)
    return run, (_report(run),)


def calendars_of(state: Orchestration, run: WaitingRun) -> tuple[str, ...]:
    """Return the calendars that must be open for a run to be let go.

    What undoes is never held back by one: a freeze is there to keep things safe.
    """
    if run.attempt is not None and is_following(run.attempt.task):
        return ()
    return tuple(dict.fromkeys((*state.plan.definition.freeze, *run.calendars)))


def _ask_calendars(
    run: WaitingRun, calendars: Sequence[str], spot: int, now: datetime
) -> tuple[WaitingRun, Sequence[Asked]]:
    holder = environment_holder(spot)
    run = replace(
        run, passages=tuple(Passage(calendar=each, asked_at=now) for each in calendars)
    )
    return run, [AskCalendar(holder=holder, calendar=each) for each in calendars]


def _of_attempt(state: Orchestration, run: WaitingRun, now: datetime) -> _Word:
    """Judge a run that one of our tasks dispatched, by the environment that the task names."""
    assert run.attempt is not None, "the caller has looked"
    title, task = state.plan.title, run.attempt.task
    leg = state.tasks[task].legs[run.attempt.leg]
    if leg.has_ended or state.has_ended:
        # Run again on GitHub, it is about to be heard of, and then there is an answer.
        return _Word(comment=run.reported)
    if leg.status not in _ON_ITS_WAY or state.status not in _GOING_ON or state.paused:
        return _Word(comment=f"{title}: {task} is not to go on: {headline(state)}")
    try:
        named = environment_of(state, run.attempt, leg, now)
    except ExpressionError as error:
        return _Word(comment=f"{title}: the environment of {task} is not known: {error}")
    if named == run.environment:
        return _Word(comment=f"{title}: {task} was let through", answer=APPROVED)
    says = f"names the environment {named}" if named else "names no environment"
    return _Word(
        comment=f"{title}: the task {task} {says}, so it does not answer for "
        f"{run.environment}. Write `environment: {run.environment}` there."
    )


def _of_whole(state: Orchestration) -> _Word:
    """Judge a run that set the orchestration off, by how that has ended."""
    said = f"{state.plan.title}: {headline(state)}"
    if not state.has_ended:
        return _Word(comment=said)
    if state.status is OrchestrationStatus.SUCCEEDED:
        return _Word(comment=said, answer=APPROVED)
    if state.status is OrchestrationStatus.FAILED and _is_refused(state):
        return _Word(comment=said, answer=REJECTED)
    return _Word(
        comment=f"{said}. Nobody said no, so it goes on waiting: retry {state.plan.title}",
        most=REPORTS_MAX,
    )


def _is_refused(state: Orchestration) -> bool:
    """Tell whether a person or a policy said no, rather than that something went wrong."""
    reasons = [leg.reason for task in state.tasks.values() for leg in task.legs.values()]
    if any(reason is not None and reason.code in _NOES for reason in reasons):
        return True
    return any(gate.choice == REJECT for gate in _gates(state))


def _gates(state: Orchestration) -> Iterator[Gate]:
    for task in state.tasks.values():
        yield from (leg.gate for leg in task.legs.values() if leg.gate is not None)
        yield from (wave.gate for wave in task.waves.values() if wave.gate is not None)


def _report(run: WaitingRun) -> ReportEnvironment:
    return ReportEnvironment(
        workflow_run_id=run.workflow_run_id,
        environment=run.environment,
        repository_id=run.repository_id,
        repository=run.repository,
        installation_id=run.installation_id,
        count=run.reports,
        comment=run.reported,
    )


def _answer(run: WaitingRun, word: _Word, spot: int) -> AnswerEnvironment:
    return AnswerEnvironment(
        again=run.again,
        workflow_run_id=run.workflow_run_id,
        environment=run.environment,
        repository_id=run.repository_id,
        repository=run.repository,
        installation_id=run.installation_id,
        asking=spot + 1,
        is_approved=word.answer == APPROVED,
        comment=word.comment,
    )
