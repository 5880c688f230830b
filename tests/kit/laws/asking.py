"""Laws about people: no gate opens but by enough of them, and what is shut stays shut."""

from collections.abc import Iterator
from dataclasses import replace

from app.core.actions import REJECT, Agent, Approval
from app.core.approvals.question import Question, Standing
from app.core.commands import DispatchWorkflow
from app.core.environment_commands import AnswerEnvironment
from app.core.events import ApprovalDecided, Event
from app.core.gate_events import GateId
from app.core.legs.asking import approval_at, question_at
from app.core.legs.gates import BY_TIME
from app.core.limits import PASSAGE_FRESH
from app.core.moves import OrchestrationStatus, TaskStatus
from app.core.naming import definition_of, sibling
from app.core.record import record
from app.core.rules import Decision
from app.core.rules.environments import REPORTS_MAX, calendars_of
from app.core.rules.judging import BY_RULE, verdict_at
from app.core.state import Gate, Orchestration, Vote


def check(before: Orchestration, event: Event, decision: Decision) -> None:
    """Assert the laws about people."""
    after = decision.state
    known = dict(_gates(before))
    for where, gate in _gates(after):
        was = known.get(where)
        if was is None or was.opened_at != gate.opened_at:
            continue
        if was.choice:
            assert gate.choice == was.choice, "what was decided at a gate stays decided"
        elif gate.choice not in ("", REJECT):
            _check_opening(after, where, gate, event)
    for command in decision.commands:
        if isinstance(command, DispatchWorkflow):
            _check_gates_before(after, command)
        if isinstance(command, AnswerEnvironment):
            _check_answer(after, command)
            _check_calendars(record(before, event), after, command, event)
    assert all(run.reports <= REPORTS_MAX for run in after.environments), "GitHub takes ten"


def _gates(state: Orchestration) -> Iterator[tuple[GateId, Gate]]:
    for name, task in state.tasks.items():
        action = definition_of(state.plan.definition, name).action
        for leg in task.legs.values():
            if leg.gate is not None and isinstance(action, Approval | Agent):
                yield GateId(task=name, leg=leg.key), leg.gate
        for wave, progress in task.waves.items():
            if progress.gate is not None:
                yield GateId(task=name, wave=wave), progress.gate


def _check_opening(state: Orchestration, where: GateId, gate: Gate, event: Event) -> None:
    """A gate opens by votes for this very plan, with every rule in force met and no denial."""
    if isinstance(event, ApprovalDecided) or gate.by == BY_TIME:
        # Who may choose was settled before, or the definition chooses when nobody does.
        return
    assert gate.survey is not None, "who voted is known before a gate opens"
    question = question_at(state, where, gate, event.at)
    verdict = verdict_at(state, where, replace(gate, choice=""), event.at)
    assert (verdict.standing, verdict.option) == (Standing.OPEN, gate.choice)
    assert not any(each.is_enforced for each in question.denials), "a denial keeps it shut"
    good = [
        vote for vote in gate.votes if not vote.is_withdrawn and _is_about(question, gate, vote)
    ]
    if gate.by == BY_RULE:
        assert approval_at(state, where).auto is not None, "only `auto` decides by rule"
        return
    voters = {vote.by.lower() for vote in good}
    assert {each.lower() for each in gate.by.split(", ")} <= voters, "votes for this plan"
    if not any(vote.is_break_glass for vote in good):
        wrong = [each for each in question.rules if each.error and each.is_enforced]
        assert wrong == [], "a rule that cannot be worked out opens nothing"


def _is_about(question: Question, gate: Gate, vote: Vote) -> bool:
    """Tell whether a vote is about what is asked: of elsewhere only with proof that it is."""
    if not vote.carried_from:
        return vote.digest in question.digests or vote.sha in question.shas
    proof = gate.survey.proof if gate.survey is not None else None
    carry = gate.seeking.carry
    if proof is None or carry is None or carry.code or vote.sha != proof.head:
        return False
    is_whole = proof.is_held and proof.is_alone and not proof.error
    return is_whole and (proof.is_first or carry.ahead == vote.option)


def _check_gates_before(state: Orchestration, command: DispatchWorkflow) -> None:
    """Behind a gate nothing is dispatched before somebody, or a rule, has chosen."""
    name = command.attempt.task
    definition = state.plan.definition
    for need in definition_of(definition, name).needs:
        gate_task = sibling(name, need)
        task = state.tasks[gate_task]
        action = definition_of(definition, gate_task).action
        if task.status is not TaskStatus.SUCCEEDED or not isinstance(action, Approval):
            continue
        for leg in task.legs.values():
            assert leg.gate is not None, "an approval has a gate"
            assert leg.gate.choice in action.options, "nothing passes a gate without a choice"


def _check_answer(state: Orchestration, command: AnswerEnvironment) -> None:
    """A run of others is let go by success alone, and turned away by a no alone."""
    run = state.environments[command.asking - 1]
    if run.attempt is not None:
        assert command.is_approved, "what we began ourselves we turn not away"
        return
    ends = OrchestrationStatus.SUCCEEDED, OrchestrationStatus.FAILED
    assert state.status is ends[not command.is_approved], "answered by how the whole ended"


def _check_calendars(
    recorded: Orchestration, after: Orchestration, command: AnswerEnvironment, event: Event
) -> None:
    """A run is let go only if each calendar said a moment ago that it is open."""
    spot = command.asking - 1
    run = after.environments[spot]
    wanted = calendars_of(after, run) if command.is_approved else ()
    known = recorded.environments[spot].passages if spot < len(recorded.environments) else ()
    passages = {each.calendar: each for each in known}
    for calendar in wanted:
        told = passages[calendar]
        assert told.is_open, f"{run.environment} is let go while {calendar} is closed"
        assert told.told_at is not None, f"{calendar} has not answered"
        assert event.at - told.told_at <= PASSAGE_FRESH, f"{calendar} may have closed"
    assert not run.passages, "what is answered waits for nothing"
