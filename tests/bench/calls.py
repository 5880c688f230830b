"""How many calls to GitHub a task costs: when all is well, and when no webhook comes.

In virtual time, against the rehearsal GitHub, with the whole Signalbox around it.
"""

from datetime import timedelta
from pathlib import Path
from typing import Final

from app.github.deliveries import Deliveries
from app.rehearsal import DeliveryFault, Outcome
from app.repair import Repair
from app.repair.sweeping import Ages
from app.web.hooks import EVENTS_HEARD
from tests.bench.figures import Figure
from tests.kit.town import API, HOME, Town, town

TASKS: Final = 10
_DISPATCH: Final = "dispatch: acme/api/.github/workflows/deploy.yml@main"
CHAIN: Final = (
    "version: 1\nname: Chain\non: {pull_request: {types: [opened]}}\ntasks:\n"
    + "".join(
        f"  task_{n}: {{{f'needs: [task_{n - 1}], ' if n else ''}{_DISPATCH}}}\n"
        for n in range(TASKS)
    )
)


async def measure(_folder: Path) -> list[Figure]:
    """Count them both ways."""
    healthy, lost = await _calls(is_deaf=False), await _calls(is_deaf=True)
    return [
        Figure(
            name="GitHub calls a task",
            value=sum(healthy.values()) / TASKS,
            unit="",
            note=_told(healthy),
        ),
        Figure(
            name="… with every webhook of a workflow run lost",
            value=sum(lost.values()) / TASKS,
            unit="",
            note=_told(lost),
        ),
        Figure(
            name="… look-ups of a workflow run of four hours, while others are heard",
            value=await _look_ups(hours=4),
            unit="",
            note="and the list of deliveries has no gap",
        ),
    ]


def _told(calls: dict[str, int]) -> str:
    parts = ", ".join(f"{name} {count / TASKS:.1f}" for name, count in calls.items())
    return f"{parts}; a chain of {TASKS} from its pull request to its end"


async def _calls(*, is_deaf: bool) -> dict[str, int]:
    async with town(chain=CHAIN) as here:
        if is_deaf:
            here.github.faults.plan_delivery(
                DeliveryFault.LOST, event=r"workflow_run\..*", times=1_000_000
            )
        before = len(here.github.calls)
        here.github.open_pull_request(HOME, {"README.md": "change\n"}, author="carl")
        await _until_done(here)
        assert len(here.github.dispatches) == TASKS, "each task is dispatched once"
        return _by_kind(here, before)


async def _look_ups(*, hours: int) -> int:
    ci = "name: CI\non: {workflow_dispatch: {}}\njobs: {}\n"
    other = ("acme/other", {".github/workflows/ci.yml": ci})
    text = f"version: 1\nname: One\non: {{push: {{}}}}\ntasks: {{one: {{{_DISPATCH}}}}}\n"
    async with town(one=text, extra=[other]) as here:
        repair = Repair(
            store=here.store,
            inbox=here.store,
            deliveries=Deliveries(here.client),
            clock=here.github.clock,
            hears=EVENTS_HEARD,
            wake=here.engine.wake,
            ages=Ages(deliveries=timedelta(days=4)),
        )
        here.github.script(API, "deploy.yml", Outcome(duration=timedelta(hours=hours)))
        here.github.push(HOME, {"README.md": "change\n"})
        for minute in range(hours * 60 + 5):
            if minute % 5 == 0:
                here.github.start_workflow("acme/other", "ci.yml")
            await repair.look()
            await here.wait(minutes=1)
        assert (await here.state()).conclusion == "success", "it is heard to have ended"
        return sum("/actions/runs" in call.path for call in here.github.calls)


async def _until_done(here: Town) -> None:
    for _ in range(TASKS * 100):
        await here.wait(minutes=1)
        states = await here.store.orchestrations(limit=1, open_only=True)
        if not states:
            return
    raise AssertionError("the chain does not end")


def _by_kind(here: Town, before: int) -> dict[str, int]:
    kinds = {"dispatches": 0, "checks and comments": 0, "look-ups": 0, "tokens": 0, "other": 0}
    for call in list(here.github.calls)[before:]:
        if call.path.endswith("/dispatches"):
            kinds["dispatches"] += 1
        elif "/check-runs" in call.path or "/comments" in call.path:
            kinds["checks and comments"] += 1
        elif "/actions/" in call.path:
            kinds["look-ups"] += 1
        elif call.path.endswith("/access_tokens"):
            kinds["tokens"] += 1
        else:
            kinds["other"] += 1
    return kinds
