"""Stories about re-runs, jobs and the size of a change, told against a whole GitHub."""

import pytest

from app.core.commands import ListJobs, MeasureChange, RerunWorkflowRun
from app.core.events import (
    ChangeMeasured,
    DispatchAccepted,
    DispatchRefused,
    JobsListed,
    RerunAccepted,
    WorkflowRunObserved,
)
from app.core.values import RepositoryName
from app.github.following import COUNTLESS
from app.ports import Postponed
from app.rehearsal import CallFault, Outcome
from tests.github.house import House
from tests.kit import build

pytestmark = pytest.mark.anyio

API = RepositoryName("acme/api")
RERUN = {"method": "POST", "path": "/rerun-failed-jobs$"}


async def failed(here: House) -> int:
    """Let a deployment of two jobs fail in one of them, and return its id."""
    jobs = {"unit": "success", "e2e": "failure"}
    outcomes = [Outcome(conclusion="failure", jobs=jobs), Outcome()]
    here.github.script("acme/api", "deploy.yml", outcomes)
    event = await here.event(here.dispatch())
    await here.wait(minutes=1)
    assert isinstance(event, DispatchAccepted)
    assert event.workflow_run_id is not None
    return event.workflow_run_id


def rerun(number: int) -> RerunWorkflowRun:
    return RerunWorkflowRun(
        attempt=build.attempt("api#2"), repository=API, workflow_run_id=number, run_attempt=1
    )


# --- re-runs ----------------------------------------------------------------------------------


async def test_failed_jobs_are_run_again(here: House) -> None:
    """The same workflow run gets another attempt."""
    number = await failed(here)
    event = await here.event(rerun(number))
    await here.wait(minutes=1)

    assert isinstance(event, RerunAccepted)
    assert [a.conclusion for a in here.github.run(number).attempts] == ["failure", "success"]


@pytest.mark.parametrize(
    ("fault", "kind", "attempts"),
    [
        (CallFault.ERROR_BEFORE, DispatchRefused, 1),
        (CallFault.ERROR_AFTER, WorkflowRunObserved, 2),
    ],
)
async def test_a_policy_is_heard_at_every_try_that_may_still_be_the_first(
    here: House, fault: CallFault, kind: type, attempts: int
) -> None:
    """What an earlier try did is found, whatever the policy says by now."""
    number = await failed(here)
    here.github.faults.plan_call(fault, **RERUN)
    await here.perform(rerun(number))
    denies = "{version: 1, organization: {rules: [{deny: not now}]}}"
    here.github.add_repository("acme/.github", {"orchestration-policy.yml": denies})
    await here.wait(minutes=2)
    event = await here.event(rerun(number))

    assert isinstance(event, kind)
    assert len(here.github.run(number).attempts) == attempts


@pytest.mark.parametrize("fault", [CallFault.ERROR_AFTER, CallFault.DROP_AFTER])
async def test_a_rerun_in_doubt_is_looked_for_before_it_is_asked_again(
    here: House, fault: CallFault
) -> None:
    """An answer that was lost does not make a third attempt."""
    number = await failed(here)
    here.github.faults.plan_call(fault, **RERUN)
    first = await here.perform(rerun(number))
    await here.wait(minutes=1)
    event = await here.event(rerun(number))

    assert isinstance(first, Postponed)
    assert isinstance(event, WorkflowRunObserved)
    assert (event.run_attempt, event.status) == (2, "completed")
    assert len(here.github.run(number).attempts) == 2


async def test_a_rerun_that_never_arrived_is_asked_again(here: House) -> None:
    """Where the run has no further attempt, an earlier try did nothing."""
    number = await failed(here)
    here.github.faults.plan_call(CallFault.ERROR_BEFORE, **RERUN)
    await here.perform(rerun(number))
    event = await here.event(rerun(number))

    assert isinstance(event, RerunAccepted)
    assert len(here.github.run(number).attempts) == 2


async def test_a_person_may_be_faster(here: House) -> None:
    """Where somebody has run it again already, that attempt is ours."""
    number = await failed(here)
    here.github.rerun(here.github.run(number))
    event = await here.event(rerun(number))

    assert isinstance(event, WorkflowRunObserved)
    assert event.run_attempt == 2
    assert len(here.github.run(number).attempts) == 2


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("it succeeded", "rerun-refused"),
        ("it is old", "rerun-too-old"),
        ("it is gone", "workflow-run-lost"),
    ],
)
async def test_what_cannot_be_run_again_is_refused_with_a_remedy(
    here: House, change: str, code: str
) -> None:
    """A success, a run of last month, one that is gone."""
    number = await failed(here)
    if change == "it succeeded":
        here.github.run(number).last.conclusion = "success"
    if change == "it is old":
        await here.wait(days=31)
    event = await here.event(rerun(1 if change == "it is gone" else number))

    assert isinstance(event, DispatchRefused)
    assert event.code == code
    assert any(word in event.message for word in ("etry", "scope: all"))


