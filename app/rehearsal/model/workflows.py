"""Workflow files: what they declare, and whether a dispatch fits it.

https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax
Only what a dispatch needs is read: name, run-name and the inputs of `workflow_dispatch`.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import yaml

from app.rehearsal.model.git import WORKFLOWS, resolve
from app.rehearsal.model.refused import Refused, invalid, not_found
from app.rehearsal.model.state import Repository, Workflow
from app.rehearsal.model.world import Flavour, World

INPUTS_MAX = {Flavour.CLOUD: 25, Flavour.ENTERPRISE_SERVER: 10}
INPUTS_CHARACTERS_MAX = 65_535
_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One input that a workflow declares."""

    type: str = "string"
    is_required: bool = False
    default: str | None = None
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowFile:
    """What a workflow file says, as far as it matters here."""

    name: str | None = None
    run_name: str | None = None
    triggers: frozenset[str] = frozenset()
    inputs: Mapping[str, Input] = field(default_factory=dict)


@lru_cache(maxsize=1024)
def read(content: bytes) -> WorkflowFile:
    """Read a workflow file. What is not YAML declares nothing."""
    try:
        # Every scalar as text: `on` stays a key, and `no` stays an option.
        document = yaml.load(content, Loader=yaml.BaseLoader)  # noqa: S506 - makes text only
    except yaml.YAMLError:
        return WorkflowFile()
    if not isinstance(document, dict):
        return WorkflowFile()
    on = document.get("on", {})
    triggers = {on: None} if isinstance(on, str) else on
    if isinstance(on, list):
        triggers = dict.fromkeys(on)
    declared = (
        (triggers.get("workflow_dispatch") or {}) if "workflow_dispatch" in triggers else {}
    )
    inputs = (declared.get("inputs") or {}) if isinstance(declared, dict) else {}
    return WorkflowFile(
        name=document.get("name"),
        run_name=document.get("run-name"),
        triggers=frozenset(triggers),
        inputs={name: _read_input(given or {}) for name, given in inputs.items()},
    )


def refresh(world: World, repository: Repository) -> None:
    """Register the workflow files of the default branch that are not yet known."""
    if f"heads/{repository.default_branch}" not in repository.refs:
        return
    for path, sha in repository.head.tree.items():
        if path.startswith(WORKFLOWS) and path.endswith((".yml", ".yaml")):
            name = read(repository.blobs[sha]).name or path
            known = repository.workflows.get(path)
            if known is None:
                known = Workflow(world.new_id(), path, name, world.now())
                repository.workflows[path] = known
            known.name = name


def find(world: World, repository: Repository, id_or_name: str) -> Workflow:
    """Return the workflow of that id or file name, as it is on the default branch."""
    refresh(world, repository)
    path = WORKFLOWS + id_or_name
    for workflow in repository.workflows.values():
        if workflow.path == path or str(workflow.id) == id_or_name:
            return workflow
    raise not_found()


def branch_or_tag(repository: Repository, ref: str) -> str:
    """Return the full name of a branch or tag. A SHA is neither, so it is refused."""
    name = ref.removeprefix("refs/")
    for candidate in (f"heads/{name}", f"tags/{name}", name):
        if candidate in repository.refs and candidate.startswith(("heads/", "tags/")):
            return f"refs/{candidate}"
    raise invalid(f"No ref found for: {ref}")


def check_dispatch(
    world: World,
    repository: Repository,
    workflow: Workflow,
    ref: str,
    inputs: Mapping[str, Any],
) -> tuple[WorkflowFile, str]:
    """Return the file at the ref and the SHA, or refuse the dispatch as GitHub does."""
    if workflow.state != "active":
        raise Refused(422, "Cannot trigger a 'workflow_dispatch' on a disabled workflow")
    sha = resolve(repository, ref)
    assert sha is not None, "the ref was looked up before"
    blob = repository.commits[sha].tree.get(workflow.path)
    declared = WorkflowFile() if blob is None else read(repository.blobs[blob])
    if "workflow_dispatch" not in declared.triggers:
        raise invalid("Workflow does not have 'workflow_dispatch' trigger")
    most = INPUTS_MAX[world.flavour]
    if len(declared.inputs) > most:
        raise invalid(
            f"you may only define up to {most} `inputs` for a `workflow_dispatch` event"
        )
    if len(inputs) > most:
        raise invalid(f"Invalid request.\n\nNo more than {most} properties are allowed.")
    if len(json.dumps(inputs)) > INPUTS_CHARACTERS_MAX:
        raise invalid("inputs are too large.")
    unexpected = [name for name in inputs if name not in declared.inputs]
    if unexpected:
        raise invalid(f"Unexpected inputs provided: {json.dumps(unexpected)}")
    for name, wanted in declared.inputs.items():
        _check_input(repository, name, wanted, inputs)
    return declared, sha


def filled_inputs(declared: WorkflowFile, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs as the workflow sees them: all declared ones, each of its type."""
    filled: dict[str, Any] = {}
    for name, wanted in declared.inputs.items():
        value = inputs.get(name, wanted.default)
        if wanted.type == "boolean":
            filled[name] = str(value).lower() == "true"
        else:
            filled[name] = "" if value is None else _text(value)
    return filled


def title(declared: WorkflowFile, workflow: Workflow, values: Mapping[str, str]) -> str:
    """Return the title of a run: its `run-name` filled in, or else the workflow's name."""
    if declared.run_name is None:
        return workflow.name
    return _EXPRESSION.sub(lambda found: _value(found.group(1), values), declared.run_name)


def _value(expression: str, values: Mapping[str, str]) -> str:
    """Return the first operand of `a || b || 'text'` that is not empty."""
    for operand in expression.split("||"):
        name = operand.strip()
        found = name[1:-1] if name[:1] == "'" else values.get(name, "")
        if found:
            return found
    return ""


def _read_input(given: Mapping[str, Any]) -> Input:
    return Input(
        type=given.get("type", "string"),
        is_required=str(given.get("required", "false")).lower() == "true",
        default=given.get("default"),
        options=tuple(given.get("options", ())),
    )


def _check_input(
    repository: Repository, name: str, wanted: Input, inputs: Mapping[str, Any]
) -> None:
    if name not in inputs or inputs[name] in (None, ""):
        if wanted.is_required and wanted.default is None:
            raise invalid(f"Required input '{name}' not provided")
        return
    text = _text(inputs[name])
    if wanted.type == "choice" and text not in wanted.options:
        raise invalid(
            f"Provided value '{text}' for input '{name}' not in the list of allowed values"
        )
    if wanted.type == "boolean" and text not in {"true", "false"}:
        raise invalid(f"Provided value '{text}' for input '{name}' is not a boolean")
    if wanted.type == "number" and not re.fullmatch(r"-?\d+(\.\d+)?([eE][-+]?\d+)?", text):
        raise invalid(f"Provided value '{text}' for input '{name}' is not a number")
    if wanted.type == "environment" and text not in repository.environments:
        raise invalid(f"Provided value '{text}' for input '{name}' is not an environment")


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value)
