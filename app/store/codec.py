"""Values to JSON text and back, for every kind of thing that outlives the process.

Each text names the version of its form, `"v"`, and what belongs to a union also its `"type"`.
Old journals must load for ever: whoever changes the form of something raises `VERSION` and
adds an upcaster from the version before. What a newer Signalbox wrote is refused, not guessed
at. A state is stored without its plan (see `plans`).
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import fields as dataclass_fields
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, TypeVar, get_origin

import orjson
from cattrs import BaseValidationError, Converter, ForbiddenExtraKeysError
from cattrs.gen import make_dict_unstructure_fn, override
from cattrs.strategies import configure_tagged_union

from app.core.commands import Command
from app.core.definition import Definition
from app.core.events import Event
from app.core.hearing.findings import Finding
from app.core.plan import Cause, Origin, Parent, Plan
from app.core.shared import Shared
from app.core.state import Leg, Orchestration, Task
from app.core.values import Json, JsonObject, OrchestrationId, Sha
from app.store.sparing import fields_of

T = TypeVar("T")

VERSION: Final = 1

Upcaster = Callable[[str, dict[str, Any]], dict[str, Any]]
# From each old version to the next one: told what kind of thing it is ("event", "command",
# "finding", "shared state", "state" or "plan"), it turns the fields of then into those of the
# version after.
UPCASTERS: Mapping[int, Upcaster] = MappingProxyType({})


class UnreadableError(Exception):
    """A stored text cannot be understood: it is damaged, or from a newer Signalbox."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPlan:
    """A plan with the digest of its definition's text in place of the definition."""

    id: OrchestrationId
    number: int
    origin: Origin
    digest: Sha
    cause: Cause
    inputs: JsonObject
    parent: Parent | None = None
    chain: tuple[str, ...] = ()
    correlation: str = ""


def _converter() -> Converter:
    """Make the one converter; times stay as they are, since orjson writes them itself."""
    made = Converter(omit_if_default=True, forbid_extra_keys=True, detailed_validation=False)
    json_types: tuple[object, ...] = (Json, JsonObject)
    made.register_structure_hook_func(lambda kind: kind in json_types, lambda value, _: value)
    made.register_unstructure_hook_func(lambda kind: kind in json_types, lambda value: value)
    # Sorted, so that the same state is the same text.
    made.register_unstructure_hook_func(_is_set, sorted)
    made.register_structure_hook(datetime, lambda text, _: datetime.fromisoformat(text))
    made.register_unstructure_hook(datetime, lambda moment: moment)
    for union in (Event, Command, Finding, Shared):
        configure_tagged_union(union, made, tag_name="type")
    # The plan is put beside the fields, whole, before they are read.
    made.register_structure_hook(Plan, lambda plan, _: plan)
    made.register_unstructure_hook(
        Orchestration,
        make_dict_unstructure_fn(
            Orchestration, made, _cattrs_omit_if_default=True, plan=override(omit=True)
        ),
    )
    return made


def _is_set(kind: Any) -> bool:
    origin: Any = get_origin(kind)
    return origin is frozenset


_CONVERTER: Final = _converter()
_DAMAGE: Final = (BaseValidationError, ForbiddenExtraKeysError, ValueError, TypeError, KeyError)
# Looked up once: which one it is takes longer than many an event.
_write_event = _CONVERTER.get_unstructure_hook(Event)
_write_command = _CONVERTER.get_unstructure_hook(Command)
_write_shared = _CONVERTER.get_unstructure_hook(Shared)
_write_finding = _CONVERTER.get_unstructure_hook(Finding)
_read_state = _CONVERTER.get_structure_hook(Orchestration)
_read_plan = _CONVERTER.get_structure_hook(StoredPlan)
_write_plan = _CONVERTER.get_unstructure_hook(StoredPlan)


def encode_event(event: Event) -> str:
    """Write an event as text."""
    return _dump(_write_event(event))


def decode_event(text: str) -> Event:
    """Read an event back."""
    event: Event = _structure("event", _load("event", text), Event)
    return event


def encode_command(command: Command) -> str:
    """Write a command as text."""
    return _dump(_write_command(command))


def decode_command(text: str) -> Command:
    """Read a command back."""
    command: Command = _structure("command", _load("command", text), Command)
    return command


def encode_finding(finding: Finding) -> str:
    """Write a finding as text."""
    return _dump(_write_finding(finding))


def decode_finding(text: str) -> Finding:
    """Read a finding back."""
    finding: Finding = _structure("finding", _load("finding", text), Finding)
    return finding


def encode_shared(shared: Shared) -> str:
    """Write a lock, a calendar or a schedule as text."""
    # Many may wait for one lock, and orjson writes dataclasses itself.
    fields = {it.name: getattr(shared, it.name) for it in dataclass_fields(shared)}
    try:
        return orjson.dumps({**fields, "type": type(shared).__name__, "v": VERSION}).decode()
    except TypeError:
        return _dump(_write_shared(shared))


def decode_shared(text: str) -> Shared:
    """Read a lock, a calendar or a schedule back."""
    shared: Shared = _structure("shared state", _load("shared state", text), Shared)
    return shared


def encode_state(state: Orchestration) -> str:
    """Write a state as text, without its plan."""
    # States are written most.
    fields = fields_of(state)
    del fields["plan"]
    if state.surfaces:
        fields["surfaces"] = {surface.value: it for surface, it in state.surfaces.items()}
    fields["v"] = VERSION
    try:
        if len(state.tasks) >= MANY:
            fields["tasks"] = {name: _FRAGMENTS.of(task) for name, task in state.tasks.items()}
        return _sparingly(fields).decode()
    except TypeError:
        return _dump(_CONVERTER.unstructure(state))


