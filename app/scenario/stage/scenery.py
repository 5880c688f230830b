"""The places that a definition names, made as soon as they are needed.

Repositories are made with the workflows that are dispatched there, which declare the inputs
that they are given, and they consent, unless the scenario says otherwise. A workflow stands
at every commit, as if it had always been there, so that any ref will do.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final

from app.core.actions import Agent, Approval, Orchestrate, Wait
from app.core.commands import Command, DispatchWorkflow, MeasureChange, PerformOperation
from app.core.definition import Definition
from app.core.expressions import ExpressionError
from app.core.legs.gates import moment_of
from app.core.legs.refs import is_sha
from app.core.legs.ruling import environment_of
from app.core.naming import definition_of
from app.core.policy import POLICY_PATH
from app.core.state import Orchestration
from app.rehearsal import Rehearsal
from app.rehearsal.model import environments, git, talk
from app.rehearsal.model.state import Issue, Repository
from app.rehearsal.shapes import people as shapes
from app.scenario.invention import made_up
from app.scenario.language import SOMEBODY, Scenario
from app.scenario.reading.scenario import children_of
from app.scenario.stage.director import MARKER_INPUT, Director
from app.scenario.stage.texts import consent, holding, minute, window, workflow_text
from app.scenario.subject import Subject, repositories_in, tasks_in

DEFINITIONS: Final = ".github/orchestrations/"
WORKFLOWS: Final = ".github/workflows/"
LONG_AGO: Final = ("2000-01-01T00:00", "2000-01-02T00:00")
_CHILD = re.compile(r"([\w.-]+/[\w.-]+)/\.github/orchestrations/([\w.-]+\.ya?ml)(?:@\S+)?")


class Scenery:
    """Makes places on a rehearsal GitHub."""

    def __init__(
        self, github: Rehearsal, subject: Subject, scenario: Scenario, home: str
    ) -> None:
        self._github = github
        self._subject = subject
        self._scenario = scenario
        self.home = home
        self.director = Director(scenario)
        self._inputs: dict[tuple[str, str], set[str]] = {}

    # At the beginning.

    def build(self, others: Iterable[str], starts: datetime) -> None:
        """Make what is known to be needed, and install the App there."""
        self._github.add_organization(_owner(self.home), (), self._teams())
        self._github.add_repository(self.home, self._home_files(), roles=self._roles())
        for name in sorted({*others, *self._named(), *self._scenario.files} - {self.home}):
            self._repository(name)
        for target, text in self._children():
            self.add_definition(*target, text)
        policy = f"{_owner(self.home)}/.github"
        if not self._is_there(policy):
            calendars = {POLICY_PATH: self._calendars(starts)}
            self._github.add_repository(policy, calendars)
        for owner in sorted({_owner(name) for name in self._full_names()}):
            self._github.install_app(owner)

    def _home_files(self) -> dict[str, str]:
        beside = {DEFINITIONS + file: text for file, text in self._neighbours()}
        held = {
            f"{DEFINITIONS}{others_id(number)}.yml": holding(each)
            for number, each in enumerate(self._scenario.locks, 1)
        }
        own = DEFINITIONS + self._subject.file
        # Whatever the shape of a policy, it lets its own repository do all.
        return {"README.md": "# Made up\n", **beside, **held, own: self._subject.text}

    def _neighbours(self) -> Iterator[tuple[str, str]]:
        """Only what is started as a child stands there: the others would start, too."""
        wanted = {f"{each.id}.yml" for each in children_of(self._subject)}
        wanted |= {f"{each.id}.yaml" for each in children_of(self._subject)}
        for file, text in self._subject.neighbours.items():
            if file in wanted and file != self._subject.file:
                yield file, text

    def _children(self) -> Iterator[tuple[tuple[str, str], str]]:
        texts = self._subject.neighbours
        for target in _targets_of_children(self._subject):
            found = _CHILD.fullmatch(target)
            if found and found[1] != self.home and found[2] in texts:
                yield (found[1], found[2]), texts[found[2]]

    def add_definition(self, repository: str, file: str, text: str) -> None:
        """Let a definition stand in a repository."""
        self._put(self._repository(repository), DEFINITIONS + file, text)

    def _teams(self) -> Mapping[str, tuple[str, ...]]:
        """Every team that the definition names has somebody in it."""
        owner, members = _owner(self.home), dict(self._scenario.teams)
        for team in _teams_in(self._subject.definition):
            slug = team.partition("/")[2]
            members.setdefault(team, (f"{slug}-one", f"{slug}-two"))
        return {
            team.partition("/")[2]: logins
            for team, logins in members.items()
            if _owner(team) == owner
        }

    def _roles(self) -> dict[str, str]:
        """Whoever is named may write, unless the scenario says otherwise."""
        named = {deed.by for deed in self._scenario.people}
        named.update(login for logins in self._teams().values() for login in logins)
        return {**dict.fromkeys(sorted(named), "write"), **self._scenario.permissions}

    def _named(self) -> Iterator[str]:
        for name in repositories_in(self._subject.definition):
            if not self._is_missing(name):
                yield name

    def _calendars(self, starts: datetime) -> str:
        names = calendars_in(self._subject.definition)
        closed = {name: [window(*LONG_AGO, "")] for name in sorted(names)}
        for each in self._scenario.closures:
            shut = window(minute(starts + each.since), minute(starts + each.until, 1), each.why)
            closed.setdefault(each.calendar, []).append(shut)
        calendars = {
            name: {"timezone": "UTC", "closed": windows} for name, windows in closed.items()
        }
        policy = {"version": 1, "organization": {"calendars": calendars}}
        return json.dumps(policy if calendars else {"version": 1})

    # As it goes.

    def prepare(self, command: Command, state: Orchestration | None) -> None:
        """Make what a command is about to meet."""
        match command:
            case DispatchWorkflow() if state is not None:
                self.director.note(command, state)
                self._workflow(command)
                self._environment(command, state)
            case PerformOperation() if state is not None:
                self._operation(command, state)
            case MeasureChange():
                self._branch(command)
            case _:
                pass

    def _workflow(self, command: DispatchWorkflow) -> None:
        repository = self._repository(command.repository)
        whole = f"{command.repository}/{command.workflow}"
        if repository is None or {whole, command.workflow} & set(self._scenario.missing):
            return
        known = self._inputs.setdefault((repository.full_name, command.workflow), set())
        path = WORKFLOWS + command.workflow
        if not known or not known >= command.inputs.keys():
            known.update(command.inputs, {MARKER_INPUT})
            self._put(repository, path, workflow_text(command.workflow, known))
            script = self.director.outcome
            self._github.script(repository.full_name, command.workflow, script)
        self._ref(repository, command.ref)

    def _environment(self, command: DispatchWorkflow, state: Orchestration) -> None:
        """Make the environment that a task answers for, as whoever set it up has done."""
        repository, leg = self._repository(command.repository), state.leg(command.attempt)
        if repository is None or leg is None:
            return
        try:
            name = environment_of(state, command.attempt, leg, self._github.clock.now())
        except ExpressionError:
            return
        if name is not None:
            environments.environment_of(self._github.world, repository, name)

    def _operation(self, command: PerformOperation, state: Orchestration) -> None:
        arguments = command.arguments
        refs = arguments.get("refs")
        for each in refs.values() if isinstance(refs, Mapping) else ():
            name, _, ref = str(each).partition("@")
            repository = self._repository(name)
            if repository is not None:
                self._ref(repository, ref)
        name = str(arguments.get("repository") or self.home)
        repository = self._repository(name)
        if repository is None:
            return
        number, path = arguments.get("number"), arguments.get("path")
        if isinstance(number, int):
            self._talk(repository, number)
        if command.operation == "file.read" and f"{name}/{path}" not in self._scenario.missing:
            if path not in repository.head.tree:
                task = definition_of(state.plan.definition, command.attempt.task)
                self._put(repository, str(path), json.dumps(made_up(task.outputs)))
            self._ref(repository, str(arguments.get("ref") or ""))

    def _talk(self, repository: Repository, number: int) -> None:
        """Let there be an issue of that number, if nothing else has it."""
        if talk.find(repository, number) is None and number > 0:
            now, who = self._github.clock.now(), self._github.world.account(SOMEBODY)
            repository.issues[number] = Issue(
                id=self._github.world.new_id(),
                number=number,
                title="Made up",
                body="",
                user=who,
                created_at=now,
                updated_at=now,
            )
            repository.number_count = max(repository.number_count, number)

    def _branch(self, command: MeasureChange) -> None:
        repository = self._repository(command.repository)
        if repository is not None:
            files = dict.fromkeys(self.director.change_of(command), "made up\n")
            before = repository.refs.get(f"heads/{command.branch}", repository.head.sha)
            self._commit(repository, f"heads/{command.branch}", before, files)

    def _ref(self, repository: Repository, ref: str) -> None:
        name = ref.removeprefix("refs/").removeprefix("heads/")
        if name and not is_sha(name) and git.resolve(repository, name) is None:
            repository.refs[f"heads/{name}"] = repository.head.sha

    def _commit(
        self, repository: Repository, ref: str, parent: str, files: Mapping[str, str]
    ) -> None:
        """Commit without telling anybody."""
        who, now = self._github.world.account("agent"), self._github.clock.now()
        made = git.commit_files(repository, (parent,), files, who, "Propose", now)
        repository.refs[ref] = made.sha

    def _repository(self, name: str) -> Repository | None:
        """Return a repository, made if need be; `None` if there must not be one."""
        if self._is_there(name):
            return self._github.world.repository(name)
        if name.count("/") != 1 or self._is_missing(name):
            return None
        files = {"README.md": f"# {name}\n"}
        if name not in self._scenario.refusing:
            files[POLICY_PATH] = consent(self.home)
        for path, value in self._scenario.files.get(name, {}).items():
            files[path] = value if isinstance(value, str) else json.dumps(value)
        world = self._github.world
        if _owner(name).lower() not in world.members:
            self._github.add_organization(_owner(name))
        made = self._github.add_repository(name, files, roles=self._roles())
        if world.app is not None:
            self._tell_of(made)
        return made

    def _tell_of(self, made: Repository) -> None:
        """Tell the App of a repository that was made after it was installed."""
        world = self._github.world
        installation = world.installation_for(made)
        if installation is None:
            self._github.install_app(made.owner.login)
            return
        payload = {
            "action": "added",
            "installation": shapes.installation(world.at, world.registered_app(), installation),
            "repository_selection": "all",
            "repositories_added": shapes.installed_repositories([made]),
            "repositories_removed": [],
            "requester": None,
            "sender": shapes.account(world.at, made.owner),
        }
        world.send("installation_repositories", payload, installation.id, None)

    def _put(self, repository: Repository | None, path: str, text: str) -> None:
        """Let a file stand at every commit, as if it had always been there."""
        if repository is None:
            return
        content = text.encode()
        sha = git.blob_sha(content)
        repository.blobs[sha] = content
        for commit in repository.commits.values():
            commit.tree = {**commit.tree, path: sha}

    def _is_there(self, name: str) -> bool:
        return name.lower() in self._github.world.names

    def _is_missing(self, name: str) -> bool:
        return name.lower() in {each.lower() for each in self._scenario.missing}

    def _full_names(self) -> list[str]:
        return [each.full_name for each in self._github.world.repositories.values()]


def others_id(number: int) -> str:
    """Name the definition that holds a place of a group for others."""
    return f"others-{number}"


def calendars_in(definition: Definition) -> frozenset[str]:
    """Return the calendars that a definition names."""
    found = set(definition.freeze)
    for task in tasks_in(definition):
        if isinstance(task.action, Wait) and task.action.until is not None:
            until = task.action.until.value
            if isinstance(until, str) and "${{" not in until and moment_of(until) is None:
                found.add(until)
    return frozenset(found)


def _owner(full_name: str) -> str:
    return full_name.partition("/")[0]


def _targets_of_children(subject: Subject) -> Iterator[str]:
    for definition in (subject.definition, *children_of(subject)):
        for task in tasks_in(definition):
            if isinstance(task.action, Orchestrate):
                yield str(task.action.target.value)


def _teams_in(definition: Definition) -> Iterator[str]:
    for task in tasks_in(definition):
        action = task.action.review if isinstance(task.action, Agent) else task.action
        approvals = [action] if isinstance(action, Approval) else []
        for wave in task.strategy.waves if task.strategy else ():
            approvals += [wave.approval] if wave.approval else []
        for approval in approvals:
            for rule in approval.rules:
                for requirement in rule.require:
                    yield from requirement.teams
            yield from approval.break_glass.teams if approval.break_glass else ()
