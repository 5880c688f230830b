"""The courier: what it carries, what it leaves, and what it does when carrying fails."""

import asyncio
import json
from datetime import timedelta

import pytest
import structlog

from app.core.commands import Command, DispatchWorkflow, LookUpWorkflowRun
from app.core.events import DispatchAccepted, WorkflowRunMissed
from app.core.hearing.findings import File
from app.core.hearing.heard import Repository
from app.core.moves import OrchestrationStatus, TaskStatus
from app.core.state import Orchestration
from app.core.values import RepositoryName, Sha, TaskName
from app.courier import Courier
from app.courier.giving_up import BACK_OFF_MAX, TRIES_MAX, back_off
from app.engine import Engine
from app.github.webhooks import hear
from app.ports import (
    Batch,
    Carried,
    Delivery,
    Errand,
    KnownRepository,
    Outcome,
    Postponed,
    Saved,
)
from app.rehearsal import VirtualClock
from app.store.memory import MemoryStore

pytestmark = pytest.mark.anyio

RELEASE = """\
version: 1
on: manual
tasks:
  build: {dispatch: acme/release/.github/workflows/build.yml@main}
report-to: {check: false, comment: never}
"""


class Recorder:
    """A performer that writes down what it is asked, and answers what it is told to."""

    def __init__(self, clock: VirtualClock) -> None:
        self.asked: list[Command] = []
        self.states: list[Orchestration | None] = []
        self.outcome: Outcome | None = None
        self._clock = clock

    async def perform(self, command: Command, errand: Errand) -> Outcome:
        """Accept a dispatch, find nothing when asked to look, or do as told."""
        self.asked.append(command)
        self.states.append(errand.state)
        now = self._clock.now()
        if isinstance(command, LookUpWorkflowRun):
            return Carried(events=(WorkflowRunMissed(at=now, attempt=command.attempt),))
        if self.outcome is not None or not isinstance(command, DispatchWorkflow):
            return self.outcome or Carried()
        accepted = DispatchAccepted(
            at=now, attempt=command.attempt, workflow_run_id=9, url="https://github.com"
        )
        return Carried(events=(accepted,))

    def asked_for(self, kind: type[Command]) -> int:
        """Count what was asked for."""
        return sum(isinstance(command, kind) for command in self.asked)


