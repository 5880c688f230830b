"""The core alone against a world that loses, doubles, delays and dies.

A shell of a few lines stands in for engine and courier, so that hundreds of orchestrations
take seconds. It keeps their promises: a command is done at least once, its outcome is taken
in once, and a dispatch that may have been made is looked for before it is made again.
"""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heappop, heappush
from typing import Final

from app.core.commands import (
    CancelWorkflowRun,
    DispatchWorkflow,
    ListJobs,
    LookUpWorkflowRun,
    Message,
    OrchestrationCommand,
    PerformOperation,
    RerunWorkflowRun,
    SetTimer,
)
from app.core.decide import decide
from app.core.events import (
    AttemptId,
    DispatchAccepted,
    DispatchRefused,
    Event,
    JobsListed,
    OperationPerformed,
    OrchestrationRequested,
    OutputsReported,
    RerunAccepted,
    TimerElapsed,
    WorkflowRunMissed,
    WorkflowRunObserved,
)
from app.core.legs.wanted import is_wanted, look_up_instead
from app.core.plan import Plan
from app.core.state import Orchestration, new_orchestration
from tests.kit import laws
from tests.kit.build import START
from tests.kit.graphs import random_plan
from tests.kit.machines import random_machine
from tests.kit.world import Fact, Run, Seen, Told, World
from tests.simulation.neighbours import Neighbours
from tests.simulation.people import People
from tests.simulation.truth import check_beginnings, check_truth

LEASE: Final = timedelta(seconds=60)
STEPS_MAX: Final = 20_000
"""The longest of a hundred thousand orchestrations took a tenth of it."""


@dataclass(slots=True)
class Row:
    """A command that is to be done."""

    command: OrchestrationCommand
    due: datetime
    tries: int = 0
    is_done: bool = False


