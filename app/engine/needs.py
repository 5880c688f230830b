"""What a round of letters needs at hand: gathered, and loaded, before any of them is read."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias, assert_never

from app.core.commands import FindVotes, MakeReport, TellQueue
from app.core.interests import Interest, searched, waiting
from app.core.plan import Plan
from app.core.state import Orchestration
from app.core.values import OrchestrationId
from app.engine.letters import (
    Begin,
    Letter,
    Overheard,
    Released,
    ToEngine,
    ToGates,
    ToNewcomers,
    ToOrchestration,
    ToShared,
)
from app.engine.relations import children_before
from app.ports import Correlation, Saved

StateOf: TypeAlias = Callable[[OrchestrationId], Orchestration | None]


class Load(Protocol):
    """Loads orchestrations, those that are remembered without asking the store."""

    async def __call__(
        self, ids: Collection[OrchestrationId]
    ) -> Mapping[OrchestrationId, Saved]: ...


@dataclass(slots=True)
class Needs:
    """What letters concern. `places` are definitions whose last number is asked for."""

    orchestrations: set[OrchestrationId] = field(default_factory=set)
    subjects: set[str] = field(default_factory=set)
    places: set[tuple[int, str]] = field(default_factory=set)
    keys: set[Correlation] = field(default_factory=set)
    released: set[OrchestrationId] = field(default_factory=set)
    reporting: set[OrchestrationId] = field(default_factory=set)
    topics: set[Interest] = field(default_factory=set)

    @property
    def are_wide(self) -> bool:
        """Whether they are looked up by anything else than an orchestration's id."""
        return bool(
            self.subjects
            or self.places
            or self.keys
            or self.released
            or self.reporting
            or self.topics
        )


def needs_of(letters: Iterable[Letter], state_of: StateOf) -> Needs:
    """Gather what these letters concern."""
    needs = Needs()
    for letter in letters:
        match letter:
            case ToOrchestration() | Overheard() | ToGates():
                needs.orchestrations.add(letter.id)
            case Begin():
                _beginning(letter, needs, state_of)
            case ToShared():
                needs.subjects.add(letter.subject)
            case ToEngine(message=MakeReport()):
                needs.reporting.add(letter.id)
            case ToEngine(message=FindVotes() as message):
                needs.topics.update(searched(message))
            case ToEngine(message=TellQueue() as message):
                needs.topics.update(waiting(message))
            case Released():
                needs.released.add(letter.id)
            case ToEngine() | ToNewcomers():
                continue
            case _:
                assert_never(letter)
    return needs


def _beginning(letter: Begin, needs: Needs, state_of: StateOf) -> None:
    plan, place = letter.plan, place_of(letter.plan)
    needs.orchestrations.add(plan.id)
    needs.places.add(place)
    if plan.correlation:
        needs.keys.add((*place, plan.correlation))
    if plan.parent is not None:
        needs.orchestrations.update(children_before(plan.parent, state_of))


def place_of(plan: Plan) -> tuple[int, str]:
    """Name a definition, of which orchestrations are numbered."""
    return plan.origin.repository_id, plan.definition.id
