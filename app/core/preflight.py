"""Preflight: whether what a definition dispatches could be dispatched, told before it is.

Pure rules over facts that were read of the targets (`github.preflight`). The codes are those
that a refused dispatch has. What only an expression will tell is left out, with a note.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from app.core.actions import Action, Agent, Dispatch
from app.core.definition import Definition, TaskDefinition
from app.core.dispatchable import INPUTS_MAX, faults_of
from app.core.legs.dispatching import TARGET
from app.core.legs.refs import is_sha
from app.core.policy import Consent
from app.core.terms import Place, Template
from app.core.values import Json, RepositoryName
from app.core.workflow_file import WorkflowFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Concern:
    """Why something would not work on GitHub, at the place that asks for it."""

    code: str
    message: str
    hint: str
    line: int
    column: int
    level: Literal["failure", "notice"] = "failure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One workflow that a definition dispatches, as far as the file alone says which.

    `ref` is empty for the default branch. `environment` is the one that its task answers for.
    """

    task: str
    place: Place
    repository: RepositoryName
    workflow: str
    ref: str
    inputs: Mapping[str, Template]
    environment: Template | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What was read of one target. What could not be read is `None`, and is not judged.

    `state` is GitHub's word for the workflow, empty where the default branch has none.
    `file` is what stands at the ref; `is_ref_there` tells its absence from the ref's.
    `inputs_max` are taken by the host.
    """

    is_installed: bool = True
    consent: Consent | None = None
    missing_permission: str = ""
    missing_for_release: str = ""
    state: str | None = None
    is_ref_there: bool = True
    has_file: bool = True
    file: WorkflowFile | None = None
    has_environment: bool | None = None
    inputs_max: int = INPUTS_MAX


def at_the_top(concern: Concern) -> Concern:
    """Move a concern to the first line of its file."""
    return replace(concern, line=1, column=1)


def targets_of(definition: Definition) -> tuple[tuple[Target, ...], tuple[Concern, ...]]:
    """Find what a definition dispatches, and what only its expressions will tell."""
    targets: list[Target] = []
    notes: list[Concern] = []
    for name, action, place in _actions(definition):
        dispatch = action.dispatch if isinstance(action, Agent) else action
        if not isinstance(dispatch, Dispatch):
            continue
        target = target_of(name, dispatch)
        if target is not None:
            targets.append(target)
            continue
        message = f"where `{name}` goes is told by an expression, and not checked here"
        notes.append(_note("not-checked", message, place))
    return tuple(targets), tuple(notes)


def _actions(definition: Definition) -> Iterator[tuple[str, Action, Place]]:
    groups = [definition.tasks]
    if definition.machine is not None:
        groups += [state.tasks for state in definition.machine.states.values()]
    for task in (task for group in groups for task in group.values()):
        yield from _of_task(task)


def _of_task(task: TaskDefinition) -> Iterator[tuple[str, Action, Place]]:
    yield task.name, task.action, task.place
    if task.compensate is not None:
        yield f"{task.name} (compensate)", task.compensate.action, task.place
    if task.strategy is not None and task.strategy.bake_check is not None:
        yield f"{task.name} (bake-check)", task.strategy.bake_check.action, task.place
    if task.strategy is not None and task.strategy.rollback is not None:
        yield f"{task.name} (rollback)", task.strategy.rollback.action, task.place


def target_of(name: str, dispatch: Dispatch) -> Target | None:
    """Return where a dispatch goes; `None` where only an expression will tell."""
    said = literal(dispatch.target)
    found = TARGET.fullmatch(said) if isinstance(said, str) else None
    ref = found["ref"] or "" if found else ""
    if dispatch.ref is not None:
        given = literal(dispatch.ref)
        if not isinstance(given, str):
            return None
        ref = given
    if found is None:
        return None
    return Target(
        task=name,
        place=dispatch.target.place,
        repository=RepositoryName(found["repository"]),
        workflow=found["file"],
        ref=ref,
        inputs=dispatch.inputs,
        environment=dispatch.environment,
    )


def literal(template: Template) -> Json:
    """Return a value that holds no expression; `None` where it does."""
    return None if "${{" in json.dumps(template.value) else template.value


def not_looked_at(targets: Sequence[Target], most: int) -> tuple[Concern, ...]:
    """Note at the first of these that they, and how many, are more than are looked at."""
    if not targets:
        return ()
    first = targets[0]
    rest = f" and {len(targets) - 1} more" if len(targets) > 1 else ""
    message = (
        f"`{first.task}`{rest} are not checked: of a definition {most} different targets are"
        if rest
        else f"`{first.task}` is not checked: of a definition {most} different targets are"
    )
    return (_note("not-checked", message, first.place),)


def judge(target: Target, facts: Facts) -> Iterator[Concern]:
    """Say everything that would keep a target from being dispatched."""
    where = f"{target.workflow} in {target.repository}"
    at = target.place
    if not facts.is_installed:
        message = f"Signalbox is not installed on {target.repository}, or there is none"
        yield _concern("app-not-installed", message, "install the App there", at)
        return
    if facts.consent is not None and not facts.consent.is_given:
        yield _concern(facts.consent.code, facts.consent.message, "", at)
    if facts.missing_permission:
        message = f"the App may not start workflows there: {facts.missing_permission}"
        needs = "Actions: write"
        if is_sha(target.ref):
            # A commit is reached through a tag.
            needs += " and Contents: write"
        hint = f"grant it {needs}, and accept that where it is installed"
        yield _concern("permission-missing", message, hint, at)
    if facts.missing_for_release and target.environment is not None:
        message = f"the App may not answer for environments there: {facts.missing_for_release}"
        hint = "grant it Deployments: write, and accept that where it is installed"
        yield _concern("permission-missing", message, hint, target.environment.place)
    if facts.state == "":
        message = f"GitHub finds no workflow {where}"
        yield _concern("workflow-not-found", message, "put it on the default branch", at)
        return
    if facts.state is not None and facts.state != "active":
        message = f"the workflow {where} is disabled ({facts.state})"
        yield _concern("workflow-disabled", message, "enable it in the Actions tab", at)
    yield from _judge_file(target, facts, where)
    if facts.has_environment is False and target.environment is not None:
        name = literal(target.environment)
        message = f"{target.repository} has no environment `{name}`"
        hint = "make it in the repository's settings, with the App's protection rule"
        yield _concern("environment-not-found", message, hint, target.environment.place)


def _judge_file(target: Target, facts: Facts, where: str) -> Iterator[Concern]:
    ref, at = target.ref or "the default branch", target.place
    if not facts.is_ref_there:
        message = f"{target.repository} has no branch, tag or commit {target.ref}"
        yield _concern("ref-not-found", message, "name one that is there", at)
        return
    if not facts.has_file:
        message = f"there is no workflow {where} at {ref}"
        yield _concern("workflow-not-found", message, "bring it there", at)
        return
    if facts.file is None:
        if facts.missing_permission:
            return
        message = f"the workflow {where} could not be read, and is not checked"
        yield _note("not-checked", message, at)
        return
    inputs = {name: literal(template) for name, template in target.inputs.items()}
    most = facts.inputs_max
    for fault in faults_of(facts.file, inputs, where=where, ref=ref, most=most):
        place = target.inputs[fault.about].place if fault.about else at
        yield _concern(fault.code, fault.message, fault.hint, place)


def _concern(code: str, message: str, hint: str, at: Place) -> Concern:
    return Concern(code=code, message=message, hint=hint, line=at.line, column=at.column)


def _note(code: str, message: str, at: Place) -> Concern:
    return Concern(
        code=code, message=message, hint="", line=at.line, column=at.column, level="notice"
    )
