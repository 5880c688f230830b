"""Stories about dispatches, cancellations and look-ups, told against a whole GitHub."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from app.core.chores import ReadRepository
from app.core.commands import (
    CancelWorkflowRun,
    DispatchWorkflow,
    LookUpWorkflowRun,
    RemoveTag,
    SetTimer,
)
from app.core.events import (
    Conclusion,
    DispatchAccepted,
    DispatchRefused,
    RunStatus,
    TimerElapsed,
    WorkflowRunMissed,
    WorkflowRunObserved,
)
from app.core.values import RepositoryName, TaskName
from app.ports import Carried, Postponed
from app.rehearsal import CallFault, Flavour, Outcome
from tests.github.house import ACCEPTS, MARKER, POLICY_PATH, House, house
from tests.kit import build

pytestmark = pytest.mark.anyio

POST_DISPATCH = {"method": "POST", "path": "/dispatches$"}


# --- dispatching ------------------------------------------------------------------------------


async def test_a_dispatch_is_accepted_with_its_run(here: House) -> None:
    """The workflow runs with its inputs and the marker, and we know its id at once."""
    event = await here.event(here.dispatch())

    [run] = here.github.runs("acme/api")
    assert isinstance(event, DispatchAccepted)
    assert event.workflow_run_id == run.id
    assert run.inputs == {"image": "api:1", "signalbox": MARKER}


async def test_a_dispatch_without_ref_goes_to_the_default_branch(here: House) -> None:
    """Where the definition names no ref, the target's default branch is meant."""
    await here.event(here.dispatch(ref=""))

    assert here.github.runs("acme/api")[0].ref == "refs/heads/main"


async def test_the_definitions_own_repository_needs_no_consent(here: House) -> None:
    """A definition may dispatch beside itself without a policy."""
    event = await here.event(here.dispatch("acme/release"))

    assert isinstance(event, DispatchAccepted)
    assert here.calls("GET", "orchestration-policy") == 0


async def test_a_commit_is_dispatched_and_its_tag_removed(here: House) -> None:
    """A SHA runs at that very commit through a tag of ours, which then goes; twice is once."""
    here.github.push("acme/api", {POLICY_PATH: ACCEPTS.replace("[main]", "['*']")})
    sha = here.github.world.repository("acme/api").head.sha
    here.github.push("acme/api", {"later.txt": "x"})
    await here.event(here.dispatch(ref=sha))
    removal = RemoveTag(repository=RepositoryName("acme/api"), tag=f"signalbox/{MARKER}")
    outcomes = [await here.perform(removal) for _ in range(2)]

    assert here.github.runs("acme/api")[0].head_sha == sha
    assert outcomes == [Carried(), Carried()]
    assert not [r for r in here.github.world.repository("acme/api").refs if "signalbox" in r]


async def test_an_enterprise_server_accepts_without_naming_the_run() -> None:
    """There the run is known later, by its marker."""
    async with house(Flavour.ENTERPRISE_SERVER) as here:
        event = await here.event(here.dispatch())
        found = await here.event(look_up(here))

        assert isinstance(event, DispatchAccepted)
        assert event.workflow_run_id is None
        assert isinstance(found, WorkflowRunObserved)
        assert found.workflow_run_id == here.github.runs("acme/api")[0].id


@pytest.mark.parametrize(
    ("repository", "changes", "code", "remedy"),
    [
        ("acme/closed", {}, "consent-missing", "orchestration-policy.yml"),
        ("acme/api", {"ref": "next"}, "consent-missing", "orchestration-policy.yml"),
        ("acme/api", {"workflow": "other.yml"}, "consent-missing", "orchestration-policy.yml"),
        ("acme/release", {"workflow": "no.yml"}, "workflow-not-found", "default branch"),
        ("acme/release", {"ref": "next"}, "ref-not-found", "branch or tag next"),
        ("acme/release", {"ref": "f" * 40}, "ref-not-found", "commit"),
        ("acme/release", {"inputs": {"oops": "1"}}, "unexpected-inputs", "with"),
        ("other/repo", {}, "app-not-installed", "install the App"),
        ("other repo", {}, "app-not-installed", "install the App"),
    ],
)
async def test_a_refusal_says_what_to_do(
    here: House, repository: str, changes: dict[str, object], code: str, remedy: str
) -> None:
    """Whatever forbids a dispatch comes back as an event with its reason and remedy."""
    event = await here.event(here.dispatch(repository, **changes))

    assert isinstance(event, DispatchRefused)
    assert event.code == code
    assert remedy in event.message
    assert here.github.world.dispatches == []


async def test_a_missing_permission_is_named_and_waited_for(here: House) -> None:
    """If the installation does not let us, the reason says what it should grant."""
    here.installation.permissions = {"contents": "read", "metadata": "read"}
    outcome = await here.perform(here.dispatch())

    assert isinstance(outcome, Postponed)
    assert outcome.is_untried
    assert outcome.pauses is not None
    assert outcome.pauses.code == "permission-missing"
    assert "Actions: write" in outcome.pauses.message


