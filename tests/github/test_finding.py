"""Stories about what GitHub did not tell us of workflow runs that wait at environments."""

from dataclasses import replace

import pytest

from app.core.commands import LookUpWorkflowRun
from app.core.environment_commands import AnswerEnvironment
from app.core.environment_events import EnvironmentAnswered, EnvironmentAsked
from app.core.events import RunStatus, WorkflowRunObserved
from app.core.state import Orchestration
from app.core.state_of_environments import WaitingRun
from app.core.values import RepositoryName
from app.ports import Carried, Postponed
from app.rehearsal import CallFault, Outcome
from app.rehearsal.model.state import WorkflowRun
from tests.github.house import MARKER, House
from tests.kit import build

pytestmark = pytest.mark.anyio

HOME = "acme/release"
PRODUCTION = "production"
ANSWER = "/deployment_protection_rule$"
LOST = (CallFault.ERROR_AFTER, CallFault.DROP_AFTER)


async def waiting(here: House, *, reviewers: list[str] | None = None) -> WorkflowRun:
    """Let a deployment of the definition's own repository wait for our answer."""
    here.github.protect(HOME, PRODUCTION, reviewers=reviewers or [])
    here.github.script(HOME, "deploy.yml", Outcome(environment=PRODUCTION))
    await here.event(here.dispatch(HOME))
    await here.wait(minutes=1)
    return here.github.runs(HOME)[0]


def state_of(here: House, run: WorkflowRun, **changes: object) -> Orchestration:
    """Return an orchestration that knows that the run waits."""
    state = here.state()
    known = WaitingRun(
        workflow_run_id=run.id,
        environment=PRODUCTION,
        repository_id=here.repository_id(HOME),
        repository=RepositoryName(HOME),
        installation_id=here.installation.id,
        asked_at=here.client.clock.now(),
        attempt=build.attempt("api"),
    )
    known = replace(known, **changes)  # type: ignore[arg-type]  # a story knows its fields
    return replace(state, environments=(known,))


def answer(here: House, run: WorkflowRun, *, is_approved: bool = True) -> AnswerEnvironment:
    return AnswerEnvironment(
        workflow_run_id=run.id,
        environment=PRODUCTION,
        repository_id=here.repository_id(HOME),
        repository=RepositoryName(HOME),
        installation_id=here.installation.id,
        asking=1,
        is_approved=is_approved,
        comment="train #1: so it is",
    )


async def answered(
    here: House, run: WorkflowRun, *, is_approved: bool = True
) -> EnvironmentAnswered:
    """Answer, and return what became of it."""
    state = state_of(here, run)
    event = await here.event(answer(here, run, is_approved=is_approved), state)
    assert isinstance(event, EnvironmentAnswered)
    return event


def look_up(run: WorkflowRun) -> LookUpWorkflowRun:
    return LookUpWorkflowRun(
        attempt=build.attempt("api"),
        repository=RepositoryName(HOME),
        workflow="deploy.yml",
        ref="main",
        workflow_run_id=run.id,
        marker=MARKER,
        since=build.START,
        asked_at=build.START,
    )


async def seen(here: House, run: WorkflowRun, **changes: object) -> list[EnvironmentAsked]:
    """Look a run up that waits, and return where it is found to ask us."""
    outcome = await here.perform(look_up(run), state_of(here, run, **changes))
    assert isinstance(outcome, Carried)
    observed, *asked = outcome.events
    assert isinstance(observed, WorkflowRunObserved)
    assert observed.status is RunStatus.WAITING
    return [each for each in asked if isinstance(each, EnvironmentAsked)]


# --- an answer whose reply was lost -----------------------------------------------------------


@pytest.mark.parametrize(("is_approved", "outcome"), [(True, "approved"), (False, "rejected")])
@pytest.mark.parametrize("fault", LOST)
async def test_an_answer_that_was_taken_is_noted_as_taken(
    here: House, fault: CallFault, is_approved: bool, outcome: str
) -> None:
    """Only the reply to it was lost: GitHub's own history says so."""
    run = await waiting(here)
    here.github.faults.plan_call(fault, method="POST", path=ANSWER)
    first = await here.perform(answer(here, run, is_approved=is_approved), state_of(here, run))
    event = await answered(here, run, is_approved=is_approved)

    assert isinstance(first, Postponed)
    assert (event.outcome, event.code, event.message) == (outcome, "", "train #1: so it is")
    assert [review.state for review in run.reviews] == [outcome]


