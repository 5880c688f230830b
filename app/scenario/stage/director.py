"""Tells each workflow run how it goes, as the scenario says of its task, leg and attempt.

The marker in a run's inputs says which attempt it is of. What a scenario does not say goes
well, after a minute, with outputs that are made up from what the task declares.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from app.core.actions import Agent, Dispatch
from app.core.commands import DispatchWorkflow, MeasureChange
from app.core.definition import TaskDefinition
from app.core.naming import definition_of
from app.core.state import Orchestration
from app.core.values import Json, LegKey, OrchestrationId, TaskName
from app.rehearsal import Outcome
from app.rehearsal.model.state import WorkflowRun
from app.scenario.invention import instance_of, made_up
from app.scenario.language import RunScript, Scenario
from app.scenario.reading.names import spellings, without_visits

MARKER_INPUT = "signalbox"
USUAL = RunScript()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One workflow that was asked for: for which task and leg, and where."""

    orchestration: OrchestrationId
    task: TaskName
    leg: LegKey
    repository: str
    workflow: str
    definition: TaskDefinition = field(repr=False)

    def is_meant(self, reference: str) -> bool:
        """Tell whether a scenario's name means this."""
        return reference in self.names

    @property
    def names(self) -> tuple[str, ...]:
        """By what names a scenario may mean it, the most exact first."""
        whole = f"{self.repository}/{self.workflow}"
        return (*spellings(self.task, self.leg), whole, self.workflow)


class Director:
    """Knows the scenario and what was asked for."""

    def __init__(self, scenario: Scenario) -> None:
        self._runs = scenario.runs
        self.sent: dict[str, Sent] = {}
        self._outcomes: dict[tuple[int, int], Outcome] = {}
        self._counts: Counter[tuple[str, str, str]] = Counter()
        self._changes: dict[tuple[str, str], RunScript] = {}

    def note(self, command: DispatchWorkflow, state: Orchestration) -> None:
        """Take down for which attempt a workflow is asked for."""
        attempt = command.attempt
        self.sent[command.marker] = Sent(
            orchestration=state.id,
            task=attempt.task,
            leg=attempt.leg,
            repository=command.repository,
            workflow=command.workflow,
            definition=definition_of(state.plan.definition, attempt.task),
        )

    def outcome(self, run: WorkflowRun, attempt: int) -> Outcome:
        """Say how one attempt of a run goes; asked again, it says the same."""
        known = self._outcomes.get((run.id, attempt))
        if known is None:
            sent = self.sent.get(str(run.inputs.get(MARKER_INPUT)))
            known = Outcome() if sent is None else _outcome(sent, self._next(sent))
            self._outcomes[run.id, attempt] = known
        return known

    def change_of(self, command: MeasureChange) -> tuple[str, ...]:
        """Say which files the branch of an agent changes."""
        attempt = command.attempt
        script = self._changes.get((attempt.task, attempt.leg), USUAL)
        return ("made-up.txt",) if script.change is None else script.change

    def _next(self, sent: Sent) -> RunScript:
        name = next((each for each in sent.names if each in self._runs), None)
        # Of a machine the attempts are counted over all visits.
        key = (sent.orchestration, without_visits(sent.task), sent.leg)
        count = self._counts[key]
        self._counts[key] += 1
        if name is None:
            return USUAL
        scripts = self._runs[name]
        script = scripts[min(count, len(scripts) - 1)]
        self._changes[sent.task, sent.leg] = script
        return script


def _outcome(sent: Sent, script: RunScript) -> Outcome:
    action = sent.definition.action
    dispatch = action.dispatch if isinstance(action, Agent) else action
    jobs, after = dict(script.jobs), script.after
    if isinstance(dispatch, Dispatch):
        for name in dispatch.require_jobs:
            jobs.setdefault(name, script.conclusion)
        if script == replace(USUAL, outputs=script.outputs, place=script.place):
            after = max(after, dispatch.min_duration or timedelta(0))
    return Outcome(
        queued=script.queued,
        duration=after,
        conclusion=script.conclusion,
        jobs=jobs,
        outputs=_outputs(sent.definition, script),
        summary=script.summary,
        is_starting=script.is_starting,
        environment=script.environment or None,
        is_deaf_to_cancel=script.is_deaf_to_cancel,
    )


def _outputs(definition: TaskDefinition, script: RunScript) -> Mapping[str, Json] | None:
    """Lay what is given over what is made up; what is given as null is not reported."""
    action = definition.action
    if script.conclusion != "success":
        return script.outputs
    invented: Mapping[str, Json] = made_up(definition.outputs)
    if isinstance(action, Agent):
        instance = instance_of(action.schema)
        invented = instance if isinstance(instance, Mapping) else {}
    if script.outputs is None:
        return invented or None
    whole = {**invented, **script.outputs}
    return {name: value for name, value in whole.items() if value is not None}