async def test_a_policy_is_read_once_a_minute(here: House) -> None:
    """Three dispatches at once read it once; a consent withdrawn counts within the minute."""
    await asyncio.gather(*(here.event(nth(here, number)) for number in (1, 2, 3)))
    reads = here.calls("GET", "orchestration-policy")
    here.github.push("acme/api", {POLICY_PATH: None})
    await here.wait(seconds=61)
    event = await here.event(nth(here, 4))

    assert reads == 1
    assert len(here.github.world.dispatches) == 3
    assert isinstance(event, DispatchRefused)


async def test_a_policy_that_is_read_after_a_push_holds_at_once(here: House) -> None:
    """Reading a repository anew takes the place of what was remembered of it."""
    await here.event(nth(here, 1))
    here.github.push("acme/api", {POLICY_PATH: None})
    number = here.repository_id("acme/api")
    read = ReadRepository(installation_id=here.installation.id, repository_id=number)
    await here.finding(read)
    event = await here.event(nth(here, 2))

    assert isinstance(event, DispatchRefused)


def nth(here: House, number: int) -> DispatchWorkflow:
    """Return one of several dispatches."""
    marker = f"sb-0123456789abcdef-{number:08x}"
    return here.dispatch(attempt=build.attempt(f"api#{number}"), marker=marker)


# --- trouble ----------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [CallFault.ERROR_AFTER, CallFault.DROP_AFTER])
@pytest.mark.parametrize("has_crashed", [False, True])
async def test_a_dispatch_whose_answer_is_lost_is_found_again(
    here: House, fault: CallFault, has_crashed: bool
) -> None:
    """It is not known to be done, so it is looked for; and it is there."""
    here.github.world.faults.plan_call(fault, **POST_DISPATCH)
    first = await here.perform(here.dispatch())
    if has_crashed:
        here.restart()
    await here.wait(seconds=60)
    event = await here.event(here.dispatch())

    assert isinstance(first, Postponed)
    assert isinstance(event, WorkflowRunObserved)
    assert [d.run_id for d in here.github.world.dispatches] == [event.workflow_run_id]


@pytest.mark.parametrize("fault", [CallFault.ERROR_BEFORE, CallFault.DROP_BEFORE])
@pytest.mark.parametrize("has_crashed", [False, True])
async def test_a_dispatch_that_did_not_arrive_is_made_again(
    here: House, fault: CallFault, has_crashed: bool
) -> None:
    """Nothing is there after GitHub had time to show it, so it is dispatched, once."""
    here.github.world.faults.plan_call(fault, **POST_DISPATCH)
    first = await here.perform(here.dispatch())
    if has_crashed:
        here.restart()
    too_soon = await here.perform(here.dispatch())
    await here.wait(seconds=60)
    event = await here.event(here.dispatch())

    assert isinstance(first, Postponed)
    assert isinstance(too_soon, Postponed)
    assert isinstance(event, DispatchAccepted)
    assert len(here.github.world.dispatches) == 1


async def test_a_run_that_github_is_slow_to_show_is_waited_for(here: House) -> None:
    """GitHub may list a workflow run only seconds after it took the dispatch."""
    here.github.world.visibility_delay = timedelta(seconds=10)
    here.github.world.faults.plan_call(CallFault.ERROR_AFTER, **POST_DISPATCH)
    await here.perform(here.dispatch())
    too_soon = await here.perform(here.dispatch())
    await here.wait(seconds=60)
    event = await here.event(here.dispatch())

    assert isinstance(too_soon, Postponed)
    assert too_soon.until == build.START + timedelta(seconds=60)
    assert isinstance(event, WorkflowRunObserved)
    assert len(here.github.world.dispatches) == 1


async def test_where_nobody_can_tell_it_is_not_dispatched_again(here: House) -> None:
    """Without a marker a run may be ours or another's: that is said, not guessed."""
    other = replace(nth(here, 2), repository=RepositoryName("acme/plain"))
    await here.event(other)
    here.github.world.faults.plan_call(CallFault.ERROR_BEFORE, **POST_DISPATCH)
    await here.perform(here.dispatch("acme/plain"))
    await here.wait(seconds=60)
    event = await here.event(here.dispatch("acme/plain"))

    assert isinstance(event, DispatchRefused)
    assert event.code == "dispatch-outcome-unknown"
    assert len(here.github.world.dispatches) == 1


async def test_what_was_done_and_not_saved_is_told_again(here: House) -> None:
    """If the store was away when the outcome came, the same outcome comes again."""
    first = await here.event(here.dispatch("acme/plain"))
    second = await here.event(here.dispatch("acme/plain"))

    assert first == second
    assert len(here.github.world.dispatches) == 1


@pytest.mark.parametrize("kind", [CallFault.FORBIDDEN, CallFault.TOO_MANY])
async def test_a_rate_limit_is_waited_out(here: House, kind: CallFault) -> None:
    """A limit has no effect: the dispatch is made when it is over, without looking first."""
    here.github.world.faults.plan_call(kind, retry_after=90, **POST_DISPATCH)
    first = await here.perform(here.dispatch())
    await here.wait(seconds=90)
    event = await here.event(here.dispatch())

    assert isinstance(first, Postponed)
    assert first.until == build.START + timedelta(seconds=90)
    assert isinstance(event, DispatchAccepted)
    assert here.calls("GET", "/runs") == 0


