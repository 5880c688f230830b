"""Reading `strategy`: the dimensions of a matrix, how many legs at once, in waves or not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from app.core.definition import Strategy
from app.core.expressions import NameType, Types
from app.core.legs.matrix import MatrixError, expand
from app.core.limits import LEGS_MAX
from app.core.problems import Code
from app.core.reading.document import Entries, Items, Node, Scalar, plain, texts
from app.core.reading.formulas import Formulas
from app.core.reading.graph.waves import (
    check_together,
    read_bake_check,
    read_rollback,
    read_waves,
)
from app.core.reading.reader import Reader
from app.core.reading.words import STRATEGY
from app.core.terms import Template
from app.core.values import Json

DIMENSIONS_MAX = 20


@dataclass(frozen=True, slots=True)
class StrategyRead:
    """A strategy if it is right, and the types of `matrix.<name>` in any case."""

    strategy: Strategy | None
    types: Types


_BROKEN = StrategyRead(None, (("matrix", NameType.ANY),))


def read_strategy(reader: Reader, node: Node, formulas: Formulas) -> StrategyRead:
    """Read the `strategy` of a task."""
    entries = reader.entries(node, "`strategy`", "write `matrix: {name: [one, other]}`")
    if entries is None:
        return _BROKEN
    keys = dict(reader.known(entries, STRATEGY))
    parallel = fail_fast = None
    if "max-parallel" in keys:
        parallel = reader.integer(keys["max-parallel"], "`max-parallel`", 1, LEGS_MAX)
    if "fail-fast" in keys:
        fail_fast = reader.truth(keys["fail-fast"], "`fail-fast`")
    if "matrix" not in keys:
        hint = "write `matrix: {name: [one, other]}`"
        reader.report(Code.MISSING_KEY, "`strategy` has no `matrix`", hint, entries.place)
        return _BROKEN
    matrix = _matrix_entries(reader, keys["matrix"])
    if matrix is None:
        return _BROKEN
    before = len(reader.problems)
    dimensions = _dimensions(reader, matrix, formulas)
    include = _objects(reader, matrix, "include", formulas)
    exclude = _objects(reader, matrix, "exclude", formulas)
    if len(reader.problems) == before:
        _check_size(reader, matrix)
    strategy = Strategy(
        matrix=dimensions,
        include=include,
        exclude=exclude,
        max_parallel=parallel,
        fail_fast=fail_fast is not False,
    )
    types = _types(matrix)
    return StrategyRead(_with_waves(reader, keys, strategy, formulas, types), types)


def _with_waves(
    reader: Reader,
    keys: Mapping[str, Node],
    strategy: Strategy,
    formulas: Formulas,
    types: Types,
) -> Strategy:
    of_leg = formulas.wider(types)
    if "waves" in keys:
        waves = read_waves(reader, keys["waves"], formulas, of_leg)
        strategy = replace(strategy, waves=waves)
    if "bake-check" in keys:
        check = read_bake_check(reader, keys["bake-check"], of_leg)
        strategy = replace(strategy, bake_check=check)
    if "rollback" in keys:
        rollback = read_rollback(reader, keys["rollback"], of_leg)
        strategy = replace(strategy, rollback=rollback)
    check_together(reader, keys, strategy)
    return strategy


def _matrix_entries(reader: Reader, node: Node) -> Entries | None:
    if isinstance(node, Scalar) and "${{" in str(node.value):
        message = "a whole `matrix` cannot be an expression"
        hint = "name the dimensions: `matrix: {name: ${{ ... }}}` gives the list of one"
        reader.report(Code.BAD_MATRIX, message, hint, node.place)
        return None
    entries = reader.entries(node, "`matrix`", "write `{name: [one, other]}`")
    if entries is not None and not 1 <= len(entries.nodes) <= DIMENSIONS_MAX:
        message = f"`matrix` has {len(entries.nodes)} dimensions"
        hint = f"write 1 to {DIMENSIONS_MAX}"
        reader.report(Code.BAD_MATRIX, message, hint, entries.place)
        return None
    return entries


def _dimensions(reader: Reader, matrix: Entries, formulas: Formulas) -> dict[str, Template]:
    found: dict[str, Template] = {}
    for name, node in matrix.nodes.items():
        if name in ("include", "exclude") or not reader.name(matrix.keys[name], "a dimension"):
            continue
        is_expression = isinstance(node, Scalar) and str(node.value).strip().startswith("${{")
        if not is_expression:
            items = reader.items(node, f"`{name}`", f"write `{name}: [one, other]`")
            if items is None:
                continue
            if not items.nodes:
                message = f"`{name}` has no values"
                reader.report(Code.BAD_MATRIX, message, "write one at least", node.place)
        template = formulas.template(node)
        if template is not None:
            found[name] = template
    return found


def _objects(
    reader: Reader, matrix: Entries, key: str, formulas: Formulas
) -> tuple[Template, ...]:
    if key not in matrix.nodes:
        return ()
    items = reader.items(matrix.nodes[key], f"`{key}`", f"write `{key}: [{{name: value}}]`")
    found: list[Template] = []
    for node in items.nodes if items else ():
        entries = reader.entries(node, f"an item of `{key}`", "write `{name: value}`")
        if entries is None:
            continue
        names = [reader.name(each, "a dimension") for each in entries.keys.values()]
        template = formulas.template(entries)
        if all(names) and template is not None:
            found.append(template)
    return tuple(found)


def _check_size(reader: Reader, matrix: Entries) -> None:
    """Expand a matrix that holds no expression: its mistakes can be told already."""
    if any("${{" in str(each.value) for each in texts(matrix)):
        return
    values = {name: plain(node) for name, node in matrix.nodes.items()}
    include, exclude = _taken(values, "include"), _taken(values, "exclude")
    try:
        expand(values, include, exclude)
    except MatrixError as error:
        hint = "split the task, or take away what is not needed"
        reader.report(Code.BAD_MATRIX, str(error), hint, matrix.place)


def _taken(values: dict[str, Json], key: str) -> Sequence[Json]:
    found = values.pop(key, None)
    return found if isinstance(found, list) else ()


def _types(matrix: Entries) -> Types:
    found: dict[str, NameType] = {}
    for name, node in matrix.nodes.items():
        if name not in ("include", "exclude"):
            kinds = {_type(each) for each in node.nodes} if isinstance(node, Items) else set()
            found[name] = kinds.pop() if len(kinds) == 1 else NameType.ANY
    include = matrix.nodes.get("include")
    for each in include.nodes if isinstance(include, Items) else ():
        for name in each.nodes if isinstance(each, Entries) else ():
            # Not every leg has it, or not of the type that the dimension has.
            found[str(name)] = NameType.ANY
    return tuple((f"matrix.{name}", type_) for name, type_ in found.items())


def _type(node: Node) -> NameType:
    match node:
        case Entries():
            return NameType.OBJECT
        case Items():
            return NameType.ARRAY
        case Scalar(value=bool()):
            return NameType.BOOLEAN
        case Scalar(value=int()):
            return NameType.INTEGER
        case Scalar(value=float()):
            return NameType.NUMBER
        case Scalar(value=str() as text) if not text.strip().startswith("${{"):
            return NameType.STRING
        case Scalar():
            return NameType.ANY
        case _:
            assert_never(node)
