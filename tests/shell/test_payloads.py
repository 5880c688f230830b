"""GitHub's own example deliveries, every one of them, through the door and the engine."""

import json
import logging
from collections.abc import Mapping
from dataclasses import replace

import httpx
import pytest
import structlog

from app.clock import SystemClock
from app.core.hearing.findings import File
from app.core.hearing.heard import Heard, Repository
from app.core.hearing.unread import Unread
from app.core.values import JsonObject, RepositoryName, Sha
from app.engine import Engine
from app.github.sketches import SKETCHED
from app.github.webhooks import hear
from app.ports import Batch, Delivery, KnownRepository
from app.store.memory import MemoryStore
from app.web.hooks import WebhookDoor
from tests.shell.web_kit import SECRET, signed

EVENTS = (
    "push",
    "pull_request",
    "workflow_run",
    "workflow_job",
    "check_run",
    "check_suite",
    "issue_comment",
    "installation",
    "installation_repositories",
)
LISTENING = """\
version: 1
on:
  push: {paths: ['**']}
  pull_request: {types: [opened, synchronize, closed, edited, labeled]}
  workflow_run:
    workflows: ['**']
    if: event.workflow_run.id > 0
tasks:
  test: {dispatch: octo/other/.github/workflows/test.yml@main}
"""
ELSEWHERE = """\
version: 1
on: {release: {types: [published]}}
tasks:
  test: {dispatch: octo/other/.github/workflows/test.yml@main}
"""

pytestmark = pytest.mark.anyio


async def knowing(
    store: MemoryStore, examples: list[dict[str, object]], text: str = LISTENING
) -> None:
    """Let the store know every repository that the examples name, with a definition in each."""
    batch = Batch()
    named = {}
    for example in examples:
        repository = example.get("repository")
        if isinstance(repository, dict):
            named[repository["id"]] = repository
    for number, repository in named.items():
        known = Repository(
            id=number,
            name=RepositoryName(repository["full_name"]),
            default_branch=repository["default_branch"],
        )
        batch.repositories.append(
            KnownRepository(
                repository=known, installation_id=1, head_sha=Sha("a" * 40), policy=None
            )
        )
        path = ".github/orchestrations/all.yml"
        batch.definitions.append((number, (File(path=path, blob_sha=Sha("1"), text=text),)))
    await store.commit(batch)


@pytest.mark.parametrize("event", EVENTS)
async def test_every_example_of_github_is_taken_in_and_worked_off(
    event: str,
    webhook_examples: Mapping[str, list[dict[str, object]]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Each is answered 2xx, none is an error in the log, and again it changes nothing."""
    examples = webhook_examples[event]
    store, clock = MemoryStore(), SystemClock()
    await knowing(store, examples)
    engine = Engine(store=store, clock=clock, read=hear, owner="me")
    await engine.open()
    door = WebhookDoor(secret=SECRET, inbox=store, clock=clock, wake=engine.wake)
    transport = httpx.ASGITransport(app=door)

    async def deliver_all() -> list[int]:
        async with httpx.AsyncClient(transport=transport, base_url="http://box") as client:
            answers = []
            for number, example in enumerate(examples):
                body = json.dumps(example).encode()
                headers = signed(event, body, f"guid-{number}")
                answer = await client.post("/webhooks/github", content=body, headers=headers)
                answers.append(answer.status_code)
        while await engine.take():
            pass
        return answers

    with caplog.at_level(logging.WARNING), structlog.testing.capture_logs() as logged:
        first = await deliver_all()
        before = await store.orchestrations(limit=1_000)
        second = await deliver_all()

    assert examples, "an event without examples would prove nothing"
    assert {*first, *second} == {202}
    assert [entry for entry in logged if entry["log_level"] in ("error", "critical")] == []
    assert [entry for entry in caplog.records if entry.levelno >= logging.ERROR] == []
    assert await store.orchestrations(limit=1_000) == before


@pytest.mark.parametrize("event", sorted(SKETCHED))
async def test_what_nobody_listens_to_is_not_taken_apart(
    event: str, webhook_examples: Mapping[str, list[dict[str, object]]]
) -> None:
    """Of a delivery only its sketch is read, while definitions listen to something else."""
    examples = webhook_examples[event]
    looked_into = []

    def watched(name: str, body: bytes) -> Heard:
        def parse() -> JsonObject:
            looked_into.append(body)
            return heard.payload

        heard = hear(name, body)
        return replace(heard, payload=Unread(parse))

    store, clock = MemoryStore(), SystemClock()
    await knowing(store, examples, ELSEWHERE)
    engine = Engine(store=store, clock=clock, read=watched, owner="me")
    await engine.open()
    for number, example in enumerate(examples):
        await store.take_in(
            Delivery(
                id=str(number),
                event=event,
                body=json.dumps(example).encode(),
                received_at=clock.now(),
            )
        )
    while await engine.take():
        pass

    # Which button was pressed, or what of a pull request was edited, has to be looked up.
    telling = (b'"requested_action"', b'"action": "edited"')
    assert [body for body in looked_into if not any(it in body for it in telling)] == []


async def test_the_examples_start_what_listens_to_them(
    webhook_examples: Mapping[str, list[dict[str, object]]],
) -> None:
    """The examples are no mere passers-by: workflow runs among them start orchestrations."""
    examples = webhook_examples["workflow_run"]
    store, clock = MemoryStore(), SystemClock()
    await knowing(store, examples)
    engine = Engine(store=store, clock=clock, read=hear, owner="me")
    await engine.open()
    door = WebhookDoor(secret=SECRET, inbox=store, clock=clock, wake=engine.wake)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=door), base_url="http://box"
    ) as client:
        for number, example in enumerate(examples):
            body = json.dumps(example).encode()
            headers = signed("workflow_run", body, str(number))
            await client.post("/webhooks/github", content=body, headers=headers)

    while await engine.take():
        pass

    assert await store.orchestrations(limit=10)
