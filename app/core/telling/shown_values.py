"""Inputs and outputs as people may see them: masked, and as text."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from app.core.moves import LegStatus
from app.core.naming import definition_of
from app.core.state import Leg, Orchestration
from app.core.telling.looks import name_of
from app.core.telling.masking import mask
from app.core.values import Json, JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownValue:
    """A value with its name, and whose it is; `is_text` tells a text from JSON."""

    name: str
    text: str
    is_text: bool
    of: str = ""


def inputs_shown(state: Orchestration) -> Iterator[ShownValue]:
    """Return what the whole was given."""
    for name, value in state.plan.inputs.items():
        yield _shown(name, value)


def outputs_shown(state: Orchestration) -> Iterator[ShownValue]:
    """Return the declared outputs of all tasks, as far as there are any."""
    for name, task in state.tasks.items():
        declared = definition_of(state.plan.definition, name).outputs
        for leg in task.legs.values():
            for output, value in _outputs_of(leg).items():
                if output in declared:
                    yield _shown(output, value, name_of(name, leg.key))


def _outputs_of(leg: Leg) -> JsonObject:
    """Return what was accepted, or before that what has been reported so far."""
    if leg.status is LegStatus.SUCCEEDED or not leg.attempts:
        return leg.outputs
    return leg.attempt.outputs or {}


def _shown(name: str, value: Json, of: str = "") -> ShownValue:
    shown = mask(value, name)
    is_text = isinstance(shown, str)
    text = str(shown) if is_text else json.dumps(shown, ensure_ascii=False)
    return ShownValue(name=name, text=text, is_text=is_text, of=of)
