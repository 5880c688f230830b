"""Stories of what went missing: webhooks that failed, came late or never, and how it ends."""

from collections import Counter
from datetime import timedelta

import httpx
import pytest

from app.core.events import Surface
from app.github.deliveries import Deliveries
from app.rehearsal import CallFault, DeliveryFault, Outcome
from app.repair import DELIVERIES, Repair
from app.repair.missed import RARELY, REACH, SOON, Seen, read_note
from app.repair.sweeping import Ages
from app.web.hooks import EVENTS_HEARD
from tests.kit.town import API, HOME, Town, town

pytestmark = pytest.mark.anyio

SHIP = """
version: 1
name: Ship
on:
  push: {branches: [main]}
tasks:
  deploy:
    dispatch: acme/api/.github/workflows/deploy.yml@main
"""
LIST = "/app/hook/deliveries"


def repair_of(here: Town) -> Repair:
    """Put repair together as the server does."""
    return Repair(
        store=here.store,
        inbox=here.store,
        deliveries=Deliveries(here.client),
        clock=here.github.clock,
        hears=EVENTS_HEARD,
        wake=here.engine.wake,
        ages=Ages(deliveries=timedelta(days=4)),
    )


async def live(here: Town, repair: Repair, *, minutes: int) -> None:
    """Let time pass, and repair look as often as it does."""
    for _ in range(minutes):
        await repair.look()
        await here.wait(minutes=1)


def nobody() -> httpx.AsyncClient:
    """A receiver that is never there."""

    async def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("nobody is there", request=request)

    return httpx.AsyncClient(transport=httpx.MockTransport(refuse))


def calls_of(here: Town, part: str) -> int:
    """Count the calls to GitHub whose path holds this."""
    return sum(part in call.path for call in here.github.calls)


async def test_an_orchestration_is_right_though_no_webhook_ever_arrives() -> None:
    """What failed to be delivered is read from GitHub's list, and the work comes to its end."""
    async with town(ship=SHIP) as here:
        repair = repair_of(here)
        await live(here, repair, minutes=1)
        here.github.connect(nobody())
        here.github.push(HOME, {"README.md": "changed\n"})
        await live(here, repair, minutes=60)

        state = await here.state()
        assert state.conclusion == "success"
        assert here.deployments() == 1
        assert (await here.check()).conclusion == "success"


async def test_what_was_missed_while_nobody_was_there_is_taken_in_once() -> None:
    """After a night without a server one start takes in all that failed, and nothing twice."""
    async with town(ship=SHIP) as here:
        repair = repair_of(here)
        await live(here, repair, minutes=1)
        doors, asleep = here.doors, nobody()
        here.github.connect(asleep)
        for number in range(3):
            here.github.push(HOME, {"README.md": f"change {number}\n"})
        await here.github.advance(timedelta(hours=9))
        here.github.connect(doors)
        again = repair_of(here)
        await again.open()
        await live(here, again, minutes=30)
        once = [state.conclusion for state in await here.states()]
        await live(here, again, minutes=120)

        assert once == ["success"] * 3
        assert len(await here.states()) == here.deployments() == 3


async def test_what_came_before_the_first_start_starts_nothing() -> None:
    """An App may be older than its Signalbox: what failed before was never expected."""
    async with town(ship=SHIP) as here:
        here.github.connect(nobody())
        here.github.push(HOME, {"README.md": "changed\n"})
        await here.github.advance(timedelta(hours=1))
        repair = repair_of(here)
        await live(here, repair, minutes=60)

        assert await here.states() == []


async def test_webhooks_that_are_forty_minutes_late_change_nothing() -> None:
    """The look-ups say what they would have said, and what comes late is no news."""
    async with town(ship=SHIP) as here:
        repair = repair_of(here)
        here.github.push(HOME, {"README.md": "changed\n"})
        here.github.faults.plan_delivery(
            DeliveryFault.LATE, event="workflow_run.*", times=99, delay=timedelta(minutes=40)
        )
        await live(here, repair, minutes=90)

        assert (await here.state()).conclusion == "success"
        assert here.deployments() == 1


async def test_a_silent_workflow_run_is_looked_up_at_most_six_times_an_hour() -> None:
    """However long it runs: without a single webhook it costs a few calls, and ends rightly."""
    async with town(ship=SHIP.replace("main\n", "main\n    timeout-minutes: 900\n")) as here:
        hours = 10
        here.github.script(API, "deploy.yml", Outcome(duration=timedelta(hours=hours)))
        here.github.faults.plan_delivery(DeliveryFault.LOST, event="workflow_run.*", times=999)
        here.github.push(HOME, {"README.md": "changed\n"})
        await here.wait(minutes=1)
        start, looked = here.github.clock.now(), len(here.github.calls)
        await here.wait(hours=hours + 2)
        by_hour = Counter(
            (call.at - start) // timedelta(hours=1)
            for call in list(here.github.calls)[looked:]
            if "/actions/runs" in call.path
        )

        assert (await here.state()).conclusion == "success"
        assert max(by_hour.values()) <= 6
        assert by_hour.total() <= hours + 6


