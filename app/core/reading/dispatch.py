"""Reading the action `dispatch`: the workflow to start, at which ref, with which inputs."""

import re

from app.core.actions import Dispatch
from app.core.limits import INPUT_TEXT_MAX
from app.core.problems import Code
from app.core.reading.document import Node, Scalar
from app.core.reading.formulas import Formulas
from app.core.reading.reader import Reader
from app.core.terms import Template
from app.core.tokens import Hole, split

# A workflow takes 25 inputs: https://docs.github.com/en/actions/reference/workflows-and-actions/
# events-that-trigger-workflows#workflow_dispatch. One of them carries our marker.
INPUTS_MAX = 24
MARKER_INPUT = "signalbox"
_FORM = "owner/repo/.github/workflows/file.yml@ref"
_FOLDER = "/.github/workflows/"
_HOLE = "\0"
_REPOSITORY = re.compile(r"[A-Za-z0-9._-]+/[A-Za-z0-9._-]+")
_REPOSITORY_WITH_HOLES = re.compile(r"[A-Za-z0-9._\0-]+(/[A-Za-z0-9._\0-]+)?")
_FILE = re.compile(r"[^/@\s]+\.ya?ml")


def read_dispatch(
    reader: Reader, node: Node, ref: Node | None, inputs: Node | None, formulas: Formulas
) -> Dispatch | None:
    """Read `dispatch` and the keys that belong to it, `ref` and `with`."""
    hint = f"write `{_FORM}`"
    text = reader.text(node, "`dispatch`", hint)
    target = formulas.template(node) if text is not None else None
    ref_text = reader.text(ref, "`ref`", "write a branch, a tag or a SHA") if ref else None
    ref_template = formulas.template(ref) if ref and ref_text is not None else None
    with_ = _inputs(reader, inputs, formulas) if inputs else {}
    if text is None or target is None:
        return None
    shape = "".join(_HOLE if isinstance(part, Hole) else part for part in split(text))
    path, _, at_ref = shape.partition("@")
    trouble = _trouble(path) or ("behind the `@` stands no ref" if shape.endswith("@") else "")
    if trouble or re.search(r"\s", at_ref):
        message = f"`{text}` is no workflow: {trouble or 'a ref has no spaces'}"
        reader.report(Code.BAD_TARGET, message, hint, node.place)
        return None
    if not at_ref and ref is None:
        message = "the dispatch does not say at which ref the workflow is started"
        hint = f"write `{text}@main`, or add `ref:`"
        reader.report(Code.MISSING_KEY, message, hint, node.place)
        return None
    return Dispatch(target=target, ref=ref_template, inputs=with_)


def _trouble(path: str) -> str:
    if path.startswith("./"):
        return "the repository must be named, also if it is the definition's own"
    repository, folder, file = path.partition(_FOLDER)
    if not folder:
        return "it does not name a file in `.github/workflows/`"
    form = _REPOSITORY_WITH_HOLES if _HOLE in repository else _REPOSITORY
    if not form.fullmatch(repository):
        return f"`{repository}` is not `owner/repo`".replace(_HOLE, "${{ }}")
    if not _FILE.fullmatch(file):
        return f"`{file}` is not the name of a .yml or .yaml file".replace(_HOLE, "${{ }}")
    return ""


def _inputs(reader: Reader, node: Node, formulas: Formulas) -> dict[str, Template]:
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
