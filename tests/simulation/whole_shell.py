"""The whole shell in virtual time: engine, courier and client, against the rehearsal GitHub.

Everything is as in the server but the sockets and the disk: the real web doors take in what
GitHub sends, the real client makes every call. Webhooks are late, doubled, overtaken and lost;
calls fail before and after their effect; the process dies before and after each deed.
"""

import asyncio
import json
import logging
import random
from collections import Counter
from datetime import datetime, timedelta
from typing import Final

import httpx
import structlog.testing
from fastapi import FastAPI
from starlette.types import ASGIApp

from app.core.commands import Command
from app.core.decide import decide
from app.core.moves import LegStatus, OrchestrationStatus
from app.core.state import Orchestration, new_orchestration
from app.courier import Courier
from app.engine import Engine
from app.github.client import Client
from app.github.oidc import IdentityError, IdentityVerifier, RunIdentity
from app.github.performer import GitHubPerformer
from app.github.webhooks import hear
from app.ports import Delivery, Errand, Outcome
from app.rehearsal import CallFault, DeliveryFault, Rehearsal, RehearsalTransport, VirtualClock
from app.store.memory import MemoryStore
from app.web.api import web_app
from app.web.hooks import WebhookDoor
from app.web.reports import ReportDoor, Unproven
from tests.simulation.cast import HOME, cast

URL: Final = "http://signalbox.test"
STEPS_MAX: Final = 20_000
DEATHS_MAX: Final = 25
"""What is tried every minute for a day dies hundreds of times, and always alike."""
GRAVE: Final = ("error", "critical", "exception")
ENDINGS: Final = {
    OrchestrationStatus.SUCCEEDED: "success",
    OrchestrationStatus.FAILED: "failure",
    OrchestrationStatus.CANCELLED: "cancelled",
}


def simulate_shell(seed: int) -> int:
    """Simulate one life of the whole shell; return how many events were journaled."""
    life = Whole(seed)
    life.run()
    return life.events


class Death(BaseException):
    """The process dies here. No `except Exception` may hold it up."""


class Mortal:
    """A performer whose process may die just before or just after the deed."""

    def __init__(self, inner: GitHubPerformer, chance: random.Random, risk: float) -> None:
        self._inner = inner
        self._chance = chance
        self._risk = risk

    async def perform(self, command: Command, errand: Errand) -> Outcome:
        """Carry a command, or die before or after it."""
        if self._chance.random() < self._risk:
            raise Death
        outcome = await self._inner.perform(command, errand)
        if self._chance.random() < self._risk:
            raise Death
        return outcome


