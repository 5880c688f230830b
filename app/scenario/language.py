"""What a scenario says, as values. What the words mean is written in docs/rehearse.md.

Every moment is told from the start of the orchestration. Nothing here does anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from app.core.terms import Place
from app.core.values import Json, JsonObject

SOMEBODY = "mona"
"""Who acts where a scenario does not say who."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When something happens: at a time since the start, or so long after something else.

    With `once` the time counts from when that state is entered, or that task begins or asks.
    """

    time: timedelta = timedelta(0)
    once: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something that happens on GitHub: `event` is `pull_request.opened`, `push`, ...

    `payload` is laid over the one that is made up. From a `fork` comes a pull request, or
    what is pushed to one.
    """

    event: str
    by: str = SOMEBODY
    repository: str = ""
    payload: JsonObject = field(default_factory=dict)
    is_from_fork: bool = False
    when: Moment = field(default_factory=Moment)
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """What starts it: a happening, or by hand with these inputs."""

    happening: Happening
    inputs: JsonObject = field(default_factory=dict)
    starts: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunScript:
    """How one attempt at a task goes; `outputs` of `None` are made up.

    `change` is how much the branch of an agent changes.
    """

    conclusion: str = "success"
    after: timedelta = timedelta(minutes=1)
    queued: timedelta = timedelta(seconds=5)
    outputs: JsonObject | None = None
    jobs: Mapping[str, str] = field(default_factory=dict)
    summary: str = ""
    is_starting: bool = True
    is_deaf_to_cancel: bool = False
    environment: str = ""
    change: tuple[str, ...] | None = None
    place: Place | None = None


class Verb(StrEnum):
    """What people do."""

    APPROVE = "approve"
    REJECT = "reject"
    CHOOSE = "choose"
    RETRY = "retry"
    SKIP = "skip"
    CANCEL = "cancel"
    PAUSE = "pause"
    RESUME = "resume"
    ROLL_BACK = "roll-back"
    RERUN = "rerun"
    COMMAND = "command"
    FREEZE = "freeze"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What a person does: `target` is a task, perhaps with a leg, a state, or a command.

    Without a moment it is done as soon as somebody is asked for it. Through a `door`, a review
    or a comment, it is a vote that is judged; otherwise it is taken for decided.
    """

    verb: Verb
    target: str
    leg: str = ""
    wave: str = ""
    by: str = SOMEBODY
    when: Moment = field(default_factory=Moment)
    option: str = ""
    reason: str = ""
    inputs: JsonObject = field(default_factory=dict)
    until: timedelta = timedelta(0)
    is_at_a_time: bool = False
    door: str = ""
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """A span in which a calendar is closed."""

    calendar: str
    since: timedelta
    until: timedelta
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Places of a concurrency group that others have for a while."""

    group: str
    scope: str = "repository"
    places: int = 1
    since: timedelta = timedelta(0)
    until: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Trouble with the next `times` webhooks of a kind, or calls that match."""

    kind: str
    what: str
    times: int = 1
    by: timedelta = timedelta(minutes=1)
    status: int = 502
    is_done: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """How it should end; what is `None` or empty is not looked at."""

    conclusion: str = ""
    reason: str = ""
    state: str = ""
    states: tuple[str, ...] = ()
    tasks: Mapping[str, str] = field(default_factory=dict)
    why: Mapping[str, str] = field(default_factory=dict)
    dispatched: tuple[str, ...] = ()
    not_dispatched: tuple[str, ...] = ()
    took_less_than: timedelta | None = None
    took_more_than: timedelta | None = None
    outputs: JsonObject | None = None
    told: tuple[str, ...] = ()
    starts: bool = True
    places: Mapping[str, Place] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One scenario.

    `repository` is the definition's own. `files` holds what files in other repositories hold,
    `missing` names repositories and workflows that there are not, `refusing` repositories
    that do not consent; `teams` who is in which, `permissions` what people may do.
    """

    title: str = ""
    repository: str = ""
    trigger: Trigger | None = None
    runs: Mapping[str, tuple[RunScript, ...]] = field(default_factory=dict)
    people: tuple[Deed, ...] = ()
    events: tuple[Happening, ...] = ()
    closures: tuple[Closure, ...] = ()
    locks: tuple[Held, ...] = ()
    faults: tuple[Fault, ...] = ()
    files: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    refusing: tuple[str, ...] = ()
    teams: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    permissions: Mapping[str, str] = field(default_factory=dict)
    expect: Expected | None = None
