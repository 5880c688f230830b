"""Belief against truth: what Signalbox has written down, and what GitHub really saw.

Each function asserts one promise of docs: nothing lost, nothing twice, no gate passed
unopened, no place kept, every end written where people look.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Final

from app.core.actions import Dispatch, GitHubOperation
from app.core.audit import Chain, first_break
from app.core.events import Surface
from app.core.locks import Lock
from app.core.moves import LegStatus, OrchestrationStatus
from app.core.naming import definition_of
from app.core.replay import first_difference, gap_in, replay
from app.core.shared import Shared
from app.core.state import Attempt, Leg, Orchestration
from app.core.values import OrchestrationId, TaskName
from app.ports import JournalEntry
from app.rehearsal import Rehearsal
from app.rehearsal.model.state import WorkflowRun
from tests.chaos.cast import GATED, GUARDED_FOR, HOME, LOCKED, SITE
from tests.chaos.people import People
from tests.chaos.plan import Doing

STARTS: Final[Mapping[Doing, str]] = {
    Doing.RELEASE: "release",
    Doing.PREVIEW: "preview",
    Doing.AGAIN: "preview",
    Doing.TRAIN: "train",
    Doing.CHANGE: "change",
    Doing.FORK: "outside",
    Doing.ASK: "guard",
    Doing.QUEUE: "queue",
    Doing.AUDIT: "audit",
    Doing.VIGIL: "vigil",
}
CONCLUSIONS: Final = {
    OrchestrationStatus.SUCCEEDED: "success",
    OrchestrationStatus.FAILED: "failure",
    OrchestrationStatus.CANCELLED: "cancelled",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Belief:
    """All that the database holds of a round.

    `dropped` says of what ended long ago how many entries its journal had.
    """

    states: Sequence[Orchestration]
    journals: Mapping[OrchestrationId, Sequence[JournalEntry]]
    chains: Mapping[OrchestrationId, Chain]
    locks: Sequence[Shared]
    dropped: Mapping[OrchestrationId, int]


def check(github: Rehearsal, people: People, belief: Belief) -> None:
    """Assert every promise about a round that has come to rest."""
    check_nothing_is_lost(people, belief)
    check_nothing_is_done_twice(github, belief)
    check_no_place_is_kept(belief)
    check_one_at_a_time(github)
    for state in belief.states:
        check_history(state, belief)
        check_runs(state, github)
        check_written(state, github)
        check_gate(state, github, people)
        check_environments(state, github, people)


def check_nothing_is_lost(people: People, belief: Belief) -> None:
    """Assert that whatever was to start something did, once, and that it has ended."""
    expected = Counter(STARTS[each] for each in people.started if each in STARTS)
    roots = [state for state in belief.states if state.plan.parent is None]
    found = Counter(state.plan.definition.id for state in roots)
    assert found == expected, f"{found} have started, and {expected} should have"
    going = [state.plan.title for state in belief.states if not state.has_ended]
    assert not going, f"{going} have not ended"
    for state in belief.states:
        open_ = [name for name, task in state.tasks.items() if not task.has_ended]
        assert not open_, f"{state.plan.title} has ended, and {open_} have not"


def check_nothing_is_done_twice(github: Rehearsal, belief: Belief) -> None:
    """Assert that GitHub saw each dispatch, issue and comment once, and none unasked."""
    asked = {attempt.marker for _, _, attempt in _attempts(belief.states)}
    # What people start by hand has no marker.
    dispatches = [each for each in github.dispatches if each.repository != SITE]
    markers = Counter(str(each.inputs["signalbox"]) for each in dispatches)
    twice = [each for each in dispatches if markers[str(each.inputs["signalbox"])] > 1]
    assert not twice, f"dispatched twice: {twice}"
    unasked = set(markers) - asked
    assert not unasked, f"nobody asked for {unasked}"
    home = github.world.repository(HOME)
    said = [issue.body for issue in home.issues.values() if issue.by_app]
    said += [comment.body for comment in home.comments.values() if comment.by_app]
    for name, state, attempt in _attempts(belief.states):
        if isinstance(definition_of(state.plan.definition, name).action, GitHubOperation):
            done = sum(attempt.marker in body for body in said)
            assert done <= 1, f"{name} of {state.plan.title} is done {done} times"


def check_nothing_has_changed(before: Belief, after: Belief) -> None:
    """Assert that nothing has come of hearing again what was known."""
    was, is_now = (
        {state.id: (state.plan.title, state.status, state.tasks) for state in belief.states}
        for belief in (before, after)
    )
    assert was == is_now, "what was heard again has changed something"


def check_no_place_is_kept(belief: Belief) -> None:
    """Assert that every place in a group was given back, and nobody waits for one."""
    for lock in belief.locks:
        assert isinstance(lock, Lock)
        assert not lock.holding, f"{lock.key} is held by what has ended"
        assert not lock.waiting, f"{lock.key} is waited for by what has ended"


def check_one_at_a_time(github: Rehearsal) -> None:
    """Assert that under the lock of one place never two workflow runs were under way."""
    runs = sorted(
        (run for run in _runs(github).values() if run.workflow.path.endswith(f"/{LOCKED}")),
        key=lambda run: run.created_at,
    )
    for one, other in pairwise(runs):
        assert one.last.status == "completed", f"{one.id} goes on"
        assert one.last.updated_at <= other.created_at, f"{one.id} and {other.id} overlap"


def check_history(state: Orchestration, belief: Belief) -> None:
    """Assert that the journal is whole, and tells how the state became what it is."""
    entries = belief.journals[state.id]
    if state.id in belief.dropped:
        left = [entry.seq for entry in entries if entry.seq <= belief.dropped[state.id]]
        assert not left, f"{state.plan.title}: the entries {left} were dropped, and are back"
        return
    gap = gap_in([entry.seq for entry in entries])
    assert gap is None, f"{state.plan.title}: entry {gap} of the journal is missing"
    broken = first_break(state.id, belief.chains[state.id])
    assert broken is None, f"{state.plan.title}: {broken}"
    replayed = replay(state.plan, [entry.event for entry in entries]).state
    assert replayed == state, first_difference(replayed, state)


def check_runs(state: Orchestration, github: Rehearsal) -> None:
    """Assert that each attempt is believed to have ended as its workflow run did."""
    runs = _runs(github)
    for name, task in state.tasks.items():
        if not isinstance(definition_of(state.plan.definition, name).action, Dispatch):
            continue
        for leg in task.legs.values():
            for attempt in leg.attempts:
                where = f"{state.plan.title}, {name}, attempt {attempt.number}"
                _check_run(where, attempt, runs.get(attempt.marker))
            _check_leg(f"{state.plan.title}, {name}", leg)


def _check_run(where: str, attempt: Attempt, run: WorkflowRun | None) -> None:
    if attempt.conclusion is None:
        unknown = run.id if run is not None else None
        assert unknown is None, f"{where}: the workflow run {unknown} is not known"
        return
    assert run is not None, f"{where}: there is no workflow run"
    assert attempt.workflow_run_id == run.id, f"{where}: another workflow run"
    done = run.attempts[attempt.run_attempt - 1]
    assert done.status == "completed", f"{where}: the workflow run {run.id} goes on"
    assert attempt.conclusion == done.conclusion, f"{where}: {attempt.conclusion} is believed"


def _check_leg(where: str, leg: Leg) -> None:
    if leg.status is LegStatus.SUCCEEDED:
        assert leg.attempts, f"{where} succeeded without a try"
        assert leg.attempt.conclusion == "success", f"{where} did not succeed"


def check_written(state: Orchestration, github: Rehearsal) -> None:
    """Assert that there is one check, concluded as the orchestration was."""
    if state.plan.parent is not None and Surface.CHECK not in state.surfaces:
        return
    checks = [
        each
        for repository in github.world.repositories.values()
        for each in repository.check_runs.values()
        if each.external_id == state.id
    ]
    expected = state.conclusion or CONCLUSIONS[state.status]
    found = [(each.status, each.conclusion) for each in checks]
    assert found == [("completed", expected)], f"{state.plan.title}: {found}, not {expected}"


def check_gate(state: Orchestration, github: Rehearsal, people: People) -> None:
    """Assert that nothing was dispatched beyond a gate before somebody had said yes to it."""
    if state.plan.definition.id not in GATED:
        return
    workflow, gate = GATED[state.plan.definition.id]
    said = _said_yes(state, people)
    for at in _dispatched_at(state, github, workflow):
        in_time = [moment for moment in said if moment <= at]
        assert in_time, f"{state.plan.title} went beyond {gate} at {at}, and nobody said yes"


def _said_yes(state: Orchestration, people: People) -> list[datetime]:
    """Return when people said yes to it; of a fork only what names its very commit counts."""
    cause, is_strange = state.plan.cause, state.plan.definition.id == "outside"
    return [
        each.at
        for each in people.approvals
        if each.check == state.id
        or (
            each.pull_request
            and each.pull_request == cause.pull_request
            and (each.sha == cause.sha or not is_strange)
        )
    ]


def check_environments(state: Orchestration, github: Rehearsal, people: People) -> None:
    """Assert that who waits at an environment was let go once, and only as it should be."""
    for waiting in state.environments:
        run = github.run(waiting.workflow_run_id)
        where = f"{state.plan.title}, the workflow run {run.id} at {waiting.environment}"
        answers = [review.state for review in run.reviews]
        if waiting.attempt is not None:
            attempts = len(run.attempts)
            assert answers == ["approved"] * attempts, f"{where} was answered {answers}"
            continue
        is_let_go = state.status is OrchestrationStatus.SUCCEEDED
        assert answers == ["approved"] * is_let_go, f"{where} was answered {answers}"
        if is_let_go:
            let_go = run.last.updated_at - GUARDED_FOR
            in_time = [at for at in _said_yes(state, people) if at <= let_go]
            assert in_time, f"{where} was let go at {let_go}, and nobody said yes"


def _dispatched_at(
    state: Orchestration, github: Rehearsal, workflow: str
) -> Iterator[datetime]:
    asked = {attempt.marker for _, _, attempt in _attempts([state])}
    for each in github.dispatches:
        if each.workflow.endswith(f"/{workflow}") and each.inputs.get("signalbox") in asked:
            yield each.at


def _attempts(
    states: Sequence[Orchestration],
) -> Iterator[tuple[TaskName, Orchestration, Attempt]]:
    for state in states:
        for name, task in state.tasks.items():
            for leg in task.legs.values():
                for attempt in leg.attempts:
                    yield name, state, attempt


def _runs(github: Rehearsal) -> dict[str, WorkflowRun]:
    return {
        str(run.inputs.get("signalbox")): run
        for repository in github.world.repositories.values()
        for run in repository.runs.values()
    }
