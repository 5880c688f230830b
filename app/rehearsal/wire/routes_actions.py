"""Workflows, dispatches, workflow runs and jobs.

https://docs.github.com/rest/actions
"""

from collections.abc import Callable, Mapping
from typing import Any

from app.rehearsal.model import runs, workflows
from app.rehearsal.model.refused import invalid, not_found
from app.rehearsal.model.state import Attempt, WorkflowRun
from app.rehearsal.model.world import Flavour
from app.rehearsal.shapes import actions as shapes
from app.rehearsal.shapes.people import instant
from app.rehearsal.wire.exchange import Answer, Ask, Route

# With any filter a listing stops here.
FILTERED_MAX = 1000
FILTERS = frozenset({"actor", "branch", "created", "event", "head_sha", "status"})
DISPATCH_KEYS = frozenset({"ref", "inputs", "return_run_details"})


def list_workflows(ask: Ask) -> Answer:
    """Return the workflows of a repository."""
    workflows.refresh(ask.world, ask.repository)
    known = list(ask.repository.workflows.values())
    found, headers = ask.page(known)
    shown = [shapes.workflow(ask.world.at, ask.repository, w) for w in found]
    return Answer(200, {"total_count": len(known), "workflows": shown}, headers)


def get_workflow(ask: Ask) -> Answer:
    """Return one workflow by its id or file name."""
    found = workflows.find(ask.world, ask.repository, ask.parameters["workflow_id"])
    return Answer(200, shapes.workflow(ask.world.at, ask.repository, found))


def dispatch(ask: Ask) -> Answer:
    """Dispatch a workflow."""
    given = ask.body()
    ask.demand(given, ref=str)
    is_told = _tells_run(ask, given)
    inputs = given.get("inputs") or {}
    if not isinstance(inputs, dict):
        raise invalid("Invalid request.\n\nFor 'properties/inputs', it is not an object.")
    name = ask.parameters["workflow_id"]
    run = runs.dispatch(ask.world, ask.repository, name, given["ref"], inputs, ask.who)
    if not is_told:
        return Answer(204)
    shape = shapes.workflow_run(ask.world.at, run, run.last)
    body = {
        "workflow_run_id": run.id,
        "run_url": shape["url"],
        "html_url": shape["html_url"],
    }
    return Answer(200, body)


def list_runs(ask: Ask) -> Answer:
    """Return the workflow runs of a repository or of one workflow, the newest first."""
    now = ask.world.now()
    known = [run for run in reversed(ask.repository.runs.values()) if run.visible_at <= now]
    if "workflow_id" in ask.parameters:
        which = workflows.find(ask.world, ask.repository, ask.parameters["workflow_id"])
        known = [run for run in known if run.workflow is which]
    known = [run for run in known if _matches(run, ask.query)]
    if FILTERS & ask.query.keys():
        known = known[:FILTERED_MAX]
    found, headers = ask.page(known)
    shown = [shapes.workflow_run(ask.world.at, run, run.last) for run in found]
    return Answer(200, {"total_count": len(known), "workflow_runs": shown}, headers)


def get_run(ask: Ask) -> Answer:
    """Return a workflow run as its last attempt."""
    run = run_of(ask)
    return Answer(200, shapes.workflow_run(ask.world.at, run, run.last))


def get_attempt(ask: Ask) -> Answer:
    """Return a workflow run as one of its attempts."""
    run = run_of(ask)
    return Answer(200, shapes.workflow_run(ask.world.at, run, _attempt(ask, run)))


def list_jobs(ask: Ask) -> Answer:
    """Return the jobs of the last attempt, or of all attempts."""
    run = run_of(ask)
    is_all = ask.query.get("filter") == "all"
    return _jobs(ask, run, run.attempts if is_all else [run.last])


def list_attempt_jobs(ask: Ask) -> Answer:
    """Return the jobs of one attempt."""
    run = run_of(ask)
    return _jobs(ask, run, [_attempt(ask, run)])


def get_job(ask: Ask) -> Answer:
    """Return one job."""
    for run in ask.repository.runs.values():
        for job in (job for attempt in run.attempts for job in attempt.jobs):
            if str(job.id) == ask.parameters["job_id"]:
                return Answer(200, shapes.job(ask.world.at, run, job))
    raise not_found()


def rerun(ask: Ask) -> Answer:
    """Run a workflow run again."""
    runs.rerun(ask.world, run_of(ask), ask.who, is_failed_only=False)
    return Answer(201, {})


def rerun_failed(ask: Ask) -> Answer:
    """Run the failed jobs of a workflow run again."""
    runs.rerun(ask.world, run_of(ask), ask.who, is_failed_only=True)
    return Answer(201, {})


def cancel(ask: Ask) -> Answer:
    """Cancel a workflow run."""
    runs.cancel(ask.world, run_of(ask))
    return Answer(202, {})


def force_cancel(ask: Ask) -> Answer:
    """Cancel a workflow run that does not heed the plain way."""
    runs.cancel(ask.world, run_of(ask), is_forced=True)
    return Answer(202, {})


