"""The part of the JSON Schema that is about tasks: made from the tables of the readers."""

from collections.abc import Mapping
from datetime import timedelta

from app.core.definition import Join
from app.core.limits import LEGS_MAX
from app.core.reading import words as w
from app.core.reading.actions import dispatch
from app.core.reading.actions.operation import OPERATIONS
from app.core.reading.declarations import DECLARATIONS_MAX
from app.core.reading.graph import handling, strategy, tasks, waves
from app.core.reading.reader import SPAN_MAX
from app.core.reading.shapes import (
    Shape,
    anything,
    choice,
    condition,
    named,
    number,
    or_hole,
    place,
    ref,
    several,
    some,
    span,
    text,
    truth,
    whole,
)
from app.core.reading.words import TASK_ACTIONS
from app.core.values import Json

_SECOND, _MINUTE, _ZERO = timedelta(seconds=1), timedelta(minutes=1), timedelta(0)
_SPAN = span(_MINUTE, SPAN_MAX)
_OUTPUTS = named(ref("declaration"), 0, DECLARATIONS_MAX)
_MINUTES = whole(1, handling.TIMEOUT_MINUTES_MAX)
_QUEUE_MINUTES = whole(1, handling.QUEUE_MINUTES_MAX)
_WITH = anything(dispatch.INPUTS_MAX)
_FILE = r"\.ya?ml(@.+)?$"
_WORKFLOW: Shape = {"type": "string", "pattern": r"/\.github/workflows/.+" + _FILE}
_CHILD: Shape = {"type": "string", "pattern": r"/\.github/orchestrations/.+" + _FILE}
_EFFECT: Mapping[str, Shape] = {
    "dispatch": _WORKFLOW,
    "ref": text(),
    "with": _WITH,
    "environment": text(),
    "timeout-minutes": _MINUTES,
}


def of_tasks() -> dict[str, Shape]:
    """Return the shapes of tasks and of what says how they are carried out."""
    kinds: list[Json] = [
        {
            "required": [kind],
            "propertyNames": {"enum": sorted(keys | {kind})},
        }
        for kind, keys in TASK_ACTIONS.items()
    ]
    task = place(w.TASK, _task_shapes())
    return {
        "tasks": named(ref("task"), 1, tasks.TASKS_MAX),
        "task": {**task, "oneOf": kinds, "allOf": [_call()]},
        "strategy": _strategy(),
        "wave": _wave(),
        "bake-check": place(
            w.BAKE_CHECK,
            {**_EFFECT, "every": _SPAN, "pass-when": condition(), "outputs": _OUTPUTS},
            ("dispatch", "every", "pass-when"),
        ),
        "rollback": place(
            w.ROLLBACK,
            {**_EFFECT, "on": choice(["wave-failed"]), "scope": choice(w.ROLLBACK_SCOPES)},
            ("dispatch",),
        ),
        "compensate": {
            **place(
                w.COMPENSATE, {**_EFFECT, "orchestrate": _CHILD, "github": choice(OPERATIONS)}
            ),
            "oneOf": [{"required": [key]} for key in ("dispatch", "orchestrate", "github")],
        },
        "retry": _retry(),
    }


def _strategy() -> Shape:
    matrix: Shape = {
        "type": "object",
        "minProperties": 1,
        "maxProperties": strategy.DIMENSIONS_MAX,
        "properties": {
            "include": {"type": "array", "items": {"type": "object"}},
            "exclude": {"type": "array", "items": {"type": "object"}},
        },
        "additionalProperties": or_hole({"type": "array", "minItems": 1}),
    }
    return place(
        w.STRATEGY,
        {
            "matrix": matrix,
            "max-parallel": whole(1, LEGS_MAX),
            "fail-fast": truth(),
            "waves": several(ref("wave"), 1, waves.WAVES_MAX),
            "bake-check": ref("bake-check"),
            "rollback": ref("rollback"),
        },
        ("matrix",),
    )


def _task_shapes() -> dict[str, Shape]:
    outputs: Shape = {"anyOf": [_OUTPUTS, ref("agent-outputs")]}
    return {
        **_EFFECT,
        "agent": _WORKFLOW,
        "approval": ref("approval"),
        "wait": ref("wait"),
        "orchestrate": _CHILD,
        "github": choice(OPERATIONS),
        "report": ref("report"),
        "needs": some(text(), tasks.TASKS_MAX),
        "if": condition(),
        "join": choice([each.value for each in Join]),
        "strategy": ref("strategy"),
        "retry": ref("retry"),
        "queue-timeout-minutes": _QUEUE_MINUTES,
        "on-timeout": {
            "anyOf": [
                choice(w.TIMEOUT_WORDS),
                place(w.ON_TIMEOUT, {"choose": text()}, ("choose",)),
            ]
        },
        "on-failure": choice(w.HANDLINGS),
        "on-warning": choice(w.HANDLINGS),
        "compensate": ref("compensate"),
        "escalate": ref("escalations"),
        "outputs": outputs,
        "concurrency": ref("concurrency"),
        "continue-on-error": or_hole(truth()),
        "require-jobs": some(text(), dispatch.JOBS_MAX),
        "min-duration": span(_SECOND, SPAN_MAX),
        "review": {"anyOf": [{"const": "none"}, ref("approval")]},
        "limits": ref("limits"),
        "on-invalid-output": ref("on-invalid-output"),
    }


def _call() -> Shape:
    """Say of each operation what `with` takes."""
    cases: list[Json] = [
        {
            "if": {"properties": {"github": {"const": name}}, "required": ["github"]},
            "then": {
                "required": ["with"],
                "properties": {
                    "with": {
                        "required": sorted(each.required),
                        "propertyNames": {"enum": sorted(each.required | each.optional)},
                    }
                },
            },
        }
        for name, each in OPERATIONS.items()
    ]
    return {"allOf": cases}


def _wave() -> Shape:
    shape = place(
        w.WAVE,
        {
            "name": text(),
            "when": condition(),
            "percent": whole(1, 100),
            "bake": span(_ZERO, SPAN_MAX),
            "max-failures": whole(0, LEGS_MAX),
            "max-parallel": whole(1, LEGS_MAX),
            "approval": ref("approval"),
        },
        ("name",),
    )
    return {**shape, "oneOf": [{"required": ["when"]}, {"required": ["percent"]}]}


def _retry() -> Shape:
    backoff = place(
        w.BACKOFF,
        {
            "initial": span(_ZERO, handling.PAUSE_MAX),
            "factor": number(1, handling.FACTOR_MAX),
            "max": span(_SECOND, handling.PAUSE_MAX),
            "jitter": choice(w.JITTERS),
        },
    )
    return place(
        w.RETRY,
        {
            "max-attempts": whole(1, handling.ATTEMPTS_MAX),
            "when": condition(),
            "backoff": backoff,
            "scope": choice(w.RETRY_SCOPES),
        },
        ("max-attempts",),
    )
