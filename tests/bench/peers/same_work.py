"""What one event asks of whoever handles it: all but the database and the engine.

`end_to_end` gives Signalbox a delivery that says a workflow run has ended. It is read; whose
it is stands in a table; the state of that orchestration is read, what has happened is decided
on, and state, journal and command are saved together. The command is carried, which takes a
millisecond, and its outcome is decided on and saved in the same way. Peers get the same to
do, as their documentation recommends, with these functions in place of our engine's.

What they are spared: our look for definitions and listeners that the delivery may concern,
the chain of digests in the journal, and our leases. A plan never changes, and is in memory
for them as it is for us.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final, LiteralString, TypeAlias

from app.clock import SystemClock
from app.core.commands import DispatchWorkflow
from app.core.decide import decide
from app.core.events import AttemptId, DispatchAccepted, Event, OrchestrationRequested
from app.core.hearing.heard import WorkflowRunFacts
from app.core.hearing.observing import observed
from app.core.plan import Plan
from app.core.rules import Decision
from app.core.state import new_orchestration
from app.core.values import LegKey, TaskName
from app.github.webhooks import hear
from app.store import codec
from tests.bench.definitions import chain
from tests.bench.letters import workflow_run
from tests.bench.plans import definition_of, plan_of

FIRST_RUN: Final = 1_000_000
EFFECT_SECONDS: Final = 0.001
TABLES: Final = """
CREATE TABLE states (id text PRIMARY KEY, version int NOT NULL, state text NOT NULL);
CREATE TABLE journal (
  orchestration_id text, seq int, event text NOT NULL, PRIMARY KEY (orchestration_id, seq));
CREATE TABLE commands (
  orchestration_id text, key text, command text NOT NULL, is_done bool NOT NULL,
  PRIMARY KEY (orchestration_id, key));
CREATE TABLE attempts (
  marker text PRIMARY KEY, orchestration_id text NOT NULL, task text NOT NULL,
  leg text NOT NULL, number int NOT NULL, workflow_run_id bigint);
CREATE INDEX ON attempts (workflow_run_id);
"""
FIND: Final = (
    "SELECT orchestration_id, task, leg, number, marker FROM attempts"
    " WHERE workflow_run_id = %(run)s"
)
LOAD: Final = "SELECT state FROM states WHERE id = %(id)s FOR UPDATE"
"""One writer at a time: whoever reads a state to change it has its row until the commit."""
LEFT: Final = """
SELECT (SELECT count(*) FROM states WHERE version <> 3) AS states,
  (SELECT count(*) FROM commands WHERE starts_with(key, 'dispatch') AND NOT is_done) AS commands
"""
"""Counts what is left to do: each state is decided on twice, each dispatch carried."""
_PREPARE: Final = "INSERT INTO states VALUES (%(id)s, 1, %(state)s)"
_SAVE: Final = "UPDATE states SET version = version + 1, state = %(state)s WHERE id = %(id)s"
_NOTE: Final = "INSERT INTO journal VALUES (%(id)s, %(seq)s, %(event)s)"
_ASK: Final = (
    "INSERT INTO commands VALUES (%(id)s, %(key)s, %(command)s, false)"
    " ON CONFLICT (orchestration_id, key) DO NOTHING"
)
_DISPATCH: Final = (
    "INSERT INTO attempts VALUES (%(marker)s, %(id)s, %(task)s, %(leg)s, %(number)s, %(run)s)"
)
_CARRIED: Final = (
    "UPDATE commands SET is_done = true WHERE orchestration_id = %(id)s AND key = %(key)s"
)
_CLAIM: Final = "UPDATE attempts SET workflow_run_id = %(run)s WHERE marker = %(marker)s"
Statement: TypeAlias = tuple[LiteralString, Mapping[str, object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Whose a workflow run is, as it stands in a row of `attempts`."""

    orchestration_id: str
    task: str
    leg: str
    number: int
    marker: str

    @property
    def id(self) -> AttemptId:
        """Name it as events do."""
        return AttemptId(task=TaskName(self.task), leg=LegKey(self.leg), number=self.number)

    def row(self) -> dict[str, object]:
        """Return it as what an engine can keep."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What is to be saved in one transaction, and what is to be dispatched then."""

    statements: Sequence[Statement]
    dispatch: Attempt | None = None


