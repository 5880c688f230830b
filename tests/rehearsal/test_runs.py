"""Workflow runs: how they proceed, are followed, cancelled, run again and found."""

import pytest

from app.rehearsal import Outcome
from tests.rehearsal.stage import API, PLAIN, R, Stage

pytestmark = pytest.mark.anyio


async def started(stage: Stage) -> str:
    """Dispatch the build and return the path of its run."""
    return f"{R}/actions/runs/{(await stage.dispatch()).json()['workflow_run_id']}"


async def test_a_run_proceeds_by_itself_and_is_heard_of() -> None:
    """Without a script a run succeeds after a few seconds, and three webhooks tell it."""
    stage = Stage()
    run = await started(stage)
    await stage.github.advance(10)
    heard = [
        body["workflow_run"] for name, body in stage.receiver.webhooks if name != "installation"
    ]
    found = (await stage.ask("GET", run)).json()

    assert stage.receiver.events[1:] == [
        "workflow_run.requested",
        "workflow_run.in_progress",
        "workflow_run.completed",
    ]
    assert [run["status"] for run in heard] == ["queued", "in_progress", "completed"]
    assert (found["status"], found["conclusion"]) == ("completed", "success")


async def test_jobs_are_heard_of_by_those_who_subscribe() -> None:
    """An App subscribed to `workflow_job` hears of the job too."""
    stage = Stage()
    app = stage.github.world.registered_app()
    app.events = ("workflow_job",)
    await started(stage)
    await stage.github.advance(10)

    assert stage.receiver.events[1:] == [
        "workflow_job.queued",
        "workflow_job.in_progress",
        "workflow_job.completed",
    ]


@pytest.mark.parametrize("conclusion", ["failure", "timed_out", "startup_failure", "stale"])
async def test_a_script_says_how_a_run_ends(conclusion: str) -> None:
    """A run ends as its script says."""
    stage = Stage()
    stage.github.script(API, "build.yml", Outcome(conclusion=conclusion))
    run = await started(stage)
    await stage.github.advance(10)

    assert (await stage.ask("GET", run)).json()["conclusion"] == conclusion


async def test_each_attempt_may_have_its_own_outcome() -> None:
    """A re-run is the same run with a higher attempt, and no `requested` webhook."""
    stage = Stage()
    outcomes = [Outcome(conclusion="failure"), Outcome()]
    stage.github.script(API, "build.yml", outcomes)
    run = await started(stage)
    await stage.github.advance(10)
    again = await stage.ask("POST", f"{run}/rerun-failed-jobs")
    await stage.github.advance(10)
    first = (await stage.ask("GET", f"{run}/attempts/1")).json()
    last = (await stage.ask("GET", run)).json()
    jobs = (await stage.ask("GET", f"{run}/jobs?filter=all")).json()

    assert again.status_code == 201
    assert (first["conclusion"], first["run_attempt"]) == ("failure", 1)
    assert (last["conclusion"], last["run_attempt"]) == ("success", 2)
    assert last["previous_attempt_url"].endswith("/attempts/1")
    assert [job["run_attempt"] for job in jobs["jobs"]] == [1, 2]
    assert stage.receiver.events.count("workflow_run.requested") == 1


async def test_only_the_failed_jobs_are_run_again() -> None:
    """Jobs that passed are taken over into the next attempt as they were."""
    stage = Stage()
    jobs = {"unit": "success", "e2e": "failure"}
    again = {"unit": "failure", "e2e": "success"}
    outcomes = [Outcome(conclusion="failure", jobs=jobs), Outcome(jobs=again)]
    stage.github.script(API, "build.yml", outcomes)
    run = await started(stage)
    await stage.github.advance(10)
    await stage.ask("POST", f"{run}/rerun-failed-jobs")
    await stage.github.advance(10)
    listed = [(await stage.ask("GET", f"{run}/attempts/{n}/jobs")).json() for n in (1, 2)]

    stage.judge.check()
    assert [{job["name"]: job["conclusion"] for job in each["jobs"]} for each in listed] == [
        jobs,
        {"unit": "success", "e2e": "success"},
    ]


async def test_a_run_of_last_month_is_not_run_again() -> None:
    """After 30 days GitHub refuses."""
    stage = Stage()
    stage.github.script(API, "build.yml", Outcome(conclusion="failure"))
    run = await started(stage)
    await stage.github.advance(31 * 86_400)
    stage.token = ""
    late = await stage.ask("POST", f"{run}/rerun-failed-jobs")

    assert (late.status_code, "month" in late.json()["message"]) == (403, True)


async def test_what_runs_cannot_be_run_again() -> None:
    """A run that has not ended is answered 403, and so is a retry without failures."""
    stage = Stage()
    run = await started(stage)
    early = await stage.ask("POST", f"{run}/rerun")
    await stage.github.advance(10)
    needless = await stage.ask("POST", f"{run}/rerun-failed-jobs")

    assert (early.status_code, needless.status_code) == (403, 403)


