"""Reading the one action of a task, whichever it is."""

from collections.abc import Mapping
from datetime import timedelta

from app.core.actions import Action, Effect, Orchestrate, Report
from app.core.reading.actions.agent import read_agent
from app.core.reading.actions.approval import read_approval
from app.core.reading.actions.dispatch import (
    ORCHESTRATIONS,
    read_dispatch,
    read_inputs,
    read_target,
)
from app.core.reading.actions.operation import read_operation
from app.core.reading.actions.wait import read_wait
from app.core.reading.document import Node
from app.core.reading.formulas import Formulas
from app.core.reading.reader import Reader
from app.core.reading.words import REPORT, REPORT_FORMATS, REPORT_PARTS
from app.core.terms import Place


def read_action(
    reader: Reader,
    kind: str,
    keys: Mapping[str, Node],
    place: Place,
    formulas: Formulas,
    longest: timedelta,
) -> Action | None:
    """Read what a task does; `kind` is the key that says it."""
    match kind:
        case "agent":
            return read_agent(reader, keys, place, formulas)
        case "approval":
            return read_approval(reader, keys[kind], formulas)
        case "wait":
            return read_wait(reader, keys[kind], formulas, longest)
        case "report":
            return _report(reader, keys[kind])
        case _:
            return read_effect(reader, kind, keys, formulas)


def read_effect(
    reader: Reader, kind: str, keys: Mapping[str, Node], formulas: Formulas
) -> Effect | None:
    """Read what may also compensate: `dispatch`, `orchestrate` or `github`."""
    if kind == "dispatch":
        return read_dispatch(reader, kind, keys, formulas)
    if kind == "github":
        return read_operation(reader, keys, formulas)
    target = read_target(reader, keys[kind], f"`{kind}`", ORCHESTRATIONS, formulas)
    inputs = read_inputs(reader, keys["with"], formulas) if "with" in keys else {}
    return Orchestrate(target=target.template, inputs=inputs) if target else None


def _report(reader: Reader, node: Node) -> Report | None:
    entries = reader.entries(node, "`report`", "write `{format: [json, markdown]}`")
    if entries is None:
        return None
    keys = dict(reader.known(entries, REPORT))
    formats: tuple[str, ...] = REPORT_FORMATS
    include: tuple[str, ...] = REPORT_PARTS
    if "format" in keys:
        formats = reader.some(keys["format"], "`format`", REPORT_FORMATS)
    if "include" in keys:
        include = reader.some(keys["include"], "`include`", REPORT_PARTS)
    return Report(formats=formats, include=include)