class Work:
    """So many orchestrations whose first task runs, and what is thought about each event."""

    def __init__(self, count: int) -> None:
        definition = definition_of(chain(2, is_silent=True))
        plans = [plan_of(definition, number) for number in range(count)]
        self._plans: Mapping[str, Plan] = {plan.id: plan for plan in plans}
        self._clock = SystemClock()
        self.ids = [plan.id for plan in plans]
        self.bodies: list[str] = []
        statements: list[Statement] = []
        for plan in plans:
            statements += self._prepared(plan, FIRST_RUN + plan.number)
        self.prepared = Decided(statements=statements)

    def read(self, body: str) -> WorkflowRunFacts:
        """Read a delivery, as our intake does."""
        facts = hear("workflow_run", body.encode()).workflow_run
        assert facts is not None, "it is of a workflow run"
        return facts

    def ended(self, attempt: Attempt, state: str, facts: WorkflowRunFacts) -> Decided:
        """Decide what follows from the end of a workflow run: the next dispatch."""
        event = observed(attempt.id, facts, self._clock.now())
        assert event is not None, "its status is known"
        decision = self._decide(attempt, state, event)
        (command,) = _dispatches(decision)
        dispatch = _attempt(attempt.orchestration_id, command)
        statements = [*_saving(decision, event), _noting(dispatch, None)]
        return Decided(statements=statements, dispatch=dispatch)

    def accepted(self, attempt: Attempt, state: str, run: int) -> Decided:
        """Decide what follows from GitHub's taking of a dispatch."""
        event = DispatchAccepted(
            at=self._clock.now(), attempt=attempt.id, workflow_run_id=run, url=""
        )
        decision = self._decide(attempt, state, event)
        key = {"id": attempt.orchestration_id, "key": f"dispatch/{attempt.id}"}
        claimed = {"run": run, "marker": attempt.marker}
        return Decided(
            statements=[*_saving(decision, event), (_CARRIED, key), (_CLAIM, claimed)]
        )

    def _decide(self, attempt: Attempt, text: str, event: Event) -> Decision:
        state = codec.decode_state(text, self._plans[attempt.orchestration_id])
        return decide(state, event)

    def _prepared(self, plan: Plan, run: int) -> list[Statement]:
        begun = decide(
            new_orchestration(plan), OrchestrationRequested(at=self._clock.now(), by="mona")
        )
        (command,) = _dispatches(begun)
        taken = DispatchAccepted(
            at=self._clock.now(), attempt=command.attempt, workflow_run_id=run, url=""
        )
        state = codec.encode_state(decide(begun.state, taken).state)
        body = workflow_run(run, command.marker, "completed", "success")
        self.bodies.append(body.decode())
        return [
            (_PREPARE, {"id": plan.id, "state": state}),
            _noting(_attempt(plan.id, command), run),
        ]


def _saving(decision: Decision, event: Event) -> list[Statement]:
    state = decision.state
    asked = [
        (_ASK, {"id": state.id, "key": each.key, "command": codec.encode_command(each)})
        for each in decision.commands
    ]
    text = codec.encode_event(event)
    return [
        (_SAVE, {"id": state.id, "state": codec.encode_state(state)}),
        (_NOTE, {"id": state.id, "seq": state.events, "event": text}),
        *asked,
    ]


def _noting(attempt: Attempt, run: int | None) -> Statement:
    values = {
        "marker": attempt.marker,
        "id": attempt.orchestration_id,
        "task": attempt.task,
        "leg": attempt.leg,
        "number": attempt.number,
        "run": run,
    }
    return _DISPATCH, values


def _attempt(id_: str, command: DispatchWorkflow) -> Attempt:
    of = command.attempt
    return Attempt(
        orchestration_id=id_, task=of.task, leg=of.leg, number=of.number, marker=command.marker
    )


def _dispatches(decision: Decision) -> list[DispatchWorkflow]:
    return [each for each in decision.commands if isinstance(each, DispatchWorkflow)]