class CoreAlone:
    """One orchestration in its world."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.trouble = self.dice.choice((0.0, 0.05, 0.2))
        self.world = World(self.dice, START)
        self.state: Orchestration = new_orchestration(self._plan())
        self.neighbours = Neighbours(self.dice, self.world, self.state.id)
        self.people = People(self.dice, self.world, self.state.plan.cause)
        self.journal: list[Event] = []
        self.rows: dict[str, Row] = {}
        self.parked: dict[int, list[Fact]] = {}
        self.events_heard = 0
        self._agenda: list[tuple[datetime, int, Row | Fact]] = []
        self._count = 0

    def _plan(self) -> Plan:
        pick = self.dice.randint
        return random_machine(pick) if self.dice.random() < 0.2 else random_plan(pick)

    def run(self) -> None:
        """Run to the end, then let the world come to rest, and compare."""
        self.people.plan(self.state)
        self.hear(OrchestrationRequested(at=START, by="mona"))
        for _ in range(STEPS_MAX):
            if not self.step():
                break
        assert self.state.has_ended, "every orchestration ends"
        self.check_replay()
        check_truth(self.state, self.world, self.neighbours)

    def step(self) -> bool:
        """Let the next thing happen, whichever is due first. False when nothing is left."""
        self._send()
        due = self._agenda[0][0] if self._agenda else None
        world_due = self.world.next_due
        if world_due is not None and (due is None or world_due <= due):
            self.world.proceed()
            self._listen()
        elif self._agenda:
            due, _, item = heappop(self._agenda)
            self.world.now = max(self.world.now, due)
            self._carry(item) if isinstance(item, Row) else self._deliver(item)
        else:
            return False
        return True

    def hear(self, event: Event) -> None:
        """Decide about one event, and about whatever neighbours answer at once."""
        self._decide(event)
        while self.neighbours.told:
            self._decide(self.neighbours.told.pop(0))
        self.people.look(self.state)

    def _listen(self) -> None:
        """Hear what people and neighbours said by themselves."""
        said, self.people.said = self.people.said, []
        told, self.neighbours.told = self.neighbours.told, []
        for event in (*said, *told):
            self.hear(event)

    def _decide(self, event: Event) -> None:
        """Decide about one event, with every law checked, and keep what follows."""
        before = self.state
        decision = decide(before, event)
        laws.check(before, event, decision)
        self.events_heard += 1
        if decision.state is before:
            return
        self.journal.append(event)
        self.state = decision.state
        check_beginnings(decision, self.neighbours)
        for command in decision.commands:
            if isinstance(command, Message):
                self.neighbours.say(command)
            elif command.key not in self.rows:
                due = command.due if isinstance(command, SetTimer) else event.at
                self.rows[command.key] = row = Row(command, due)
                self._at(due, row)

    def check_replay(self) -> None:
        """The journal tells how the state came to be."""
        state = new_orchestration(self.state.plan)
        for event in self.journal:
            state = decide(state, event).state
        assert state == self.state, "the journal replayed is the state"
        assert state.events == len(self.journal)

    # What is told, on its troubled way.

    def _send(self) -> None:
        facts, self.world.outbox[:] = self.world.outbox[:], []
        for fact in facts:
            chance = self.dice.random()
            delay = timedelta(seconds=self.dice.choice((1, 7, 90, 3_000)))
            # A report is answered before its run goes on: it comes in time, or again.
            if isinstance(fact, Told):
                self._deliver(fact)
                if chance < self.trouble:
                    self._at(self.world.now + delay, fact)
            elif chance < self.trouble:
                continue
            elif chance < 3 * self.trouble:
                self._at(self.world.now + delay, fact)
            else:
                self._at(self.world.now, fact)
                if chance < 4 * self.trouble:
                    self._at(self.world.now + delay, fact)

    def _deliver(self, fact: Fact) -> None:
        attempt = self._attempt_of(fact)
        if attempt is None:
            self.parked.setdefault(fact.run, []).append(fact)
            return
        if isinstance(fact, Seen):
            self.hear(observed(attempt, fact, self.world.now))
        else:
            self.hear(
                OutputsReported(
                    at=self.world.now,
                    attempt=attempt,
                    run_attempt=fact.run_attempt,
                    outputs=fact.outputs,
                    summary="",
                )
            )
        self._unpark()

    def _unpark(self) -> None:
        for run in list(self.parked):
            if any(run == each for _, each in self._known_runs()):
                for fact in self.parked.pop(run):
                    self._at(self.world.now, fact)

    def _known_runs(self) -> list[tuple[AttemptId, int]]:
        return [
            (AttemptId(task=name, leg=key, number=attempt.number), attempt.workflow_run_id)
            for name, task in self.state.tasks.items()
            for key, leg in task.legs.items()
            for attempt in leg.attempts
            if attempt.workflow_run_id is not None
        ]

    def _attempt_of(self, fact: Fact) -> AttemptId | None:
        for attempt, run in self._known_runs():
            if run == fact.run:
                return attempt
        marker = fact.marker if isinstance(fact, Seen) else None
        for name, task in self.state.tasks.items():
            for key, leg in task.legs.items():
                for attempt in leg.attempts:
                    if attempt.marker == marker:
                        return AttemptId(task=name, leg=key, number=attempt.number)
        return None

    # What is done, with death before and after each deed.

    def _carry(self, row: Row) -> None:
        if row.is_done:
            return
        row.tries += 1
        if self.dice.random() < self.trouble:
            self._at(self.world.now + LEASE, row)  # Died before the deed.
            return
        events = self._deed(row)
        if events is None or self.dice.random() < self.trouble:
            self._at(self.world.now + LEASE, row)  # Not done, or died after the deed.
            return
        row.is_done = True
        for event in events:
            self.hear(event)
        self._unpark()

    def _deed(self, row: Row) -> list[Event] | None:
        """Do what a command says. None means that it is not known to be done."""
        command, now = row.command, self.world.now
        if isinstance(command, SetTimer):
            return [TimerElapsed(at=now, task=command.task)]
        if self.dice.random() < self.trouble:
            return None
        match command:
            case DispatchWorkflow():
                return self._dispatch(command, row.tries)
            case LookUpWorkflowRun():
                return self._look_up(command)
            case RerunWorkflowRun():
                return self._rerun(command)
            case PerformOperation():
                return self._perform(command)
            case ListJobs():
                run = self.world.runs[command.workflow_run_id]
                jobs, run_attempt = run.jobs, command.run_attempt
                where = command.attempt
                return [JobsListed(at=now, attempt=where, run_attempt=run_attempt, jobs=jobs)]
            case CancelWorkflowRun():
                run = self.world.runs[command.workflow_run_id]
                if run.conclusion is not None:
                    return [observed(command.attempt, run.seen, now)]
                self.world.cancel(run, force=command.force)
                return []
            case _:
                return []

    def _dispatch(self, command: DispatchWorkflow, tries: int) -> list[Event] | None:
        now, where = self.world.now, command.attempt
        run = self.world.find(command.marker) if tries > 1 else None
        if not is_wanted(self.state, command):
            instead = look_up_instead(self.state, command) if tries > 1 else None
            if instead is not None and run is not None:
                return self._look_up(instead)
            return [DispatchRefused(at=now, attempt=where, code="withdrawn", message="")]
        if run is not None:
            return [observed(where, run.seen, now)]
        chance = self.dice.random()
        if chance < self.trouble / 2:
            return [DispatchRefused(at=now, attempt=where, code="not-found", message="")]
        run = self.world.dispatch(command.marker)
        if chance < self.trouble:
            return None  # It was done, and the answer was lost.
        id_ = run.id if self.dice.random() < 0.7 else None
        return [DispatchAccepted(at=now, attempt=where, workflow_run_id=id_, url="")]

    def _rerun(self, command: RerunWorkflowRun) -> list[Event] | None:
        now, where = self.world.now, command.attempt
        run = self.world.runs[command.workflow_run_id]
        if run.attempt > command.run_attempt:
            return [observed(where, run.seen, now)]
        chance = self.dice.random()
        if not is_wanted(self.state, command) or chance < self.trouble / 2:
            return [DispatchRefused(at=now, attempt=where, code="withdrawn", message="")]
        self.world.rerun(run)
        if chance < self.trouble:
            return None  # It was done, and the answer was lost.
        return [RerunAccepted(at=now, attempt=where)]

    def _perform(self, command: PerformOperation) -> list[Event] | None:
        now, where, marker = self.world.now, command.attempt, command.marker
        if marker not in self.world.operations:
            chance = self.dice.random()
            if chance < self.trouble / 2:
                return [DispatchRefused(at=now, attempt=where, code="not-found", message="")]
            self.world.operations[marker] += 1
            if chance < self.trouble:
                return None
        return [OperationPerformed(at=now, attempt=where, outputs={"number": 7}, url="")]

    def _look_up(self, command: LookUpWorkflowRun) -> list[Event]:
        if command.workflow_run_id is None:
            run: Run | None = self.world.find(command.marker)
        else:
            run = self.world.runs[command.workflow_run_id]
        if run is None:
            return [WorkflowRunMissed(at=self.world.now, attempt=command.attempt)]
        return [observed(command.attempt, run.seen, self.world.now)]

    def _at(self, due: datetime, item: Row | Fact) -> None:
        self._count += 1
        heappush(self._agenda, (due, self._count, item))


def observed(attempt: AttemptId, seen: Seen, now: datetime) -> WorkflowRunObserved:
    """Say that a workflow run was seen."""
    return WorkflowRunObserved(
        at=now,
        attempt=attempt,
        workflow_run_id=seen.run,
        run_attempt=seen.run_attempt,
        status=seen.status,
        conclusion=seen.conclusion,
        head_sha=seen.sha,
        url="",
    )
