"""Copying: as `dataclasses.replace` does it, only sooner."""

import dataclasses
import inspect
from typing import Any

import pytest

from app.core import state
from app.core.copying import quickly_made, replace
from app.core.state import Leg, Task
from app.core.values import LegKey
from tests.kit import build

KINDS = [
    kind
    for kind in vars(state).values()
    if dataclasses.is_dataclass(kind) and isinstance(kind, type)
]


def empty(kind: type[Any]) -> Any:
    """Make a value of any kind, all of whose fields hold their own names."""
    return kind(**{each.name: each.name for each in dataclasses.fields(kind)})


@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_is_what_the_standard_library_makes(kind: type[Any]) -> None:
    """Of each kind that a state is made of, whichever field is changed."""
    value = empty(kind)
    names = [each.name for each in dataclasses.fields(kind)]

    for name in names:
        copy = replace(value, **{name: "other"})
        assert copy == dataclasses.replace(value, **{name: "other"})
        assert type(copy) is kind
        assert hash(copy) == hash(dataclasses.replace(value, **{name: "other"}))
    assert value == empty(kind)


def test_a_copy_is_frozen_like_what_it_was_made_from() -> None:
    """Nobody can tell a copy from a value that was made."""
    copy: Any = replace(Task(), is_stale=True)

    with pytest.raises(dataclasses.FrozenInstanceError):
        copy.is_stale = False
    assert repr(copy) == repr(Task(is_stale=True))


def test_a_copy_shares_what_is_not_changed() -> None:
    """What did not change is the same object, so that it is seen at once to be the same."""
    known = build.begun(build.plan("build; test")).state
    copy = replace(known, requested_by="hubot")

    assert copy.tasks is known.tasks
    assert copy.plan is known.plan


def test_a_field_that_is_not_there_is_refused() -> None:
    """The type checker says so before; whoever gets past it is told all the same."""
    leg: Any = Leg(key=LegKey(""))

    with pytest.raises(AttributeError):
        replace(leg, colour="red")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """Has a field of each sort."""

    wanted: str
    given: int = 1
    made: list[str] = dataclasses.field(default_factory=list)


@quickly_made
@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Quick:
    """Has the same fields."""

    wanted: str
    given: int = 1
    made: list[str] = dataclasses.field(default_factory=list)


@pytest.mark.parametrize("fields", [{}, {"given": 2}, {"made": ["a"]}, {"made": []}])
def test_what_is_made_quickly_is_what_would_have_been_made(fields: dict[str, Any]) -> None:
    """With what is handed in, and with defaults for the rest."""
    quick, plain = Quick(wanted="x", **fields), Plain(wanted="x", **fields)

    assert dataclasses.asdict(quick) == dataclasses.asdict(plain)
    assert type(quick) is Quick
    assert repr(quick) == repr(plain).replace("Plain", "Quick")
    assert inspect.signature(Quick) == inspect.signature(Plain)


def test_what_is_made_quickly_is_frozen_and_has_its_own_lists() -> None:
    """It cannot be told from what is made slowly, nor can its mistakes."""
    made: Any = Quick
    one, other = made(wanted="x"), made(wanted="x")

    with pytest.raises(dataclasses.FrozenInstanceError):
        one.wanted = "y"
    assert one == other
    assert one.made is not other.made
    with pytest.raises(TypeError, match="wanted"):
        made()
    with pytest.raises(TypeError, match="colour"):
        made(wanted="x", colour="red")
    with pytest.raises(TypeError):
        made("x")
