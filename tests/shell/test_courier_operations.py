"""Stories about calls that must not be made twice, and questions asked until answered."""

import json

import pytest

from app.core.commands import Command, ListJobs, PerformOperation
from app.core.moves import LegStatus
from app.courier.giving_up import TRIES_MAX
from app.ports import Errand, Outcome
from tests.kit import build
from tests.kit.office import Office, postponed, read_of

pytestmark = pytest.mark.anyio
CASE = {
    "github": "issue.create",
    "with": {"repository": "acme/ops", "title": "Down"},
    "outputs": {"number": {"type": "integer"}},
}
TRAIN = json.dumps({"version": 1, "on": {"manual": {}}, "tasks": {"case": CASE}})


async def opened() -> Office:
    office = Office()
    await office.open_with(read_of(train=TRAIN))
    return office


async def test_a_call_that_nobody_wants_any_more_is_not_made() -> None:
    """Somebody cancelled while it waited for its turn."""
    office = await opened()
    body = {"repository": "acme/release", "definition": "train", "actor": "mona"}
    await office.deliver("signalbox/start", body)
    await office.engine.take()
    cancel = {"orchestration": (await office.state()).id, "actor": "mona"}
    await office.deliver("signalbox/cancel", cancel)
    await office.engine.take()
    await office.work()

    assert office.hands.keys(PerformOperation) == []
    assert (await office.statuses()) == {"train #1": "cancelled"}


async def test_a_call_that_may_have_been_made_is_carried_to_its_end() -> None:
    """After an unknown outcome whoever performs it finds out, whatever is wanted by then."""
    office = await opened()
    office.hands.answer = lambda _command, _errand: postponed()
    await office.start()
    tries: list[int] = []

    def answer(command: Command, errand: Errand) -> Outcome | None:
        if isinstance(command, PerformOperation):
            tries.append(errand.tries)
        return None

    office.hands.answer = answer
    await office.ask("cancel", orchestration=(await office.state()).id)
    await office.wait(minutes=1)

    assert tries == [2]


async def test_a_call_is_given_up_after_a_day_and_says_where_to_look() -> None:
    """To call it failed while it may have been made is the very last resort."""
    office = await opened()
    office.hands.answer = lambda _command, _errand: postponed("503")
    await office.start()
    for _ in range(TRIES_MAX + 10):
        await office.wait(minutes=5)
    before = await office.statuses()
    await office.wait(hours=24)
    reason = build.leg(await office.state(), "case").reason

    assert before == {"train #1": "running"}
    assert reason is not None
    assert reason.code == "could-not-dispatch"
    assert "see what `issue.create` was to do" in reason.message


async def test_what_is_needed_to_judge_is_asked_until_it_is_known() -> None:
    """A workflow run whose jobs are not known yet has not succeeded."""
    checked = build.document(
        "build", whole={"on": {"push": {}}}, build={"require-jobs": ["test"]}
    )
    office = Office()
    await office.open_with(read_of(train=checked))

    def answer(command: Command, _errand: Errand) -> Outcome | None:
        return postponed() if isinstance(command, ListJobs) else None

    office.hands.answer = answer
    await office.push()
    await office.work()
    await office.workflow_run("build", "completed", "success")
    await office.work()
    for _ in range(TRIES_MAX + 5):
        await office.wait(minutes=5)
    await office.wait(minutes=61)
    asked = len(office.hands.keys(ListJobs))

    assert asked > TRIES_MAX
    assert build.legs(await office.state(), "build")[""] is not LegStatus.SUCCEEDED