@pytest.mark.parametrize(("is_approved", "outcome"), [(True, "approved"), (False, "rejected")])
async def test_where_the_history_is_silent_what_became_of_the_run_tells(
    here: House, is_approved: bool, outcome: str
) -> None:
    """It went on, or failed, as our answer wanted it to."""
    run = await waiting(here)
    here.github.faults.plan_call(CallFault.ERROR_AFTER, method="POST", path=ANSWER)
    await here.perform(answer(here, run, is_approved=is_approved), state_of(here, run))
    run.reviews.clear()
    event = await answered(here, run, is_approved=is_approved)

    assert event.outcome == outcome
    assert "the reply to this was lost" in event.message


async def test_whoever_was_faster_is_not_taken_for_us(here: House) -> None:
    """An administrator let it go on past the rule."""
    run = await waiting(here)
    here.github.release_run(run)
    await here.wait(seconds=1)
    event = await answered(here, run)

    assert (event.outcome, event.code) == ("gone", "not-waiting")
    assert event.message.startswith("it has gone on without this")


async def test_how_a_run_ended_is_told(here: House) -> None:
    """Somebody cancelled it; and one that was deleted nobody knows any more."""
    run = await waiting(here)
    here.github.cancel_run(run)
    await here.wait(minutes=5)
    cancelled = await answered(here, run)
    here.github.world.repository(HOME).runs.clear()
    deleted = await answered(here, run)

    assert cancelled.outcome == deleted.outcome == "gone"
    assert cancelled.message == "it does not wait any more: it ended (cancelled)"
    assert deleted.message == "GitHub knows no such workflow run any more"


async def test_a_run_that_waits_for_others_waits_for_us_no_more(here: House) -> None:
    """Our rule is answered, and required reviewers are not heard yet."""
    run = await waiting(here, reviewers=["mona"])
    other = replace(answer(here, run), comment="train #2: mine")
    await here.event(other, state_of(here, run))
    here.tries.clear()
    event = await answered(here, run)

    assert event.outcome == "gone"
    assert event.message == "it does not wait for this any more, but for others"


async def test_what_may_not_be_looked_at_is_gone(here: House) -> None:
    """GitHub's refusal is told, and nothing is guessed."""
    run = await waiting(here)
    here.github.release_run(run)
    await here.wait(seconds=1)
    here.github.faults.plan_call(CallFault.ERROR_BEFORE, path="/approvals$", status=422)
    event = await answered(here, run)

    assert event.outcome == "gone"
    assert event.message.startswith("it does not wait for this any more: ")


# --- a question that was lost -----------------------------------------------------------------


async def test_a_run_that_waits_for_us_is_found_when_it_is_looked_up(here: House) -> None:
    """The webhook that asks us may have been lost."""
    run = await waiting(here)
    [asked] = await seen(here, run, workflow_run_id=1)

    assert asked.is_found
    assert (asked.workflow_run_id, asked.environment) == (run.id, PRODUCTION)
    assert asked.repository_id == here.repository_id(HOME)
    assert asked.installation_id == here.installation.id


async def test_what_is_in_hand_is_not_asked_about(here: House) -> None:
    """It is known that it waits, and it will be answered."""
    run = await waiting(here)

    assert await seen(here, run) == []
    assert here.calls("GET", "pending_deployments") == 0


async def test_an_environment_without_our_rule_does_not_ask_us(here: House) -> None:
    """It waits for people alone."""
    here.github.protect(HOME, PRODUCTION, reviewers=["mona"], has_rule=False)
    here.github.script(HOME, "deploy.yml", Outcome(environment=PRODUCTION))
    await here.event(here.dispatch(HOME))
    await here.wait(minutes=1)
    [run] = here.github.runs(HOME)

    assert await seen(here, run, workflow_run_id=1) == []


async def test_which_environments_ask_us_is_kept_for_an_hour(here: House) -> None:
    """So that looking at a run that waits long takes two calls, and at first three."""
    run = await waiting(here)
    counts = []
    for _ in range(3):
        before = len(here.github.calls)
        await seen(here, run, workflow_run_id=1)
        counts.append(len(here.github.calls) - before)
    await here.wait(hours=2)
    await seen(here, run, workflow_run_id=1)

    assert counts[1:] == [2, 2]
    assert here.calls("GET", "deployment_protection_rules") == 2


async def test_what_cannot_be_looked_at_hides_nothing_that_is_known(here: House) -> None:
    """The run was seen to wait, and that is told."""
    run = await waiting(here)
    here.github.faults.plan_call(
        CallFault.ERROR_BEFORE, path="/pending_deployments$", status=410
    )

    assert await seen(here, run, workflow_run_id=1) == []
