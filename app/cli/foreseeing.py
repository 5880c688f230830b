"""What an event would start and dispatch, found out without asking anybody.

The same code decides as in a running server: `routing` whether it starts, `planning` with what
inputs, `context` and `expressions` what is dispatched. What depends on the outputs of a task
is left as it is written. How the answer is shown is `foretelling`'s.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, TypeAlias

from app.cli.describing import Show, facts_of
from app.cli.saying import Refused, pairs, repository_named
from app.clock import SystemClock
from app.core.actions import Action, Agent, Dispatch, GitHubOperation, Orchestrate
from app.core.definition import Definition, Listen, TaskDefinition
from app.core.expressions import ExpressionError, evaluate_condition, render, text_of
from app.core.hearing.catalogue import Covered, Entry, listens
from app.core.hearing.heard import Repository
from app.core.legs.context import cause_values
from app.core.legs.dispatching import expand
from app.core.legs.matrix import MatrixError
from app.core.plan import Cause, Origin, Plan
from app.core.planning import cause_of, make_plan, manual_cause
from app.core.routing import Answer, Verdict, known_files, wants
from app.core.state import new_orchestration
from app.core.terms import Expression, Template
from app.core.values import ONLY_LEG, Json, JsonObject, LegKey, RepositoryName, Sha, TaskName
from app.github import webhooks

MANUAL: Final = "manual"
DELIVERY: Final = "plan"
HEAD: Final = Sha("<the head of the default branch>")
_LATER: Final = ("needs.", "matrix.", "data.", "tasks.", "orchestration.age", "vars")
LATER: Final = "known once what it needs has ended"
# Which key of a payload tells the event that GitHub names only in a header. The first counts.
TELLING: Final = {
    "workflow_run": "workflow_run",
    "pull_request": "pull_request",
    "release": "release",
    "client_payload": "repository_dispatch",
    "pusher": "push",
    "commits": "push",
}


Verdicts: TypeAlias = tuple[tuple[Listen, Verdict], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked on the command line."""

    file: Path
    event: Path | None
    event_name: str
    inputs: tuple[str, ...]
    changed: tuple[str, ...]
    repository: str
    templates: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """A value that is known now, or the text it is written as and why it is not known."""

    value: Json
    doubt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeseenCall:
    """What one leg starts or calls; without `leg` it stands for all that are not known yet.

    `verb` is the action's key: `dispatch`, `agent`, `orchestrate` or `github`.
    """

    verb: str
    leg: LegKey
    target: Foreseen
    ref: Foreseen | None
    inputs: Mapping[str, Foreseen]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeseenTask:
    """One task: what it needs, whether its `if` holds, what it calls, and what else it does.

    `state` is the machine's state that it belongs to.
    """

    state: str
    name: TaskName
    needs: tuple[TaskName, ...]
    condition: Foreseen | None
    matrix: Foreseen | None
    calls: tuple[ForeseenCall, ...]
    facts: tuple[str, ...]

    @property
    def is_skipped(self) -> bool:
        return self.condition is not None and self.condition.value is False


@dataclass(frozen=True, slots=True, kw_only=True)
class Foresight:
    """The whole answer; `verdicts` holds what each `on` entry for the event says to it."""

    definition: Definition
    event_name: str
    verdicts: Verdicts
    why_not: str = ""
    remedy: str = ""
    plan: Plan | None = None
    tasks: tuple[ForeseenTask, ...] = field(default=())


