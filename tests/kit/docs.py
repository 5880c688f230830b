"""Writes what is drawn from the code: docs/state.md and docs/reasons.md, by `make docs`.

A test compares the files with what would be written, so that they cannot lie.
"""

import ast
import inspect
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from app.core import state as module
from app.core.approvals.reasons import REASONS, Meaning
from app.core.moves import MOVES, ORCHESTRATION_MOVES, TASK_MOVES
from app.core.outcomes import OUTCOMES
from tests.kit import tree

STATE = tree.ROOT / "docs" / "state.md"
INTRODUCTION = """\
# States

Drawn by `make docs` from the tables in `app/core/state.py`; do not edit it. Nothing moves
except through these tables. A webhook may be lost, so a leg may skip stations on its way.
What has ended does not move again.
"""
REASONS_FILE = tree.ROOT / "docs" / "reasons.md"
REASONS_INTRODUCTION = """\
# Reasons

Written by `make docs` from `app/core/approvals/reasons.py` and `app/core/outcomes.py`; do not
edit it. A code is stable: it stands on the check, in answers to commands, and in
`/why`, beside a sentence about the people, the rules and the task at hand.

## About people
"""
REASONS_TABLE = """
| code | meaning | what can be done |
|---|---|---|
"""
OUTCOMES_TITLE = "\n## About tasks and orchestrations\n"
S = TypeVar("S", bound=StrEnum)
C = TypeVar("C", bound=str)


def state_document() -> str:
    """Return docs/state.md as it should be."""
    parts = [
        INTRODUCTION,
        _section("Orchestrations", ORCHESTRATION_MOVES, "requested"),
        _section("Tasks", TASK_MOVES, "waiting"),
        _section("Legs", MOVES, "pending"),
    ]
    return "\n".join(parts)


def reasons_document() -> str:
    """Return docs/reasons.md as it should be."""
    return "".join(
        (REASONS_INTRODUCTION, _explained(REASONS), OUTCOMES_TITLE, _explained(OUTCOMES))
    )


def _explained(codes: Mapping[C, Meaning]) -> str:
    lines = (
        f"| `{code}` | {meaning.means} | {meaning.remedy or '(nothing to do)'} |\n"
        for code, meaning in codes.items()
    )
    return REASONS_TABLE + "".join(lines)


def _section(title: str, moves: Mapping[S, frozenset[S]], first: str) -> str:
    status = type(next(iter(moves)))
    lines = [f"## {title}", "", "```mermaid", "stateDiagram-v2", f"    [*] --> {first}"]
    for source, targets in moves.items():
        lines += [f"    {source} --> {target}" for target in status if target in targets]
        if not targets:
            lines.append(f"    {source} --> [*]")
    lines += ["```", "", "| status | meaning | may become |", "|---|---|---|"]
    meanings = _meanings(status)
    for source, targets in moves.items():
        following = (
            ", ".join(target for target in status if target in targets) or "nothing more"
        )
        lines.append(
            f"| {source} | {meanings.get(source.name, 'It ended so.')} | {following} |"
        )
    return "\n".join([*lines, ""])


def _meanings(status: type[StrEnum]) -> dict[str, str]:
    """Return the sentence that stands below each member in the source."""
    source = ast.parse(inspect.getsource(module))
    found: dict[str, str] = {}
    for node in source.body:
        if not isinstance(node, ast.ClassDef) or node.name != status.__name__:
            continue
        name = ""
        for part in node.body:
            if isinstance(part, ast.Assign) and isinstance(part.targets[0], ast.Name):
                name = part.targets[0].id
            elif isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant) and name:
                found[name] = " ".join(str(part.value.value).split())
                name = ""
    return found


def write(path: Path = STATE, reasons: Path = REASONS_FILE) -> None:
    """Write docs/state.md and docs/reasons.md."""
    path.write_text(state_document(), encoding="utf-8")
    reasons.write_text(reasons_document(), encoding="utf-8")


if __name__ == "__main__":
    write()