MANY: Final = 16
TEXT_KEPT_MAX: Final = 16 * 1024 * 1024


class _Fragments:
    """Texts of tasks and of legs, of which in large states an event changes one or two.

    They are kept by identity, which is theirs for as long as they are kept here. Once there is
    too much text all are forgotten, and what is in use is soon here again.
    """

    def __init__(self) -> None:
        self._known: dict[int, tuple[Task | Leg, orjson.Fragment]] = {}
        self._length = 0

    def of(self, part: Task | Leg) -> orjson.Fragment:
        """Return the text of a task or a leg. Raises `TypeError` where orjson cannot."""
        known = self._known.get(id(part))
        if known is not None and known[0] is part:
            return known[1]
        text = _sparingly(part)
        if self._length > TEXT_KEPT_MAX:
            self._known.clear()
            self._length = 0
        self._length += len(text)
        made = orjson.Fragment(text)
        self._known[id(part)] = (part, made)
        return made


_FRAGMENTS: Final = _Fragments()


def decode_state(text: str, plan: Plan) -> Orchestration:
    """Read a state back and give it its plan again."""
    fields = _load("state", text)
    if "plan" in fields:
        raise UnreadableError("a stored state holds a plan, which belongs elsewhere")
    fields["plan"] = plan
    state: Orchestration = _structure("state", fields, Orchestration, _read_state)
    return state


def encode_plan(plan: Plan) -> str:
    """Write a plan as text, its definition by digest."""
    stored = StoredPlan(
        id=plan.id,
        number=plan.number,
        origin=plan.origin,
        digest=Sha(plan.definition.digest),
        cause=plan.cause,
        inputs=plan.inputs,
        parent=plan.parent,
        chain=plan.chain,
        correlation=plan.correlation,
    )
    return _dump(_write_plan(stored))


def decode_plan(text: str) -> StoredPlan:
    """Read a plan back; whoever asks still has to find the definition."""
    plan: StoredPlan = _structure("plan", _load("plan", text), StoredPlan, _read_plan)
    return plan


def with_definition(stored: StoredPlan, text: str, definition: Definition) -> Plan:
    """Make a plan whole again."""
    return Plan(
        id=stored.id,
        number=stored.number,
        origin=stored.origin,
        definition=definition,
        text=text,
        cause=stored.cause,
        inputs=stored.inputs,
        parent=stored.parent,
        chain=stored.chain,
        correlation=stored.correlation,
    )


def _dump(fields: dict[str, Any]) -> str:
    fields["v"] = VERSION
    try:
        return orjson.dumps(fields, default=_in_order).decode()
    except TypeError:
        # orjson knows neither integers above 64 bits nor halves of surrogate pairs, and a
        # user's JSON may hold both. The mark keeps its reader from rounding the integers.
        fields["exact"] = True
        return json.dumps(fields, default=_plain)


def _sparingly(value: object) -> bytes:
    """Write a part of a state. Raises `TypeError` where orjson cannot."""
    return orjson.dumps(value, default=_sparing, option=orjson.OPT_PASSTHROUGH_DATACLASS)


def _sparing(value: object) -> object:
    if isinstance(value, frozenset):
        return sorted(value)
    said = fields_of(value)
    if isinstance(value, Task) and len(value.legs) >= MANY:
        said["legs"] = {key: _FRAGMENTS.of(leg) for key, leg in value.legs.items()}
    return said


def _in_order(value: object) -> object:
    """Write a set as a list, for orjson, which knows none."""
    if isinstance(value, frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _plain(value: object) -> object:
    """Write what JSON has no word for: times, and mappings that are no plain dictionaries."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    return _in_order(value)


def _load(what: str, text: str) -> dict[str, Any]:
    fields: dict[str, Any]
    try:
        fields = orjson.loads(text)
    except ValueError:
        fields = _load_exact(what, text)
    if not isinstance(fields, dict):
        raise UnreadableError(f"a stored {what} is no JSON object")
    if fields.pop("exact", False):
        fields = _load_exact(what, text)
        del fields["exact"]
    version = fields.pop("v", None)
    if version == VERSION:
        return fields
    if not isinstance(version, int) or version < 1:
        raise UnreadableError(f"a stored {what} does not say which version wrote it")
    if version > VERSION:
        raise UnreadableError(
            f"a newer Signalbox wrote this {what} (form {version}, known here up to {VERSION}):"
            " run that version or a later one"
        )
    for old in range(version, VERSION):
        fields = UPCASTERS[old](what, fields)
    return fields


def _load_exact(what: str, text: str) -> dict[str, Any]:
    try:
        fields: dict[str, Any] = json.loads(text)
    except ValueError as error:
        raise UnreadableError(f"a stored {what} is no JSON: {error}") from error
    return fields


def _structure(
    what: str,
    fields: dict[str, Any],
    kind: Any,
    read: Callable[[Any, Any], Any] = _CONVERTER.structure,
) -> Any:
    try:
        return read(fields, kind)
    except ForbiddenExtraKeysError as error:
        unknown = ", ".join(sorted(error.extra_fields))
        raise UnreadableError(
            f"a stored {what} has fields unknown here ({unknown}): a newer Signalbox wrote it;"
            " run that version or a later one"
        ) from error
    except _DAMAGE as error:
        raise UnreadableError(f"a stored {what} is damaged: {error!r}") from error