async def test_while_all_is_well_it_rarely_asks() -> None:
    """Two calls an hour at most; while something is missing it looks every few minutes."""
    async with town(ship=SHIP) as here:
        repair = repair_of(here)
        await live(here, repair, minutes=120)
        before = calls_of(here, LIST)
        await live(here, repair, minutes=360)
        well = calls_of(here, LIST) - before
        here.github.connect(nobody())
        here.github.push(HOME, {"README.md": "changed\n"})
        await live(here, repair, minutes=35)
        missing = calls_of(here, LIST) - before - well

        assert well <= timedelta(hours=6) // RARELY + 1
        assert missing > well / 2


async def test_it_does_not_ask_while_github_wants_us_to_wait() -> None:
    """Until the stated time no call is made, and then it goes on where it was."""
    async with town(ship=SHIP) as here:
        repair = repair_of(here)
        await live(here, repair, minutes=1)
        here.github.connect(nobody())
        here.github.push(HOME, {"README.md": "changed\n"})
        here.github.faults.plan_call(CallFault.TOO_MANY, path=LIST, times=1, retry_after=1_800)
        await live(here, repair, minutes=5)
        asked = calls_of(here, LIST)
        await live(here, repair, minutes=24)
        meanwhile = calls_of(here, LIST) - asked
        await live(here, repair, minutes=30)

        assert meanwhile == 0
        assert (await here.state()).conclusion == "success"


async def test_of_several_processes_one_repairs() -> None:
    """The others find that the turn is not due."""
    async with town(ship=SHIP) as here:
        first, second = repair_of(here), repair_of(here)
        await first.look()
        before = len(here.github.calls)

        assert await second.look() == 0
        assert len(here.github.calls) == before


async def test_a_check_that_could_not_be_written_at_the_end_is_written_later() -> None:
    """What GitHub refused for the time being does not stand as running for ever."""
    async with town(ship=SHIP) as here:
        repair = repair_of(here)
        here.github.push(HOME, {"README.md": "changed\n"})
        await here.wait(seconds=1)
        here.github.faults.plan_call(
            CallFault.ERROR_BEFORE, method="PATCH", path="check-runs", times=99, status=403
        )
        await here.wait(minutes=20)
        stuck = (await here.check()).status
        refused = (await here.state()).surfaces[Surface.CHECK].refused
        here.github.faults.calls.clear()
        await live(here, repair, minutes=1)

        assert refused
        assert stuck != "completed"
        assert (await here.check()).conclusion == "success"


async def test_a_host_without_such_a_list_is_left_alone() -> None:
    """It is asked once a day, and everything else goes on."""
    async with town(ship=SHIP) as here:
        here.github.faults.plan_call(CallFault.ERROR_BEFORE, path=LIST, times=99, status=404)
        repair = repair_of(here)
        await live(here, repair, minutes=120)

        assert calls_of(here, LIST) == 1
        assert (await here.store.turns(DELIVERIES))[DELIVERIES].due > here.github.clock.now()


async def test_definitions_are_read_anew_now_and_then() -> None:
    """A change of which nobody told is in force within hours, without a restart."""
    async with town(ship=SHIP) as here:
        repair = repair_of(here)
        await live(here, repair, minutes=1)
        here.github.faults.plan_delivery(DeliveryFault.LOST, event="push", times=1)
        text = SHIP.replace("Ship", "Renamed")
        here.github.push(HOME, {".github/orchestrations/ship.yml": text})
        await live(here, repair, minutes=370)

        [entry] = here.engine.library.catalogue.entries
        assert entry.definition.name == "Renamed"


async def test_what_we_could_not_take_in_ourselves_is_looked_for_soon() -> None:
    """Whoever had to answer 503 knows that something is missing."""
    async with town(ship=SHIP) as here:
        repair = repair_of(here)
        await live(here, repair, minutes=125)
        later = (await here.store.turns(DELIVERIES))[DELIVERIES].due
        repair.suspect()
        await repair.look()
        soon = (await here.store.turns(DELIVERIES))[DELIVERIES].due

        assert soon - here.github.clock.now() <= timedelta(seconds=10) < later - soon


async def test_a_damaged_note_costs_a_longer_look() -> None:
    """What cannot be read is taken for the oldest that there can be, never for the newest."""
    async with town(ship=SHIP) as here:
        now = here.github.clock.now()

        assert read_note("no json", now) == Seen(since=now - REACH, pause=SOON)
        assert read_note("[]", now) == Seen(since=now - REACH, pause=SOON)
        assert read_note(Seen(since=now, pause=SOON).note(), now) == Seen(since=now, pause=SOON)
