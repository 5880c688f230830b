"""What a question is about, in parts: so that it can be said what changed when it comes again.

These are the parts of which `asking.plan_digest` is the digest, and a few that people want to
know of beside them. A group (the inputs, the outputs of a task) has a digest of its own;
what is in it is kept one by one as long as there is not too much of it.
"""

import json
from collections.abc import Iterator, Mapping

from app.core.copying import replace
from app.core.gate_events import GateId
from app.core.legs.asking import digest_of
from app.core.legs.context import cause_of
from app.core.naming import definition_of, sibling, visit_of, word_of
from app.core.plan import Cause
from app.core.state import Orchestration, Task
from app.core.state_of_gates import Part, Posed
from app.core.telling.masking import mask
from app.core.values import Json, JsonObject, TaskName

COMMIT, BASE, DRAFT, DEFINITION = "commit", "base", "draft", "definition"
INPUTS, DATA, NEEDS, RESULT, OUTPUTS, TRIES = (
    "inputs", "data", "needs", "result", "outputs", "tries"
)  # fmt: skip
"""How the names of parts begin; `outputs/build` is a group, `outputs/build/version` in it."""

DETAILS_MAX = 12
"""Values that are kept one by one of each group."""
NEEDS_MAX = 16
"""Needs that are kept one by one; of more only the digest of all."""
SHOWN_MAX = 60
DIGEST_LENGTH = 12


def question_of(where: GateId) -> str:
    """Name the question of a gate: the same in all legs, and at each visit of a state."""
    visit = visit_of(where.task)
    task = where.task if visit is None else f"{visit[0]}.{word_of(where.task)}"
    return f"{task}/{where.wave}" if where.wave else task


def pose(state: Orchestration, where: GateId) -> Orchestration:
    """Write down what a gate asks about now, and keep what it asked about before."""
    question = question_of(where)
    known = state.posed.get(question)
    parts = dict(_parts(state, where))
    if known is not None:
        # What is being tried again is still what it was, until it ends.
        kept = {key: part for key, part in known.parts.items() if _is_open(state, where, key)}
        parts = {**kept, **parts}
        if parts == known.parts:
            return state
    before = seen(known) if known is not None else None
    posed = Posed(parts=parts, before=before)
    return replace(state, posed={**state.posed, question: posed})


def seen(posed: Posed) -> Mapping[str, Part]:
    """Return what people have looked at: the last that was voted on, else the first."""
    return posed.parts if posed.is_voted or posed.before is None else posed.before


def voted_on(state: Orchestration, where: GateId) -> Orchestration:
    """Write down that somebody has voted on what a gate asks about now."""
    question = question_of(where)
    posed = state.posed.get(question)
    if posed is None or posed.is_voted:
        return state
    return replace(state, posed={**state.posed, question: replace(posed, is_voted=True)})


def handed_on(state: Orchestration) -> Mapping[str, Mapping[str, Part]]:
    """Return what one that comes after this may compare its own questions with."""
    return {
        question: {
            key: part for key, part in seen(posed).items() if not key.startswith(f"{TRIES}/")
        }
        for question, posed in state.posed.items()
    }


def taken_over(earlier: Mapping[str, Mapping[str, Part]]) -> Mapping[str, Posed]:
    """Return the questions that an earlier orchestration has put to people."""
    return {key: Posed(parts=parts, is_voted=True) for key, parts in earlier.items()}


def _is_open(state: Orchestration, where: GateId, key: str) -> bool:
    kind, _, rest = key.partition("/")
    need = sibling(where.task, TaskName(rest.partition("/")[0]))
    is_of_need = kind in (RESULT, OUTPUTS, TRIES) and need in state.tasks
    return is_of_need and not state.tasks[need].has_ended


def _parts(state: Orchestration, where: GateId) -> Iterator[tuple[str, Part]]:
    yield DEFINITION, Part(digest=_short(state.plan.definition.digest))
    yield from _of_cause(cause_of(state))
    yield from _group(INPUTS, state.plan.inputs)
    if state.machine is not None:
        yield from _group(DATA, state.machine.data)
    needs = {
        need: state.tasks[sibling(where.task, need)]
        for need in definition_of(state.plan.definition, where.task).needs
    }
    ended = {need: task for need, task in needs.items() if task.has_ended}
    if len(needs) > NEEDS_MAX:
        came: JsonObject = {need: [it.result, it.outputs] for need, it in ended.items()}
        yield NEEDS, Part(digest=_short(came))
        return
    for need, task in ended.items():
        yield f"{RESULT}/{need}", Part(digest=task.result, shown=task.result)
        tries = str(sum(len(leg.attempts) for leg in task.legs.values()))
        yield f"{TRIES}/{need}", Part(digest=tries)
        yield from _group(f"{OUTPUTS}/{need}", _outputs(task))


def _of_cause(cause: Cause) -> Iterator[tuple[str, Part]]:
    yield COMMIT, Part(digest=_short(cause.sha), shown=cause.sha[:SHOWN_MAX])
    pull = cause.event.get("pull_request")
    if not isinstance(pull, Mapping):
        return
    base, is_draft = pull.get("base"), pull.get("draft")
    ref = base.get("ref") if isinstance(base, Mapping) else None
    if isinstance(ref, str):
        yield BASE, Part(digest=_short(ref), shown=_shown(ref, ""))
    if isinstance(is_draft, bool):
        yield DRAFT, Part(digest=str(is_draft))


def _outputs(task: Task) -> JsonObject:
    """Return the outputs of a task, of a matrix as `leg/name`."""
    if not task.is_matrix:
        return task.outputs
    return {
        f"{key}/{name}": value
        for key, leg in task.legs.items()
        for name, value in leg.outputs.items()
    }


def _group(name: str, values: JsonObject) -> Iterator[tuple[str, Part]]:
    if not values:
        return
    yield name, Part(digest=_short(values))
    if len(values) > DETAILS_MAX:
        return
    for key, value in values.items():
        shown = _shown(value, key.rpartition("/")[2])
        yield f"{name}/{key}", Part(digest=_short(value), shown=shown)


def _short(value: Json) -> str:
    return digest_of(value)[:DIGEST_LENGTH]


def _shown(value: Json, name: str) -> str:
    """Write a value as people read it; one that is secret or too long is cut."""
    masked = mask(value, name)
    text = masked if isinstance(masked, str) else json.dumps(masked, ensure_ascii=False)
    return text if len(text) <= SHOWN_MAX else f"{text[: SHOWN_MAX - 1]}…"
