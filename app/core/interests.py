"""What live orchestrations listen to, so that a delivery touches only those that it concerns.

A machine listens to the GitHub events that the transitions of its state name, a wait to the
one that it waits for; both only in the repository of what started the whole. Of a pull
request's events only those of its own pull request are meant, where a pull request started it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from app.core.actions import Agent, Approval, Wait
from app.core.definition import Definition
from app.core.doorways.words import number_of
from app.core.hearing.heard import Heard
from app.core.hearing.queue import queued_in
from app.core.known import DEFINITIONS_MAX, Known, all_tasks
from app.core.legs.asking import gates_of
from app.core.legs.context import cause_of
from app.core.machine.happening import is_heard
from app.core.moves import LegStatus, OrchestrationStatus
from app.core.naming import definition_of
from app.core.plan import Cause
from app.core.planning import correlation_of
from app.core.queue_commands import FindVotes, TellQueue
from app.core.state import Orchestration
from app.core.telling.report_issue import report_issue

COMMAND = "command."
SAID, COMMIT, REFERENCE = "(said)", "(commit) ", "(reference) "
"""No events of GitHub's: what is said of a pull request, an issue or a commit, and by what."""
QUEUED, BEHIND = "(queued)", "(behind) "
"""What merge groups listen to: the gates of a pull request, and of the group before them."""
OF_PULL_REQUESTS = ("pull_request", "issue_comment")
TOPICS_MAX = 4_096
"""Of so many kinds of deliveries, mostly the same few, it is remembered who may hear them."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Interest:
    """An event (`event.action`, or `event` for any action) of one repository.

    `number` is the pull request that is meant; 0 means whatever it is about.
    """

    event: str
    repository_id: int
    number: int = 0


def interests(state: Orchestration) -> frozenset[Interest]:
    """Return what an orchestration listens to now.

    GitHub's events only while it is running; what people say about it for as long as it is
    kept, since they may want it tried again.
    """
    spoken_of = frozenset(_places(state))
    if state.status is not OrchestrationStatus.RUNNING:
        return spoken_of
    cause = state.plan.cause
    queued = queued_in(cause)
    if queued is not None:
        # Votes are given on the pull request, and what stands before it must have them, too.
        spoken_of |= {
            queued_on(cause.repository_id, queued.number),
            behind(cause.repository_id, queued.base),
        }
    return spoken_of | frozenset(
        Interest(
            event=name,
            repository_id=cause.repository_id,
            number=(cause.pull_request or 0) if name.startswith(OF_PULL_REQUESTS) else 0,
        )
        for name in _listened(state)
    )


def hangs_on_tasks(definition: Definition) -> bool:
    """Tell whether how the tasks stand says what one listens to: waits, gates, an issue."""
    known = Known(definition)
    return definition.report_to.issue is not None or _may_wait(known) or _may_ask(known)


def concerns(state: Orchestration, heard_name: str, cause: Cause) -> bool:
    """Tell whether an orchestration listens to what was heard, from where it was heard.

    What has a correlation of its own, and another one, is about something else.
    """
    key, _ = correlation_of(state.plan.definition, cause)
    if key and state.plan.correlation not in ("", key):
        return False
    names = (heard_name, heard_name.partition(".")[0])
    number = cause.pull_request or 0
    return any(
        interest.event in names
        and interest.repository_id == cause.repository_id
        and interest.number in (0, number)
        for interest in interests(state)
    )


def topics_of(heard: Heard) -> tuple[Interest, ...]:
    """Return all that one may listen to in order to hear of a delivery.

    Of a pull request from a fork only those hear that it started: nobody else may be led on
    by what a stranger proposes.
    """
    if heard.repository is None:
        return ()
    # A comment is about a pull request, too, though its payload holds none.
    pull_request, number = heard.pull_request, heard.subject.pull_request
    numbers = [0] if number is None else [0, number]
    if pull_request is not None and pull_request.is_fork:
        numbers = [pull_request.number]
    return _topics(heard.event, name_of(heard), heard.repository.id, tuple(numbers))


@lru_cache(maxsize=TOPICS_MAX)
def _topics(
    event: str, name: str, repository_id: int, numbers: tuple[int, ...]
) -> tuple[Interest, ...]:
    return tuple(
        Interest(event=each, repository_id=repository_id, number=number)
        for each in sorted({event, name})
        for number in numbers
    )


def name_of(heard: Heard) -> str:
    """Name a delivery as transitions and waits do: `event.action`, or `event`."""
    return f"{heard.event}.{heard.action}" if heard.action else heard.event


def said_on(repository_id: int, number: int) -> Interest:
    """Name what is said on a pull request or an issue."""
    return Interest(event=SAID, repository_id=repository_id, number=number)


def said_about(repository_id: int, sha: str) -> Interest:
    """Name what is said about a commit."""
    return Interest(event=f"{COMMIT}{sha}", repository_id=repository_id)


def said_in(repository_id: int, reference: str) -> Interest:
    """Name what becomes of a comment or a review."""
    return Interest(event=f"{REFERENCE}{reference}", repository_id=repository_id)


def queued_on(repository_id: int, number: int) -> Interest:
    """Name what is decided about a pull request that is in the merge queue."""
    return Interest(event=QUEUED, repository_id=repository_id, number=number)


def behind(repository_id: int, sha: str) -> Interest:
    """Name what is decided about the group before another one in the merge queue."""
    return Interest(event=f"{BEHIND}{sha}", repository_id=repository_id)


def searched(message: FindVotes) -> tuple[Interest, ...]:
    """Name where votes are looked for that count in a merge group, too."""
    return (
        said_on(message.repository_id, message.number),
        said_about(message.repository_id, message.base),
    )


def waiting(message: TellQueue) -> tuple[Interest, ...]:
    """Name by what merge groups are found that wait for a gate."""
    if message.number is not None:
        return (queued_on(message.repository_id, message.number),)
    return (behind(message.repository_id, message.sha),)


def _places(state: Orchestration) -> Iterator[Interest]:
    """Find where people speak of an orchestration.

    On its pull request, else of its commit; and on the issue that it reports to.
    """
    cause = cause_of(state)
    number = number_of(cause)
    if number is not None:
        yield said_on(cause.repository_id, number)
        return
    if cause.sha:
        yield said_about(cause.repository_id, cause.sha)
    # Who voted on a pull request that is at this commit may take that back.
    has_gates = not state.has_ended and _may_ask(Known(state.plan.definition))
    for name in state.tasks if has_gates else ():
        for _, gate in gates_of(state, name):
            for vote in gate.votes:
                yield said_in(cause.repository_id, vote.reference)
    issue = report_issue(state, state.started_at) if state.started_at is not None else None
    if issue is not None:
        yield said_on(state.plan.origin.repository_id, issue)


def _listened(state: Orchestration) -> Iterator[str]:
    definition = state.plan.definition
    if state.machine is not None and definition.machine is not None:
        for transition in definition.machine.states[state.machine.state].transitions:
            if is_heard(transition.on) and not transition.on.startswith(COMMAND):
                yield transition.on
    if not _may_wait(Known(definition)):
        return
    for name, task in state.tasks.items():
        for leg in task.legs.values():
            if leg.status is LegStatus.AWAITING:
                action = definition_of(definition, name).action
                if isinstance(action, Wait) and action.event is not None:
                    yield action.event


@lru_cache(maxsize=DEFINITIONS_MAX)
def _may_wait(known: Known) -> bool:
    """Tell whether any task waits for an event: most definitions are not looked through."""
    actions = (task.action for task in all_tasks(known.definition))
    return any(isinstance(action, Wait) and action.event is not None for action in actions)


@lru_cache(maxsize=DEFINITIONS_MAX)
def _may_ask(known: Known) -> bool:
    """Tell whether any task has a gate that asks people."""
    return any(
        isinstance(task.action, Approval | Agent)
        or (task.strategy is not None and any(each.approval for each in task.strategy.waves))
        for task in all_tasks(known.definition)
    )
