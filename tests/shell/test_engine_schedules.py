"""Stories about schedules: a definition starts by the clock, and what was missed is said."""

from datetime import timedelta
from typing import Any

import pytest
import structlog.testing

from app.core.shared import SCHEDULE
from tests.kit.build import document
from tests.kit.office import Office, read_of

pytestmark = pytest.mark.anyio


async def opened(**stems: str) -> Office:
    """Return an office that knows these definitions, and dispatches without being told ids."""
    office = Office()
    office.hands.knows_run = False
    await office.open_with(read_of(**stems))
    return office


def nightly(cron: str = "0 12 * * *", **inputs: Any) -> str:
    listed = [{"cron": cron, "timezone": "UTC", **({"with": inputs} if inputs else {})}]
    declared = {name: {"type": "string"} for name in inputs}
    return document("build", whole={"on": {"schedule": listed}, "inputs": declared})


async def test_a_schedule_starts_its_definition() -> None:
    """It starts at its time, with its inputs, and again the next day."""
    office = await opened(train=nightly(train="night"))
    await office.wait(hours=2)
    early = len(await office.states())
    await office.wait(hours=1)
    first = await office.state("train #1")
    await office.wait(days=1)

    assert early == 0
    assert first.plan.cause.event_name == "schedule"
    assert first.plan.inputs == {"train": "night"}
    assert len(await office.states()) == 2


async def test_a_missed_tick_is_reported_and_not_made_up_for() -> None:
    """After three days away nothing starts; the next tick counts."""
    office = await opened(train=nightly())
    office.moment += timedelta(days=3)
    with structlog.testing.capture_logs() as logged:
        await office.work()
    away = len(await office.states())
    await office.wait(hours=3)

    assert [(entry["event"], entry["count"]) for entry in logged] == [("schedule missed", 3)]
    assert away == 0
    assert len(await office.states()) == 1


async def test_a_schedule_follows_its_definition() -> None:
    """A changed entry counts from then on, and a removed definition starts nothing."""
    office = await opened(train=nightly())
    await office.learn(read_of(train=nightly("30 9 * * *")))
    await office.wait(minutes=31)
    changed = len(await office.states())
    await office.learn(read_of())
    await office.wait(days=2)

    assert changed == 1
    assert len(await office.states()) == 1
    assert await office.store.shared_of_kind(SCHEDULE) == []


async def test_a_tick_of_yesterday_s_definition_starts_nothing() -> None:
    """Between a tick and its start the definition may have changed: it says what counts."""
    office = await opened(train=nightly())
    office.moment += timedelta(hours=3)
    await office.courier.carry_due()
    await office.let_read(read_of(train=nightly("30 9 * * *")))
    await office.courier.carry_due()
    await office.work()

    assert await office.states() == []
