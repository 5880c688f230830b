"""Whether a workflow's file takes a dispatch: the trigger, and the inputs that it declares.

Pure. For the commit that changes a definition, where only an expression may tell a value, and
for the moment before a dispatch, where all values are known.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from app.core.limits import INPUT_TEXT_MAX
from app.core.reading.actions.dispatch import MARKER_INPUT
from app.core.values import Json
from app.core.workflow_file import DeclaredInput, WorkflowFile

INPUTS_MAX = 25
"""What github.com takes; a GitHub Enterprise Server may take fewer.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#onworkflow_dispatchinputs
"""
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][-+]?\d+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Why GitHub would refuse a dispatch; `about` names the input at fault, if one is."""

    code: str
    message: str
    hint: str
    about: str = ""


def faults_of(
    file: WorkflowFile,
    inputs: Mapping[str, Json],
    *,
    where: str,
    ref: str,
    most: int = INPUTS_MAX,
) -> Iterator[Fault]:
    """Say all that keeps a workflow from being dispatched; an input of `None` is not judged.

    `most` inputs are what the host takes.
    """
    if not file.is_dispatchable:
        message = f"the workflow {where} has no `workflow_dispatch` at {ref}"
        yield Fault(code="not-dispatchable", message=message, hint="add it to its `on`")
        return
    if len(file.inputs) > most:
        message = f"the workflow {where} declares {len(file.inputs)} inputs"
        hint = f"GitHub takes {most}"
        yield Fault(code="too-many-inputs", message=message, hint=hint)
    # Whether GitHub tells upper from lower case here is not written anywhere.
    known = {name.lower(): each for name, each in file.inputs.items()}
    for name, value in inputs.items():
        if name.lower() not in known:
            message = f"the workflow {where} declares no input `{name}`"
            hint = "declare it under `on.workflow_dispatch.inputs`, or take it out of `with`"
            yield Fault(code="unexpected-inputs", message=message, hint=hint, about=name)
        elif wrong := _wrong(known[name.lower()], value):
            message = f"the input `{name}` of {where} {wrong}"
            hint = "give it such a value"
            yield Fault(code="bad-input", message=message, hint=hint, about=name)
    given = {MARKER_INPUT, *(name.lower() for name in inputs)}
    for name, declared in file.inputs.items():
        is_given = name.lower() in given
        if declared.is_required and not declared.has_default and not is_given:
            message = f"the workflow {where} requires the input `{name}`"
            yield Fault(code="input-missing", message=message, hint="give it under `with`")
    if sum(len(name) + len(_text(value)) for name, value in inputs.items()) > INPUT_TEXT_MAX:
        message = f"the inputs are longer than {INPUT_TEXT_MAX} characters together"
        hint = "hand large things over in another way"
        yield Fault(code="bad-input", message=message, hint=hint)


def _wrong(declared: DeclaredInput, value: Json) -> str:
    """Say what is wrong with a value; what is empty GitHub may fill in."""
    text = _text(value)
    if not text:
        return ""
    match declared.type:
        case "boolean" if text.lower() not in ("true", "false"):
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
