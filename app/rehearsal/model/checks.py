"""Check runs and the check suites they hang in.

https://docs.github.com/rest/checks/runs
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.rehearsal.model.state import Account, CheckRun, CheckSuite, Repository
from app.rehearsal.model.world import World
from app.rehearsal.shapes import checks as shapes
from app.rehearsal.shapes.people import ACTIONS_APP_ID


def suite_for(
    world: World, repository: Repository, sha: str, app_id: int, branch: str | None = None
) -> CheckSuite:
    """Return the check suite of an app on a commit, made on first use."""
    found = repository.suites.get((sha, app_id))
    if found is None:
        now = world.now()
        found = CheckSuite(
            world.new_id(), sha, branch or _branch_at(repository, sha), app_id, now, now
        )
        repository.suites[sha, app_id] = found
    return found


def create(world: World, repository: Repository, given: Mapping[str, Any]) -> CheckRun:
    """Make a check run of the App from the body of a request, and tell the App."""
    app = world.registered_app()
    suite = suite_for(world, repository, given["head_sha"], app.id)
    run = CheckRun(
        id=world.new_id(),
        suite=suite,
        name=given["name"],
        head_sha=given["head_sha"],
        app_id=app.id,
        started_at=world.now(),
    )
    repository.check_runs[run.id] = run
    _apply(world, run, given)
    tell(world, repository, run, "created", app.bot)
    if run.status == "completed":
        tell(world, repository, run, "completed", app.bot)
    return run


def update(
    world: World, repository: Repository, run: CheckRun, given: Mapping[str, Any]
) -> None:
    """Change a check run as the body of a request says, and tell the App of its end.

    One that is completed is not reopened.
    """
    was_completed = run.status == "completed"
    if was_completed and given.get("status", "completed") != "completed":
        given = {name: value for name, value in given.items() if name != "status"}
    _apply(world, run, given)
    if run.status == "completed" and not was_completed:
        tell(world, repository, run, "completed", world.registered_app().bot)


def request_action(
    world: World, repository: Repository, run: CheckRun, who: Account, identifier: str
) -> None:
    """Press one of the buttons of a check run."""
    extra = {"requested_action": {"identifier": identifier}}
    tell(world, repository, run, "requested_action", who, extra)


def rerequest(world: World, repository: Repository, run: CheckRun, who: Account) -> None:
    """Ask for a check run once more, as the Re-run button does."""
    tell(world, repository, run, "rerequested", who)


def complete_suite(
    world: World, repository: Repository, sha: str, conclusion: str, who: Account
) -> None:
    """Let the check suite of another app on a commit come to its end, and tell the App."""
    suite = suite_for(world, repository, sha, ACTIONS_APP_ID)
    suite.updated_at = world.now()
    shape = shapes.heard_check_suite(
        world.at, repository, suite, conclusion, world.registered_app()
    )
    body = {"action": "completed", "check_suite": shape}
    world.emit("check_suite", repository, who, body)


def tell(
    world: World,
    repository: Repository,
    run: CheckRun,
    action: str,
    sender: Account,
    extra: dict[str, Any] | None = None,
) -> None:
    """Send a `check_run` webhook."""
    shape = shapes.heard_check_run(world.at, repository, run, world.registered_app())
    body = {"action": action, "check_run": shape, **(extra or {})}
    world.emit("check_run", repository, sender, body)


def _apply(world: World, run: CheckRun, given: Mapping[str, Any]) -> None:
    run.writes += 1
    run.name = given.get("name", run.name)
    run.external_id = given.get("external_id", run.external_id)
    run.details_url = given.get("details_url", run.details_url)
    run.actions = given.get("actions", run.actions)
    if "started_at" in given:
        run.started_at = datetime.fromisoformat(given["started_at"])
    if "status" in given:
        run.status = given["status"]
        if run.status != "completed":
            run.conclusion = run.completed_at = None
    if "conclusion" in given:
        # Giving a conclusion completes the check run, whatever its status says.
        run.status, run.conclusion = "completed", given["conclusion"]
        run.completed_at = world.now()
    if "completed_at" in given:
        run.completed_at = datetime.fromisoformat(given["completed_at"])
    output = given.get("output")
    if output is not None:
        run.title = output.get("title", run.title)
        run.summary = output.get("summary", run.summary)
        run.text = output.get("text", run.text)
        run.annotations.extend(output.get("annotations", ()))
    run.suite.updated_at = world.now()


def _branch_at(repository: Repository, sha: str) -> str | None:
    for ref, target in repository.refs.items():
        if target == sha and ref.startswith("heads/"):
            return ref.removeprefix("heads/")
    return None
