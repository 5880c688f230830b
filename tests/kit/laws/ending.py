"""Laws about ends: nothing is left running, all is given back, and the end is told once."""

from app.core.actions import Agent, Approval
from app.core.commands import (
    AskCalendar,
    LeaveSeat,
    RemoveTag,
    TellEnd,
    TellQueue,
    WriteCheck,
    WriteComment,
    WriteIssue,
)
from app.core.environment_commands import AnswerEnvironment, ReportEnvironment
from app.core.gate_commands import SurveyGate
from app.core.legs.dispatching import Asked
from app.core.moves import LegStatus, OrchestrationStatus, TaskStatus
from app.core.naming import definition_of, is_following, waiting_run_of
from app.core.rules import Decision
from app.core.rules.whole import CONCLUSIONS
from app.core.state import Orchestration
from app.core.typed_values import check_value
from app.core.values import TaskName

_O = OrchestrationStatus
WRITES = WriteCheck | WriteComment | WriteIssue
LAST = TellEnd | LeaveSeat | RemoveTag | SurveyGate | TellQueue
"""A late vote may still have asked who it is from; a gate tells that it ended."""


def check(before: Orchestration, decision: Decision) -> None:
    """Assert the laws about ends."""
    after = decision.state
    for name, task in after.tasks.items():
        if task is before.tasks.get(name):
            continue
        if task.has_ended:
            assert all(leg.has_ended for leg in task.legs.values()), "nothing is left running"
            assert task.timer is None, "what has ended has no timer"
            assert task.ended_at is not None, "an end has a time"
            assert task.skip is None, "a wish to skip ends with the task"
        _check_outputs(after, name)
    told = [each for each in decision.commands if isinstance(each, TellEnd)]
    # What somebody wants tried again may end in the same breath.
    if after.has_ended and (told or not before.has_ended):
        _check_end(decision, told)
    elif after.has_ended:
        assert all(_is_last_word(each) for each in decision.commands), "it is over"
    else:
        assert not told, "no end is told of what goes on"
        assert not _is_over(after), "the whole ends with its last task"
    writes = [each for each in decision.commands if isinstance(each, WriteCheck | WriteComment)]
    assert not writes or after.plan.cause.sha or after.plan.cause.pull_request is not None


def _is_last_word(command: Asked) -> bool:
    """Tell whether it is about people, or about a run that may wait longer than the whole."""
    if isinstance(command, AskCalendar):
        return waiting_run_of(command.holder) is not None
    return isinstance(command, AnswerEnvironment | ReportEnvironment | WRITES)


def _is_over(after: Orchestration) -> bool:
    if after.status in (_O.REQUESTED, _O.BLOCKED) or after.machine is not None:
        return False
    return after.plan.definition.machine is None and all(
        task.has_ended for task in after.tasks.values()
    )


def _check_end(decision: Decision, told: list[TellEnd]) -> None:
    after = decision.state
    assert all(task.has_ended for task in after.tasks.values()), "nothing is left running"
    last = [each for each in decision.commands if not _is_last_word(each)]
    assert all(isinstance(each, LAST) for each in last), "it is over"
    assert not after.seats, "every place is given back"
    assert not after.passages, "nobody waits for a calendar any more"
    assert after.timer is None
    assert after.ended_at is not None
    assert after.paused is None, "what has ended is not paused"
    assert len(told) == 1, "the end is told once"
    assert told[0].outputs == after.outputs
    assert told[0].conclusion.value == after.conclusion
    if after.plan.definition.machine is not None:
        return
    assert told[0].conclusion is CONCLUSIONS[after.status], "the end is told as it is"
    bad = [
        name
        for name, task in after.tasks.items()
        if not is_following(name) and not task.is_passed and task.status is not _SKIPPED
    ]
    assert after.status is not _O.SUCCEEDED or not bad, f"{bad} did not end well"


_SKIPPED = TaskStatus.SKIPPED


def _check_outputs(after: Orchestration, name: TaskName) -> None:
    """What ended well has the outputs that were declared, of the declared types."""
    definition = definition_of(after.plan.definition, name)
    if isinstance(definition.action, Agent | Approval):
        return
    declared = definition.outputs
    for leg in after.tasks[name].legs.values():
        if leg.status is not LegStatus.SUCCEEDED:
            continue
        assert leg.outputs.keys() <= declared.keys(), "only what is declared is kept"
        for output, declaration in declared.items():
            if output in leg.outputs:
                assert check_value(declaration, leg.outputs[output]) is None, output
            else:
                assert not declaration.required, f"{output} is required"
