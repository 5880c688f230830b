"""The judge: it notices what breaks GitHub's description, and four things that do not."""

from typing import Any

import pytest

from tests.rehearsal.stage import OLD, R, Stage

pytestmark = pytest.mark.anyio

RULE = f"{R}/actions/runs/1/deployment_protection_rule"


async def complaints(method: str, path: str, body: Any = None) -> list[str]:
    """Return what the judge says of one request."""
    stage = Stage()
    stage.version = OLD
    await stage.ask(method, path, body)
    return stage.judge.complaints


@pytest.mark.parametrize(
    ("method", "path", "body", "complaint"),
    [
        (
            "POST",
            RULE,
            {"environment_name": "p", "state": "aproved", "comment": "x"},
            "aproved",
        ),
        (
            "POST",
            f"{R}/check-runs",
            {"name": "a", "head_sha": "b", "status": "completed"},
            "a completed check needs a conclusion",
        ),
        ("POST", f"{R}/actions/workflows/1/dispatches", {"ref": "m", "input": {}}, "'input'"),
        ("POST", f"{R}/issues/1/comments", {"body": "x" * 65_537}, "at most 65536"),
    ],
)
async def test_four_wrongs_that_the_description_lets_pass(
    method: str, path: str, body: Any, complaint: str
) -> None:
    """What GitHub refuses and its description does not is complained of all the same."""
    found = await complaints(method, path, body)

    assert len(found) == 1
    assert complaint in found[0]


@pytest.mark.parametrize(
    ("method", "path", "body", "complaint"),
    [
        ("GET", f"{R}/secrets-of-all", None, "GitHub describes no such endpoint"),
        ("GET", f"{R}/actions/runs?stat=queued", None, "no query parameter stat"),
        ("GET", f"{R}/actions/runs?status=sleepy", None, "status=sleepy is not one of"),
        ("POST", f"{R}/check-runs", {"name": "a"}, '"head_sha" is a required property'),
        ("POST", f"{R}/issues/1/comments", None, "the body is missing"),
        ("POST", f"{R}/issues/1/comments", {"body": 1}, "at body: 1 is not of type"),
    ],
)
async def test_a_request_that_breaks_the_description(
    method: str, path: str, body: Any, complaint: str
) -> None:
    """A request GitHub does not describe so is complained of."""
    found = await complaints(method, path, body)

    assert len(found) == 1
    assert complaint in found[0]


async def test_an_answer_that_breaks_the_description() -> None:
    """An answer without what GitHub promises is complained of."""
    stage = Stage()
    stage.repository.shapes["minimal"] = {"id": "seven"}
    await stage.ask("GET", R)

    with pytest.raises(AssertionError, match="at id: "):
        stage.judge.check()


async def test_the_newer_version_is_judged_as_changed() -> None:
    """What API version 2026-03-10 took away is unknown to it."""
    stage = Stage()
    dispatches = f"{R}/actions/workflows/plain.yml/dispatches"
    body = {"ref": "main", "return_run_details": True}
    await stage.ask("POST", dispatches, body)
    newer = list(stage.judge.complaints)
    stage.judge.complaints.clear()
    stage.version = OLD
    await stage.ask("POST", dispatches, body)

    assert "'return_run_details' is no key of a dispatch" in newer[0]
    assert stage.judge.complaints == []


async def test_a_webhook_that_breaks_the_description() -> None:
    """A payload that lacks a key, and an event that GitHub has not, are complained of."""
    stage = Stage()
    stage.judge.webhook("workflow_run", {"action": "completed"})
    stage.judge.webhook("moon_phase", {"action": "full"})

    assert any('"workflow_run" is a required' in found for found in stage.judge.complaints)
    assert stage.judge.complaints[-1].endswith("GitHub has no such webhook")
