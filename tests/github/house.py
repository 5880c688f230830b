"""A performer that speaks to a rehearsal of GitHub, with GitHub's own description as judge."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from app.core.commands import Command, DispatchWorkflow
from app.core.definition import ReportTo
from app.core.events import Event
from app.core.hearing.findings import Finding
from app.core.plan import Plan
from app.core.state import Orchestration, new_orchestration
from app.core.values import JsonObject, RepositoryName, Sha
from app.github.client import Client
from app.github.performer import GitHubPerformer
from app.ports import Carried, Errand, Outcome
from app.rehearsal import Flavour, Rehearsal, RehearsalTransport
from app.rehearsal.model.state import Installation
from tests.kit import build
from tests.kit.judge import CLOUD, ENTERPRISE_SERVER, Judge

MARKER = "sb-0123456789abcdef-89abcdef"
DEPLOY = """
name: Deploy
run-name: "Deploy [${{ inputs.signalbox }}]"
on: {workflow_dispatch: {inputs: {image: {type: string}, signalbox: {type: string}}}}
jobs: {}
"""
PLAIN = "name: Deploy\non: {workflow_dispatch: {inputs: {image: {type: string}}}}\njobs: {}\n"
ACCEPTS = "version: 1\naccept:\n- {from: acme/release, workflows: [deploy.yml], refs: [main]}\n"
LETS_OPERATE = "version: 1\naccept:\n- {from: acme/release, operations: ['*']}\n"
TRAIN = build.document("api", whole={"name": "Train"})
DEPLOY_PATH = ".github/workflows/deploy.yml"
POLICY_PATH = ".github/orchestration-policy.yml"
TRAIN_PATH = ".github/orchestrations/train.yml"


@dataclass
class House:
    """Five repositories: the definition's own, one that lets it in, one that shows no marker,
    one that lets nobody in, and one that lets it do all operations."""

    github: Rehearsal
    judge: Judge
    client: Client
    installation: Installation
    performer: GitHubPerformer
    tries: dict[str, int] = field(default_factory=dict)

    def restart(self) -> None:
        """Begin anew with nothing in memory, as after a crash."""
        self.performer = GitHubPerformer(self.client)

    def state(self, **changes: Any) -> Orchestration:
        """Return an orchestration of `acme/release`, caused there unless changed."""
        repository = self.github.world.repository("acme/release")
        plan = build.plan_of(TRAIN)
        origin = replace(
            plan.origin, repository_id=repository.id, installation_id=self.installation.id
        )
        cause = replace(
            plan.cause,
            repository_id=repository.id,
            installation_id=self.installation.id,
            sha=Sha(repository.head.sha),
        )
        number = changes.pop("number", 1)
        made: Plan = replace(
            plan, origin=origin, cause=replace(cause, **changes), number=number
        )
        return new_orchestration(made)

    def dispatch(self, repository: str = "acme/api", **changes: Any) -> DispatchWorkflow:
        """Return the command to deploy."""
        command = DispatchWorkflow(
            attempt=build.attempt("api"),
            repository=RepositoryName(repository),
            workflow="deploy.yml",
            ref="main",
            inputs={"image": "api:1"},
            marker=MARKER,
        )
        return replace(command, **changes)

    async def perform(self, command: Command, state: Orchestration | None = None) -> Outcome:
        """Perform a command as the courier would, counting its tries."""
        tries = self.tries[command.key] = self.tries.get(command.key, 0) + 1
        errand = Errand(state=state or self.state(), tries=tries, first_tried_at=build.START)
        return await self.performer.perform(command, errand)

    async def event(self, command: Command, state: Orchestration | None = None) -> Event:
        """Perform a command that brings one event back."""
        outcome = await self.perform(command, state)
        assert isinstance(outcome, Carried), outcome
        [event] = outcome.events
        return event

    async def finding(self, command: Command) -> Finding:
        """Perform a chore that brings one finding back."""
        outcome = await self.perform(command)
        assert isinstance(outcome, Carried), outcome
        [finding] = outcome.findings
        return finding

    async def wait(self, **span: float) -> None:
        """Let time pass on GitHub and here."""
        await self.github.advance(timedelta(**span))

    def calls(self, method: str, part: str) -> int:
        """Count the calls that were made."""
        return sum(c.method == method and part in c.path for c in self.github.world.calls)

    def repository_id(self, name: str) -> int:
        """Return the id of a repository."""
        return self.github.world.repository(name).id


def reporting_to(state: Orchestration, where: ReportTo) -> Orchestration:
    """Return the same orchestration, reporting elsewhere."""
    definition = replace(state.plan.definition, report_to=where)
    return replace(state, plan=replace(state.plan, definition=definition))


@asynccontextmanager
async def house(flavour: Flavour = Flavour.CLOUD) -> AsyncIterator[House]:
    """Open a house; at its end GitHub's description must have nothing to complain about."""
    github = Rehearsal(flavour=flavour)
    github.add_organization("acme", ["mona"])
    files: JsonObject
    for name, files in {
        "release": {TRAIN_PATH: TRAIN, DEPLOY_PATH: DEPLOY},
        "api": {DEPLOY_PATH: DEPLOY, POLICY_PATH: ACCEPTS},
        "plain": {DEPLOY_PATH: PLAIN, POLICY_PATH: ACCEPTS},
        "closed": {DEPLOY_PATH: DEPLOY},
        "ops": {
            POLICY_PATH: LETS_OPERATE,
            "data.json": '{"a": [1, 2]}',
            "note.txt": "hello\n",
        },
    }.items():
        github.add_repository(f"acme/{name}", {path: str(files[path]) for path in files})
    installation = github.install_app("acme")
    judge = Judge(github.asgi, CLOUD if flavour is Flavour.CLOUD else ENTERPRISE_SERVER)

    async def at_once(_seconds: float) -> None:
        return

    async with Client(
        api_url=github.api_url + ("" if flavour is Flavour.CLOUD else "/api/v3"),
        app_id=str(github.app_id),
        private_key=github.app_private_key_pem,
        clock=github.clock,
        pause=at_once,
        http=RehearsalTransport(judge),
    ) as client:
        yield House(github, judge, client, installation, GitHubPerformer(client))
    judge.check()
