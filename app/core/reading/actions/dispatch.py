"""Reading the action `dispatch`: the workflow to start, at which ref, with which inputs.

The addresses of files in other repositories and the inputs of `with` are read here for the
other actions as well.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from app.core.actions import Dispatch
from app.core.limits import INPUT_TEXT_MAX
from app.core.problems import Code
from app.core.reading.document import Node, Scalar
from app.core.reading.formulas import Formulas
from app.core.reading.reader import Reader
from app.core.terms import Template, ValueType
from app.core.tokens import Hole, split

# A workflow takes 25 inputs: https://docs.github.com/en/actions/reference/workflows-and-actions/
# events-that-trigger-workflows#workflow_dispatch. One of them carries our marker.
INPUTS_MAX = 24
MARKER_INPUT = "signalbox"
JOBS_MAX = 50
WORKFLOWS = "/.github/workflows/"
ORCHESTRATIONS = "/.github/orchestrations/"
_SECOND = timedelta(seconds=1)
_HOLE = "\0"
_REPOSITORY = re.compile(r"[A-Za-z0-9._-]+/[A-Za-z0-9._-]+")
_REPOSITORY_WITH_HOLES = re.compile(r"[A-Za-z0-9._\0-]+(/[A-Za-z0-9._\0-]+)?")
_FILE = re.compile(r"[^/@\s]+\.ya?ml")


def read_dispatch(
    reader: Reader, word: str, keys: Mapping[str, Node], formulas: Formulas
) -> Dispatch | None:
    """Read `dispatch`, or `agent`, and the keys that belong to it."""
    node, ref = keys[word], keys.get("ref")
    target = read_target(reader, node, f"`{word}`", WORKFLOWS, formulas)
    ref_text = reader.text(ref, "`ref`", "write a branch, a tag or a SHA") if ref else None
    template = formulas.template(ref) if ref and ref_text is not None else None
    inputs = read_inputs(reader, keys["with"], formulas) if "with" in keys else {}
    environment = jobs = least = None
    if "environment" in keys:
        environment = _environment(reader, keys["environment"], formulas)
    if "require-jobs" in keys:
        jobs = reader.some(keys["require-jobs"], "`require-jobs`", most=JOBS_MAX)
    if "min-duration" in keys:
        least = reader.span(keys["min-duration"], "`min-duration`", _SECOND)
    if target is None:
        return None
    if not target.has_ref and ref is None:
        message = "the dispatch does not say at which ref the workflow is started"
        hint = f"write `{target.template.value}@main`, or add `ref:`"
        reader.report(Code.MISSING_KEY, message, hint, node.place)
        return None
    return Dispatch(
        target=target.template,
        ref=template,
        inputs=inputs,
        environment=environment,
        require_jobs=jobs or (),
        min_duration=least,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A file in a repository, and whether it is said at which ref."""

    template: Template
    has_ref: bool


def read_target(
    reader: Reader, node: Node, what: str, folder: str, formulas: Formulas
) -> Target | None:
    """Read `owner/repo/.github/FOLDER/file.yml@ref`; the ref may be left out."""
    hint = f"write `owner/repo{folder}file.yml@ref`"
    text = reader.text(node, what, hint)
    template = formulas.template(node) if text is not None else None
    if text is None or template is None:
        return None
    shape = "".join(_HOLE if isinstance(part, Hole) else part for part in split(text))
    path, _, at_ref = shape.partition("@")
    trouble = _trouble(path, folder)
    if not trouble and shape.endswith("@"):
        trouble = "behind the `@` stands no ref"
    if trouble or re.search(r"\s", at_ref):
        kind = "workflow" if folder == WORKFLOWS else "definition"
        message = f"`{text}` is no {kind}: {trouble or 'a ref has no spaces'}"
        reader.report(Code.BAD_TARGET, message, hint, node.place)
        return None
    return Target(template=template, has_ref=bool(at_ref))


def _trouble(path: str, folder: str) -> str:
    if path.startswith("./"):
        return "the repository must be named, also if it is the definition's own"
    repository, found, file = path.partition(folder)
    if not found:
        return f"it does not name a file in `{folder.strip('/')}/`"
    form = _REPOSITORY_WITH_HOLES if _HOLE in repository else _REPOSITORY
    if not form.fullmatch(repository):
        return f"`{repository}` is not `owner/repo`".replace(_HOLE, "${{ }}")
    if not _FILE.fullmatch(file):
        return f"`{file}` is not the name of a .yml or .yaml file".replace(_HOLE, "${{ }}")
    return ""


def _environment(reader: Reader, node: Node, formulas: Formulas) -> Template | None:
    if reader.text(node, "`environment`", "write the name of an environment") is None:
        return None
    return formulas.template(node, "`environment`", ValueType.STRING)


def read_inputs(reader: Reader, node: Node, formulas: Formulas) -> dict[str, Template]:
    """Read `with`: the inputs that are handed over."""
    entries = reader.entries(node, "`with`", "write `{input: value}`")
    if entries is None:
        return {}
    if len(entries.nodes) > INPUTS_MAX:
        message = f"`with` has {len(entries.nodes)} inputs; the most is {INPUTS_MAX}"
        hint = "GitHub takes 25 and Signalbox uses one; put several into one object"
        reader.report(Code.TOO_MANY, message, hint, entries.place)
    found: dict[str, Template] = {}
    for name, value in entries.nodes.items():
        place = entries.keys[name].place
        if name.lower() == MARKER_INPUT:
            message = f"the input `{name}` carries Signalbox' own mark"
            reader.report(Code.RESERVED_INPUT, message, "give yours another name", place)
        elif isinstance(value, Scalar) and value.value is None:
            message = f"the input `{name}` has no value"
            reader.report(Code.WRONG_TYPE, message, "write '' for an empty text", place)
        elif isinstance(value, Scalar) and len(str(value.value)) > INPUT_TEXT_MAX:
            message = f"the input `{name}` is longer than {INPUT_TEXT_MAX} characters"
            hint = "GitHub takes no more for all inputs together"
            reader.report(Code.OUT_OF_RANGE, message, hint, place)
        elif template := formulas.template(value):
            found[name] = template
    return found
