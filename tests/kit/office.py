"""Engine and courier on a store in memory, with a performer that does as it is told.

For stories about the shell itself. Time stands until `wait`; nothing sleeps.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from app.core.chores import ReadRepository
from app.core.commands import Command, DispatchWorkflow
from app.core.events import AttemptId, DispatchAccepted
from app.core.hearing.findings import File, RepositoryRead
from app.core.hearing.heard import Repository
from app.core.state import Orchestration
from app.core.values import LegKey, RepositoryName, Sha
from app.courier import Courier
from app.engine import Engine
from app.github.webhooks import hear
from app.ports import (
    Batch,
    Carried,
    Delivery,
    Errand,
    KnownRepository,
    NewCommand,
    Outcome,
    Postponed,
)
from app.ports.metering import UNMETERED, Meter
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
    reads: dict[int, RepositoryRead] = field(default_factory=dict)

    async def perform(self, command: Command, errand: Errand) -> Outcome:
        self.asked.append(command)
        said = self.answer(command, errand)
        if said is not None:
            return said
        if isinstance(command, ReadRepository) and command.repository_id in self.reads:
            return Carried(findings=(self.reads[command.repository_id],))
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

    def __init__(
        self,
        store: MemoryStore | None = None,
        *,
        owner: str = "one",
        meter: Meter = UNMETERED,
    ) -> None:
        self.moment = START
        self.store = store or MemoryStore(is_encoded=True)
        self.hands = Hands(self.now)
        self.engine = Engine(store=self.store, clock=self, read=hear, owner=owner, meter=meter)
        self.courier = Courier(
            store=self.store,
            engine=self.engine,
            performer=self.hands,
            clock=self,
            owner=owner,
            meter=meter,
        )
        self._owner = owner
        self._count = 0

    def now(self) -> datetime:
        """Tell the time: this is a Clock."""
        return self.moment

    async def open(self, notation: str = "build", **tasks: Mapping[str, Any]) -> None:
        """Open, with one definition in force."""
        text = document(notation, whole={"on": {"push": {}}}, **tasks)
        await self.open_with(read_of(train=text))

    async def open_with(self, *read: RepositoryRead) -> None:
        """Open, with these repositories read as they are."""
        batch = Batch()
        for each in read:
            known = KnownRepository(
                repository=each.repository,
                installation_id=each.installation_id,
                head_sha=each.head_sha,
                policy=each.policy,
            )
            batch.repositories.append(known)
            batch.definitions.append((each.repository.id, each.definitions))
        await self.store.commit(batch)
        await self.engine.open()

    async def learn(self, read: RepositoryRead) -> None:
        """Read a repository anew, as the chore does, and do all that follows."""
        await self.let_read(read)
        await self.work()

    async def let_read(self, read: RepositoryRead) -> None:
        """Ask for a repository to be read, which will say this."""
        chore = ReadRepository(installation_id=9, repository_id=read.repository.id)
        key = f"repository/{read.repository.id}"
        wanted = NewCommand(subject=key, command=chore, due=self.moment, priority=0)
        await self.store.commit(Batch(commands=[wanted]))
        self.hands.reads[read.repository.id] = read

    async def start(
        self, stem: str = "train", repository: str = HOME_NAME, **inputs: Any
    ) -> None:
        """Start a definition by hand, and do all that follows."""
        about = {"repository": repository, "definition": stem, "actor": "mona"}
        await self.deliver("signalbox/start", {**about, "inputs": inputs})
        await self.work()

    async def ask(self, verb: str, **what: Any) -> None:
        """Ask for something as people do, and do all that follows."""
        await self.deliver(f"signalbox/{verb}", {"actor": "mona", **what})
        await self.work()

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

    async def state(self, title: str = "") -> Orchestration:
        """Return the only orchestration, or the one of this title, as `train #2`."""
        [state] = [each for each in await self.states() if title in ("", each.plan.title)]
        return state

    async def statuses(self) -> dict[str, str]:
        """Return how far each orchestration is, by its title."""
        states = sorted(await self.states(), key=lambda state: state.plan.title)
        return {state.plan.title: str(state.status) for state in states}

    async def end(
        self, title: str, task: str = "build", conclusion: str = "success", attempt: int = 1
    ) -> None:
        """Let the workflow run of one attempt of an orchestration end, and do what follows."""
        state = await self.state(title)
        key = LegKey(_leg(task))
        id_ = AttemptId(task=_task(task), leg=key, number=attempt)
        marker = state.tasks[_task(task)].legs[key].attempts[attempt - 1].marker
        run = {
            "id": run_id(f"{title}/{id_}"),
            "run_attempt": 1,
            "status": "completed",
            "conclusion": conclusion,
            "event": "workflow_dispatch",
            "head_sha": HEAD,
            "head_branch": "main",
            "display_title": f"Run [{marker}]",
        }
        await self.deliver("workflow_run", {"action": "completed", "workflow_run": run})
        await self.work()


def read_of(
    number: int = HOME, name: str = HOME_NAME, *, policy: str | None = None, **stems: str
) -> RepositoryRead:
    """Say that a repository was read, with these definitions by their stems."""
    return RepositoryRead(
        installation_id=9,
        repository=Repository(id=number, name=RepositoryName(name), default_branch="main"),
        head_sha=HEAD,
        definitions=tuple(
            File(
                path=f".github/orchestrations/{stem}.yml",
                blob_sha=Sha(hashlib.sha256(text.encode()).hexdigest()[:40]),
                text=text,
            )
            for stem, text in stems.items()
        ),
        policy=policy,
    )


def postponed(why: str = "busy") -> Postponed:
    """Say that it is not done."""
    return Postponed(why=why)


def _task(name: str) -> Any:
    return name.partition("/")[0]


def _leg(name: str) -> Any:
    return name.partition("/")[2]
