"""`signalbox why`: explains what an orchestration, or one task of it, waits for."""

import asyncio

from rich.markdown import Markdown

from app.cli.database import opened
from app.cli.looking import find, unknown
from app.cli.saying import Refused, console, print_json, print_trimmed, printable
from app.clock import SystemClock
from app.core.doorways.aiming import targets_of
from app.core.doorways.explaining import explain_orchestration, gates_as_json
from app.core.state import Orchestration
from app.core.telling.headline import headline
from app.core.values import TaskName


def explain(database: str, name: str, task: str, *, as_json: bool) -> None:
    """Print why it is as it is. Raises `Refused`."""
    state, now = asyncio.run(_load(database, name)), SystemClock().now()
    meant = _task(state, task) if task else None
    if as_json:
        gates = [
            gate
            for gate in gates_as_json(state, now)
            if meant is None or str(gate["gate"]).partition("/")[0] == meant
        ]
        print_json({"id": state.id, "headline": headline(state), "gates": gates})
        return
    text = explain_orchestration(state, now, meant)
    print_trimmed(console(), Markdown(printable(text.replace("&#8203;", ""))))


async def _load(database: str, name: str) -> Orchestration:
    async with opened(database) as store:
        number = await find(store, name)
        saved = (await store.load([number])).get(number)
    if saved is None:
        raise unknown(name)
    return saved.state


def _task(state: Orchestration, word: str) -> TaskName:
    found = [each.task for each in targets_of(word, (state,)) if each.task is not None]
    if not found:
        names = ", ".join(sorted(state.tasks)[:10])
        raise Refused(f"{state.plan.title} has no task {word}", f"there are {names}")
    return found[0]
