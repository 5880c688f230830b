"""Stories about engine and courier: what comes in is worked off, what follows is carried."""

from datetime import timedelta
from typing import Any

import pytest
import structlog.testing

from app.core.commands import Command, DispatchWorkflow, LookUpWorkflowRun
from app.core.events import DispatchAccepted, WorkflowRunMissed
from app.core.moves import LegStatus, OrchestrationStatus
from app.ports import Carried, Errand, Outcome
from tests.kit import build
from tests.kit.office import Office, postponed

pytestmark = pytest.mark.anyio
IMAGE: dict[str, Any] = {"outputs": {"image": {"type": "string", "required": True}}}


async def test_a_push_is_followed_to_its_end() -> None:
    """A delivery starts an orchestration, its tasks are dispatched in order, and it ends."""
    office = Office()
    await office.open("build; test: build")
    await office.push()
    await office.work()
    for task in ("build", "test"):
        await office.workflow_run(task, "completed", "success")
        await office.work()

    assert office.hands.keys() == ["dispatch/build/1", "dispatch/test/1"]
    assert (await office.state()).status is OrchestrationStatus.SUCCEEDED


async def test_a_delivery_counts_once() -> None:
    """The same delivery again is known, and starts nothing."""
    office = Office()
    await office.open()
    first = await office.push(guid="one")
    await office.work()
    second = await office.push(guid="one")
    await office.work()

    assert (first, second) == (True, False)
    assert len(await office.states()) == 1


async def test_an_end_heard_before_the_answer_waits_for_it() -> None:
    """A completion that nobody can claim yet is parked, and taken in once somebody can."""
    office = Office()
    await office.open()
    office.hands.answer = lambda _command, _errand: postponed()
    await office.push()
    await office.work()
    await office.workflow_run("build", "completed", "success")
    await office.work()
    early = await office.state()
    office.hands.answer = lambda _command, _errand: None
    await office.wait(seconds=2)

    assert not early.has_ended
    assert (await office.state()).status is OrchestrationStatus.SUCCEEDED
    assert office.hands.keys(LookUpWorkflowRun) == []


async def test_a_report_heard_before_the_answer_waits_for_it() -> None:
    """Outputs that nobody can claim yet are not lost either, and come before the end."""
    office = Office()
    await office.open(build=IMAGE)
    office.hands.answer = lambda _command, _errand: postponed()
    await office.push()
    await office.work()
    await office.report("build", {"image": "v1"})
    await office.work()
    await office.workflow_run("build", "completed", "success")
    await office.work()
    office.hands.answer = lambda _command, _errand: None
    await office.wait(seconds=2)

    assert build.leg(await office.state(), "build").outputs == {"image": "v1"}


async def test_an_end_matched_by_its_marker_waits_for_its_report() -> None:
    """A report knows no marker: it is matched when the end says which workflow run it is."""
    office = Office()
    await office.open(build=IMAGE)
    office.hands.knows_run = False
    await office.push()
    await office.work()
    marker = build.leg(await office.state(), "build").attempt.marker
    await office.report("build", {"image": "v1"})
    await office.work()
    await office.workflow_run("build", "completed", "success", title=f"Build [{marker}]")
    await office.work()

    assert (await office.state()).status is OrchestrationStatus.SUCCEEDED


async def test_a_broken_delivery_stops_no_other() -> None:
    """What cannot be worked off is set aside with its error; what came with it goes on."""
    office = Office()
    await office.open()
    await office.deliver("push", b"{ no json")
    await office.deliver("push", [1])
    await office.push()
    with structlog.testing.capture_logs() as logged:
        await office.work()

    assert len(await office.states()) == 1
    assert [entry["event"] for entry in logged] == ["delivery set aside"] * 2


async def test_a_start_by_hand() -> None:
    """A start names a definition; one that does not exist is set aside, and harms nobody."""
    office = Office()
    await office.open()
    for name in ("train", "nothing"):
        body = {"repository": "acme/release", "definition": name, "inputs": {}, "actor": "mona"}
        await office.deliver("signalbox/start", body, guid=f"start-{name}")
    await office.work()
    state = await office.state()

    assert (state.plan.cause.event_name, state.requested_by) == ("manual", "mona")


async def test_a_cancellation_comes_in_like_anything_else() -> None:
    """A cancelled dispatch that has not left does not leave."""
    office = Office()
    await office.open()
    await office.push()
    await office.engine.take()
    state = await office.state()
    body = {"orchestration": state.id, "actor": "mona", "reason": "wrong"}
    await office.deliver("signalbox/cancel", body)
    await office.engine.take()
    await office.work()

    assert office.hands.keys() == []
    assert (await office.state()).status is OrchestrationStatus.CANCELLED