async def test_whatever_lacks_a_permission_waits_for_it(here: House) -> None:
    """A re-run, a list of jobs, the size of a change: the reason names what is missing."""
    number = await failed(here)
    here.installation.permissions = {"metadata": "read"}
    attempt = build.attempt("api")
    commands = (
        rerun(number),
        ListJobs(attempt=attempt, repository=API, workflow_run_id=number, run_attempt=1),
        MeasureChange(attempt=attempt, repository=API, branch="ai/repair"),
    )
    outcomes = [await here.perform(command) for command in commands]

    reasons = [it.pauses for it in outcomes if isinstance(it, Postponed)]
    assert [it.code for it in reasons if it] == ["permission-missing"] * 3
    assert [it.message.partition(" grant ")[2].partition(":")[0] for it in reasons if it] == [
        "Actions", "Actions", "Contents",
    ]  # fmt: skip


# --- jobs -------------------------------------------------------------------------------------


async def test_jobs_are_listed_by_name(here: House) -> None:
    """Each job of the run attempt has its conclusion."""
    command = ListJobs(
        attempt=build.attempt("api"),
        repository=API,
        workflow_run_id=await failed(here),
        run_attempt=1,
    )
    event = await here.event(command)

    assert isinstance(event, JobsListed)
    assert (event.jobs, event.run_attempt) == ({"unit": "success", "e2e": "failure"}, 1)


async def test_of_many_jobs_none_is_left_out(here: House) -> None:
    """Two pages are read as one, and of jobs of one name the one that failed stands."""
    jobs = {f"cell {number}": "success" for number in range(130)}
    here.github.script("acme/api", "deploy.yml", Outcome(jobs=jobs))
    event = await here.event(here.dispatch())
    await here.wait(minutes=1)
    run = here.github.runs("acme/api")[0]
    run.last.jobs[-1].name, run.last.jobs[-1].conclusion = "cell 0", "failure"
    command = ListJobs(
        attempt=build.attempt("api"), repository=API, workflow_run_id=run.id, run_attempt=1
    )
    listed = await here.event(command)

    assert isinstance(event, DispatchAccepted)
    assert isinstance(listed, JobsListed)
    assert len(listed.jobs) == 129
    assert listed.jobs["cell 0"] == "failure"


async def test_jobs_of_a_run_that_is_gone_are_none(here: House) -> None:
    """So no job that is required has succeeded."""
    command = ListJobs(
        attempt=build.attempt("api"), repository=API, workflow_run_id=1, run_attempt=1
    )
    event = await here.event(command)

    assert isinstance(event, JobsListed)
    assert event.jobs == {}


# --- changes ----------------------------------------------------------------------------------


async def measured(here: House, branch: str = "ai/repair") -> ChangeMeasured:
    command = MeasureChange(attempt=build.attempt("api"), repository=API, branch=branch)
    event = await here.event(command)
    assert isinstance(event, ChangeMeasured)
    return event


async def test_a_branch_is_measured_against_the_default_branch(here: House) -> None:
    """What main got meanwhile is not counted."""
    here.github.push("acme/api", {"a.txt": "1\n2\n", "b.txt": "1\n"}, branch="ai/repair")
    here.github.push("acme/api", {"main.txt": "x\n"})
    event = await measured(here)

    assert (event.files, event.lines, event.paths) == (2, 3, ("a.txt", "b.txt"))


async def test_what_github_cannot_list_is_too_many(here: House) -> None:
    """At 300 files GitHub stops listing, so no limit of a definition is met."""
    files = {f"{number}.txt": "x\n" for number in range(301)}
    here.github.push("acme/api", files, branch="ai/repair")
    event = await measured(here)

    assert (event.files, event.lines) == (COUNTLESS, COUNTLESS)


async def test_a_branch_that_is_not_there_meets_no_limit(here: House) -> None:
    """Nobody can say how much it changes."""
    event = await measured(here, "no/such")

    assert (event.files, event.paths) == (COUNTLESS, ())
