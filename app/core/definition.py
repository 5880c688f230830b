"""A definition: the checked content of one file in `.github/orchestrations/`, as values.

`parse` makes these from text and vouches for them: names are well formed, needs exist and
have no cycle, every expression is typed. What the words mean is written in
docs/definitions.md. Nothing here does anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Literal

from app.core.actions import Action, Approval, Dispatch, Effect
from app.core.terms import Declaration, Expression, Place, Template
from app.core.values import Json, TaskName

# --------------------------------------------------------------------------- what starts it


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """One entry of `on.schedule`: five fields of cron, in a zone, with these inputs."""

    cron: str
    timezone: str
    inputs: Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen:
    """One event that starts the orchestration, and the filters that it must pass.

    No `repositories` means the definition's own. No `types` means any: where Actions listens
    to fewer when none are named, as for pull requests, those are filled in. `workflows` are
    for `orchestration` events the ids of definitions.
    """

    event: str
    place: Place
    repositories: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()
    branches_ignore: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    tags_ignore: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    paths_ignore: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    workflows: tuple[str, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    condition: Expression | None = None


# ------------------------------------------------------------------------ how tasks go about it


class Join(StrEnum):
    """When a task may begin, by how what it needs has ended."""

    ALL = "all"
    """All of it succeeded; else the task is skipped as soon as that cannot be any more."""
    ANY = "any"
    """Any of it ended, however it ended."""
    ALL_DONE = "all-done"
    """All of it ended, however it ended."""
    NONE_FAILED = "none-failed"
    """All of it ended, and each succeeded or was skipped."""
    ONE_SUCCESS = "one-success"
    """Any of it succeeded; else, once all ended, the task is skipped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Pauses between attempts: the first, times `factor` each time, never above `max`."""

    initial: timedelta = timedelta(seconds=10)
    factor: float = 2.0
    max: timedelta = timedelta(minutes=10)
    jitter: Literal["full", "none"] = "full"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How often and when a failed attempt is followed by another.

    `max_attempts` counts the first one, too. `when` sees `last.conclusion` (GitHub's word, or
    `timed_out` for our own limits). `failed-jobs` is GitHub's own re-run of the same workflow
    run; `all` dispatches anew.
    """

    max_attempts: int
    when: Expression | None = None
    backoff: Backoff = field(default_factory=Backoff)
    scope: Literal["failed-jobs", "all"] = "all"


class Handling(StrEnum):
    """What follows from a failure or a warning."""

    FAIL = "fail"
    CONTINUE = "continue"
    """It is shown, and counts as a success for what needs it."""
    ASK = "ask"
    """People choose between retry, skip with a reason, and fail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OnTimeout:
    """What follows when a task takes too long; `choose` answers an approval."""

    then: Literal["fail", "skip", "choose"] = "fail"
    choose: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """Whom to tell when a task or state has not ended after some time."""

    after: timedelta
    notify: str
    via: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Concurrency:
    """A place in a group, which has `limit` of them.

    `latest` keeps only the newest of those that wait. `priority` renders to an integer: the
    higher goes first, among equals whoever came first. `cancel_in_progress` cancels whoever
    has a place.
    """

    group: Template
    scope: Literal["repository", "organization"] = "repository"
    limit: int = 1
    queue: Literal["all", "latest"] = "all"
    priority: Template
    cancel_in_progress: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Compensation:
    """What undoes a task that succeeded, when the whole fails or is cancelled later."""

    action: Effect
    timeout: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """Some legs of a matrix, together, and how long they must hold before the next.

    A leg belongs to the first wave whose `condition` holds for it, or that its place falls
    under by `percent` of all legs. `approval` is asked before the wave begins.
    """

    name: str
    place: Place
    condition: Expression | None = None
    percent: int | None = None
    bake: timedelta = timedelta(0)
    max_failures: int = 0
    max_parallel: int | None = None
    approval: Approval | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BakeCheck:
    """A workflow that is run for each leg of a wave again and again while the wave bakes."""

    action: Dispatch
    every: timedelta
    pass_when: Expression
    outputs: Mapping[str, Declaration]
    timeout: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveRollback:
    """What is dispatched for each succeeded leg of a wave, or of all, when a wave fails."""

    scope: Literal["wave", "all"]
    action: Dispatch
    timeout: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """One task in many legs: each dimension renders to a list of values."""

    matrix: Mapping[str, Template]
    include: tuple[Template, ...] = ()
    exclude: tuple[Template, ...] = ()
    max_parallel: int | None = None
    fail_fast: bool = True
    waves: tuple[Wave, ...] = ()
    bake_check: BakeCheck | None = None
    rollback: WaveRollback | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDefinition:
    """One node of the graph: an action, and when and how it is carried out."""

    name: TaskName
    place: Place
    action: Action
    needs: tuple[TaskName, ...] = ()
    join: Join = Join.ALL
    condition: Expression | None = None
    strategy: Strategy | None = None
    outputs: Mapping[str, Declaration]
    timeout: timedelta
    queue_timeout: timedelta | None = None
    on_timeout: OnTimeout = field(default_factory=OnTimeout)
    on_failure: Handling = Handling.FAIL
    on_warning: Handling = Handling.CONTINUE
    continue_on_error: Template
    retry: Retry | None = None
    compensate: Compensation | None = None
    escalate: tuple[Escalation, ...] = ()
    concurrency: Concurrency | None = None


# ------------------------------------------------------------------------------ state machines


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One way out of a state: on what, under which condition, what is set, and where to.

    `on` is a GitHub event with its action, `tasks.succeeded`, `tasks.failed`,
    `approval.<option>` (`approval.approved` and `.rejected` for the default options),
    `wait.elapsed`, `timeout` or `command.<name>`.
    """

    on: str
    place: Place
    when: Expression | None = None
    set: Mapping[str, Expression]
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StateDefinition:
    """One state of a machine.

    A state with an `approval` or a `wait` has it as its one task, of that name. One without
    tasks waits for what its transitions name. A final one has a `conclusion`.
    """

    name: str
    place: Place
    tasks: Mapping[TaskName, TaskDefinition]
    transitions: tuple[Transition, ...] = ()
    timeout: timedelta | None = None
    max_visits: int | None = None
    on_max_visits: str = ""
    escalate: tuple[Escalation, ...] = ()
    concurrency: Concurrency | None = None
    conclusion: Literal["", "success", "failure", "cancelled", "neutral"] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineDefinition:
    """States and where to begin; `data` is what transitions may set."""

    initial: str
    data: Mapping[str, Declaration]
    states: Mapping[str, StateDefinition]


# ---------------------------------------------------------------------------------- the whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """Whom to tell, once, when a condition over `orchestration` comes to hold."""

    when: Expression
    notify: str
    via: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportTo:
    """Where people read how it goes: the commit's check, a comment, an issue."""

    check: bool = True
    comment: Literal["changed", "always", "never"] = "changed"
    issue: Template | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One checked file. `id` is the file's stem; `digest` is the SHA-256 of its text.

    It has `tasks` or a `machine`. `freeze` names calendars that must be open for a dispatch.
    """

    id: str
    name: str
    on: tuple[Listen, ...]
    inputs: Mapping[str, Declaration]
    tasks: Mapping[TaskName, TaskDefinition]
    machine: MachineDefinition | None = None
    correlate: Template | None = None
    concurrency: Concurrency | None = None
    freeze: tuple[str, ...] = ()
    outputs: Mapping[str, Template] = field(default_factory=dict)
    alerts: tuple[Alert, ...] = ()
    timeout: timedelta
    report_to: ReportTo
    digest: str
