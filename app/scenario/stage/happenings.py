"""What happens on GitHub in a scenario: pushes, pull requests, releases, alerts and so on.

Everything is done as people do it, so that the payload is GitHub's own; what the scenario
gives is laid over it. What has to be there first, as the pull request that is closed, is made
quietly.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from app.core.definition import Definition, Listen
from app.core.reading.happenings import DEFAULT_TYPES, TYPES
from app.core.values import Json, JsonObject
from app.rehearsal import Outcome, Rehearsal
from app.rehearsal.model import checks, pulls, runs
from app.rehearsal.model.state import (
    Attempt,
    PullRequest,
    Repository,
    Workflow,
    WorkflowRun,
)
from app.rehearsal.shapes import actions
from app.rehearsal.shapes.people import ACTIONS_APP_ID
from app.scenario.language import Happening

SHIP: Final = "made-up-ship.yml"
TAG: Final = "v1.0.0"
ALERTS: Final = {
    "code_scanning_alert": "code_scanning",
    "dependabot_alert": "dependabot",
    "secret_scanning_alert": "secret_scanning",
}
BY_HAND: Final = ("manual", "command")
"""Events by which somebody starts it."""
FORKS: Final = "stranger"


def usual_trigger(definition: Definition) -> str:
    """Return what a definition most likely wants to be started by: its first `on`.

    What has inputs that must be given is started by hand, if it can be.
    """
    by_hand = [each.event for each in definition.on if each.event in ("manual", "command")]
    if by_hand and any(each.required for each in definition.inputs.values()):
        return by_hand[0]
    others = [each for each in definition.on if each.event != "orchestration"]
    return _named((others or list(definition.on))[0])


def listening(definition: Definition, event: str) -> Listen | None:
    """Return the entry of `on` that an event is for, if there is one."""
    name = event.partition(".")[0]
    return next((each for each in definition.on if each.event == name), None)


def _named(listen: Listen) -> str:
    types = listen.types or DEFAULT_TYPES.get(listen.event) or TYPES.get(listen.event) or ()
    return f"{listen.event}.{types[0]}" if types else listen.event


def repository_for(listen: Listen | None, home: str) -> str:
    """Return the repository in which an event would be heard."""
    if listen is None or not listen.repositories:
        return home
    first = listen.repositories[0]
    return first.replace("**", "*").replace("*", "app")


class Stage:
    """Where things happen: one repository after the other, and one pull request in each."""

    def __init__(self, github: Rehearsal) -> None:
        self._github = github
        self._pulls: dict[str, PullRequest] = {}
        self._count = 0

    def happen(
        self, event: str, what: Happening, repository: str, listen: Listen | None
    ) -> None:
        """Let one thing happen, with the scenario's words laid over GitHub's."""
        name, _, action = event.partition(".")
        self._count += 1
        do = getattr(self, f"_{name}", None)
        known = set(self._github.world.deliveries)
        if do is not None:
            do(repository, action, what, listen)
        else:
            self._anything(repository, name, action, what)
        if what.payload:
            self._overlay(name, known, what.payload)

    def _overlay(self, event: str, known: set[int], given: JsonObject) -> None:
        for number, delivery in self._github.world.deliveries.items():
            if number not in known and delivery.event == event:
                body = laid_over(json.loads(delivery.payload), given)
                delivery.payload = json.dumps(body, separators=(",", ":")).encode()

    @contextmanager
    def _quietly(self) -> Iterator[None]:
        """Let nobody hear of what is only made because it has to be there."""
        app = self._github.world.registered_app()
        events, app.events = app.events, ()
        try:
            yield
        finally:
            app.events = events

    def _change(self, listen: Listen | None) -> dict[str, str | None]:
        """Return a file that the filters of the definition let through."""
        pattern = listen.paths[0] if listen is not None and listen.paths else "changed.txt"
        path = pattern.replace("**", "*").replace("*", "made-up").strip("/!")
        return {path: f"{self._count}\n"}

    def _branch(self, listen: Listen | None, otherwise: str) -> str:
        branch = listen.branches[0] if listen is not None and listen.branches else otherwise
        return branch.replace("**", "*").replace("*", "made-up").strip("!")

    # One method for each event, called by its name.

    def _push(self, name: str, _: str, what: Happening, listen: Listen | None) -> None:
        if listen is not None and listen.tags and not listen.branches:
            tag = listen.tags[0].replace("*", "1")
            self._github.push_tag(name, tag, what.by)
            return
        branch = self._branch(listen, self._repository(name).default_branch)
        self._github.push(name, self._change(listen), branch=branch, author=what.by)

    def _pull_request(
        self, name: str, action: str, what: Happening, listen: Listen | None
    ) -> None:
        if action in ("", "opened"):
            with self._quietly() if _wants_labels(listen) else _loudly():
                pull = self._open(name, what, listen)
            if _wants_labels(listen):
                world, found = self._github.world, self._repository(name)
                pulls.tell(world, found, pull, "opened", world.account(what.by))
            return
        pull = self._pull(name, what, listen)
        world, found = self._github.world, self._repository(name)
        who = world.account(what.by)
        match action:
            case "synchronize":
                head = pull.head_repository.full_name
                self._github.push(
                    head, self._change(listen), branch=pull.head_ref, author=what.by
                )
            case "closed" if _is_merged(what.payload):
                self._github.merge_pull_request(name, pull.number, what.by)
            case "closed":
                self._github.close_pull_request(name, pull.number, what.by)
            case "labeled" | "unlabeled":
                label = _text(what.payload, "label", "name") or _label(listen)
                with self._quietly():
                    if (label in pull.labels) != (action == "unlabeled"):
                        self._github.label(name, pull.number, label, what.by)
                self._github.label(name, pull.number, label, what.by)
            case _:
                if action == "reopened":
                    pull.state, pull.closed_at = "open", None
                pulls.tell(world, found, pull, action, who)
        if action == "closed":
            self._pulls.pop(name, None)

    def _pull_request_review(
        self, name: str, action: str, what: Happening, listen: Listen | None
    ) -> None:
        pull = self._pull(name, what, listen)
        state = (_text(what.payload, "review", "state") or "approved").upper()
        with self._quietly() if action == "dismissed" else _loudly():
            given = self._github.review(name, pull.number, what.by, state)
        if action == "dismissed":
            self._github.dismiss_review(name, pull.number, given)

    def _merge_group(
        self, name: str, action: str, what: Happening, listen: Listen | None
    ) -> None:
        pull = self._pull(name, what, listen)
        if action == "destroyed":
            with self._quietly():
                sha = self._github.enqueue(name, pull.number, what.by)
            self._github.leave_queue(name, sha, "invalidated", what.by)
        else:
            self._github.enqueue(name, pull.number, what.by)

    def _issue_comment(self, name: str, _: str, what: Happening, listen: Listen | None) -> None:
        pull = self._pull(name, what, listen)
        body = _text(what.payload, "comment", "body") or "A comment."
        self._github.comment(name, pull.number, body, what.by)

    def _release(self, name: str, _: str, what: Happening, __: Listen | None) -> None:
        tag = _text(what.payload, "release", "tag_name") or TAG
        self._github.release(name, tag, what.by)

    def _deployment_status(
        self, name: str, _: str, what: Happening, listen: Listen | None
    ) -> None:
        where = listen.environments[0] if listen and listen.environments else "production"
        state = _text(what.payload, "deployment_status", "state") or "success"
        self._github.deploy(name, where, state)

    def _deployment_protection_rule(
        self, name: str, _: str, what: Happening, listen: Listen | None
    ) -> None:
        """Let a workflow run that nobody here has dispatched wait at an environment."""
        where = listen.environments[0] if listen and listen.environments else "production"
        text = "name: Ship\non: {workflow_dispatch: {}}\njobs: {run: {runs-on: x, steps: []}}\n"
        with self._quietly():
            self._github.push(name, {f".github/workflows/{SHIP}": text}, author=what.by)
        self._github.protect(name, where)
        self._github.script(name, SHIP, Outcome(environment=where))
        world, found = self._github.world, self._repository(name)
        runs.dispatch(world, found, SHIP, found.default_branch, {}, world.account(what.by))

    def _repository_dispatch(
        self, name: str, action: str, what: Happening, _: Listen | None
    ) -> None:
        given = what.payload.get("client_payload")
        payload = given if isinstance(given, Mapping) else {}
        self._github.send_repository_dispatch(name, action or "made-up", payload, what.by)

    def _workflow_run(
        self, name: str, action: str, what: Happening, listen: Listen | None
    ) -> None:
        """Let a workflow run of a push be there, as far as its webhook tells of it."""
        world, found = self._github.world, self._repository(name)
        who, now = world.account(what.by), self._github.clock.now()
        word = listen.workflows[0] if listen is not None and listen.workflows else "ci"
        path = f".github/workflows/{word.rpartition('/')[2]}"
        workflow = Workflow(world.new_id(), path, word, now)
        branch = self._branch(listen, found.default_branch)
        conclusion = _text(what.payload, "workflow_run", "conclusion") or "failure"
        is_over = action == "completed"
        attempt = Attempt(1, "completed" if is_over else "queued", now, now, who)
        attempt.conclusion = conclusion if is_over else None
        run = WorkflowRun(
            id=world.new_id(),
            number=1,
            workflow=workflow,
            repository=found,
            suite=checks.suite_for(world, found, found.head.sha, ACTIONS_APP_ID, branch),
            event="push",
            ref=f"refs/heads/{branch}",
            head_sha=found.head.sha,
            inputs={},
            display_title="Change something",
            name=word,
            actor=who,
            created_at=now,
            visible_at=now,
            attempts=[attempt],
        )
        found.runs[run.id] = run
        body = {
            "action": action or "completed",
            "workflow_run": actions.workflow_run(world.at, run, attempt),
            "workflow": actions.workflow(world.at, found, workflow),
        }
        world.emit("workflow_run", found, who, body)

    def _check_suite(self, name: str, _: str, what: Happening, __: Listen | None) -> None:
        conclusion = _text(what.payload, "check_suite", "conclusion") or "success"
        self._github.complete_check_suite(name, self._repository(name).head.sha, conclusion)

    def _anything(self, name: str, event: str, action: str, what: Happening) -> None:
        if event in ALERTS:
            known = set(self._github.world.deliveries)
            self._github.raise_alert(name, ALERTS[event])
            self._overlay(event, known, {"action": action or "created"})
            return
        world, found = self._github.world, self._repository(name)
        body: dict[str, Any] = {"action": action} if action else {}
        if event in ("create", "delete"):
            body = {"ref": "made-up", "ref_type": "branch", "pusher_type": "user"}
        world.emit(event, found, world.account(what.by), body)

    def _open(self, name: str, what: Happening, listen: Listen | None) -> PullRequest:
        fork = self._fork(name) if what.is_from_fork else None
        pull = self._github.open_pull_request(
            name,
            self._change(listen),
            branch=f"change-{self._count}",
            author=FORKS if fork else what.by,
            fork=fork,
        )
        self._pulls[name] = pull
        if _wants_labels(listen):
            with self._quietly():
                self._github.label(name, pull.number, _label(listen), what.by)
        return pull

    def _pull(self, name: str, what: Happening, listen: Listen | None) -> PullRequest:
        """Return the pull request that is spoken of, opened quietly if need be."""
        if name not in self._pulls:
            with self._quietly():
                self._open(name, what, listen)
        return self._pulls[name]

    def _fork(self, name: str) -> str:
        fork = f"{FORKS}/{name.partition('/')[2]}"
        if fork.lower() not in self._github.world.names:
            self._github.fork(name, FORKS)
        return fork

    def _repository(self, name: str) -> Repository:
        return self._github.world.repository(name)


def laid_over(value: Json, given: Json) -> Json:
    """Lay one value over another: mappings are joined, anything else takes the place."""
    if isinstance(value, Mapping) and isinstance(given, Mapping):
        both = {**value, **given}
        return {
            key: laid_over(value[key], given[key]) if key in value and key in given else each
            for key, each in both.items()
        }
    return given


@contextmanager
def _loudly() -> Iterator[None]:
    yield


def _is_merged(payload: JsonObject) -> bool:
    pull = payload.get("pull_request")
    return isinstance(pull, Mapping) and pull.get("merged") is True


def _wants_labels(listen: Listen | None) -> bool:
    return listen is not None and bool(listen.labels)


def _label(listen: Listen | None) -> str:
    label = listen.labels[0] if listen is not None and listen.labels else "made-up"
    return label.replace("**", "*").replace("*", "made-up").strip("!")


def _text(payload: JsonObject, room: str, name: str) -> str:
    inside = payload.get(room)
    value = inside.get(name) if isinstance(inside, Mapping) else None
    return value if isinstance(value, str) else ""
