"""Check runs and check suites. https://docs.github.com/rest/checks"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.rehearsal.model import checks
from app.rehearsal.model.refused import Refused, invalid, not_found
from app.rehearsal.model.state import CheckRun
from app.rehearsal.shapes import checks as shapes
from app.rehearsal.wire.exchange import Answer, Ask, Route
from app.rehearsal.wire.routes_git import commit_at

STATUSES = frozenset({"queued", "in_progress", "completed"})
CONCLUSIONS = frozenset(
    {"action_required", "cancelled", "failure", "neutral", "success", "skipped", "timed_out"}
)
OUTPUT_CHARACTERS_MAX = 65_535
ANNOTATIONS_MAX = 50
ACTIONS_MAX = 3
ACTION_CHARACTERS_MAX = {"label": 20, "description": 40, "identifier": 20}


def create(ask: Ask) -> Answer:
    """Make a check run."""
    given = ask.body()
    ask.demand(given, name=str, head_sha=str)
    if given["head_sha"] not in ask.repository.commits:
        raise invalid(f"No commit found for SHA: {given['head_sha']}")
    _check(given)
    run = checks.create(ask.world, ask.repository, given)
    return Answer(201, _shown(ask, run))


def update(ask: Ask) -> Answer:
    """Change a check run."""
    run, given = _run(ask), ask.body()
    if run.app_id != ask.world.registered_app().id:
        raise Refused(403, "Invalid app_id - check run can only be modified by its app")
    _check(given)
    checks.update(ask.world, ask.repository, run, given)
    return Answer(200, _shown(ask, run))


def get(ask: Ask) -> Answer:
    """Return a check run."""
    return Answer(200, _shown(ask, _run(ask)))


def list_annotations(ask: Ask) -> Answer:
    """Return the annotations of a check run."""
    run = _run(ask)
    url = f"{ask.world.at.web}/{ask.repository.full_name}/blob/{run.head_sha}"
    optional = dict.fromkeys(("start_column", "end_column", "title", "raw_details"))
    shown = [{**optional, **a, "blob_href": f"{url}/{a['path']}"} for a in run.annotations]
    found, headers = ask.page(shown)
    return Answer(200, found, headers)


def list_for_ref(ask: Ask) -> Answer:
    """Return the check runs on a commit; of those with one name the newest, unless all."""
    sha = commit_at(ask.repository, ask.parameters["ref"]).sha
    known = [run for run in ask.repository.check_runs.values() if run.head_sha == sha]
    for key in ("status", "name"):
        wanted = ask.query.get("check_name" if key == "name" else key)
        if wanted is not None:
            known = [run for run in known if getattr(run, key) == wanted]
    if "app_id" in ask.query:
        known = [run for run in known if str(run.app_id) == ask.query["app_id"]]
    if ask.query.get("filter", "latest") == "latest":
        known = list({(run.app_id, run.name): run for run in known}.values())
    found, headers = ask.page(known)
    body = {"total_count": len(known), "check_runs": [_shown(ask, run) for run in found]}
    return Answer(200, body, headers)


def list_suites(ask: Ask) -> Answer:
    """Return the check suites on a commit."""
    sha = commit_at(ask.repository, ask.parameters["ref"]).sha
    known = [suite for suite in ask.repository.suites.values() if suite.head_sha == sha]
    if "app_id" in ask.query:
        known = [suite for suite in known if str(suite.app_id) == ask.query["app_id"]]
    found, headers = ask.page(known)
    at, repository, app = ask.world.at, ask.repository, ask.world.registered_app()
    runs = repository.check_runs.values()
    shown = [shapes.check_suite(at, repository, suite, runs, app) for suite in found]
    return Answer(200, {"total_count": len(known), "check_suites": shown}, headers)


def _shown(ask: Ask, run: CheckRun) -> dict[str, Any]:
    app = ask.world.registered_app()
    return shapes.check_run(ask.world.at, ask.repository, run, app)


def _run(ask: Ask) -> CheckRun:
    text = ask.parameters["check_run_id"]
    found = ask.repository.check_runs.get(int(text)) if text.isdigit() else None
    if found is None:
        raise not_found()
    return found


def _check(given: Mapping[str, Any]) -> None:
    """Refuse what GitHub refuses in the body of a check run."""
    if given.get("status", "queued") not in STATUSES:
        raise invalid(f"Invalid request.\n\n{given['status']} is not a member of {STATUSES}.")
    if given.get("conclusion", "success") not in CONCLUSIONS:
        raise invalid(f"Invalid request.\n\n{given['conclusion']} is not a conclusion.")
    if given.get("status") == "completed" and "conclusion" not in given:
        raise invalid("Invalid request.\n\nMissing required key: conclusion")
    for name in ("started_at", "completed_at"):
        if name in given:
            _check_instant(given[name])
    _check_output(given.get("output"))
    actions = given.get("actions", ())
    if len(actions) > ACTIONS_MAX:
        raise invalid(f"Invalid request.\n\nNo more than {ACTIONS_MAX} actions are allowed.")
    for action in actions:
        for name, most in ACTION_CHARACTERS_MAX.items():
            if not 0 < len(action.get(name, "")) <= most:
                raise invalid(f"Invalid request.\n\n{name} must have 1 to {most} characters.")


def _check_output(output: Mapping[str, Any] | None) -> None:
    if output is None:
        return
    if "summary" not in output:
        raise invalid('Invalid request.\n\n"summary" wasn\'t supplied.')
    for name in ("summary", "text"):
        if len(output.get(name) or "") > OUTPUT_CHARACTERS_MAX:
            raise invalid(
                f"Invalid request.\n\nOnly {OUTPUT_CHARACTERS_MAX} characters are "
                f"allowed; {len(output[name])} were supplied."
            )
    if len(output.get("annotations", ())) > ANNOTATIONS_MAX:
        raise invalid(f"Invalid request.\n\nNo more than {ANNOTATIONS_MAX} annotations.")


def _check_instant(text: Any) -> None:
    try:
        datetime.fromisoformat(text)
    except (TypeError, ValueError) as problem:
        raise invalid(f"Invalid request.\n\n{text} is not a valid date-time.") from problem


R = "/repos/{owner}/{repo}"
READ = (("checks", "read"),)
WRITE = (("checks", "write"),)
RUN = f"{R}/check-runs/{{check_run_id}}"
ROUTES = (
    Route("POST", f"{R}/check-runs", create, needs=WRITE),
    Route("GET", RUN, get, needs=READ),
    Route("PATCH", RUN, update, needs=WRITE),
    Route("GET", f"{RUN}/annotations", list_annotations, needs=READ),
    Route("GET", f"{R}/commits/{{ref}}/check-runs", list_for_ref, needs=READ),
    Route("GET", f"{R}/commits/{{ref}}/check-suites", list_suites, needs=READ),
)
