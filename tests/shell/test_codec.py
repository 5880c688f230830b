"""What is stored comes back as it was, and what cannot be understood is refused."""

import dataclasses
import json
from collections import abc
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NewType, get_args, get_origin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.commands import Command, DispatchWorkflow, WriteCheck
from app.core.events import CancelRequested, Event, TimerElapsed
from app.core.hearing.findings import Finding
from app.core.moves import LegStatus, OrchestrationStatus
from app.core.plan import Plan
from app.core.shared import Shared
from app.core.state import Leg, Orchestration, Task
from app.core.values import ONLY_LEG, Json, JsonObject, LegKey, TaskName
from app.store import codec
from tests.shell.store_kit import NOW, dispatch, orchestration

# Any text but halves of surrogate pairs; a test of their own covers those.
TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | TEXTS
    | st.floats(allow_nan=False, allow_infinity=False)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(TEXTS, VALUES, max_size=3)
PLAIN: Mapping[Any, st.SearchStrategy[Any]] = {
    Json: VALUES,
    JsonObject: OBJECTS,
    str: TEXTS,
    int: st.integers(),
    bool: st.booleans(),
    type(None): st.none(),
    datetime: st.datetimes(timezones=st.just(UTC)),
    Plan: st.just(orchestration().plan),
}


def any_of(kind: Any) -> st.SearchStrategy[Any]:
    """Return any values of a type, as its annotations describe it."""
    if kind in PLAIN:
        return PLAIN[kind]
    if isinstance(kind, NewType):
        return any_of(kind.__supertype__)
    if dataclasses.is_dataclass(kind):
        return st.builds(kind, **{it.name: any_of(it.type) for it in dataclasses.fields(kind)})
    inner = get_args(kind)
    if get_origin(kind) is frozenset:
        return st.frozensets(any_of(inner[0]), max_size=2)
    if get_origin(kind) is tuple:
        return st.lists(any_of(inner[0]), max_size=2).map(tuple)
    if get_origin(kind) is frozenset:
        return st.frozensets(any_of(inner[0]), max_size=2)
    if get_origin(kind) is abc.Mapping:
        return st.dictionaries(any_of(inner[0]), any_of(inner[1]), max_size=2)
    if inner:
        return st.one_of([any_of(it) for it in inner])
    return st.sampled_from(list(kind))


@given(any_of(Event))
def test_every_event_comes_back_as_it_was(event: Event) -> None:
    """An event of any kind, with any content, survives the journal."""
    assert codec.decode_event(codec.encode_event(event)) == event


@given(any_of(Command))
def test_every_command_comes_back_as_it_was(command: Command) -> None:
    """A command of any kind, with any content, survives its wait."""
    assert codec.decode_command(codec.encode_command(command)) == command


@given(any_of(Shared))
def test_everything_shared_comes_back_as_it_was(shared: Shared) -> None:
    """A lock, a calendar or a schedule, with any content, survives the store."""
    assert codec.decode_shared(codec.encode_shared(shared)) == shared


@given(any_of(Finding))
def test_every_finding_comes_back_as_it_was(finding: Finding) -> None:
    """A finding of any kind, with any content, can be kept."""
    assert codec.decode_finding(codec.encode_finding(finding)) == finding


@given(any_of(Orchestration))
def test_every_state_comes_back_as_it_was(state: Orchestration) -> None:
    """A state with any content is the same in the next life."""
    assert codec.decode_state(codec.encode_state(state), state.plan) == state


@given(inputs=OBJECTS, event=OBJECTS)
def test_every_plan_comes_back_as_it_was(
    inputs: Mapping[str, Json], event: Mapping[str, Json]
) -> None:
    """A plan is whole again once its definition is found by the digest of its text."""
    some = orchestration().plan
    plan = dataclasses.replace(
        some, inputs=inputs, cause=dataclasses.replace(some.cause, event=event)
    )
    stored = codec.decode_plan(codec.encode_plan(plan))

    assert stored.digest == plan.definition.digest
    assert codec.with_definition(stored, plan.text, plan.definition) == plan


@settings(max_examples=5)
@given(st.sampled_from([2**64, -(2**70), "\ud800", {"deep": [2**65, "\udfff"]}]))
def test_what_other_json_readers_round_is_kept_exactly(value: Json) -> None:
    """Huge integers and half surrogates, which a user's JSON may hold, are not bent."""
    command = dataclasses.replace(dispatch(), inputs={"value": value})
    leg = Leg(key=ONLY_LEG, outputs={"value": value})
    state = dataclasses.replace(
        orchestration(), tasks={TaskName("t"): Task(legs={ONLY_LEG: leg})}
    )

    assert codec.decode_command(codec.encode_command(command)) == command
    assert codec.decode_state(codec.encode_state(state), state.plan) == state


def test_a_text_says_which_form_it_has() -> None:
    """Every text names the version of its form, and its type where there are several."""
    event = json.loads(codec.encode_event(TimerElapsed(at=NOW, task=None)))
    state = json.loads(codec.encode_state(orchestration()))

    assert event == {
        "v": 1,
        "type": "TimerElapsed",
        "at": "2026-11-23T09:00:00.123456+00:00",
        "task": None,
    }
    assert state["v"] == 1
    assert "plan" not in state