async def test_another_process_may_have_tried_in_between(here: House) -> None:
    """What this process remembers is no proof once another has had the command."""
    other = house_of_another(here)
    here.github.world.faults.plan_call(CallFault.TOO_MANY, retry_after=10, **POST_DISPATCH)
    await here.perform(here.dispatch())
    await here.wait(seconds=60)
    here.github.world.faults.plan_call(CallFault.ERROR_AFTER, **POST_DISPATCH)
    await other.perform(here.dispatch())
    await here.wait(seconds=60)
    event = await here.event(here.dispatch())

    assert isinstance(event, WorkflowRunObserved)
    assert len(here.github.world.dispatches) == 1


def house_of_another(here: House) -> House:
    other = replace(here)
    other.restart()
    return other


@pytest.mark.parametrize("path", ["/installation$", "/access_tokens$", "/contents/"])
async def test_trouble_before_the_dispatch_only_delays_it(here: House, path: str) -> None:
    """Where GitHub fails before it is asked to dispatch, the next try goes straight on."""
    here.github.world.faults.plan_call(CallFault.ERROR_BEFORE, path=path, times=3)
    first = await here.perform(here.dispatch())
    here.github.world.faults.calls.clear()
    event = await here.event(here.dispatch())

    assert isinstance(first, Postponed)
    assert isinstance(event, DispatchAccepted)


# --- following --------------------------------------------------------------------------------


def look_up(here: House, *, run_id: int | None = None) -> LookUpWorkflowRun:
    command = here.dispatch()
    return LookUpWorkflowRun(
        attempt=command.attempt,
        repository=command.repository,
        workflow=command.workflow,
        ref=command.ref,
        workflow_run_id=run_id,
        marker=command.marker,
        since=build.START,
        asked_at=build.START,
    )


async def test_a_run_is_looked_up_by_its_id(here: House) -> None:
    """How far it is on GitHub comes back as an observation."""
    await here.event(here.dispatch())
    run = here.github.runs("acme/api")[0]
    before = await here.event(look_up(here, run_id=run.id))
    await here.wait(minutes=1)
    afterwards = await here.event(look_up(here, run_id=run.id))

    assert isinstance(before, WorkflowRunObserved)
    assert isinstance(afterwards, WorkflowRunObserved)
    assert (before.status, afterwards.status) == (RunStatus.QUEUED, RunStatus.COMPLETED)
    assert afterwards.conclusion is Conclusion.SUCCESS
    assert afterwards.head_sha == run.head_sha


@pytest.mark.parametrize("run_id", [None, 123])
async def test_a_run_that_is_not_there_is_missed(here: House, run_id: int | None) -> None:
    """Neither by its id nor by its marker can it be found."""
    event = await here.event(look_up(here, run_id=run_id))

    assert isinstance(event, WorkflowRunMissed)


def cancel(here: House, run_id: int, *, force: bool = False) -> CancelWorkflowRun:
    command = here.dispatch()
    return CancelWorkflowRun(
        attempt=command.attempt,
        repository=command.repository,
        workflow_run_id=run_id,
        force=force,
    )


@pytest.mark.parametrize("force", [False, True])
async def test_a_run_is_cancelled(here: House, force: bool) -> None:
    """GitHub takes the cancellation; that it took effect is heard later."""
    here.github.script(
        "acme/api", "deploy.yml", Outcome(duration=timedelta(hours=1), is_deaf_to_cancel=force)
    )
    await here.event(here.dispatch())
    run = here.github.runs("acme/api")[0]
    outcome = await here.perform(cancel(here, run.id, force=force))
    await here.wait(minutes=1)

    assert outcome == Carried()
    assert run.last.conclusion == "cancelled"


async def test_a_run_that_has_ended_is_observed_instead(here: House) -> None:
    """What cannot be cancelled any more tells how it ended."""
    await here.event(here.dispatch())
    await here.wait(minutes=1)
    event = await here.event(cancel(here, here.github.runs("acme/api")[0].id))

    assert isinstance(event, WorkflowRunObserved)
    assert event.conclusion is Conclusion.SUCCESS


async def test_a_run_that_was_deleted_is_missed(here: House) -> None:
    """There is nothing left to cancel."""
    assert isinstance(await here.event(cancel(here, 123)), WorkflowRunMissed)


async def test_a_renamed_repository_is_reached_by_its_old_name(here: House) -> None:
    """GitHub redirects, and the dispatch arrives once."""
    here.github.rename_repository("acme/release", "trains")
    event = await here.event(here.dispatch("acme/release"))

    assert isinstance(event, DispatchAccepted)
    assert len(here.github.world.dispatches) == 1


async def test_a_timer_elapses(here: House) -> None:
    """A timer that is due has nothing to do but to say so."""
    event = await here.event(SetTimer(task=TaskName("api"), due=build.START))

    assert event == TimerElapsed(at=build.START, task=TaskName("api"))
