"""The webhook door and the small addresses: what is answered, and what is kept."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from starlette.types import Receive, Scope

from app.core.reading.happenings import DEFAULT_TYPES
from app.web.bodies import Crowded, Room, read_body
from app.web.hooks import EVENTS_HEARD
from tests.shell.web_kit import SECRET, FullDisk, Server, error_of, signed

pytestmark = pytest.mark.anyio
MEGABYTE = 1024 * 1024


async def test_a_delivery_is_kept_before_it_is_answered() -> None:
    """A signed delivery is in the inbox, byte for byte, and the engine is woken."""
    server = Server()

    response = await server.deliver("push", b'{"ref":  "refs/heads/main"}')

    assert (response.status_code, response.json()) == (202, {"status": "accepted"})
    (delivery,) = await server.store.new_deliveries(10)
    assert (delivery.id, delivery.event) == ("guid-1", "push")
    assert delivery.body == b'{"ref":  "refs/heads/main"}'
    assert server.woken == [True]


async def test_a_delivery_known_already_changes_nothing() -> None:
    """The same delivery again is answered well and kept once."""
    server = Server()
    await server.deliver("push", {"ref": "refs/heads/main"})

    response = await server.deliver("push", {"ref": "refs/heads/main"})

    assert (response.status_code, response.json()) == (202, {"status": "duplicate"})
    assert await server.deliveries() == [("guid-1", "push")]
    assert server.woken == [True]


@pytest.mark.parametrize(
    "signature",
    ["", "sha256=", "sha256=" + "0" * 64, "sha1=" + "0" * 40, "sha256=" + "x" * 64],
)
async def test_a_wrong_signature_leaves_no_trace(signature: str) -> None:
    """Whoever cannot sign is answered 401, whatever else is wrong, and nothing is kept."""
    server = Server()

    response = await server.deliver(
        "push", b"not even json", x_hub_signature_256=signature, content_type="text/plain"
    )

    assert (response.status_code, error_of(response)) == (401, "bad-signature")
    assert await server.deliveries() == []


async def test_a_changed_body_is_not_the_signed_one() -> None:
    """The signature holds for the body as sent and for no other."""
    server = Server()
    headers = signed("push", b'{"ref": "refs/heads/main"}', "guid-1")

    response = await server.call(
        "POST", "/webhooks/github", content=b'{"ref": "refs/heads/evil"}', headers=headers
    )

    assert response.status_code == 401
    assert await server.deliveries() == []


async def test_a_form_is_refused_with_the_remedy() -> None:
    """An App set to send forms is told where to change that."""
    server = Server()

    response = await server.deliver(
        "push", b"payload=%7B%7D", content_type="application/x-www-form-urlencoded"
    )

    assert (response.status_code, error_of(response)) == (415, "not-json")
    assert "application/json" in response.json()["error"]["remedy"]
    assert await server.deliveries() == []


@pytest.mark.parametrize("header", ["x_github_event", "x_github_delivery"])
async def test_a_header_that_got_lost_is_missed(header: str) -> None:
    """Without its name or its id a delivery cannot be kept."""
    server = Server()

    response = await server.deliver("push", {}, **{header: ""})

    assert (response.status_code, error_of(response)) == (400, "bad-headers")
    assert await server.deliveries() == []


async def test_our_own_events_cannot_come_through_this_door() -> None:
    """Not even with the secret can a webhook call start something by hand."""
    server = Server()

    response = await server.deliver("signalbox/start", {"repository": "acme/release"})

    assert response.status_code == 400
    assert await server.deliveries() == []


async def test_a_body_over_the_cap_is_refused_by_its_length() -> None:
    """A body that says it is too long is not read."""
    server = Server()

    response = await server.deliver("push", b"{}", content_length=str(25 * MEGABYTE + 1))

    assert (response.status_code, error_of(response)) == (413, "too-large")


async def test_a_body_over_the_cap_is_refused_while_it_comes() -> None:
    """A body that does not say how long it is is read up to the cap and no further."""
    server = Server()
    sent = []

    async def endless() -> AsyncIterator[bytes]:
        for number in range(1000):
            sent.append(number)
            yield b" " * MEGABYTE

    response = await server.call("POST", "/webhooks/github", content=endless())

    assert (response.status_code, error_of(response)) == (413, "too-large")
    assert len(sent) == 26
    assert await server.deliveries() == []


async def test_large_bodies_cannot_fill_the_memory_together() -> None:
    """While one body is on its way another finds no room; then there is room again."""
    room, is_here, may_end = Room(2_000), asyncio.Event(), asyncio.Event()

    def sender(*, waits: bool) -> Receive:
        sizes = iter([1_400, 0])

        async def receive() -> dict[str, object]:
            size = next(sizes)
            if size == 0 and waits:
                is_here.set()
                await may_end.wait()
            return {"type": "http.request", "body": b"x" * size, "more_body": size > 0}

        return receive

    async def read(*, waits: bool = False) -> int:
        scope: Scope = {"type": "http", "headers": []}
        return len(await read_body(scope, sender(waits=waits), bytes_max=1_500, room=room))

    slow = asyncio.create_task(read(waits=True))
    await is_here.wait()
    with pytest.raises(Crowded):
        await read()
    may_end.set()

    assert await slow == 1_400
    assert await read() == 1_400


async def test_a_body_at_the_cap_is_taken() -> None:
    """25 MB are allowed."""
    server = Server()
    body = json.dumps({"pad": "x" * (25 * MEGABYTE - 11)}).encode()

    response = await server.deliver("push", body)

    assert len(body) == 25 * MEGABYTE
    assert response.status_code == 202


async def test_a_ping_is_answered() -> None:
    """GitHub's first call after an App is set up finds us at home, and is not kept."""
    server = Server()

    response = await server.deliver("ping", {"zen": "Keep it logically awesome."})

    assert (response.status_code, response.json()) == (200, {"status": "pong"})
    assert await server.deliveries() == []