async def test_an_unwanted_dispatch_that_may_have_left_is_looked_up() -> None:
    """After an unknown outcome the run is found before anybody calls it withdrawn."""
    office = Office()
    await office.open()

    def answer(command: Command, errand: Errand) -> Outcome | None:
        if isinstance(command, LookUpWorkflowRun):
            found = DispatchAccepted(
                at=office.now(), attempt=command.attempt, workflow_run_id=77, url=""
            )
            return Carried(events=(found,))
        return postponed() if isinstance(command, DispatchWorkflow) else None

    office.hands.answer = answer
    await office.push()
    await office.work()
    body = {"orchestration": (await office.state()).id, "actor": "mona", "reason": ""}
    await office.deliver("signalbox/cancel", body)
    await office.wait(seconds=2)

    assert build.leg(await office.state(), "build").status is LegStatus.CANCELLING
    assert "cancel/build/1" in [command.key for command in office.hands.asked]


async def test_a_dispatch_of_an_earlier_life_is_not_called_withdrawn_too_soon() -> None:
    """What was cancelled just after a crash may run already, and not be shown yet."""
    one = Office()
    await one.open()
    await one.push()
    await one.engine.take()
    await one.deliver(
        "signalbox/cancel",
        {"orchestration": (await one.state()).id, "actor": "m", "reason": ""},
    )
    two = Office(one.store)

    def answer(command: Command, _errand: Errand) -> Outcome | None:
        if isinstance(command, LookUpWorkflowRun):
            return Carried(events=(WorkflowRunMissed(at=two.now(), attempt=command.attempt),))
        return None

    two.hands.answer = answer
    await two.open()
    await two.work()
    early = await two.state()
    await two.wait(seconds=61)

    assert not early.has_ended
    assert (await two.state()).status is OrchestrationStatus.CANCELLED


async def test_a_timer_holds_though_the_clock_was_set_back() -> None:
    """A timer that is due elapses at its moment, whatever the clock says meanwhile."""
    office = Office()
    await office.open()
    await office.push()
    await office.work()
    office.moment += timedelta(minutes=10)
    [claimed] = await office.store.claim(
        owner="one", now=office.moment, lease=timedelta(minutes=1), limit=1
    )
    office.courier._take_over([claimed], {})
    office.moment -= timedelta(seconds=5)
    await office.work()

    assert len(office.hands.keys(LookUpWorkflowRun)) == 1


async def test_what_fails_for_now_is_tried_again() -> None:
    """A command that is not done comes back, with its tries counted."""
    office = Office()
    await office.open()
    tries: list[int] = []

    def answer(command: Command, errand: Errand) -> Outcome | None:
        if isinstance(command, DispatchWorkflow):
            tries.append(errand.tries)
        return postponed() if len(tries) < 3 else None

    office.hands.answer = answer
    await office.push()
    await office.work()
    for _ in range(3):
        await office.wait(seconds=5)

    assert tries == [1, 2, 3]
    assert build.legs(await office.state(), "build") == {"": LegStatus.QUEUED}


async def test_a_fault_of_ours_in_one_command_stops_no_other() -> None:
    """A performer that raises is logged, and its command is tried again."""
    office = Office()
    await office.open("build; test")

    def answer(command: Command, _errand: Errand) -> Outcome | None:
        if command.key == "dispatch/build/1":
            raise ZeroDivisionError
        return None

    office.hands.answer = answer
    await office.push()
    with structlog.testing.capture_logs() as logged:
        await office.work()

    assert [entry["event"] for entry in logged] == ["command failed", "put off"]
    assert build.legs(await office.state(), "test") == {"": LegStatus.QUEUED}


async def test_another_process_takes_over() -> None:
    """What one process held when it died, another carries once the lease has run out."""
    one = Office()
    await one.open()
    await one.push()
    await one.engine.take()
    two = Office(one.store, owner="two")
    await two.open()
    await two.work()
    early = two.hands.keys()
    await two.wait(seconds=61)

    assert early == []
    assert two.hands.keys() == ["dispatch/build/1"]


async def test_two_writers_do_not_undo_each_other() -> None:
    """Whoever is late loads anew and decides anew; nothing is decided on an old state."""
    one = Office()
    await one.open("build; test")
    await one.push()
    await one.work()
    two = Office(one.store, owner="two")
    await two.open("build; test")
    assert await two.engine.load((await one.state()).id)
    await one.workflow_run("build", "completed", "success")
    await one.work()
    await two.workflow_run("test", "completed", "success")
    await two.work()

    assert (await one.state()).status is OrchestrationStatus.SUCCEEDED
