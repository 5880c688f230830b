"""`signalbox plan`: shows what would be started and dispatched, as a tree and as Mermaid."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence

from app.cli.checking import explained, read_definition
from app.cli.describing import facts_of_state, facts_of_whole
from app.cli.foreseeing import (
    MANUAL,
    Foreseen,
    ForeseenTask,
    Foresight,
    Question,
    answer,
    showing,
)
from app.cli.saying import console, print_json, printable
from app.core.expressions import text_of
from app.core.telling.drawing import draw_mermaid, draw_tree
from app.core.telling.machine_drawing import what_of


def foresee(question: Question, *, as_json: bool) -> int:
    """Answer the question and print it. Return 1 if nothing would start."""
    text, definition, problems = read_definition(question.file, question.templates)
    if definition is None:
        out = console(sys.stderr)
        for problem in problems:
            out.print(explained(question.file, text, problem), soft_wrap=True)
        return 1
    foresight = answer(question, definition, text)
    if as_json:
        print_json(_as_json(foresight))
    else:
        _print(foresight)
    return 0 if foresight.plan is not None else 1


def _print(foresight: Foresight) -> None:
    out = console()

    def say(text: str, style: str | None = None) -> None:
        out.print(printable(text), style=style, soft_wrap=True)

    name = foresight.definition.id
    if foresight.plan is None:
        say(f"{name} would not start: {foresight.why_not}", "bold yellow")
        if foresight.remedy:
            say(f"  {foresight.remedy}")
        return
    cause = foresight.plan.cause
    where = f" at {cause.ref}" if cause.ref and foresight.event_name != MANUAL else ""
    say(f"{name} would start on `{foresight.event_name}`{where}", "bold green")
    for listen, verdict in foresight.verdicts:
        told = f"no: {verdict.why}" if verdict.why else str(verdict.answer)
        say(f"  `on` at line {listen.place.line}: {told}")
    for key, value in foresight.plan.inputs.items():
        say(f"  {key} = {text_of(value)}")
    for fact in _facts(foresight):
        say(f"  {fact}")
    say(f"\n{draw_tree(foresight.definition)}\n")
    for line, style in _lines(foresight):
        say(line, style)
    drawn = draw_mermaid(foresight.definition)
    say(f"\n```mermaid\n{drawn}\n```" if drawn else "\nThe graph is too large to be drawn.")


def _facts(foresight: Foresight) -> Sequence[str]:
    if foresight.plan is None:
        return ()
    return tuple(facts_of_whole(foresight.definition, showing(foresight.plan)))


def _lines(foresight: Foresight) -> Iterator[tuple[str, str | None]]:
    """Tell of each task, and of a machine state by state."""
    machine, plan = foresight.definition.machine, foresight.plan
    assert plan is not None, "only what starts is told of"
    if machine is None:
        for task in foresight.tasks:
            yield from _task_lines(task)
        return
    for name, state in machine.states.items():
        yield f"{name}  {what_of(state)}", "bold"
        yield from ((f"  {fact}", None) for fact in facts_of_state(state, showing(plan)))
        for task in foresight.tasks:
            if task.state == name:
                yield from ((f"  {line}", style) for line, style in _task_lines(task))


def _task_lines(task: ForeseenTask) -> Sequence[tuple[str, str | None]]:
    after = f"  after {', '.join(task.needs)}" if task.needs else ""
    lines: list[tuple[str, str | None]] = [(f"{task.name}{after}", "bold")]
    if task.is_skipped:
        return [*lines, ("  skipped: its `if` does not hold", "yellow")]
    if task.condition is not None and task.condition.doubt:
        lines.append((f"  if {_shown(task.condition)}", None))
    if task.matrix is not None:
        lines.append((f"  for each {_shown(task.matrix)}", None))
    for call in task.calls:
        leg = f"[{call.leg}] " if call.leg else ""
        at = f", ref {_shown(call.ref)}" if call.ref is not None else ""
        lines.append((f"  {leg}{call.verb} {_shown(call.target)}{at}", None))
        lines += [
            (f"      {key} = {_shown(value)}", None) for key, value in call.inputs.items()
        ]
    return lines + [(f"  {fact}", None) for fact in task.facts]


def _shown(foreseen: Foreseen) -> str:
    value = foreseen.value
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"{text}  ({foreseen.doubt})" if foreseen.doubt else text


def _as_json(foresight: Foresight) -> Mapping[str, object]:
    plan = foresight.plan
    return {
        "definition": foresight.definition.id,
        "event": foresight.event_name,
        "starts": plan is not None,
        "why_not": foresight.why_not or None,
        "on": [
            {"line": listen.place.line, "answer": str(verdict.answer), "why": verdict.why}
            for listen, verdict in foresight.verdicts
        ],
        "inputs": plan.inputs if plan is not None else {},
        "facts": _facts(foresight),
        "tasks": [_task_as_json(task) for task in foresight.tasks],
        "tree": draw_tree(foresight.definition),
        "mermaid": draw_mermaid(foresight.definition),
    }


def _task_as_json(task: ForeseenTask) -> Mapping[str, object]:
    return {
        "state": task.state or None,
        "name": task.name,
        "needs": task.needs,
        "if": _foreseen_as_json(task.condition),
        "matrix": _foreseen_as_json(task.matrix),
        "dispatches": []
        if task.is_skipped
        else [
            {
                "verb": each.verb,
                "leg": each.leg,
                "target": _foreseen_as_json(each.target),
                "ref": _foreseen_as_json(each.ref),
                "inputs": {key: _foreseen_as_json(value) for key, value in each.inputs.items()},
            }
            for each in task.calls
        ],
        "facts": task.facts,
    }


def _foreseen_as_json(foreseen: Foreseen | None) -> Mapping[str, object] | None:
    if foreseen is None:
        return None
    return {"value": foreseen.value, "unknown": foreseen.doubt or None}