async def test_an_event_of_no_use_is_answered_and_not_kept() -> None:
    """An event that we have no ear for is no failure of GitHub's."""
    server = Server()

    response = await server.deliver("sponsorship", {})

    assert (response.status_code, response.json()) == (202, {"status": "ignored"})
    assert await server.deliveries() == []


def test_every_event_of_the_language_is_heard() -> None:
    """What a definition may listen to is not thrown away at the door."""
    assert set(DEFAULT_TYPES) <= EVENTS_HEARD


async def test_without_a_disk_github_is_told_to_note_a_failure() -> None:
    """A delivery that cannot be kept is answered 503: GitHub records a failure."""
    server = Server(inbox=FullDisk())

    response = await server.deliver("push", {})

    assert (response.status_code, error_of(response)) == (503, "not-saved")
    assert response.headers["retry-after"] == "10"
    assert "disk" not in response.text
    assert server.woken == []


async def test_many_at_once_are_kept_each() -> None:
    """Deliveries that come together are kept all."""
    server = Server()

    responses = await asyncio.gather(
        *(server.deliver("push", {"n": n}, guid=f"guid-{n}") for n in range(50))
    )

    assert {response.status_code for response in responses} == {202}
    assert len(await server.deliveries()) == 50


async def test_every_real_delivery_is_answered_well(
    webhook_examples: Mapping[str, list[dict[str, Any]]],
) -> None:
    """All example deliveries of GitHub's, of every event, are answered 2xx, twice."""
    server = Server()

    refused = []
    for event, examples in webhook_examples.items():
        for number, payload in enumerate(examples):
            guid = f"{event}-{number}".replace("_", "-")
            for _ in range(2):
                response = await server.deliver(event, payload, guid=guid)
                if response.status_code not in (200, 202):
                    refused.append((event, number, response.text))

    assert refused == []
    kept = sum(
        event != "check_run" or payload["action"] == "requested_action"
        for event in EVENTS_HEARD
        for payload in webhook_examples.get(event, ())
    )
    assert len(await server.deliveries()) == kept


async def test_the_process_lives() -> None:
    """Health asks nothing of anybody: a sick database is no reason to kill the process."""
    response = await Server(inbox=FullDisk(), trouble="no database").call("GET", "/health")

    assert (response.status_code, response.json()) == (200, {"status": "ok"})


async def test_readiness_says_why_not() -> None:
    """A server that cannot work says so, and why."""
    ready = await Server().call("GET", "/ready")
    unready = await Server(trouble="the database does not answer").call("GET", "/ready")

    assert (ready.status_code, ready.json()) == (200, {"status": "ready"})
    assert (unready.status_code, error_of(unready)) == (503, "not-ready")
    assert unready.json()["error"]["message"] == "the database does not answer"


async def test_an_unknown_address_is_an_error_like_any_other() -> None:
    """Wrong addresses and methods are answered in the form of all our errors."""
    server = Server()

    nowhere = await server.call("GET", "/nowhere")
    wrong = await server.call("GET", "/webhooks/github")

    assert (nowhere.status_code, error_of(nowhere)) == (404, "not-found")
    assert (wrong.status_code, error_of(wrong)) == (405, "wrong-method")
    assert wrong.headers["allow"] == "POST"


async def test_a_mistake_of_ours_tells_nothing_of_the_house() -> None:
    """A bug is answered 500, and what it is stands in the log alone."""
    response = await Server(trouble="broken").call("GET", "/ready")

    assert (response.status_code, error_of(response)) == (500, "internal")
    assert "secret" not in response.text


@pytest.mark.parametrize("path", ["/", "/health", "/ready", "/nowhere"])
async def test_every_answer_has_the_security_headers(path: str) -> None:
    """Nothing of ours can be framed, sniffed or run as a page."""
    response = await Server().call("GET", path)

    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["content-security-policy"].startswith("default-src 'none'")


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
async def test_there_are_no_pages_about_our_insides(path: str) -> None:
    """The pages that FastAPI makes by itself are not there."""
    assert (await Server().call("GET", path)).status_code == 404


async def test_the_first_page_names_the_others() -> None:
    """Whoever finds the server learns what it is, and nothing secret."""
    response = await Server().call("GET", "/")

    assert response.json()["name"] == "Signalbox"
    assert "/webhooks/github" in response.json()["paths"]
    assert SECRET not in response.text


async def test_editors_fetch_the_schema_of_the_language() -> None:
    """It may be kept for a while, and read from any page."""
    response = await Server().call("GET", "/schema/orchestration.json")

    assert response.status_code == 200
    assert response.headers["content-type"] == "application/schema+json"
    assert response.headers["cache-control"] == "public, max-age=3600"
    assert response.headers["access-control-allow-origin"] == "*"
    assert response.json()["$defs"]["task"]["additionalProperties"] is False
