"""A whole Signalbox in one process, before a rehearsal of GitHub, in virtual time.

Everything is as in the server but the sockets and the disk. A story says what people do on
GitHub; `settle` lets both sides do all that can be done now.
"""

import json
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

import httpx
from fastapi import FastAPI

from app.core.state import Gate, Leg, Orchestration
from app.core.values import TaskName
from app.courier import Courier
from app.engine import Engine
from app.github.client import Client
from app.github.oidc import IdentityError, IdentityVerifier, RunIdentity
from app.github.performer import GitHubPerformer
from app.github.webhooks import hear
from app.ports import Delivery
from app.rehearsal import Rehearsal, RehearsalTransport, VirtualClock
from app.rehearsal.model.state import CheckRun, Comment
from app.repair.patience import Patience
from app.store.memory import MemoryStore
from app.web.api import web_app
from app.web.hooks import WebhookDoor
from app.web.reports import PATH, ReportDoor, Unproven

HOME = "acme/release"
API = "acme/api"
URL = "http://signalbox.test"
STEPS_MAX = 5_000
DEPLOY = """
name: Deploy
run-name: "Deploy [${{ inputs.signalbox }}]"
on: {workflow_dispatch: {inputs: {signalbox: {type: string}}}}
jobs: {}
"""
ACCEPTS = "version: 1\naccept: [{from: acme/release, workflows: [deploy.yml]}]\n"
PEOPLE = {"mona": "write", "hubot": "maintain", "ada": "admin", "eve": "read", "carl": "write"}
"""Who may what in the repository of the definitions; `eve` may look, and nothing else."""
TEAMS = {"sre": ["mona", "carl"], "qa": ["hubot"]}


@dataclass(slots=True)
class Town:
    """One GitHub and one Signalbox."""

    github: Rehearsal
    store: MemoryStore
    engine: Engine
    courier: Courier
    client: Client
    doors: httpx.AsyncClient = field(default_factory=httpx.AsyncClient)

    async def settle(self) -> None:
        """Let both sides do all that can be done now."""
        for _ in range(STEPS_MAX):
            steps = (self.engine.take, self.courier.carry_due, self.github.run_due)
            if not any([await step() for step in steps]):
                return
        raise AssertionError("it never rests")

    async def wait(self, **span: float) -> None:
        """Let time pass, and all that comes due meanwhile happen."""
        clock = self.github.clock
        assert isinstance(clock, VirtualClock)
        end = clock.now() + timedelta(**span)
        await self.settle()
        for _ in range(STEPS_MAX):
            dues = (await self.store.next_due(), self.github.next_due)
            due = min((each for each in dues if each is not None and each <= end), default=None)
            if due is None:
                break
            clock.advance_to(max(due, clock.now() + timedelta(milliseconds=1)))
            await self.settle()
        clock.advance_to(max(end, clock.now()))
        await self.settle()

    async def states(self) -> list[Orchestration]:
        """Return all orchestrations, the oldest first."""
        rows = await self.store.orchestrations(limit=100)
        saved = await self.store.load([row.id for row in rows])
        return [saved[row.id].state for row in reversed(rows)]

    async def state(self, title: str = "") -> Orchestration:
        """Return the only orchestration, or the one of this title."""
        [found] = [each for each in await self.states() if title in ("", each.plan.title)]
        return found

    async def status(self, task: str, title: str = "") -> str:
        """Return how far a task is."""
        return str((await self.state(title)).tasks[TaskName(task)].status)

    async def gate(self, task: str, title: str = "") -> Gate:
        """Return the gate that a task is."""
        [leg] = (await self.state(title)).tasks[TaskName(task)].legs.values()
        assert leg.gate is not None, "the task is a gate"
        return leg.gate

    async def leg(self, task: str) -> Leg:
        """Return the one leg of a task of the only orchestration."""
        [leg] = (await self.state()).tasks[TaskName(task)].legs.values()
        return leg

    def deployments(self) -> int:
        """Count what was truly dispatched."""
        return len(self.github.dispatches)

    async def say(self, number: int, text: str, by: str = "mona") -> Comment:
        """Comment on a pull request, a second later, and let it be heard."""
        await self.wait(seconds=1)
        comment = self.github.comment(HOME, number, text, by)
        await self.wait(seconds=2)
        return comment

    async def review(self, number: int, by: str, state: str = "APPROVED", **more: Any) -> None:
        """Review a pull request, and let it be heard."""
        await self.wait(seconds=1)
        self.github.review(HOME, number, by, state, **more)
        await self.wait(seconds=2)

    def answers(self, number: int) -> list[str]:
        """Return what Signalbox answered on a pull request or issue."""
        comments = self.github.comments(HOME, number)
        return [each.body for each in comments if "signalbox answer" in each.body]

    def signs(self, comment: Comment) -> set[str]:
        """Return the signs that Signalbox put under a comment."""
        return {each.content for each in comment.reactions if each.user.login.endswith("[bot]")}

    async def check(self, title: str = "") -> CheckRun:
        """Return the check run of an orchestration."""
        state = await self.state(title)
        runs = self.github.check_runs(HOME, state.plan.cause.sha)
        return next(each for each in runs if each.external_id == state.id)

    async def deliver(self, event: str, body: Mapping[str, Any], guid: str) -> None:
        """Take in a delivery that was put together by hand."""
        raw = json.dumps(body).encode()
        now = self.github.clock.now()
        await self.store.take_in(Delivery(id=guid, event=event, body=raw, received_at=now))
        await self.settle()

    async def report(self, token: str, outputs: Mapping[str, Any]) -> int:
        """Report outputs as the companion Action does; return the status of the answer."""
        headers = {"authorization": f"bearer {token}"}
        answer = await self.doors.post(PATH, json={"outputs": outputs}, headers=headers)
        await self.settle()
        return answer.status_code


