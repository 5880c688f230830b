"""Webhooks going out: signed, listed, failed, sent again."""

import hashlib
import hmac

import pytest

from tests.rehearsal.stage import API, Stage

pytestmark = pytest.mark.anyio


async def test_a_webhook_is_signed_over_its_bytes() -> None:
    """The signature and the headers are those of GitHub."""
    stage = Stage(webhook_secret="secret")
    await stage.github.advance(1)
    path, headers, body = stage.receiver.heard[0]
    expected = hmac.new(b"secret", body, hashlib.sha256).hexdigest()

    assert path == "/webhooks/github"
    assert headers["x-hub-signature-256"] == f"sha256={expected}"
    assert headers["x-github-event"] == "installation"
    assert headers["content-type"] == "application/json"
    assert headers["user-agent"].startswith("GitHub-Hookshot/")
    assert len(headers["x-github-delivery"]) == 36


async def test_deliveries_are_listed_with_how_they_were_received() -> None:
    """The App finds what failed, reads the payload, and has it sent again by the same guid."""
    stage = Stage()
    stage.receiver.statuses = [202, 503]
    stage.github.push(API, {"a": "1"})
    await stage.github.advance(1)
    failed = (await stage.ask_as_app("GET", "/app/hook/deliveries?status=failure")).json()
    path = f"/app/hook/deliveries/{failed[0]['id']}"
    whole = (await stage.ask_as_app("GET", path)).json()
    again = await stage.ask_as_app("POST", f"{path}/attempts")
    await stage.github.advance(1)
    listed = (await stage.ask_as_app("GET", "/app/hook/deliveries")).json()

    assert [(d["event"], d["status_code"]) for d in failed] == [("push", 503)]
    assert whole["request"]["payload"]["ref"] == "refs/heads/main"
    assert again.status_code == 202
    assert [(d["guid"], d["redelivery"], d["status"]) for d in listed[:2]] == [
        (failed[0]["guid"], True, "OK"),
        (failed[0]["guid"], False, "Service Unavailable"),
    ]


async def test_deliveries_are_paged_by_cursor() -> None:
    """The next page begins where the last one ended."""
    stage = Stage()
    for number in range(4):
        stage.github.push(API, {"a": str(number)})
    await stage.github.advance(1)
    first = await stage.ask_as_app("GET", "/app/hook/deliveries?per_page=3")
    second = await stage.ask_as_app("GET", first.links["next"]["url"])

    assert [len(page.json()) for page in (first, second)] == [3, 2]
    assert "next" not in second.links


async def test_a_delivery_nobody_takes_is_written_down_as_failed() -> None:
    """Without a receiver the delivery has no status code, and is not tried again."""
    stage = Stage()
    stage.github.postman.client = None
    await stage.github.advance(100)
    listed = (await stage.ask_as_app("GET", "/app/hook/deliveries")).json()

    assert [(d["status_code"], d["status"]) for d in listed] == [
        (0, "failed to connect to host")
    ]


async def test_a_delivery_is_too_old_after_three_days() -> None:
    """What is older than three days cannot be sent again."""
    stage = Stage()
    await stage.github.advance(3 * 86_400)
    listed = (await stage.ask_as_app("GET", "/app/hook/deliveries")).json()
    again = await stage.ask_as_app("POST", f"/app/hook/deliveries/{listed[0]['id']}/attempts")

    assert again.status_code == 400


async def test_only_what_the_app_may_hear_is_sent() -> None:
    """Not subscribed, not permitted, not installed there or suspended: nothing is sent."""
    stage = Stage()
    github = stage.github
    github.add_repository("world/open", {"a": "1"})
    await github.advance(1)
    stage.receiver.heard.clear()
    app = github.world.registered_app()
    app.events = tuple(event for event in app.events if event != "push")
    github.push(API, {"a": "1"})
    github.push("world/open", {"a": "2"})
    app.events = (*app.events, "push")
    stage.installation.permissions = {"metadata": "read"}
    github.push(API, {"a": "2"})
    github.suspend(stage.installation)
    github.push(API, {"a": "3"})
    await github.advance(1)

    assert stage.receiver.events == ["installation.suspend"]
