"""Engine and courier on a store in memory, with a performer that does as it is told.

For stories about the shell itself. Time stands until `wait`; nothing sleeps.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from app.core.commands import Command, DispatchWorkflow
from app.core.events import AttemptId, DispatchAccepted
from app.core.hearing.findings import File
from app.core.hearing.heard import Repository
from app.core.state import Orchestration
from app.core.values import RepositoryName, Sha
from app.courier import Courier
from app.engine import Engine
from app.github.webhooks import read
from app.ports import (
    Batch,
    Carried,
    Delivery,
    Errand,
    KnownRepository,
    Outcome,
    Postponed,
)
from app.store.memory import MemoryStore
from tests.kit.build import HEAD, START, document, run_id

HOME = 1
HOME_NAME = "acme/release"
STEPS_MAX = 1_000


@dataclass
class Hands:
    """A performer: it dispatches, and writes down what it was asked for.

    `answer` may say otherwise for a command; None means that it is simply done.
    """

    clock: Callable[[], datetime]
    answer: Callable[[Command, Errand], Outcome | None] = lambda _command, _errand: None
    asked: list[Command] = field(default_factory=list)
    knows_run: bool = True

    async def perform(self, command: Command, errand: Errand) -> Outcome:
        self.asked.append(command)
        said = self.answer(command, errand)
        if said is not None:
            return said
        if not isinstance(command, DispatchWorkflow):
            return Carried()
        known = run_id(str(command.attempt)) if self.knows_run else None
        accepted = DispatchAccepted(
            at=self.clock(), attempt=command.attempt, workflow_run_id=known, url=""
        )
        return Carried(events=(accepted,))

    def keys(self, kind: type[Command] = DispatchWorkflow) -> list[str]:
        """Return the keys of what was asked for, of one kind."""
        return [command.key for command in self.asked if isinstance(command, kind)]


class Office:
    """One Signalbox without doors; a second one on the same store is another process."""

    def __init__(self, store: MemoryStore | None = None, *, owner: str = "one") -> None:
        self.moment = START
        self.store = store or MemoryStore(is_encoded=True)
        self.hands = Hands(self.now)
        self.engine = Engine(store=self.store, clock=self, read=read, owner=owner)
        self.courier = Courier(
            store=self.store,
            engine=self.engine,
            performer=self.hands,
            clock=self,
            owner=owner,
        )
        self._owner = owner
        self._count = 0

    def now(self) -> datetime:
        """Tell the time: this is a Clock."""
        return self.moment

    async def open(self, notation: str = "build", **tasks: Mapping[str, Any]) -> None:
        """Open, with one definition in force."""
        text = document(notation, whole={"on": {"push": {}}}, **tasks)
        file = File(path=".github/orchestrations/train.yml", blob_sha=Sha("b1"), text=text)
        home = KnownRepository(
            repository=Repository(
                id=HOME, name=RepositoryName(HOME_NAME), default_branch="main"
            ),
            installation_id=9,
            head_sha=HEAD,
            policy=None,
        )
        await self.store.commit(Batch(repositories=[home], definitions=[(HOME, (file,))]))
        await self.engine.open()

    async def deliver(self, event: str, body: Any, *, guid: str | None = None) -> bool:
        """Take a delivery in, without working it off."""
        self._count += 1
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.store.take_in(
            Delivery(
                id=guid or f"{self._owner}-{self._count}",
                event=event,
                body=raw,
                received_at=self.moment,
            )
        )

    async def push(self, *, guid: str | None = None) -> bool:
        """Hear of a push, which starts the definition."""
        body = {
            "ref": "refs/heads/main",
            "before": "0" * 40,
            "after": "c" * 40,
            "commits": [],
            "repository": {"id": HOME, "full_name": HOME_NAME, "default_branch": "main"},
            "sender": {"id": 5, "login": "mona", "type": "User"},
            "installation": {"id": 9},
        }
        return await self.deliver("push", body, guid=guid)

    async def workflow_run(
        self, task: str, status: str, conclusion: str | None = None, *, title: str = ""
    ) -> bool:
        """Hear of the workflow run of a task's first attempt."""
        name = str(AttemptId(task=_task(task), leg=_leg(task), number=1))
        run = {
            "id": run_id(name),
            "run_attempt": 1,
            "status": status,
            "conclusion": conclusion,
            "event": "workflow_dispatch",
            "head_sha": HEAD,
            "head_branch": "main",
            "display_title": title,
        }
        body = {"action": status, "workflow_run": run, "installation": {"id": 9}}
        return await self.deliver("workflow_run", body)

    async def report(self, task: str, outputs: Mapping[str, Any]) -> bool:
        """Take in what the companion Action of a task's first attempt reports."""
        name = str(AttemptId(task=_task(task), leg=_leg(task), number=1))
        body = {"run_id": run_id(name), "run_attempt": 1, "outputs": outputs, "summary": ""}
        return await self.deliver("signalbox/report", {"repository_id": HOME, **body})

    async def work(self) -> None:
        """Do all that can be done now."""
        for _ in range(STEPS_MAX):
            if not await self.engine.take() and not await self.courier.carry_due():
                return
        raise AssertionError("it never rests")

    async def wait(self, **span: float) -> None:
        """Let time pass, and do what has become due."""
        self.moment += timedelta(**span)
        await self.work()

    async def states(self) -> Sequence[Orchestration]:
        """Return all orchestrations, as they are stored."""
        rows = await self.store.orchestrations(limit=100)
        saved = await self.store.load([row.id for row in rows])
        return [saved[row.id].state for row in rows]

    async def state(self) -> Orchestration:
        """Return the only orchestration."""
        [state] = await self.states()
        return state


def postponed(why: str = "busy") -> Postponed:
    """Say that it is not done."""
    return Postponed(why=why)


def _task(name: str) -> Any:
    return name.partition("/")[0]


def _leg(name: str) -> Any:
    return name.partition("/")[2]