@asynccontextmanager
async def town(
    *,
    policy: str = "",
    people: Mapping[str, str] = PEOPLE,
    organization_policy: str = "",
    extra: Iterable[tuple[str, Mapping[str, str]]] = (),
    target: str = ACCEPTS,
    **definitions: str,
) -> AsyncIterator[Town]:
    """Open a town with these definitions, and let Signalbox read them."""
    github = Rehearsal(VirtualClock(), webhook_url=f"{URL}/webhooks/github")
    github.add_organization("acme", sorted(people), TEAMS)
    files = {f".github/orchestrations/{stem}.yml": text for stem, text in definitions.items()}
    policies = {".github/orchestration-policy.yml": policy} if policy else {}
    github.add_repository(HOME, {**files, **policies, "README.md": "hello\n"}, roles=people)
    accepts = {".github/orchestration-policy.yml": target} if target else {}
    github.add_repository(API, {".github/workflows/deploy.yml": DEPLOY, **accepts})
    if organization_policy:
        files = {"orchestration-policy.yml": organization_policy}
        github.add_repository("acme/.github", files)
    for name, contents in extra:
        github.add_repository(name, contents)
    github.install_app("acme")
    made = _town(github)
    made.doors = httpx.AsyncClient(
        transport=httpx.ASGITransport(_doors(made), client=("1", 1)), base_url=URL
    )
    github.connect(made.doors)
    await made.engine.open()
    await made.wait(minutes=1)
    yield made
    await made.client.aclose()


def _town(github: Rehearsal) -> Town:
    async def pause(seconds: float) -> None:
        clock = github.clock
        assert isinstance(clock, VirtualClock)
        clock.advance_to(clock.now() + timedelta(seconds=seconds))

    client = Client(
        api_url=github.api_url,
        app_id=str(github.app_id),
        private_key=github.app_private_key_pem,
        clock=github.clock,
        pause=pause,
        http=RehearsalTransport(github.asgi),
    )
    store = MemoryStore(is_encoded=True)
    reader = partial(hear, app_id=str(github.app_id))
    engine = Engine(store=store, clock=github.clock, read=reader, owner="here")
    courier = Courier(
        store=store,
        engine=engine,
        performer=Patience(GitHubPerformer(client), store=store, clock=github.clock),
        clock=github.clock,
        owner="here",
    )
    return Town(github=github, store=store, engine=engine, courier=courier, client=client)


def _doors(made: Town) -> FastAPI:
    verifier = IdentityVerifier(
        issuer=made.github.oidc_issuer,
        audience=URL,
        clock=made.github.clock,
        http=RehearsalTransport(made.github.asgi),
    )

    async def identify(token: str) -> RunIdentity:
        try:
            return await verifier.verify(token)
        except IdentityError as error:
            raise Unproven(error.code, error.message) from error

    async def trouble() -> str:
        return ""

    clock = made.github.clock
    return web_app(
        webhooks=WebhookDoor(
            secret=made.github.webhook_secret,
            inbox=made.store,
            clock=clock,
            wake=made.engine.wake,
        ),
        reports_door=ReportDoor(
            inbox=made.store,
            clock=clock,
            identify=identify,
            knows_repository=made.engine.knows_repository,
            wake=made.engine.wake,
        ),
        trouble=trouble,
        lifespan=_open,
    )


@asynccontextmanager
async def _open(_app: FastAPI) -> AsyncIterator[None]:
    yield
