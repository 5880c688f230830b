"""Check runs and comments: what the App writes, and what GitHub refuses to take."""

from typing import Any

import pytest

from tests.rehearsal.stage import API, R, Stage

pytestmark = pytest.mark.anyio


async def test_a_check_run_is_seen_on_its_commit() -> None:
    """A check run is made, changed, found by its commit, and heard of when it ends."""
    stage = Stage()
    sha = stage.repository.head.sha
    made = await stage.ask("POST", f"{R}/check-runs", {"name": "train", "head_sha": sha})
    path = f"{R}/check-runs/{made.json()['id']}"
    output = {"title": "2 of 3", "summary": "so far"}
    await stage.ask("PATCH", path, {"status": "in_progress", "output": output})
    await stage.ask("PATCH", path, {"status": "completed", "conclusion": "success"})
    await stage.github.advance(1)
    listed = (await stage.ask("GET", f"{R}/commits/main/check-runs")).json()
    run = stage.github.check_runs(API, sha)[0]

    assert made.status_code == 201
    assert [(r["status"], r["conclusion"]) for r in listed["check_runs"]] == [
        ("completed", "success")
    ]
    assert (run.title, run.writes) == ("2 of 3", 3)
    assert stage.receiver.events[1:] == ["check_run.created", "check_run.completed"]


async def test_a_button_of_a_check_is_heard() -> None:
    """Pressing a button tells the App which one, and who pressed it."""
    stage = Stage()
    sha = stage.repository.head.sha
    await stage.ask("POST", f"{R}/check-runs", {"name": "train", "head_sha": sha})
    stage.github.press_button(API, stage.github.check_runs(API, sha)[0], "retry", by="mona")
    await stage.github.advance(1)
    body = stage.receiver.webhooks[-1][1]

    assert body["requested_action"] == {"identifier": "retry"}
    assert body["sender"]["login"] == "mona"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"head_sha": "0" * 40}, "No commit found for SHA"),
        ({"status": "completed"}, "conclusion"),
        ({"status": "waiting"}, "waiting"),
        ({"conclusion": "fine"}, "fine is not a conclusion"),
        ({"started_at": "yesterday"}, "yesterday is not a valid date-time"),
        ({"output": {"title": "a"}}, '"summary" wasn\'t supplied'),
        ({"output": {"title": "a", "summary": "x" * 65_536}}, "Only 65535 characters"),
        ({"output": {"title": "a", "summary": "", "annotations": [{}] * 51}}, "more than 50"),
        ({"actions": [{}] * 4}, "No more than 3 actions"),
        (
            {"actions": [{"label": "x" * 21, "description": "y", "identifier": "z"}]},
            "label must have 1 to 20 characters",
        ),
    ],
)
async def test_a_check_run_that_github_does_not_take(wrong: Any, message: str) -> None:
    """What breaks GitHub's limits is answered 422, and nothing is written."""
    stage = Stage()
    body = {"name": "train", "head_sha": stage.repository.head.sha, **wrong}
    response = await stage.ask("POST", f"{R}/check-runs", body)

    assert response.status_code == 422
    assert message in response.json()["message"]
    assert stage.repository.check_runs == {}


async def test_one_comment_is_edited_in_place() -> None:
    """A comment of the App is made, changed, and keeps what it said before for us."""
    stage = Stage()
    number = stage.github.open_pull_request(API, {"a": "1"}).number
    made = await stage.ask("POST", f"{R}/issues/{number}/comments", {"body": "waiting"})
    await stage.ask("PATCH", made.json()["url"], {"body": "done"})
    comments = stage.github.comments(API, number)

    assert made.json()["performed_via_github_app"]["slug"] == "signalbox"
    assert made.json()["user"]["type"] == "Bot"
    assert [comment.revisions for comment in comments] == [["waiting", "done"]]


async def test_a_comment_that_github_does_not_take() -> None:
    """An empty or too long comment is refused, and so is changing another's."""
    stage = Stage()
    number = stage.github.open_pull_request(API, {"a": "1"}).number
    path = f"{R}/issues/{number}/comments"
    foreign = stage.github.comment(API, number, "mine")
    empty = await stage.ask("POST", path, {"body": " "})
    long = await stage.ask("POST", path, {"body": "x" * 65_537})
    other = await stage.ask("PATCH", f"{R}/issues/comments/{foreign.id}", {"body": "yours"})
    nowhere = await stage.ask("POST", f"{R}/issues/99/comments", {"body": "x"})

    statuses = [response.status_code for response in (empty, long, other, nowhere)]
    assert statuses == [422, 422, 403, 404]


async def test_a_body_that_is_no_json_object_is_refused() -> None:
    """JSON of another kind is answered 400."""
    stage = Stage()
    response = await stage.ask("POST", f"{R}/check-runs", ["no object"])

    assert response.status_code == 400