async def test_a_run_is_cancelled_after_a_moment() -> None:
    """Cancelling is accepted with 202, done soon after, and too late once the run ended."""
    stage = Stage()
    run = await started(stage)
    accepted = await stage.ask("POST", f"{run}/cancel")
    still = (await stage.ask("GET", run)).json()["status"]
    await stage.github.advance(10)
    late = await stage.ask("POST", f"{run}/cancel")

    assert (accepted.status_code, still) == (202, "queued")
    assert (await stage.ask("GET", run)).json()["conclusion"] == "cancelled"
    assert late.status_code == 409
    assert stage.receiver.events.count("workflow_run.completed") == 1


async def test_a_deaf_run_heeds_only_force() -> None:
    """A workflow that runs `always()` goes on after a cancel, but not after force-cancel."""
    stage = Stage()
    outcome = Outcome(duration=Outcome().duration * 100, is_deaf_to_cancel=True)
    stage.github.script(API, "build.yml", outcome)
    run = await started(stage)
    await stage.ask("POST", f"{run}/cancel")
    await stage.github.advance(10)
    before = (await stage.ask("GET", run)).json()["status"]
    forced = await stage.ask("POST", f"{run}/force-cancel")
    await stage.github.advance(10)

    assert (before, forced.status_code) == ("in_progress", 202)
    assert (await stage.ask("GET", run)).json()["conclusion"] == "cancelled"


async def test_a_run_may_never_start() -> None:
    """A run without a runner stays queued for as long as one looks."""
    stage = Stage()
    stage.github.script(API, "build.yml", Outcome(is_starting=False))
    run = await started(stage)
    await stage.github.advance(100_000)
    stage.token = ""

    assert (await stage.ask("GET", run)).json()["status"] == "queued"


async def test_a_run_waits_at_an_environment() -> None:
    """A run with an environment waits there until somebody lets it go."""
    stage = Stage()
    stage.github.script(API, "build.yml", Outcome(environment="production"))
    run = await started(stage)
    await stage.github.advance(60)
    waiting = (await stage.ask("GET", run)).json()["status"]
    stage.github.release_run(stage.github.runs(API)[0])
    await stage.github.advance(60)

    assert waiting == "waiting"
    assert (await stage.ask("GET", run)).json()["conclusion"] == "success"


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 3),
        ("event=workflow_dispatch", 3),
        ("event=push", 0),
        ("status=completed", 2),
        ("status=success", 2),
        ("status=queued", 1),
        ("branch=main", 2),
        ("branch=v1", 1),
        ("actor=signalbox[bot]", 3),
        ("actor=mona", 0),
        ("created=>=2026-11-23T09:01:00Z", 1),
        ("created=<2026-11-23T09:01:00Z", 2),
        ("created=2026-11-23T09:00:00Z..2026-11-23T09:00:30Z", 2),
        ("created=2026-11-23", 3),
        ("per_page=2&page=2", 1),
    ],
)
async def test_runs_are_found_by_what_is_known_of_them(query: str, count: int) -> None:
    """The listing of runs can be narrowed as on GitHub."""
    stage = Stage()
    stage.github.push_tag(API, "v1")
    for ref in ("main", "v1"):
        body = {"ref": ref, "inputs": {"service": "a"}}
        await stage.ask("POST", f"{R}/actions/workflows/build.yml/dispatches", body)
    await stage.github.advance(60)
    await stage.dispatch()
    found = (await stage.ask("GET", f"{R}/actions/runs?{query}")).json()

    stage.judge.check()
    assert len(found["workflow_runs"]) == count


async def test_runs_may_be_slow_to_appear_in_the_listing() -> None:
    """With a visibility delay a run is there by its id before the listing has it."""
    stage = Stage()
    stage.github.world.visibility_delay = Outcome().duration * 2
    run = await started(stage)
    listing = f"{R}/actions/workflows/build.yml/runs"
    before = (await stage.ask("GET", listing)).json()["total_count"]
    found = await stage.ask("GET", run)
    await stage.github.advance(10)
    after = (await stage.ask("GET", listing)).json()["total_count"]

    assert (before, found.status_code, after) == (0, 200, 1)


async def test_pages_are_linked() -> None:
    """A listing of several pages leads to the next and the last."""
    stage = Stage()
    for _ in range(5):
        await stage.dispatch()
    path = f"{R}/actions/runs?per_page=2"
    first = await stage.ask("GET", path)
    second = await stage.ask("GET", first.links["next"]["url"])
    last = await stage.ask("GET", first.links["last"]["url"])

    assert len(second.json()["workflow_runs"]) == 2
    assert len(last.json()["workflow_runs"]) == 1
    assert "next" not in last.links
    assert second.links["prev"]["url"].endswith("page=1")


async def test_the_same_seed_gives_the_same_rehearsal() -> None:
    """Two rehearsals with one seed send the same bytes in the same order."""
    stages = [Stage(seed=7), Stage(seed=7)]
    for stage in stages:
        stage.github.add_repository("acme/other", {".github/workflows/plain.yml": PLAIN})
        await stage.dispatch()
        await stage.github.advance(60)

    assert stages[0].receiver.heard == stages[1].receiver.heard
