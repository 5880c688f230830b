"""A plan: a checked definition, the delivery that set it off, and the inputs filled in.

The plan of an orchestration never changes: the definition at the start is the definition
to the end. It is kept as the definition's text, so that many orchestrations share one.
"""

from dataclasses import dataclass

from app.core.copying import quickly_made
from app.core.definition import Definition
from app.core.values import AttemptId, JsonObject, OrchestrationId, RepositoryName, Sha


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a definition file stands. The repository's id is the key, its name a cache."""

    repository_id: int
    repository: RepositoryName
    installation_id: int
    path: str


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """What set an orchestration off, as expressions see it.

    `sha` is the commit that the check run stands on, in `repository`; `pull_request` the
    number of the pull request that gets the comment, if there is one. `is_fork`: it is about
    what a fork proposes, as far as that was found out beside what `event` says.
    """

    event_name: str
    event: JsonObject
    repository_id: int
    repository: RepositoryName
    installation_id: int
    actor: str
    sha: Sha
    ref: str
    pull_request: int | None = None
    is_fork: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Parent:
    """The attempt that a child orchestration is carried out for; `depth` counts from 1."""

    orchestration: OrchestrationId
    attempt: AttemptId
    depth: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What one orchestration carries out.

    `chain` names the definitions that led to it, the first one first: those of its parents,
    or of the orchestrations whose end started it (`app.core.chains`). `correlation` is the
    rendered key by which later events join it.
    """

    id: OrchestrationId
    number: int
    origin: Origin
    definition: Definition
    text: str
    cause: Cause
    inputs: JsonObject
    parent: Parent | None = None
    chain: tuple[str, ...] = ()
    correlation: str = ""

    @property
    def title(self) -> str:
        """Name the orchestration as people do: `release-train #42`."""
        return f"{self.definition.id} #{self.number}"
