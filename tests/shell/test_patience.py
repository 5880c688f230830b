"""Stories of workflow runs that are silent, and of when it is asked how far they are."""

from datetime import timedelta

import pytest

from app.rehearsal import CallFault, DeliveryFault, Outcome
from app.repair import Repair
from tests.kit.town import API, HOME, Town, town
from tests.shell.test_repair import LIST, repair_of

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
ELSEWHERE = "acme/other"
CI = "name: CI\non: {workflow_dispatch: {}}\njobs: {}\n"


def busy() -> dict[str, object]:
    """What it takes to open a town with another repository, whose workflows run, too."""
    return {"extra": [(ELSEWHERE, {".github/workflows/ci.yml": CI})]}


async def live(here: Town, repair: Repair, *, minutes: int, is_busy: bool = True) -> int:
    """Let time pass; return how often a workflow run was looked up meanwhile."""
    before = len(here.github.calls)
    for minute in range(minutes):
        if is_busy and minute % 5 == 0:
            here.github.start_workflow(ELSEWHERE, "ci.yml")
        await repair.look()
        await here.wait(minutes=1)
    return sum("/actions/runs" in call.path for call in list(here.github.calls)[before:])


async def begun(here: Town, *, hours: float) -> Repair:
    """Let repair find all well, and start a workflow run that takes so long."""
    repair = repair_of(here)
    await live(here, repair, minutes=5, is_busy=False)
    span = timedelta(hours=hours)
    here.github.script(API, "deploy.yml", Outcome(duration=span))
    here.github.push(HOME, {"README.md": "changed\n"})
    await here.wait(minutes=1)
    return repair


async def test_while_nothing_is_missing_a_long_run_is_never_looked_up() -> None:
    """Others are heard, and the list has no gap: its silence is what it seems to be."""
    async with town(ship=SHIP, **busy()) as here:  # type: ignore[arg-type]  # words of town
        repair = await begun(here, hours=4)
        listed = sum(LIST in call.path for call in here.github.calls)
        looked = await live(here, repair, minutes=250)
        listed = sum(LIST in call.path for call in here.github.calls) - listed

        assert (await here.state()).conclusion == "success"
        assert looked == 0
        assert listed <= 250 // 15


async def test_where_nothing_comes_in_at_all_it_is_looked_up() -> None:
    """Nobody knows why it is so quiet, and a call now and then costs little."""
    async with town(ship=SHIP, **busy()) as here:  # type: ignore[arg-type]  # words of town
        repair = await begun(here, hours=4)
        looked = await live(here, repair, minutes=120, is_busy=False)

        assert 2 <= looked <= 6


async def test_with_gaps_in_the_list_its_end_is_known_within_minutes() -> None:
    """While deliveries fail the list is looked through every few minutes, and that is all."""
    async with town(ship=SHIP, **busy()) as here:  # type: ignore[arg-type]  # words of town
        repair = await begun(here, hours=0.75)
        here.github.faults.plan_delivery(DeliveryFault.FAILED, times=999)
        await live(here, repair, minutes=55)

        assert (await here.state()).conclusion == "success"


async def test_where_the_list_is_not_to_be_had_it_is_looked_up() -> None:
    """What was clean an hour ago says nothing of now."""
    async with town(ship=SHIP, **busy()) as here:  # type: ignore[arg-type]  # words of town
        repair = await begun(here, hours=4)
        here.github.faults.plan_call(CallFault.ERROR_BEFORE, path=LIST, times=999)
        looked = await live(here, repair, minutes=180)

        assert looked >= 2


async def test_an_end_that_github_told_nobody_is_found_before_the_time_is_over() -> None:
    """No list has it, and others are heard: it is asked in time all the same."""
    async with town(ship=SHIP, **busy()) as here:  # type: ignore[arg-type]  # words of town
        repair = await begun(here, hours=0.5)
        faults = here.github.faults
        faults.plan_delivery(DeliveryFault.LOST, event="workflow_run.completed", times=99)
        looked = await live(here, repair, minutes=330)

        assert (await here.state()).conclusion == "success"
        assert looked == 1


async def test_an_end_that_failed_to_be_delivered_is_taken_in_and_not_asked_for() -> None:
    """A look through the list stands in for a look at each of those that are silent."""
    async with town(ship=SHIP, **busy()) as here:  # type: ignore[arg-type]  # words of town
        repair = await begun(here, hours=0.5)
        faults = here.github.faults
        faults.plan_delivery(DeliveryFault.FAILED, event="workflow_run.completed", times=99)
        await live(here, repair, minutes=75)

        assert (await here.state()).conclusion == "success"


async def test_one_that_waits_for_a_runner_is_looked_up_however_well_all_is() -> None:
    """It may wait for a person on GitHub, of which no webhook tells."""
    async with town(ship=SHIP, **busy()) as here:  # type: ignore[arg-type]  # words of town
        repair = repair_of(here)
        await live(here, repair, minutes=5, is_busy=False)
        here.github.script(API, "deploy.yml", Outcome(queued=timedelta(hours=2)))
        here.github.push(HOME, {"README.md": "changed\n"})
        looked = await live(here, repair, minutes=60)

        assert looked >= 2
