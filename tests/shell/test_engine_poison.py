"""Stories of what cannot be worked off: it is set aside with its error, and harms nobody."""

from collections.abc import Collection, Mapping
from typing import Any

import pytest
import structlog.testing

from app.core.commands import Command, DispatchWorkflow
from app.core.moves import LegStatus
from app.core.values import OrchestrationId
from app.ports import Carried, Errand, Saved, StoreUnavailable
from app.ports.keeping import Kind
from app.store.memory import MemoryStore
from tests.kit import build
from tests.kit.office import Office

pytestmark = pytest.mark.anyio


class Damaged(MemoryStore):
    """A store in which the states of some orchestrations cannot be read."""

    def __init__(self) -> None:
        super().__init__()
        self.unreadable: set[OrchestrationId] = set()
        self.is_away = False

    def remembered(self, orchestration_id: OrchestrationId) -> Saved | None:
        """Remember nothing: it is read anew each time."""
        return None

    async def load(self, ids: Collection[OrchestrationId]) -> Mapping[OrchestrationId, Saved]:
        if self.is_away:
            raise StoreUnavailable("the disk is full")
        if broken := self.unreadable & set(ids):
            raise ValueError(f"the state of {min(broken)} is damaged")
        return await super().load(ids)


async def damaged(store: Damaged) -> tuple[Office, list[OrchestrationId]]:
    """Start two orchestrations, die, and find the first of them damaged."""
    office = Office(store)
    await office.open("build; test: build")
    for _ in range(2):
        await office.push()
        await office.engine.take()
    ids = [state.id for state in await office.states()]
    again = Office(store)
    await again.engine.open()
    store.unreadable = {ids[0]}
    return again, ids


async def test_a_delivery_that_breaks_a_decision_is_set_aside_alone() -> None:
    """Those that came with it are worked off, and so is all that comes later."""
    store = Damaged()
    office, ids = await damaged(store)
    for id_ in ids:
        body = {"orchestration": id_, "actor": "mona", "reason": "lunch"}
        await office.deliver("signalbox/pause", body, guid=f"pause-{id_}")
    with structlog.testing.capture_logs() as logged:
        await office.engine.take()
    store.unreadable.clear()
    paused = {state.id: state.paused is not None for state in await office.states()}
    [aside] = await store.set_aside(10)

    assert paused == {ids[0]: False, ids[1]: True}
    assert (aside.kind, aside.id) == (Kind.DELIVERY, f"pause-{ids[0]}")
    assert aside.why == f"ValueError: the state of {ids[0]} is damaged"
    assert [each["event"] for each in logged] == ["delivery set aside"]


async def test_what_was_set_aside_is_tried_again_by_hand() -> None:
    """Once what was wrong is mended, it is worked off as if it had just come."""
    store = Damaged()
    office, ids = await damaged(store)
    body = {"orchestration": ids[0], "actor": "mona", "reason": "lunch"}
    await office.deliver("signalbox/pause", body, guid="pause")
    await office.engine.take()
    store.unreadable.clear()
    await store.try_again(Kind.DELIVERY, "pause", now=office.moment)
    await office.engine.take()

    assert {state.id for state in await office.states() if state.paused} == {ids[0]}
    assert await store.set_aside(10) == []


async def test_a_command_whose_outcome_breaks_a_decision_is_set_aside_alone() -> None:
    """What came of the others is kept, and they go on."""
    office = Office()
    await office.open("build; test: build")
    nonsense: Any = "this is no event"
    for _ in range(2):
        await office.push()
        await office.engine.take()
    ids = [state.id for state in await office.states()]

    def answer(command: Command, errand: Errand) -> Carried | None:
        is_first = errand.state is not None and errand.state.id == ids[0]
        is_poison = is_first and isinstance(command, DispatchWorkflow)
        return Carried(events=(nonsense,)) if is_poison else None

    office.hands.answer = answer
    with structlog.testing.capture_logs() as logged:
        await office.work()
    [aside] = await office.store.set_aside(10)
    states = {state.id: build.leg(state, "build").status for state in await office.states()}

    assert (aside.kind, aside.subject, aside.name) == (Kind.COMMAND, ids[0], "dispatch/build/1")
    assert states == {ids[0]: LegStatus.DISPATCHING, ids[1]: LegStatus.QUEUED}
    assert [each["event"] for each in logged] == ["command set aside"]


async def test_a_database_that_is_away_is_nobody_s_fault() -> None:
    """Nothing is set aside: all of it is worked off when the database is back."""
    store = Damaged()
    office, ids = await damaged(store)
    store.unreadable, store.is_away = set(), True
    body = {"orchestration": ids[0], "actor": "mona", "reason": "lunch"}
    await office.deliver("signalbox/pause", body, guid="pause")
    with pytest.raises(StoreUnavailable):
        await office.engine.take()
    store.is_away = False
    await office.engine.take()

    assert await store.set_aside(10) == []
    assert {state.id for state in await office.states() if state.paused} == {ids[0]}