def disable_workflow(ask: Ask) -> Answer:
    """Let a workflow be dispatched no more."""
    found = workflows.find(ask.world, ask.repository, ask.parameters["workflow_id"])
    found.state = "disabled_manually"
    return Answer(204)


def enable_workflow(ask: Ask) -> Answer:
    """Let a workflow be dispatched again."""
    found = workflows.find(ask.world, ask.repository, ask.parameters["workflow_id"])
    found.state = "active"
    return Answer(204)


def _tells_run(ask: Ask, given: Mapping[str, Any]) -> bool:
    """Return whether the answer names the run, which the host and API version decide."""
    is_cloud = ask.world.flavour is Flavour.CLOUD
    permitted = set(DISPATCH_KEYS)
    if not is_cloud or ask.version >= "2026":
        permitted.remove("return_run_details")
    for name in given:
        if name not in permitted:
            raise invalid(f'Invalid request.\n\n"{name}" is not a permitted key.')
    return ask.version >= "2026" or given.get("return_run_details") is True


def _matches(run: WorkflowRun, query: Mapping[str, str]) -> bool:
    last = run.last
    tests: dict[str, Callable[[str], bool]] = {
        "event": lambda wanted: run.event == wanted,
        "head_sha": lambda wanted: run.head_sha == wanted,
        "branch": lambda wanted: run.head_branch == wanted,
        "actor": lambda wanted: run.actor.login == wanted,
        "status": lambda wanted: wanted in {last.status, last.conclusion},
        "created": lambda wanted: _is_within(instant(run.created_at), wanted),
        "check_suite_id": lambda wanted: str(run.suite.id) == wanted,
    }
    return all(test(query[name]) for name, test in tests.items() if name in query)


def _is_within(moment: str, wanted: str) -> bool:
    """Return whether a moment fits GitHub's date syntax: >=T, >T, <=T, <T, T..T or T."""
    # https://docs.github.com/search-github/getting-started-with-searching-on-github
    if ".." in wanted:
        first, _, last = wanted.partition("..")
        return (first in {"", "*"} or moment >= first) and (last in {"", "*"} or moment <= last)
    for sign, test in (
        (">=", moment >= wanted[2:]),
        ("<=", moment <= wanted[2:]),
        (">", moment > wanted[1:]),
        ("<", moment < wanted[1:]),
    ):
        if wanted.startswith(sign):
            return test
    return moment.startswith(wanted)


def run_of(ask: Ask) -> WorkflowRun:
    """Return the workflow run that the path names."""
    found = runs.find(ask.repository, ask.parameters["run_id"])
    if found is None:
        raise not_found()
    return found


def _attempt(ask: Ask, run: WorkflowRun) -> Attempt:
    text = ask.parameters["attempt_number"]
    if not text.isdigit() or not 1 <= int(text) <= len(run.attempts):
        raise not_found()
    return run.attempts[int(text) - 1]


def _jobs(ask: Ask, run: WorkflowRun, attempts: list[Attempt]) -> Answer:
    known = [shapes.job(ask.world.at, run, job) for each in attempts for job in each.jobs]
    found, headers = ask.page(known)
    return Answer(200, {"total_count": len(known), "jobs": found}, headers)


R = "/repos/{owner}/{repo}"
A = f"{R}/actions"
RUN = f"{A}/runs/{{run_id}}"
READ = (("actions", "read"),)
WRITE = (("actions", "write"),)
ROUTES = (
    Route("GET", f"{A}/workflows", list_workflows, needs=READ),
    Route("GET", f"{A}/workflows/{{workflow_id}}", get_workflow, needs=READ),
    Route("POST", f"{A}/workflows/{{workflow_id}}/dispatches", dispatch, needs=WRITE),
    Route("PUT", f"{A}/workflows/{{workflow_id}}/disable", disable_workflow, needs=WRITE),
    Route("PUT", f"{A}/workflows/{{workflow_id}}/enable", enable_workflow, needs=WRITE),
    Route("GET", f"{A}/workflows/{{workflow_id}}/runs", list_runs, needs=READ),
    Route("GET", f"{A}/runs", list_runs, needs=READ),
    Route("GET", RUN, get_run, needs=READ),
    Route("GET", f"{RUN}/attempts/{{attempt_number}}", get_attempt, needs=READ),
    Route("GET", f"{RUN}/attempts/{{attempt_number}}/jobs", list_attempt_jobs, needs=READ),
    Route("GET", f"{RUN}/jobs", list_jobs, needs=READ),
    Route("GET", f"{A}/jobs/{{job_id}}", get_job, needs=READ),
    Route("POST", f"{RUN}/rerun", rerun, needs=WRITE),
    Route("POST", f"{RUN}/rerun-failed-jobs", rerun_failed, needs=WRITE),
    Route("POST", f"{RUN}/cancel", cancel, needs=WRITE),
    Route("POST", f"{RUN}/force-cancel", force_cancel, needs=WRITE),
)
