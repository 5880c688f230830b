"""Dispatching a workflow: what GitHub accepts, what it refuses, and in which words."""

from typing import Any

import pytest

from app.rehearsal import Flavour
from tests.rehearsal.stage import API, BUILD, DISPATCHES, OLD, UNTRIGGERED, R, Stage

pytestmark = pytest.mark.anyio


async def test_a_dispatch_names_its_run() -> None:
    """At the newer version the answer is 200 with the run, which is there at once."""
    stage = Stage()
    response = await stage.dispatch(signalbox="sb-1", level="high")
    told = response.json()
    run = (await stage.ask("GET", told["run_url"])).json()

    assert response.status_code == 200
    assert run["id"] == told["workflow_run_id"]
    assert run["display_title"] == "Build web on main [sb-1]"
    assert (run["event"], run["status"], run["run_attempt"]) == (
        "workflow_dispatch",
        "queued",
        1,
    )
    assert stage.github.dispatches[0].inputs == {
        "service": "web",
        "signalbox": "sb-1",
        "level": "high",
    }


async def test_at_the_older_version_the_run_is_named_on_request() -> None:
    """2022-11-28 answers 204, or 200 if `return_run_details` is asked for."""
    stage = Stage()
    stage.version = OLD
    body: dict[str, Any] = {"ref": "main", "inputs": {"service": "web"}}
    silent = await stage.ask("POST", DISPATCHES, body)
    told = await stage.ask("POST", DISPATCHES, {**body, "return_run_details": True})

    assert (silent.status_code, silent.content) == (204, b"")
    assert told.json()["workflow_run_id"] == stage.github.dispatches[1].run_id


async def test_an_enterprise_server_never_names_the_run() -> None:
    """There it is always 204, and the key that asks for the run is refused."""
    stage = Stage(Flavour.ENTERPRISE_SERVER)
    body: dict[str, Any] = {"ref": "main", "inputs": {"service": "web"}}
    silent = await stage.ask("POST", DISPATCHES, body)
    refused = await stage.ask("POST", DISPATCHES, {**body, "return_run_details": True})

    assert (silent.status_code, refused.status_code) == (204, 422)
    assert len(stage.github.dispatches) == 1


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"service": "a", "x": "1", "y": "2"}, 'Unexpected inputs provided: ["x", "y"]'),
        ({}, "Required input 'service' not provided"),
        (
            {"service": "a", "level": "middling"},
            "Provided value 'middling' for input 'level' not in the list of allowed values",
        ),
        ({"service": "a", "dry-run": "perhaps"}, "'dry-run' is not a boolean"),
        ({"service": "a", "count": "many"}, "'count' is not a number"),
        ({"service": "a", "where": "nowhere"}, "'where' is not an environment"),
        ({"service": "a" * 65_536}, "inputs are too large."),
        ({f"i{number}": "1" for number in range(26)}, "No more than 25 properties"),
    ],
)
async def test_inputs_that_do_not_fit_are_refused(inputs: dict[str, str], message: str) -> None:
    """Inputs that the workflow does not declare so are answered 422, and nothing runs."""
    stage = Stage()
    response = await stage.ask("POST", DISPATCHES, {"ref": "main", "inputs": inputs})

    assert response.status_code == 422
    assert message in response.json()["message"]
    assert stage.github.dispatches == []


@pytest.mark.parametrize(
    ("workflow", "ref", "status", "message"),
    [
        ("absent.yml", "main", 404, "Not Found"),
        ("12345", "main", 404, "Not Found"),
        ("build.yml", "nowhere", 422, "No ref found for: nowhere"),
        ("lint.yml", "main", 422, "Workflow does not have 'workflow_dispatch' trigger"),
    ],
)
async def test_a_dispatch_into_the_void_is_refused(
    workflow: str, ref: str, status: int, message: str
) -> None:
    """A workflow, a ref or a trigger that is not there is said to be missing."""
    stage = Stage()
    path = f"{R}/actions/workflows/{workflow}/dispatches"
    response = await stage.ask("POST", path, {"ref": ref})

    assert (response.status_code, response.json()["message"]) == (status, message)


async def test_a_commit_is_no_ref_but_a_tag_on_it_is() -> None:
    """A SHA cannot be dispatched; through a tag it can, and the tag becomes head_branch."""
    stage = Stage()
    sha = stage.repository.head.sha
    stage.github.push(API, {"later.txt": "1"})
    by_sha = await stage.ask("POST", DISPATCHES, {"ref": sha, "inputs": {"service": "a"}})
    tag = {"ref": "refs/tags/signalbox/sb-1", "sha": sha}
    made = await stage.ask("POST", f"{R}/git/refs", tag)
    again = await stage.ask("POST", f"{R}/git/refs", tag)
    by_tag = {"ref": "signalbox/sb-1", "inputs": {"service": "a"}}
    told = (await stage.ask("POST", DISPATCHES, by_tag)).json()
    run = (await stage.ask("GET", told["run_url"])).json()
    gone = await stage.ask("DELETE", f"{R}/git/refs/tags/signalbox/sb-1")
    twice = await stage.ask("DELETE", f"{R}/git/refs/tags/signalbox/sb-1")

    assert by_sha.json()["message"] == f"No ref found for: {sha}"
    assert (made.status_code, again.json()["message"]) == (201, "Reference already exists")
    assert (run["head_branch"], run["head_sha"]) == ("signalbox/sb-1", sha)
    assert (gone.status_code, twice.status_code) == (204, 422)


async def test_the_file_at_the_ref_decides() -> None:
    """The workflow must be on the default branch, and its text at the ref is what counts."""
    stage = Stage()
    lint, fresh = ".github/workflows/lint.yml", ".github/workflows/fresh.yml"
    stage.github.push(API, {lint: BUILD, fresh: BUILD}, branch="change")
    body = {"ref": "change", "inputs": {"service": "web"}}
    changed = await stage.ask("POST", f"{R}/actions/workflows/lint.yml/dispatches", body)
    unmerged = await stage.ask("POST", f"{R}/actions/workflows/fresh.yml/dispatches", body)

    assert UNTRIGGERED != BUILD
    assert (changed.status_code, unmerged.status_code) == (200, 404)


async def test_a_disabled_workflow_does_not_run() -> None:
    """A workflow switched off by hand is answered 422."""
    stage = Stage()
    await stage.ask("GET", f"{R}/actions/workflows")
    stage.repository.workflows[".github/workflows/build.yml"].state = "disabled_manually"
    response = await stage.dispatch()

    assert response.status_code == 422
    assert "disabled workflow" in response.json()["message"]
