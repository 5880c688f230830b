"""Preflight: whether what a definition dispatches could be dispatched, told before it is.

Pure rules over facts that were read of the targets (`github.preflight`). The codes are those
that a refused dispatch has. What only an expression will tell is left out, with a note.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from app.core.actions import Action, Agent, Dispatch
from app.core.definition import Definition, TaskDefinition
from app.core.legs.dispatching import TARGET
from app.core.limits import INPUT_TEXT_MAX
from app.core.policy import Consent
from app.core.reading.actions.dispatch import MARKER_INPUT
from app.core.terms import Place, Template
from app.core.values import Json, RepositoryName
from app.core.workflow_file import DeclaredInput, WorkflowFile

INPUTS_MAX = 25
"""https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#onworkflow_dispatchinputs"""
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][-+]?\d+)?")


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
    """

    is_installed: bool = True
    consent: Consent | None = None
    missing_permission: str = ""
    state: str | None = None
    is_ref_there: bool = True
    has_file: bool = True
    file: WorkflowFile | None = None
    has_environment: bool | None = None


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
        hint = "grant it `Actions: write`, and accept that where it is installed"
        yield _concern("permission-missing", message, hint, at)
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
    if not facts.file.is_dispatchable:
        message = f"the workflow {where} has no `workflow_dispatch` at {ref}"
        yield _concern("not-dispatchable", message, "add it to its `on`", at)
        return
    yield from _judge_inputs(target, facts.file, where)


def _judge_inputs(target: Target, file: WorkflowFile, where: str) -> Iterator[Concern]:
    at = target.place
    if len(file.inputs) > INPUTS_MAX:
        message = f"the workflow {where} declares {len(file.inputs)} inputs"
        yield _concern("too-many-inputs", message, f"GitHub takes {INPUTS_MAX}", at)
    for name, template in target.inputs.items():
        if name not in file.inputs:
            message = f"the workflow {where} declares no input `{name}`"
            hint = "declare it under `on.workflow_dispatch.inputs`, or take it out of `with`"
            yield _concern("unexpected-inputs", message, hint, template.place)
            continue
        fault = _fault(file.inputs[name], literal(template))
        if fault:
            message = f"the input `{name}` of {where} {fault}"
            yield _concern("bad-input", message, "give it such a value", template.place)
    for name, declared in file.inputs.items():
        is_given = name in target.inputs or name == MARKER_INPUT
        if declared.is_required and not declared.has_default and not is_given:
            message = f"the workflow {where} requires the input `{name}`"
            yield _concern("input-missing", message, "give it under `with`", at)
    size = sum(len(name) + len(_text(literal(it))) for name, it in target.inputs.items())
    if size > INPUT_TEXT_MAX:
        message = f"the inputs are longer than {INPUT_TEXT_MAX} characters together"
        yield _concern("bad-input", message, "hand large things over in another way", at)


def _fault(declared: DeclaredInput, value: Json) -> str:
    """Say what is wrong with a value that is written out; one of an expression is not known."""
    if value is None:
        return ""
    text = _text(value)
    match declared.type:
        case "boolean" if text not in ("true", "false"):
            return f"is true or false, and not `{text}`"
        case "number" if not _NUMBER.fullmatch(text):
            return f"is a number, and not `{text}`"
        case "choice" if text not in declared.options:
            return f"is one of {', '.join(declared.options)}, and not `{text}`"
        case _:
            return ""


def _text(value: Json) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def _concern(code: str, message: str, hint: str, at: Place) -> Concern:
    return Concern(code=code, message=message, hint=hint, line=at.line, column=at.column)


def _note(code: str, message: str, at: Place) -> Concern:
    return Concern(
        code=code, message=message, hint="", line=at.line, column=at.column, level="notice"
    )