def answer(question: Question, definition: Definition, text: str) -> Foresight:
    """Answer the question as far as it can be known now."""
    named = repository_named(question.repository)
    payload = _payload(question.event)
    event_name = _event_name(question, payload)
    heard = webhooks.read(event_name, payload)
    repository = heard.repository or Repository(
        id=1,
        name=RepositoryName(named or "owner/repository"),
        default_branch="main",
    )
    covered = Covered(repository=repository, installation_id=1, head_sha=HEAD)
    entry = _entry(question, definition, text, repository)
    if event_name == MANUAL:
        inputs: JsonObject = pairs(question.inputs)
        cause = manual_cause(covered, "you", inputs)
        verdicts = _manual_verdicts(definition)
    else:
        if question.inputs:
            raise Refused("only a start by hand takes inputs", "leave --event or --input out")
        inputs, cause = {}, cause_of(heard, covered)
        files = question.changed or known_files(heard)
        verdicts = tuple(
            (each, wants(each, entry, heard, covered, files))
            for each in listens(entry, event_name)
        )
    why_not = _why_not(definition, event_name, verdicts)
    if why_not:
        is_about_files = "`paths`" in why_not and not question.changed
        return Foresight(
            definition=definition,
            event_name=event_name,
            verdicts=verdicts,
            why_not=why_not,
            remedy="say which files it changes with --changed PATH" if is_about_files else "",
        )
    return _planned(entry, cause, inputs, verdicts)


def _planned(entry: Entry, cause: Cause, inputs: JsonObject, verdicts: Verdicts) -> Foresight:
    plan, faults = make_plan(entry, cause, inputs, delivery_id=DELIVERY, number=1)
    return Foresight(
        definition=entry.definition,
        event_name=cause.event_name,
        verdicts=verdicts,
        why_not="; ".join([*faults, *_taken(entry.definition)]) if faults else "",
        remedy="give inputs with --input NAME=VALUE"
        if faults and cause.event_name == MANUAL
        else "",
        plan=plan,
        tasks=foresee_tasks(plan) if plan is not None else (),
    )


def _taken(definition: Definition) -> list[str]:
    """Say which inputs there are, to whoever has given others."""
    inputs = ", ".join(definition.inputs)
    return [f"it takes {inputs}" if inputs else "it takes no inputs"]


# --- the question ---------------------------------------------------------------------


def _payload(event: Path | None) -> JsonObject:
    if event is None:
        return {}
    try:
        content = sys.stdin.buffer.read() if str(event) == "-" else event.read_bytes()
    except OSError as error:
        raise Refused(
            f"{event} cannot be read: {error.strerror}",
            "give a webhook's payload, which the App's settings show under Recent Deliveries",
        ) from error
    payload = webhooks.load(content)
    if payload is None:
        raise Refused(f"{event} holds no JSON object", "give the payload of one webhook")
    return payload


def _event_name(question: Question, payload: JsonObject) -> str:
    if question.event is None:
        if question.event_name not in ("", MANUAL):
            raise Refused(f"there is no payload of `{question.event_name}`", "add --event FILE")
        return MANUAL
    if question.event_name:
        return question.event_name
    found = next((event for key, event in TELLING.items() if key in payload), None)
    if found is None:
        raise Refused(
            "the payload does not tell which event it is of",
            "add --event-name with the value of its header X-GitHub-Event",
        )
    return found


def _entry(
    question: Question, definition: Definition, text: str, repository: Repository
) -> Entry:
    name = question.repository or repository.name
    is_own = name.lower() == repository.name.lower()
    origin = Origin(
        repository_id=repository.id if is_own else 0,
        repository=RepositoryName(name),
        installation_id=1,
        path=f".github/orchestrations/{question.file.name}",
    )
    return Entry(origin=origin, definition=definition, text=text)


def _manual_verdicts(definition: Definition) -> Verdicts:
    yes = Verdict(answer=Answer.YES)
    return tuple((each, yes) for each in definition.on if each.event == MANUAL)


def _why_not(definition: Definition, event_name: str, verdicts: Verdicts) -> str:
    if not verdicts:
        heard = ", ".join(dict.fromkeys(f"`{each.event}`" for each in definition.on))
        give = "; give the payload of one with --event" if event_name == MANUAL else ""
        return f"it does not listen to `{event_name}`, only to {heard}{give}"
    answers = [verdict.answer for _, verdict in verdicts]
    if Answer.YES in answers:
        return ""
    if Answer.FILES_NEEDED in answers:
        return "the payload does not tell which files changed; name them with --changed PATH"
    return "; ".join(verdict.why for _, verdict in verdicts)