def test_a_newer_form_is_refused() -> None:
    """What a newer Signalbox wrote is not guessed at, and the refusal says what to do."""
    newer = changed(codec.encode_command(WriteCheck()), v=2)
    with pytest.raises(codec.UnreadableError, match="a newer Signalbox wrote this command"):
        codec.decode_command(newer)


def test_an_unknown_field_is_refused() -> None:
    """A field that is not known here comes from a newer Signalbox, and is named."""
    newer = changed(codec.encode_event(TimerElapsed(at=NOW, task=None)), colour="red")
    with pytest.raises(codec.UnreadableError, match=r"\(colour\): a newer Signalbox"):
        codec.decode_event(newer)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"v":0}',
        '{"v":"1"}',
        '{"v":1}',
        '{"v":1,"type":"Unheard"}',
        '{"v":1,"type":"CancelRequested"}',
        '{"v":1,"type":"TimerElapsed","at":"noon","task":null}',
        '{"v":1,"type":"TimerElapsed","at":5,"task":null}',
    ],
)
def test_a_damaged_text_is_refused(text: str) -> None:
    """Whatever is wrong with a text, one kind of error says so."""
    with pytest.raises(codec.UnreadableError):
        codec.decode_event(text)


def test_a_state_does_not_bring_its_own_plan() -> None:
    """The plan stands elsewhere: a second one is damage."""
    state = orchestration()
    with pytest.raises(codec.UnreadableError):
        codec.decode_state(changed(codec.encode_state(state), plan={}), state.plan)


def test_an_old_form_is_brought_up_to_date() -> None:
    """There is an upcaster for every version before this one."""
    assert set(codec.UPCASTERS) == set(range(1, codec.VERSION))


def test_a_text_of_the_first_release_loads_for_ever() -> None:
    """These texts were written by form 1; they may be added to, never changed."""
    cancel = (
        '{"at":"2026-11-23T09:00:00.123456+00:00","by":"ada","reason":"no",'
        '"type":"CancelRequested","v":1}'
    )
    sent = (
        '{"attempt":{"task":"build","leg":"","number":1},"repository":"acme/app",'
        '"workflow":"build.yml","ref":"main","inputs":{"train":"42"},'
        '"marker":"sb-0000000700000001-00000001","type":"DispatchWorkflow","v":1}'
    )

    assert codec.decode_event(cancel) == CancelRequested(at=NOW, by="ada", reason="no")
    assert codec.decode_command(sent) == dispatch()
    assert isinstance(codec.decode_command(sent), DispatchWorkflow)


def changed(text: str, **fields: object) -> str:
    return json.dumps(json.loads(text) | fields)


def test_a_large_state_is_written_as_a_small_one() -> None:
    """The text of tasks that did not change is kept, and what comes back is the same."""
    state = orchestration()
    task = next(iter(state.tasks.values()))
    many = {TaskName(f"t{number}"): dataclasses.replace(task) for number in range(100)}
    large = dataclasses.replace(state, tasks=many)
    changed = large.with_task(TaskName("t7"), dataclasses.replace(task, is_warned=True))
    texts = [codec.encode_state(each) for each in (large, changed, large)]

    assert texts[0] == texts[2] != texts[1]
    assert [codec.decode_state(text, state.plan) for text in texts] == [large, changed, large]


def test_a_large_matrix_is_written_as_a_small_one() -> None:
    """The text of legs that did not change is kept, and what comes back is the same."""
    name = TaskName("t")
    keys = [LegKey(f"cell {number}") for number in range(99)]
    task = Task(legs={key: Leg(key=key) for key in keys}, is_matrix=True)
    wide = dataclasses.replace(orchestration(), tasks={name: task})
    changed = wide.with_task(name, task.with_leg(Leg(key=keys[7], wave="first")))
    texts = [codec.encode_state(each) for each in (wide, changed, wide)]

    assert texts[0] == texts[2] != texts[1]
    assert [codec.decode_state(text, wide.plan) for text in texts] == [wide, changed, wide]


def test_large_states_are_written_right_however_many_there_are() -> None:
    """Texts that are kept are forgotten when they are too much, and made again."""
    name, keys = TaskName("t"), [LegKey(f"cell {number}") for number in range(codec.MANY)]
    versions = codec.TEXT_KEPT_MAX // (codec.MANY * 100_000) + 2
    for version in range(versions):
        legs = {key: Leg(key=key, outputs={"log": f"{version}" * 100_000}) for key in keys}
        state = dataclasses.replace(orchestration(), tasks={name: Task(legs=legs)})

        assert codec.decode_state(codec.encode_state(state), state.plan) == state


def test_a_state_is_written_without_what_says_nothing() -> None:
    """What is not so, not there or empty is left out, where that is the default."""
    blocked = OrchestrationStatus.BLOCKED
    leg = Leg(key=ONLY_LEG, status=LegStatus.SUCCEEDED)
    state = dataclasses.replace(
        orchestration(), status=blocked, tasks={TaskName("t"): Task(legs={ONLY_LEG: leg})}
    )

    assert json.loads(codec.encode_state(state)) == {
        "status": "blocked",
        "requested_by": "ada",
        "started_at": "2026-11-23T09:00:01.123456+00:00",
        "tasks": {
            "t": {"status": "waiting", "legs": {"": {"key": "", "status": "succeeded"}}},
        },
        "v": 1,
    }
