"""Values against their declarations: what somebody gives, and what a task reports."""

import pytest

from app.core.terms import Declaration, Place, ValueType
from app.core.typed_values import TEXT_LENGTH_MAX, check_value, fill_inputs, from_text, same
from app.core.values import Json


def declared(
    type_: ValueType = ValueType.STRING,
    *,
    required: bool = False,
    default: Json | None = None,
    enum: tuple[Json, ...] = (),
    pattern: str | None = None,
) -> Declaration:
    """Declare an input."""
    return Declaration(
        type=type_,
        place=Place(line=1, column=1),
        required=required,
        default=default,
        enum=enum,
        pattern=pattern,
    )


@pytest.mark.parametrize(
    ("type_", "right", "wrong"),
    [
        (ValueType.STRING, ["", "a"], [1, None, True, []]),
        (ValueType.BOOLEAN, [True, False], [0, 1, "true", None]),
        (ValueType.INTEGER, [0, -5, 2.0, 2**63 - 1], [True, 1.5, "1", 2**63, float("inf"), {}]),
        (ValueType.NUMBER, [0, 1.5], [True, "1", float("nan"), 10**400]),
        (ValueType.ARRAY, [[], (1,)], ["a", {}]),
        (ValueType.OBJECT, [{}], [[], "{}"]),
    ],
)
def test_types(type_: ValueType, right: list[Json], wrong: list[Json]) -> None:
    """A value is of its type or is not; true is no number."""
    assert [check_value(declared(type_), value) for value in right] == [None] * len(right)
    assert all(check_value(declared(type_), value) for value in wrong)


def test_choices_and_patterns() -> None:
    """A value is one of the choices, and a text holds the pattern."""
    stage = declared(enum=("test", "production"))
    size = declared(ValueType.NUMBER, enum=(1, 2.5))
    image = declared(pattern="^ghcr")

    assert check_value(stage, "test") is None
    assert check_value(stage, "live") == "is not one of test, production"
    assert check_value(size, 1.0) is None
    assert check_value(image, "ghcr.io/a") is None
    assert check_value(image, "a/ghcr") == "does not match the pattern ^ghcr"
    assert "cannot be compared" in (check_value(image, "\ud800") or "")
    assert "longer" in (check_value(declared(), "a" * (TEXT_LENGTH_MAX + 1)) or "")


def test_inputs_are_filled() -> None:
    """Defaults fill what is not given; all that is wrong is told at once."""
    inputs = {
        "train": declared(required=True),
        "share": declared(ValueType.NUMBER, default=0.5),
        "note": declared(),
    }

    assert fill_inputs(inputs, {"train": "7"}) == ({"train": "7", "share": 0.5}, ())
    _, problems = fill_inputs(inputs, {"share": "half", "trian": 1})
    assert problems == (
        "`trian` is not an input",
        "`train` is required",
        "`share` is a text, not a number",
    )


def test_texts_from_a_command_line() -> None:
    """Texts are read as the declared types."""
    inputs = {"count": declared(ValueType.INTEGER), "list": declared(ValueType.ARRAY)}

    given = {"count": " 3 ", "list": "[1]"}
    assert fill_inputs(inputs, given, is_text=True) == ({"count": 3, "list": [1]}, ())
    assert fill_inputs(inputs, {"count": 4}, is_text=True) == ({"count": 4}, ())


@pytest.mark.parametrize(
    ("type_", "text", "value"),
    [
        (ValueType.STRING, "3", "3"),
        (ValueType.BOOLEAN, "True", True),
        (ValueType.BOOLEAN, "yes", "yes"),
        (ValueType.INTEGER, "-3", -3),
        (ValueType.INTEGER, "3.0", "3.0"),
        (ValueType.NUMBER, "3.5", 3.5),
        (ValueType.NUMBER, "true", "true"),
        (ValueType.NUMBER, "NaN", "NaN"),
        (ValueType.ARRAY, "[1,", "[1,"),
        (ValueType.ARRAY, "[" * 100_000, "[" * 100_000),
        (ValueType.OBJECT, '{"a": 1}', {"a": 1}),
        (ValueType.OBJECT, "[1]", "[1]"),
    ],
)
def test_a_value_from_text(type_: ValueType, text: str, value: Json) -> None:
    """What is not of the type stays text, so that the check can say so."""
    assert from_text(type_, text) == value


def test_sameness_is_that_of_json() -> None:
    """True is not 1, and 1.0 is."""
    assert same(1, 1.0)
    assert not same(1, True)
    assert same({"a": 1, "b": 2}, {"b": 2, "a": 1})
