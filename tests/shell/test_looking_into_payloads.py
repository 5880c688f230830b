"""Stories about deliveries that are read by their sketch: definitions still see all of them."""

import json
from typing import Any

import pytest

from app.core.moves import OrchestrationStatus
from tests.kit import build
from tests.kit.office import HOME, HOME_NAME, Office, read_of

pytestmark = pytest.mark.anyio

REPOSITORY = {"id": HOME, "full_name": HOME_NAME, "default_branch": "main"}
FAR_DOWN = "event.workflow_run.head_commit.author.name"
"""Nothing of it is read of a delivery."""


def ended(author: str) -> dict[str, Any]:
    """Return the payload of a workflow run that nobody has dispatched."""
    run = {
        "id": 77,
        "status": "completed",
        "conclusion": "success",
        "event": "push",
        "head_sha": build.HEAD,
        "head_branch": "main",
        "head_repository": {"id": HOME},
        "head_commit": {"author": {"name": author}, "id": build.HEAD},
    }
    about = {"repository": REPOSITORY, "installation": {"id": 9}, "workflow": {"name": "CI"}}
    return {"action": "completed", "workflow_run": run, **about}


async def waiting() -> Office:
    """Let an orchestration wait for a workflow run of Mona's."""
    office = Office()
    wait = {"event": "workflow_run.completed", "when": f'{FAR_DOWN} == "Mona"', "for": "1d"}
    text = build.document("hold", whole={"on": {"push": {}}}, hold={"wait": wait})
    await office.open_with(read_of(train=text))
    await office.push()
    await office.work()
    await office.wait(seconds=1)
    return office


async def test_a_condition_sees_what_a_sketch_passes_over() -> None:
    """And what is kept of the event that started it all is the whole of it."""
    office = Office()
    listen = {"workflow_run": {"workflows": ["CI"], "if": f'{FAR_DOWN} == "Mona"'}}
    text = build.document("build", whole={"on": listen})
    await office.open_with(read_of(train=text))
    await office.deliver("workflow_run", ended("Hubot"))
    await office.deliver("workflow_run", ended("Mona"))
    await office.work()
    state = await office.state()

    assert state.plan.cause.event == ended("Mona")


async def test_a_wait_sees_what_a_sketch_passes_over() -> None:
    """The one that it waits for is told by a field that is read of no delivery."""
    office = await waiting()
    await office.deliver("workflow_run", ended("Hubot"))
    await office.work()
    before = await office.state()
    await office.deliver("workflow_run", ended("Mona"))
    await office.work()

    assert before.status is OrchestrationStatus.RUNNING
    assert (await office.state()).status is OrchestrationStatus.SUCCEEDED


async def test_a_number_that_nobody_can_read_stops_no_other_delivery() -> None:
    """It is in a field that no sketch reads, and is come upon when somebody listens."""
    office = await waiting()
    body = json.dumps(ended("Mona")).replace('"author"', f'"size": {"9" * 5_000}, "author"')
    await office.deliver("workflow_run", body.encode())
    await office.deliver("workflow_run", ended("Mona"))
    await office.work()

    assert (await office.state()).status is OrchestrationStatus.SUCCEEDED