# --- the tasks ------------------------------------------------------------------------


def foresee_tasks(plan: Plan) -> tuple[ForeseenTask, ...]:
    """Say of each task what is known before anything has run."""
    values: JsonObject = cause_values(new_orchestration(plan), SystemClock().now())
    machine = plan.definition.machine
    if machine is None:
        return tuple(_task("", task, values) for task in plan.definition.tasks.values())
    return tuple(
        _task(name, task, values)
        for name, state in machine.states.items()
        for task in state.tasks.values()
    )


def showing(plan: Plan) -> Show:
    """Return how a value is written with what is known before anything has run."""
    return _showing(cause_values(new_orchestration(plan), SystemClock().now()))


def _showing(values: JsonObject) -> Show:
    return lambda template: text_of(_value(template, values).value)


def _task(state: str, task: TaskDefinition, values: JsonObject) -> ForeseenTask:
    matrix = None
    cells: tuple[tuple[LegKey, JsonObject], ...] = ((ONLY_LEG, {}),)
    if task.strategy is not None:
        wanted = (
            *task.strategy.matrix.values(),
            *task.strategy.include,
            *task.strategy.exclude,
        )
        if all(_is_known(each, values) for each in wanted):
            try:
                cells = tuple((leg.key, leg.matrix) for leg in expand(task, values))
            except (MatrixError, ExpressionError) as error:
                matrix = Foreseen(value=None, doubt=str(error))
        else:
            shown: Json = {name: each.value for name, each in task.strategy.matrix.items()}
            matrix = Foreseen(value=shown, doubt=LATER)
    return ForeseenTask(
        state=state,
        name=task.name,
        needs=task.needs,
        condition=_condition(task.condition, values),
        matrix=matrix,
        calls=tuple(
            call
            for key, cell in cells
            if (call := _call(task.action, key, cell, values)) is not None
        ),
        facts=tuple(facts_of(task, _showing(values))),
    )


def _call(
    action: Action, key: LegKey, cell: JsonObject, values: JsonObject
) -> ForeseenCall | None:
    values = {**values, **{f"matrix.{name}": value for name, value in cell.items()}}
    match action:
        case Agent():
            found = _call(action.dispatch, key, cell, values)
            return found and replace(found, verb="agent")
        case Dispatch():
            verb, target, ref = "dispatch", _value(action.target, values), action.ref
        case Orchestrate():
            verb, target, ref = "orchestrate", _value(action.target, values), None
        case GitHubOperation():
            verb, target, ref = "github", Foreseen(value=action.name), None
        case _:
            return None
    return ForeseenCall(
        verb=verb,
        leg=key,
        target=target,
        ref=_value(ref, values) if ref is not None else None,
        inputs={name: _value(each, values) for name, each in action.inputs.items()},
    )


def _condition(condition: Expression | None, values: JsonObject) -> Foreseen | None:
    if condition is None:
        return None
    if not _is_known(condition, values):
        return Foreseen(value=condition.source, doubt=LATER)
    try:
        return Foreseen(value=evaluate_condition(condition, values))
    except ExpressionError as error:
        return Foreseen(value=condition.source, doubt=str(error))


def _value(template: Template, values: JsonObject) -> Foreseen:
    if not _is_known(template, values):
        return Foreseen(value=template.value, doubt=LATER)
    try:
        return Foreseen(value=render(template, values))
    except ExpressionError as error:
        return Foreseen(value=template.value, doubt=str(error))


def _is_known(read: Expression | Template, values: JsonObject) -> bool:
    """Tell whether nothing is read that only the course of things will show."""
    return not any(name.startswith(_LATER) and name not in values for name, _ in read.reads)