class Office:
    """An engine and a courier on a store in memory, with one definition."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.store = MemoryStore()
        self.performer = Recorder(self.clock)
        self.engine = Engine(store=self.store, clock=self.clock, read=hear, owner="me")
        self.courier = Courier(
            store=self.store,
            engine=self.engine,
            performer=self.performer,
            clock=self.clock,
            owner="me",
        )

    async def open(self) -> None:
        """Let the store know the definition, and open."""
        repository = Repository(
            id=1, name=RepositoryName("acme/release"), default_branch="main"
        )
        path = ".github/orchestrations/release.yml"
        batch = Batch(
            repositories=[
                KnownRepository(
                    repository=repository,
                    installation_id=7,
                    head_sha=Sha("a" * 40),
                    policy=None,
                )
            ],
            definitions=[(1, (File(path=path, blob_sha=Sha("1"), text=RELEASE),))],
        )
        await self.store.commit(batch)
        await self.engine.open()
        await self.courier.carry_due()
        self.performer.asked.clear()

    async def say(self, event: str, **body: object) -> None:
        """Take in a delivery of our own and work it off."""
        given = json.dumps(body).encode()
        now = self.clock.now()
        await self.store.take_in(
            Delivery(id=f"{event}-{now}", event=event, body=given, received_at=now)
        )
        await self.engine.take()

    async def start(self) -> None:
        """Start the definition by hand."""
        await self.say("signalbox/start", repository="acme/release", definition="release")

    async def cancel(self) -> None:
        """Cancel the one orchestration."""
        [row] = await self.store.orchestrations(limit=1)
        await self.say("signalbox/cancel", orchestration=row.id, actor="mona", reason="no")

    async def status(self) -> str:
        """Return how far the one orchestration is."""
        [row] = await self.store.orchestrations(limit=1)
        return row.status

    def wait(self, span: timedelta) -> None:
        """Let time pass."""
        self.clock.advance_to(self.clock.now() + span)


@pytest.fixture
async def office() -> Office:
    """Return an office that is open."""
    opened = Office()
    await opened.open()
    return opened


async def test_a_dispatch_is_carried_as_soon_as_it_is_saved(office: Office) -> None:
    """Without another look at the database."""
    await office.start()
    await office.courier.carry_due()

    assert office.performer.asked_for(DispatchWorkflow) == 1


async def test_a_dispatch_that_nobody_wants_any_more_does_not_leave(office: Office) -> None:
    """Somebody cancelled while it waited for its turn."""
    await office.start()
    await office.cancel()
    await office.courier.carry_due()

    assert office.performer.asked == []
    assert await office.status() == OrchestrationStatus.CANCELLED


async def test_an_unwanted_dispatch_that_may_have_left_is_looked_for(office: Office) -> None:
    """It is not made again; and where it is not found, it is over."""
    office.performer.outcome = Postponed(why="502")
    await office.start()
    await office.courier.carry_due()
    await office.cancel()
    office.wait(BACK_OFF_MAX)
    await office.courier.carry_due()

    assert office.performer.asked_for(DispatchWorkflow) == 1
    assert office.performer.asked_for(LookUpWorkflowRun) == 1
    assert await office.status() == OrchestrationStatus.CANCELLED


async def test_what_is_postponed_comes_back_and_counts_its_tries(office: Office) -> None:
    """After a pause, and until it is carried."""
    office.performer.outcome = Postponed(why="503")
    await office.start()
    for _ in range(3):
        await office.courier.carry_due()
        office.wait(BACK_OFF_MAX)
    office.performer.outcome = None
    await office.courier.carry_due()
    await office.courier.carry_due()

    assert office.performer.asked_for(DispatchWorkflow) == 4


async def test_the_log_says_what_is_put_off_until_when_and_why(office: Office) -> None:
    """Nobody waits for a workflow run without a line that names the trouble."""
    office.performer.outcome = Postponed(why="GitHub answers 502")
    with structlog.testing.capture_logs() as logged:
        await office.start()
        await office.courier.carry_due()

    (entry,) = [each for each in logged if each["event"] == "put off"]
    assert entry["command"] == "dispatch/build/1"
    assert entry["why"] == "GitHub answers 502"
    assert entry["until"] == (office.clock.now() + timedelta(seconds=1)).isoformat()


async def test_a_dispatch_is_given_up_after_a_day_and_not_before(office: Office) -> None:
    """To call it failed while it may run is the very last resort."""
    office.performer.outcome = Postponed(why="503")
    await office.start()
    for _ in range(TRIES_MAX + 10):
        await office.courier.carry_due()
        office.wait(BACK_OFF_MAX)
    before = await office.status()
    office.wait(timedelta(hours=24))
    await office.courier.carry_due()

    assert before == OrchestrationStatus.RUNNING
    assert await office.status() == OrchestrationStatus.FAILED


def test_pauses_double_up_to_a_limit() -> None:
    """And grow once more when there is little hope."""
    assert [back_off(tries).total_seconds() for tries in (1, 2, 3, 20)] == [1, 2, 4, 300]
    assert back_off(TRIES_MAX) == timedelta(hours=1)


class Counter:
    """Counts for which orchestrations the engine is asked."""

    def __init__(self, engine: Engine) -> None:
        self.asked: list[str] = []
        self._load = engine.load
        engine.load = self._count  # type: ignore[method-assign]

    async def _count(self, subject: str) -> Saved | None:
        self.asked.append(subject)
        return await self._load(subject)


async def _run_until_dispatched(office: Office, seconds: float = 0) -> Orchestration:
    """Hand a dispatch over, let some time pass, and return the state it is carried with."""
    carrying = asyncio.create_task(office.courier.run())
    await asyncio.sleep(0)
    await office.start()
    office.clock.advance_to(office.clock.now() + timedelta(seconds=seconds))
    # It is carried in a task of its own.
    while not office.performer.asked_for(DispatchWorkflow):  # noqa: ASYNC110
        await asyncio.sleep(0)
    carrying.cancel()
    await asyncio.gather(carrying, return_exceptions=True)
    [state] = [it for it in office.performer.states if it is not None]
    return state


async def test_what_was_saved_a_moment_ago_is_not_asked_for() -> None:
    """A command that is handed over brings the state with it that was saved beside it."""
    office = Office()
    await office.open()
    counter = Counter(office.engine)
    state = await _run_until_dispatched(office)

    assert state.tasks[TaskName("build")].status is TaskStatus.RUNNING
    assert counter.asked == []


async def test_what_was_saved_long_ago_is_asked_for() -> None:
    """Whoever was frozen in between finds out what has become of it."""
    office = Office()
    await office.open()
    counter = Counter(office.engine)
    state = await _run_until_dispatched(office, seconds=5)

    assert counter.asked == [state.id]