class Whole:
    """One simulated life of one installation, from a seed."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._risk = self._chance.choice((0.0, 0.02, 0.1))
        self.github = Rehearsal(VirtualClock(), webhook_url=f"{URL}/webhooks/github", seed=seed)
        self.store = MemoryStore(is_encoded=self._chance.random() < 0.2)
        self._cancel_at: datetime | None = None
        self.deaths = 0
        self.events = 0
        cast(self.github, self._chance)
        self._wire = RehearsalTransport(self.github.asgi)
        self._key = self.github.app_private_key_pem

    def run(self) -> None:
        """Live it to its end, and compare what is believed with what GitHub saw."""
        with _errors() as errors, structlog.testing.capture_logs() as logged:
            asyncio.run(self._live())
        errors += [str(entry) for entry in logged if entry["log_level"] in GRAVE]
        assert errors == [], f"something was logged as an error: {errors}"

    async def _live(self) -> None:
        await self._begin()
        transport = httpx.ASGITransport(self._doors(), client=("1", 1))
        self.github.connect(httpx.AsyncClient(transport=transport))
        await self._until_known()
        self.github.push(HOME, {"versions/train.txt": str(self._chance.random())})
        if self._chance.random() < 0.5:
            self.github.open_pull_request(HOME, {"README.md": "changed\n"})
        await self.github.run_due()
        self._let_trouble_in()
        if self._chance.random() < 0.25:
            delay = timedelta(seconds=self._chance.choice((0, 1, 5, 60, 600)))
            self._cancel_at = self.github.clock.now() + delay
        await self._until_over()
        await self._check()

    async def _begin(self) -> None:
        """Start the process, at first or after a death: all that is in memory is new."""
        clock = self.github.clock
        self._client = Client(
            api_url=self.github.api_url,
            app_id=str(self.github.app_id),
            private_key=self._key,
            clock=clock,
            pause=self._pause,
            http=self._wire,
        )
        self.engine = Engine(store=self.store, clock=clock, read=hear, owner="here")
        self.courier = Courier(
            store=self.store,
            engine=self.engine,
            performer=Mortal(GitHubPerformer(self._client), self._chance, self._risk),
            clock=clock,
            owner="here",
        )
        await self.engine.open()

    def _doors(self) -> ASGIApp:
        """Open the doors. They keep nothing, so that one set of them serves every life."""
        verifier = IdentityVerifier(
            issuer=self.github.oidc_issuer,
            audience=URL,
            clock=self.github.clock,
            http=self._wire,
        )

        async def identify(token: str) -> RunIdentity:
            try:
                return await verifier.verify(token)
            except IdentityError as error:
                may_pass = error.code == "issuer-unavailable"
                raise Unproven(error.code, error.message, may_pass=may_pass) from error

        async def trouble() -> str:
            return ""

        def knows_repository(repository_id: int) -> bool:
            return self.engine.knows_repository(repository_id)

        def wake() -> None:
            self.engine.wake()

        clock = self.github.clock
        doors: FastAPI = web_app(
            webhooks=WebhookDoor(
                secret=self.github.webhook_secret, inbox=self.store, clock=clock, wake=wake
            ),
            reports_door=ReportDoor(
                inbox=self.store,
                clock=clock,
                identify=identify,
                knows_repository=knows_repository,
                wake=wake,
            ),
            trouble=trouble,
            lifespan=lambda _: _Nothing(),
        )
        return doors

    async def _pause(self, seconds: float) -> None:
        self._pass(timedelta(seconds=seconds))

    def _pass(self, span: timedelta) -> None:
        clock = self.github.clock
        assert isinstance(clock, VirtualClock)
        clock.advance_to(clock.now() + span)

    def _let_trouble_in(self) -> None:
        chance = self._chance
        faults = self.github.faults
        rate = chance.choice((0.0, 0.05, 0.2))
        faults.call_chances = {kind: rate * chance.random() for kind in CallFault}
        rate = chance.choice((0.0, 0.1, 0.4))
        faults.delivery_chances = {kind: rate * chance.random() for kind in DeliveryFault}
        self.github.world.visibility_delay = timedelta(seconds=chance.choice((0, 0, 5, 30)))

    async def _step(self) -> bool:
        """Do one thing that can be done now. Return whether there was one."""
        deeds = [self.engine.take, self.courier.carry_due, self.github.run_due]
        self._chance.shuffle(deeds)
        try:
            for deed in deeds:
                if await deed():
                    if self._chance.random() < self._risk / 5:
                        raise Death
                    return True
        except Death:
            self.deaths += 1
            if self.deaths == DEATHS_MAX:
                self._risk = 0.0
            await self._begin()
            return True
        return False

    async def _until_known(self) -> None:
        """Let it read the definition, however often it dies over that."""
        for _ in range(STEPS_MAX):
            if await self._step():
                continue
            if self.engine.library.catalogue.entries:
                return
            self._pass(timedelta(seconds=1))
        raise AssertionError("it never reads the definition")

    async def _until_over(self) -> None:
        for _ in range(STEPS_MAX):
            await self._cancel_if_due()
            if await self._step():
                continue
            dues = (await self.store.next_due(), self.github.next_due, self._cancel_at)
            moments = [moment for moment in dues if moment is not None]
            rows = await self.store.orchestrations(limit=10, open_only=True)
            is_over = not rows and await self._is_written()
            if is_over or not moments:
                break
            now = self.github.clock.now()
            # A timer of an orchestration that has ended may lie days ahead.
            self._pass(max(min(moments) - now, timedelta(milliseconds=1)))
        else:
            raise AssertionError("it never ends")
        assert not await self.store.orchestrations(limit=10, open_only=True), "it hangs"

    async def _cancel_if_due(self) -> None:
        now = self.github.clock.now()
        if self._cancel_at is None or now < self._cancel_at:
            return
        self._cancel_at = None
        for row in await self.store.orchestrations(limit=10, open_only=True):
            body = {"orchestration": row.id, "actor": "mona", "reason": "wrong train"}
            delivery = Delivery(
                id=f"cancel-{row.id}",
                event="signalbox/cancel",
                body=json.dumps(body).encode(),
                received_at=now,
            )
            await self.store.take_in(delivery)

    async def _is_written(self) -> bool:
        """Tell whether the end of every orchestration stands on its check."""
        for state in await self._states():
            checks = self.github.check_runs(HOME, state.plan.cause.sha)
            if not any(check.status == "completed" for check in checks):
                return False
        return True

    async def _states(self) -> list[Orchestration]:
        rows = await self.store.orchestrations(limit=10)
        saved = await self.store.load([row.id for row in rows])
        return [each.state for each in saved.values()]

    async def _check(self) -> None:
        """Compare what is believed with what GitHub saw."""
        states = await self._states()
        assert states, "the push started something"
        markers = Counter(str(each.inputs["signalbox"]) for each in self.github.dispatches)
        twice = [marker for marker, count in markers.items() if count > 1]
        assert twice == [], "no workflow is dispatched twice for one attempt"
        for state in states:
            await self._check_history(state)
            self._check_belief(state)
            checks = [
                check
                for check in self.github.check_runs(HOME, state.plan.cause.sha)
                if check.external_id == state.id
            ]
            assert [c.conclusion for c in checks] == [ENDINGS[state.status]], "one check, right"

    async def _check_history(self, state: Orchestration) -> None:
        replayed = new_orchestration(state.plan)
        entries = await self.store.journal(state.id)
        self.events += len(entries)
        assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
        for entry in entries:
            replayed = decide(replayed, entry.event).state
        assert replayed == state, "the journal tells how it became what it is"

    def _check_belief(self, state: Orchestration) -> None:
        runs = {
            str(run.inputs.get("signalbox")): run
            for repository in self.github.world.repositories.values()
            for run in repository.runs.values()
        }
        for name, task in state.tasks.items():
            for leg in task.legs.values():
                run = runs.get(leg.attempt.marker) if leg.attempts else None
                if run is None:
                    ended_unasked = (LegStatus.FAILED, LegStatus.CANCELLED)
                    assert leg.status in ended_unasked, f"{name} ended without a workflow run"
                    continue
                assert leg.attempt.workflow_run_id == run.id, f"{name} knows its workflow run"
                assert run.last.status == "completed", f"{name} ended, its run goes on"
                if leg.status is LegStatus.SUCCEEDED:
                    assert run.last.conclusion == "success", f"{name} did not succeed"


class _Nothing:
    """A lifespan in which nothing happens."""

    async def __aenter__(self) -> None:
        return None

    async def __aexit__(self, *_: object) -> None:
        return None


class _errors(logging.Handler):  # noqa: N801 - it is used as a function
    """Collects what is logged as an error while it is open."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.found.append(record.getMessage())

    def __enter__(self) -> list[str]:
        logging.getLogger().addHandler(self)
        return self.found

    def __exit__(self, *_: object) -> None:
        logging.getLogger().removeHandler(self)
