"""Reading `tasks`: first what each needs and puts out, then, knowing that, all the rest.

The names that an expression of a task may read depend on other tasks: on the results and
outputs of those that it needs. So the graph is read and checked before any expression.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from app.core.actions import Dispatch
from app.core.definition import TaskDefinition
from app.core.expressions import NameType, Scope, Types
from app.core.problems import Code
from app.core.reading.declarations import Declared, read_declarations
from app.core.reading.dispatch import read_dispatch
from app.core.reading.document import Entries, Node, Scalar
from app.core.reading.formulas import Formulas
from app.core.reading.reader import Reader, did_you_mean
from app.core.reading.remedies import Surroundings
from app.core.reading.strategy import StrategyRead, read_strategy
from app.core.reading.triggers import OF_EVENT
from app.core.reading.words import ORCHESTRATION_MEMBERS, TASK, TASK_ACTIONS
from app.core.terms import Place, Template
from app.core.values import TaskName

TASKS_MAX = 1_000
TIMEOUT_MINUTES_MAX = 43_200  # 30 days
TIMEOUT_DEFAULT = timedelta(minutes=360)  # as for a job of Actions
_OF_ORCHESTRATION: Types = (
    ("now", NameType.TIMESTAMP),
    *(
        (f"orchestration.{each}", NameType.INTEGER if each == "number" else NameType.STRING)
        for each in ORCHESTRATION_MEMBERS
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sketch:
    """What other tasks may know of a task. `is_later`: its action is not built yet."""

    key: Scalar
    entries: Entries
    needs: tuple[tuple[str, Place], ...]
    outputs: Declared
    has_matrix: bool
    is_later: bool


def read_tasks(reader: Reader, node: Node, inputs: Declared) -> dict[TaskName, TaskDefinition]:
    """Read all tasks; those that are wrong are left out, and their problems reported."""
    entries = reader.entries(node, "`tasks`", "write `name: {dispatch: ...}`")
    if entries is None:
        return {}
    if not 1 <= len(entries.nodes) <= TASKS_MAX:
        message = f"`tasks` has {len(entries.nodes)} tasks"
        reader.report(Code.OUT_OF_RANGE, message, f"write 1 to {TASKS_MAX}", entries.place)
    sketches: dict[str, _Sketch] = {}
    for name, each in entries.nodes.items():
        if sketch := _sketch(reader, entries.keys[name], each):
            sketches[name] = sketch
    for name, sketch in sketches.items():
        _check_needs(reader, name, sketch, entries)
    _check_cycles(reader, sketches)
    base = OF_EVENT + _OF_ORCHESTRATION
    base += tuple((f"inputs.{name}", type_) for name, type_ in inputs.types.items())
    found: dict[TaskName, TaskDefinition] = {}
    for name, sketch in sketches.items():
        scope = _scope(base, sketch, sketches)
        around = Surroundings(scope=scope, tasks=frozenset(entries.nodes))
        if task := _task(reader, TaskName(name), sketch, around):
            found[task.name] = task
    return found


def minutes(reader: Reader, node: Node | None, default: timedelta) -> timedelta:
    """Read `timeout-minutes`."""
    if node is None:
        return default
    found = reader.integer(node, "`timeout-minutes`", 1, TIMEOUT_MINUTES_MAX)
    return default if found is None else timedelta(minutes=found)


def _sketch(reader: Reader, key: Scalar, node: Node) -> _Sketch | None:
    is_named = reader.name(key, "a task")
    entries = reader.entries(node, f"the task `{key.value}`", "write `{dispatch: ...}`")
    if entries is None:
        return None
    is_later = "dispatch" not in entries.nodes and any(
        action in entries.nodes for action in TASK_ACTIONS
    )
    outputs = Declared({}, {})
    if "outputs" in entries.nodes and not is_later:
        outputs = read_declarations(reader, entries.nodes["outputs"], "outputs")
    needs = reader.one_or_more(entries.nodes["needs"], "`needs`") if _has(entries) else ()
    strategy = entries.nodes.get("strategy")
    has_matrix = isinstance(strategy, Entries) and "matrix" in strategy.nodes
    if not is_named:
        return None
    return _Sketch(
        key=key,
        entries=entries,
        needs=needs,
        outputs=outputs,
        has_matrix=has_matrix,
        is_later=is_later,
    )


def _has(entries: Entries) -> bool:
    return "needs" in entries.nodes


def _check_needs(reader: Reader, name: str, sketch: _Sketch, tasks: Entries) -> None:
    seen: set[str] = set()
    for need, place in sketch.needs:
        if need == name:
            message = f"`{name}` needs itself"
            reader.report(Code.CYCLE, message, "take it out of `needs`", place)
        elif need not in tasks.nodes:
            guess = did_you_mean(need, tasks.nodes.keys())
            message = f"there is no task `{need}` to need{guess}"
            hint = f"there are {', '.join(tasks.nodes)}"
            reader.report(Code.UNKNOWN_TASK, message, hint, place)
        elif need in seen:
            message = f"`{need}` is needed twice"
            reader.report(Code.DUPLICATE_NEED, message, "write it once", place)
        seen.add(need)


def _check_cycles(reader: Reader, sketches: Mapping[str, _Sketch]) -> None:
    """Report each way round that leads back to where it began, once."""
    left = {
        name: [need for need, _ in sketch.needs if need in sketches and need != name]
        for name, sketch in sketches.items()
    }
    # Every turn takes out one task at least.
    while left:
        ready = [n for n, needs in left.items() if not any(need in left for need in needs)]
        if not ready:
            ready = _way_round(left)
            shown = " -> ".join([*ready, ready[0]])
            place = next(p for need, p in sketches[ready[0]].needs if need == ready[1])
            hint = "let one of them not need the next"
            reader.report(Code.CYCLE, f"the tasks need each other: {shown}", hint, place)
        for name in ready:
            del left[name]


def _way_round(left: Mapping[str, Sequence[str]]) -> list[str]:
    path = [min(left)]
    while True:
        following = next(need for need in left[path[-1]] if need in left)
        if following in path:
            way = path[path.index(following) :]
            first = way.index(min(way))
            return way[first:] + way[:first]
        path.append(following)


def _scope(base: Types, sketch: _Sketch, sketches: Mapping[str, _Sketch]) -> Scope:
    names = dict(base)
    legs: dict[str, Types] = {}
    for need, _ in sketch.needs:
        other = sketches.get(need)
        if other is None:
            names[f"needs.{need}"] = NameType.ANY  # reported already
            continue
        names[f"needs.{need}.result"] = NameType.STRING
        outputs = f"needs.{need}.outputs"
        if other.is_later:
            names[outputs] = NameType.ANY
        elif other.has_matrix:
            legs[outputs] = tuple(other.outputs.types.items())
        else:
            names.update({f"{outputs}.{n}": type_ for n, type_ in other.outputs.types.items()})
    return Scope(names=tuple(names.items()), legs=tuple(legs.items()))


def _task(
    reader: Reader, name: TaskName, sketch: _Sketch, around: Surroundings
) -> TaskDefinition | None:
    before = len(reader.problems)
    keys = dict(reader.known(sketch.entries, TASK))
    formulas = Formulas(reader, around)
    condition = formulas.condition(keys["if"], "`if`") if "if" in keys else None
    read = StrategyRead(None, ())
    if "strategy" in keys:
        read = read_strategy(reader, keys["strategy"], formulas)
        scope = Scope(names=around.scope.names + read.types, legs=around.scope.legs)
        formulas = Formulas(reader, Surroundings(scope=scope, tasks=around.tasks))
    timeout = minutes(reader, keys.get("timeout-minutes"), TIMEOUT_DEFAULT)
    place = sketch.key.place
    continue_on_error = Template(value=False, place=place)
    if "continue-on-error" in keys:
        found = _continue_on_error(reader, keys["continue-on-error"], formulas)
        continue_on_error = found or continue_on_error
    action = None if sketch.is_later else _action(reader, name, sketch, keys, formulas)
    if action is None or len(reader.problems) > before:
        return None
    return TaskDefinition(
        name=name,
        place=place,
        action=action,
        needs=tuple(TaskName(need) for need, _ in sketch.needs),
        condition=condition,
        strategy=read.strategy,
        outputs=sketch.outputs.right,
        timeout=timeout,
        continue_on_error=continue_on_error,
    )


def _action(
    reader: Reader,
    name: TaskName,
    sketch: _Sketch,
    keys: Mapping[str, Node],
    formulas: Formulas,
) -> Dispatch | None:
    if "dispatch" in keys:
        return read_dispatch(
            reader, keys["dispatch"], keys.get("ref"), keys.get("with"), formulas
        )
    if not {"uses", "run", "steps"} & sketch.entries.nodes.keys():
        message = f"the task `{name}` does nothing"
        hint = "add `dispatch: owner/repo/.github/workflows/file.yml@ref`"
        reader.report(Code.MISSING_KEY, message, hint, sketch.key.place)
    return None


def _continue_on_error(reader: Reader, node: Node, formulas: Formulas) -> Template | None:
    if isinstance(node, Scalar) and "${{" in str(node.value):
        condition = formulas.condition(node, "`continue-on-error`")
        if condition is None:
            return None
        value = f"${{{{ {condition.source} }}}}"
        return Template(value=value, place=condition.place, reads=condition.reads)
    found = reader.truth(node, "`continue-on-error`")
    return None if found is None else Template(value=found, place=node.place)
