"""What each piece of an event's way costs the processor, so that the dearest is seen.

A workflow run ends: its delivery is packed, read and routed, its end is decided, and what comes
of it is written as text; and so is GitHub's answer to the dispatch that follows. Only processor
time is counted, since what else runs on the machine must not, and of some rounds the best.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from app.core.audit import NO_DIGEST, digest_of
from app.core.commands import Command, DispatchWorkflow
from app.core.decide import decide
from app.core.events import AttemptId, Event, OrchestrationRequested
from app.core.hearing.catalogue import Catalogue, Covered, Entry, catalogue
from app.core.hearing.heard import Heard, Repository
from app.core.hearing.observing import marker_in, observed
from app.core.interests import topics_of
from app.core.listening import change_of_interests
from app.core.routing import route
from app.core.rules import Decision
from app.core.state import Orchestration, new_orchestration
from app.core.values import ONLY_LEG, OrchestrationId, RepositoryName, TaskName
from app.engine.rows import row_of
from app.github.webhooks import hear
from app.ports import NewCommand
from app.store import codec
from app.store.packing import pack
from tests.bench import letters
from tests.bench.definitions import chain
from tests.bench.figures import Figure
from tests.bench.plans import definition_of, plan_of
from tests.bench.thinking import EPOCH, carried_out

EVENTS: Final = 200
"""As many as are worked off together."""
ROUNDS: Final = 30
FIRST: Final = AttemptId(task=TaskName("task_0"), leg=ONLY_LEG, number=1)

T = TypeVar("T")


class Pieces:
    """Times each piece for all events, one after the other."""

    def __init__(self) -> None:
        self.best: dict[str, float] = {}

    def time(self, name: str, do: Callable[..., T], *given: Sequence[Any]) -> list[T]:
        """Do one piece for all events, and keep how long that took for each of them."""
        begun = time.process_time()
        done = list(map(do, *given))
        took = (time.process_time() - begun) / EVENTS
        self.best[name] = min(took, self.best.get(name, took))
        return done


async def measure(_folder: Path) -> list[Figure]:
    """Measure every piece, and their sum."""
    pieces = Pieces()
    definition = definition_of(chain(2, is_silent=True))
    new = [new_orchestration(plan_of(definition, number)) for number in range(EVENTS)]
    known = _catalogue(new[0])
    for _ in range(ROUNDS):
        _go(pieces, new, known)
    note = f"processor time without shell, of {ROUNDS} rounds of {EVENTS:,} the best"
    whole = sum(pieces.best.values()) * 1e6
    return [
        Figure(name="an event, piece by piece", value=whole, unit="µs", note=note),
        *(
            Figure(name=f"… {name}", value=took * 1e6, unit="µs")
            for name, took in pieces.best.items()
        ),
    ]


def _go(pieces: Pieces, new: Sequence[Orchestration], known: Catalogue) -> None:
    """Let the first task of each orchestration end, and the next one be accepted."""
    states, bodies = [], []
    for state in new:
        decision = decide(state, OrchestrationRequested(at=EPOCH, by="bench"))
        accepted, started, _ = carried_out(_dispatch(decision), EPOCH)
        state = decide(decide(decision.state, accepted).state, started).state
        attempt = state.tasks[FIRST.task].legs[FIRST.leg].attempt
        assert attempt.workflow_run_id is not None, "it has been accepted"
        run = (attempt.workflow_run_id, attempt.marker, "completed", "success")
        states.append(state)
        bodies.append(letters.workflow_run(*run))
    pieces.time("body packed", pack, bodies)
    heard = pieces.time("body read", lambda body: hear("workflow_run", body, "1"), bodies)
    pieces.time("delivery routed", lambda it: route(it, known, "id", None), heard)
    pieces.time("listeners named", topics_of, heard)
    ends = pieces.time("event made", _end, heard)
    decided = _decide(pieces, "the end", states, ends)
    answers = [carried_out(_dispatch(decision), EPOCH)[0] for decision in decided]
    _decide(pieces, "the answer", [decision.state for decision in decided], answers)


def _decide(
    pieces: Pieces, what: str, states: Sequence[Orchestration], events: Sequence[Event]
) -> list[Decision]:
    """Decide on an event each, and write what comes of it."""
    decided = pieces.time(f"{what} decided", decide, states, events)
    after = [decision.state for decision in decided]
    asked = [(each.state.id, command) for each in decided for command in each.commands]
    pieces.time(f"{what}: topics compared", change_of_interests, states, after)
    pieces.time(f"{what}: state written", codec.encode_state, after)
    texts = pieces.time(f"{what}: event written", codec.encode_event, events)
    pieces.time(f"{what}: entry chained", _chained, after, texts)
    rows = pieces.time(f"{what}: rows of commands made", _row, asked)
    pieces.time(f"{what}: commands written", _written, rows)
    return decided


def _end(heard: Heard) -> Event:
    assert heard.workflow_run is not None, "it is about one"
    assert marker_in(heard.workflow_run), "which we dispatched"
    event = observed(FIRST, heard.workflow_run, EPOCH)
    assert event is not None, "and which has ended"
    return event


def _dispatch(decision: Decision) -> DispatchWorkflow:
    [dispatch] = [it for it in decision.commands if isinstance(it, DispatchWorkflow)]
    return dispatch


def _chained(state: Orchestration, text: str) -> str:
    return digest_of(NO_DIGEST, state.id, state.events, text)


def _row(asked: tuple[OrchestrationId, Any]) -> NewCommand:
    return row_of(*asked, EPOCH, owner="bench", lease_until=EPOCH)


def _written(row: NewCommand) -> str:
    command: Command = row.command
    return codec.encode_command(command)


def _catalogue(state: Orchestration) -> Catalogue:
    """Make the catalogue of the one definition, which hears nothing of workflow runs."""
    repository = Repository(
        id=letters.REPOSITORY_ID,
        name=RepositoryName(letters.REPOSITORY),
        default_branch="main",
    )
    covered = Covered(repository=repository, installation_id=letters.INSTALLATION_ID)
    plan = state.plan
    return catalogue(
        [covered], [Entry(origin=plan.origin, definition=plan.definition, text=plan.text)]
    )
