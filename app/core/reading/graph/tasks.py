"""Reading `tasks`: first what each needs and puts out, then, knowing that, all the rest.

The names that an expression of a task may read depend on other tasks: on the results and
outputs of those that it needs. So the graph is read and checked before any expression.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from app.core.definition import Compensation, Handling, Join, Retry, TaskDefinition
from app.core.expressions import NameType, Scope, Types
from app.core.problems import Code
from app.core.reading.actions.action import read_action, read_effect
from app.core.reading.document import Entries, Node, Scalar
from app.core.reading.formulas import Formulas
from app.core.reading.graph.handling import (
    QUEUE_MINUTES_MAX,
    minutes,
    read_concurrency,
    read_escalations,
    read_on_timeout,
    read_retry,
)
from app.core.reading.graph.sketch import Sketch, sketch_of
from app.core.reading.graph.strategy import StrategyRead, read_strategy
from app.core.reading.graph.waves import EFFECT_TIMEOUT
from app.core.reading.reader import Reader, did_you_mean
from app.core.reading.remedies import Surroundings
from app.core.reading.scopes import Ground, of
from app.core.reading.words import COMPENSATE, HANDLINGS, TASK, TASK_ACTIONS
from app.core.terms import Template
from app.core.values import TaskName

TASKS_MAX = 1_000
TIMEOUT_DEFAULT = timedelta(minutes=360)  # as for a job of Actions
_GATES = ("approval", "wait", "orchestrate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """Tasks that are right, and what may be read of all: `tasks.<name>.result` and so on."""

    tasks: Mapping[TaskName, TaskDefinition]
    names: Types = ()
    legs: tuple[tuple[str, Types], ...] = ()


NO_TASKS = Graph(tasks={})


def read_tasks(reader: Reader, node: Node, ground: Ground) -> Graph:
    """Read all tasks; those that are wrong are left out, and their problems reported."""
    entries = reader.entries(node, "`tasks`", "write `name: {dispatch: ...}`")
    if entries is None:
        return NO_TASKS
    if not 1 <= len(entries.nodes) <= TASKS_MAX:
        message = f"`tasks` has {len(entries.nodes)} tasks"
        reader.report(Code.OUT_OF_RANGE, message, f"write 1 to {TASKS_MAX}", entries.place)
    sketches: dict[str, Sketch] = {}
    for name, each in entries.nodes.items():
        if sketch := sketch_of(reader, entries.keys[name], each):
            sketches[name] = sketch
    for name, sketch in sketches.items():
        _check_needs(reader, name, sketch, entries)
    _check_cycles(reader, sketches)
    found: dict[TaskName, TaskDefinition] = {}
    for name, sketch in sketches.items():
        scope = _scope(ground.names, sketch, sketches)
        around = Surroundings(
            scope=scope, tasks=frozenset(entries.nodes), filling=ground.filling
        )
        if task := _task(reader, TaskName(name), sketch, Formulas(reader, around), ground):
            found[task.name] = task
    names, legs = _seen("tasks", sketches)
    return Graph(tasks=found, names=tuple(names.items()), legs=tuple(legs.items()))


def _check_needs(reader: Reader, name: str, sketch: Sketch, tasks: Entries) -> None:
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


def _check_cycles(reader: Reader, sketches: Mapping[str, Sketch]) -> None:
    """Report each way round that leads back to where it began, once."""
    left = {
        name: {need for need, _ in sketch.needs if need in sketches and need != name}
        for name, sketch in sketches.items()
    }
    needed_by: dict[str, list[str]] = {name: [] for name in left}
    for name, needs in left.items():
        for need in needs:
            needed_by[need].append(name)
    ready = [name for name, needs in left.items() if not needs]
    # Every turn takes out one task at least.
    while left:
        if not ready:
            ready = _way_round(left)
            shown = " -> ".join([*ready, ready[0]])
            place = next(p for need, p in sketches[ready[0]].needs if need == ready[1])
            hint = "let one of them not need the next"
            reader.report(Code.CYCLE, f"the tasks need each other: {shown}", hint, place)
        gone, ready = ready, []
        for name in gone:
            del left[name]
        for name in gone:
            for other in needed_by[name]:
                if other in left:
                    left[other].discard(name)
                    if not left[other]:
                        ready.append(other)


def _way_round(left: Mapping[str, Collection[str]]) -> list[str]:
    path = [min(left)]
    while True:
        following = min(left[path[-1]])
        if following in path:
            way = path[path.index(following) :]
            first = way.index(min(way))
            return way[first:] + way[:first]
        path.append(following)


def _scope(base: Types, sketch: Sketch, sketches: Mapping[str, Sketch]) -> Scope:
    needed = {need: sketches[need] for need, _ in sketch.needs if need in sketches}
    names, legs = _seen("needs", needed)
    unknown = {f"needs.{need}": NameType.ANY for need, _ in sketch.needs if need not in needed}
    return Scope(names=(*base, *names.items(), *unknown.items()), legs=tuple(legs.items()))


def _seen(
    room: str, sketches: Mapping[str, Sketch]
) -> tuple[dict[str, NameType], dict[str, Types]]:
    """Name what may be read of tasks: their results and outputs, those of a matrix by leg."""
    names: dict[str, NameType] = {}
    legs: dict[str, Types] = {}
    for name, sketch in sketches.items():
        types = tuple(sketch.outputs.types.items())
        names[f"{room}.{name}.result"] = NameType.STRING
        if sketch.has_matrix:
            legs[f"{room}.{name}.outputs"] = types
        else:
            names.update(of(f"{room}.{name}.outputs", types))
    return names, legs


def _task(
    reader: Reader, name: TaskName, sketch: Sketch, formulas: Formulas, ground: Ground
) -> TaskDefinition | None:
    before = len(reader.problems)
    keys = dict(reader.known(sketch.entries, TASK))
    place = sketch.key.place
    condition = formulas.condition(keys["if"], "`if`") if "if" in keys else None
    read = StrategyRead(None, ())
    if "strategy" in keys:
        read = read_strategy(reader, keys["strategy"], formulas)
        formulas = formulas.wider(read.types)
    timeout = _timeout(reader, keys.get("timeout-minutes"), sketch, ground)
    queue_timeout = _queue_timeout(reader, keys.get("queue-timeout-minutes"), sketch, ground)
    tolerated = Template(value=False, place=place)
    if "continue-on-error" in keys:
        found = _continue_on_error(reader, keys["continue-on-error"], formulas)
        tolerated = found or tolerated
    _check_kind(reader, sketch)
    action = None
    if sketch.kind:
        action = read_action(reader, sketch.kind, keys, place, formulas, ground.timeout)
    task = (
        None
        if action is None
        else TaskDefinition(
            name=name,
            place=place,
            action=action,
            needs=tuple(TaskName(need) for need, _ in sketch.needs),
            join=_join(reader, keys.get("join")),
            condition=condition,
            strategy=read.strategy,
            outputs=sketch.outputs.right,
            timeout=timeout,
            queue_timeout=queue_timeout,
            continue_on_error=tolerated,
        )
    )
    task = _with_handling(reader, keys, sketch, formulas, ground, task)
    return task if len(reader.problems) == before else None


def _with_handling(
    reader: Reader,
    keys: Mapping[str, Node],
    sketch: Sketch,
    formulas: Formulas,
    ground: Ground,
    task: TaskDefinition | None,
) -> TaskDefinition | None:
    """Read the keys that say how, also where what is done is wrong."""
    retry = _retry(reader, keys.get("retry"), sketch, formulas, ground)
    handling = {
        key: reader.choice(keys[key], f"`{key}`", HANDLINGS)
        for key in ("on-failure", "on-warning")
        if key in keys
    }
    escalations = read_escalations(reader, keys.get("escalate"), task.timeout if task else None)
    concurrency = compensate = on_timeout = None
    if "on-timeout" in keys:
        on_timeout = read_on_timeout(reader, keys["on-timeout"], sketch.options)
    if "concurrency" in keys:
        concurrency = read_concurrency(reader, keys["concurrency"], formulas)
    if "compensate" in keys:
        compensate = _compensation(reader, keys["compensate"], formulas)
    if task is None:
        return None
    if on_timeout is not None:
        task = replace(task, on_timeout=on_timeout)
    return replace(
        task,
        retry=retry,
        on_failure=Handling(handling.get("on-failure") or task.on_failure),
        on_warning=Handling(handling.get("on-warning") or task.on_warning),
        escalate=escalations,
        concurrency=concurrency,
        compensate=compensate,
    )


def _check_kind(reader: Reader, sketch: Sketch) -> None:
    """Report a task that does nothing or several things, and keys that do not go with it."""
    keys = sketch.entries.keys
    if not sketch.kind:
        if not {"uses", "run", "steps"} & keys.keys():
            message = f"the task `{sketch.key.value}` does nothing"
            hint = "add `dispatch: owner/repo/.github/workflows/file.yml@ref`"
            reader.report(Code.MISSING_KEY, message, hint, sketch.key.place)
        return
    for key, scalar in keys.items():
        if key in TASK_ACTIONS and key != sketch.kind:
            message = f"a task does one thing, and this one has `{sketch.kind}` and `{key}`"
            hint = "make two tasks of it, one of which needs the other"
            reader.report(Code.CONFLICTING_KEYS, message, hint, scalar.place)
        elif key in TASK.known and key != sketch.kind and key not in _takes(sketch):
            takes = ", ".join(f"`{each}`" for each in sorted(_takes(sketch)))
            message = f"`{key}` does not go with `{sketch.kind}`"
            hint = f"it may have {takes}"
            reader.report(Code.CONFLICTING_KEYS, message, hint, scalar.place)


def _join(reader: Reader, node: Node | None) -> Join:
    choices = [each.value for each in Join]
    return Join((node and reader.choice(node, "`join`", choices)) or Join.ALL)


def _timeout(reader: Reader, node: Node | None, sketch: Sketch, ground: Ground) -> timedelta:
    if sketch.kind in _GATES:
        return minutes(reader, node, ground.timeout)
    return minutes(reader, node, ground.defaults.timeout or TIMEOUT_DEFAULT)


def _queue_timeout(
    reader: Reader, node: Node | None, sketch: Sketch, ground: Ground
) -> timedelta | None:
    if node is None:
        is_workflow = sketch.kind in ("dispatch", "agent")
        return ground.defaults.queue_timeout if is_workflow else None
    zero = timedelta(0)
    found = minutes(reader, node, zero, "queue-timeout-minutes", QUEUE_MINUTES_MAX)
    return found or None


def _retry(
    reader: Reader, node: Node | None, sketch: Sketch, formulas: Formulas, ground: Ground
) -> Retry | None:
    is_workflow = sketch.kind in ("dispatch", "agent")
    if node is None:
        found = ground.defaults.retry if "retry" in _takes(sketch) else None
        return found if found is None or is_workflow else replace(found, scope="all")
    found = read_retry(reader, node, formulas)
    if found is not None and found.scope == "failed-jobs" and sketch.kind and not is_workflow:
        message = f"`{sketch.kind}` has no jobs to run again"
        hint = "write `scope: all`, or leave it out"
        reader.report(Code.CONFLICTING_KEYS, message, hint, node.place)
    return found


def _takes(sketch: Sketch) -> frozenset[str]:
    return TASK_ACTIONS.get(sketch.kind, frozenset())


def _compensation(reader: Reader, node: Node, formulas: Formulas) -> Compensation | None:
    hint = "write `{dispatch: owner/repo/.github/workflows/undo.yml@main}`"
    entries = reader.entries(node, "`compensate`", hint)
    if entries is None:
        return None
    keys = dict(reader.known(entries, COMPENSATE))
    kinds = [key for key in ("dispatch", "orchestrate", "github") if key in keys]
    if not kinds:
        reader.report(Code.MISSING_KEY, "`compensate` does nothing", hint, entries.place)
        return None
    for other in kinds[1:]:
        message = f"`compensate` does one thing, and this one has `{kinds[0]}` and `{other}`"
        place = entries.keys[other].place
        reader.report(Code.CONFLICTING_KEYS, message, "leave one of them out", place)
    for key in ("ref", "environment"):
        if key in keys and kinds[0] != "dispatch":
            message = f"`{key}` does not go with `{kinds[0]}`"
            place = entries.keys[key].place
            reader.report(Code.CONFLICTING_KEYS, message, "leave it out", place)
    timeout = minutes(reader, keys.get("timeout-minutes"), EFFECT_TIMEOUT)
    action = read_effect(reader, kinds[0], keys, formulas)
    return Compensation(action=action, timeout=timeout) if action else None


def _continue_on_error(reader: Reader, node: Node, formulas: Formulas) -> Template | None:
    if isinstance(node, Scalar) and "${{" in str(node.value):
        condition = formulas.condition(node, "`continue-on-error`")
        if condition is None:
            return None
        value = f"${{{{ {condition.source} }}}}"
        return Template(value=value, place=condition.place, reads=condition.reads)
    found = reader.truth(node, "`continue-on-error`")
    return None if found is None else Template(value=found, place=node.place)
