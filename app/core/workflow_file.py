"""A workflow file of GitHub Actions, as far as a dispatch asks about it.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax
Lenient: what is odd is left to GitHub to judge.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.core.parse import read_document
from app.core.reading.document import plain
from app.core.reading.reader import Reader
from app.core.values import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredInput:
    """One input of `workflow_dispatch`; a choice has options."""

    type: str = "string"
    is_required: bool = False
    has_default: bool = False
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowFile:
    """Whether a workflow may be dispatched, and with what."""

    is_dispatchable: bool
    inputs: Mapping[str, DeclaredInput] = field(default_factory=dict)


def read_workflow(text: str) -> WorkflowFile | None:
    """Read a workflow file; `None` where it is none that we can read."""
    root = read_document(text, Reader())
    document = plain(root) if root is not None else None
    if not isinstance(document, Mapping):
        return None
    on = document.get("on")
    if isinstance(on, str):
        return WorkflowFile(is_dispatchable=on == "workflow_dispatch")
    if isinstance(on, list):
        return WorkflowFile(is_dispatchable="workflow_dispatch" in on)
    if not isinstance(on, Mapping) or "workflow_dispatch" not in on:
        return WorkflowFile(is_dispatchable=False)
    declared = _object(_object(on["workflow_dispatch"]).get("inputs"))
    inputs = {name: _input(_object(each)) for name, each in declared.items()}
    return WorkflowFile(is_dispatchable=True, inputs=inputs)


def _input(said: Mapping[str, Json]) -> DeclaredInput:
    options = said.get("options")
    return DeclaredInput(
        type=str(said.get("type", "string")),
        is_required=said.get("required") is True,
        has_default=said.get("default") is not None,
        options=tuple(map(_word, options)) if isinstance(options, list) else (),
    )


def _word(value: Json) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _object(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, Mapping) else {}
