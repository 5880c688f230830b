"""Expressions: evaluated on values, within limits, and never silently wrong."""

from contextlib import suppress
from datetime import UTC, datetime
from types import MappingProxyType

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.core.expressions import (
    SOURCE_LENGTH_MAX,
    TEXT_LENGTH_MAX,
    ExpressionError,
    NameType,
    Scope,
    check,
    evaluate,
    evaluate_condition,
    has_match,
    render,
    text_of,
)
from app.core.terms import Expression, Place, Reads, Template
from app.core.tokens import Hole, UnclosedError, chains, split
from app.core.values import Json, JsonObject

PLACE = Place(line=1, column=1)


def value_of(source: str, reads: Reads = (), **values: Json) -> Json:
    """Evaluate a source on values; `__` stands for the dot in their names."""
    named: JsonObject = {name.replace("__", "."): value for name, value in values.items()}
    return evaluate(Expression(source=source, place=PLACE, reads=reads), named)


@pytest.mark.parametrize(
    ("source", "values", "expected"),
    [
        ("1 + 1", {}, 2),
        ("event.a[1].b", {"event": {"a": [0, {"b": "c"}]}}, "c"),
        ('needs.build.result == "success"', {"needs.build.result": "success"}, True),
        (
            "inputs.x",
            {"inputs.x": (1, {"a": [2]}, ("b",), MappingProxyType({"c": 3}))},
            [1, {"a": [2]}, ["b"], {"c": 3}],
        ),
        ("has(event.a)", {"event": {}}, False),
        ("event.a == 0", {"event": {"a": None}}, False),
        ('event.a == null ? "none" : event.a', {"event": {"a": None}}, "none"),
        ("event.n", {"event": {"n": 2**63}}, 2**63),
        ('{"a": [1, 2.5, true]}', {}, {"a": [1, 2.5, True]}),
        ('timestamp("2026-01-01T01:00:00+01:00")', {}, "2026-01-01T00:00:00Z"),
    ],
)
def test_an_expression_is_evaluated(source: str, values: JsonObject, expected: Json) -> None:
    """Values by dotted name, plain JSON in and out."""
    assert evaluate(Expression(source=source, place=PLACE), values) == expected


@pytest.mark.parametrize(
    ("source", "values", "said"),
    [
        ("inputs.x", {}, "undeclared reference"),
        ("event.a.b", {"event": {}}, 'there is no member "a"'),
        ("event.a", {"event": {"a": None}}, "is null"),
        ("event.a + 1", {"event": {"a": "x"}}, "No matching overloads"),
        ("event.a", {"event": {"a": 10**400}}, "`event.a`"),
        ("event.a", {"event": {"a": "\ud800"}}, "`event.a`"),
        ("event.a", {"event": {"a": float("nan")}}, "JSON cannot say"),
        ('duration("1h")', {}, "JSON cannot say"),
        ("{1: 2}", {}, "JSON cannot say"),
        ("1 / 0", {}, "divide by zero"),
        ("event.a.map(x, event.a.map(y, x + y))", {"event": {"a": [1] * 101}}, "10,000 turns"),
        (
            "event.a + event.a",
            {"event": {"a": "x" * TEXT_LENGTH_MAX}},
            "more than 262144 characters",
        ),
    ],
)
def test_no_value_is_an_error(source: str, values: JsonObject, said: str) -> None:
    """A missing or null value, a wrong type and too much work are never taken for an answer."""
    with pytest.raises(ExpressionError) as caught:
        evaluate(Expression(source=source, place=PLACE), values)

    assert said in str(caught.value)


def test_declared_types_mend_what_json_forgets() -> None:
    """JSON writes the number 2.0 as 2 and some write the integer 2 as 2.0; times are texts."""
    number: Reads = (("inputs.x", "number"),)
    whole: Reads = (("inputs.x", "integer"),)
    time: Reads = (("now", "timestamp"),)
    legs: Reads = (("needs.a.outputs", "legs:score"),)
    outputs: Json = {"x": {"score": 1, "image": "i"}, "y": None}

    assert value_of("inputs.x + 0.5", number, inputs__x=2) == 2.5
    assert value_of("inputs.x + 1", whole, inputs__x=2.0) == 3
    assert value_of("now.getFullYear()", time, now="2026-11-23T09:00:00Z") == 2026
    assert value_of('needs.a.outputs["x"].score + 0.5', legs, needs__a__outputs=outputs) == 1.5
    assert value_of('needs.a.outputs["y"] == null', legs, needs__a__outputs=outputs) is True


@pytest.mark.parametrize(
    ("reads", "value"),
    [
        ((("x", "number"),), True),
        ((("x", "integer"),), 1.5),
        ((("x", "timestamp"),), "soon"),
        ((("x", "timestamp"),), 5),
        ((("x", "string"),), 5),
        ((("x", "legs:"),), "none"),
    ],
)
def test_a_value_of_another_type_is_an_error(reads: Reads, value: Json) -> None:
    """A value that is not what was declared is not made to fit."""
    with pytest.raises(ExpressionError):
        value_of("x.y", reads, x=value) if reads[0][1] == "legs:" else value_of(
            "x", reads, x=value
        )


def test_a_declared_name_without_a_value() -> None:
    """The name is told, not the library's words for it."""
    with pytest.raises(ExpressionError, match=r"^`inputs.x`: `inputs.x` has no value$"):
        value_of("inputs.x", (("inputs.x", "string"),))


def test_a_condition_is_true_or_false() -> None:
    """Nothing else counts as either."""
    yes = Expression(source="event.a", place=PLACE, reads=(("event", "any"),))

    assert evaluate_condition(yes, {"event": {"a": True}}) is True
    with pytest.raises(ExpressionError, match="gave 1 instead of true or false"):
        evaluate_condition(yes, {"event": {"a": 1}})
    with pytest.raises(ExpressionError, match=r"gave x{40}\.\.\. instead"):
        evaluate_condition(yes, {"event": {"a": "x" * 50}})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("${{ event.n }}", 3),
        ("  plain  ", "  plain  "),
        ("n=${{ event.n }}, ${{ event.l }}", "n=3, [1,true]"),
        ("${{ '}}' }}${{ {'a': {'b': 1}}.a.b }}", "}}1"),
        (["${{ event.n }}", {"a": "${{ event.l }}"}, 1, None], [3, {"a": [1, True]}, 1, None]),
        ("", ""),
    ],
)
def test_a_template_is_filled(value: Json, expected: Json) -> None:
    """A text that is one expression keeps its type; else, values become text."""
    template = Template(value=value, place=PLACE, reads=(("event", "any"),))

    assert render(template, {"event": {"n": 3, "l": [1, True]}}) == expected


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2.0, "2"),
        (2.5, "2.5"),
        (True, "true"),
        (None, "null"),
        ({"ä": [1]}, '{"ä":[1]}'),
        ("a", "a"),
    ],
)
def test_values_as_text(value: Json, text: str) -> None:
    """As CEL and JSON say them."""
    assert text_of(value) == text


def test_patterns_take_linear_time() -> None:
    """A pattern that would keep others busy for years is found wanting at once."""
    assert has_match("^a+$", "aaa")
    assert not has_match("(a+)+$", "a" * 10_000 + "b")
    with pytest.raises(ExpressionError):
        has_match("(", "a")


def test_legs_are_typed_by_their_outputs() -> None:
    """The outputs of a task with a matrix are records, whatever their number and types."""
    scope = Scope(
        names=(("ref", NameType.STRING),),
        legs=(("needs.a.outputs", ()), ("needs.b.outputs", (("n", NameType.NUMBER),))),
    )

    assert check('needs.b.outputs["x"].n < 1.5', scope).type == "BOOL"
    assert check('needs.b.outputs["x"].m < 1.5', scope).mistakes != ()
    assert check('needs.a.outputs["x"].n < 1.5', scope).mistakes != ()


def test_a_mark_that_ends_too_early() -> None:
    """A `${{` needs its `}}`; one inside of a quoted text does not count."""
    with pytest.raises(UnclosedError) as caught:
        split("at ${{ '}}'")

    assert caught.value.start == 3


def test_what_stands_in_a_text() -> None:
    """Texts and expressions, with the place of each expression."""
    assert split("a ${{  b }}c${{}}") == ("a ", Hole("b", 7), "c", Hole("", 15))
    assert split("}} }") == ("}} }",)
    assert split("${{ } }}") == (Hole("}", 4),)


def test_chains_are_names_that_follow_no_value() -> None:
    """Members of values are not names; quoted texts and comments hold none."""
    found = [
        (chain.names, chain.is_called) for chain in chains("a.b[c].d + 'e' + f(g.h) // i\n.")
    ]

    assert found == [(("a", "b"), False), (("c",), False), (("f",), True), (("g", "h"), False)]


SCOPE = Scope(names=(("event", NameType.ANY), ("ref", NameType.STRING)))


@settings(max_examples=300, deadline=None)
@example("\x00")
@example("'" * 7)
@example("a" * (SOURCE_LENGTH_MAX + 1))
@given(st.one_of(st.text(), st.text(alphabet="event.rf()[]{}'\"&|=!<>+-*/?: 01\n\\r")))
def test_any_source_is_checked(source: str) -> None:
    """No text makes the check raise, and what passes is evaluated or is an error."""
    checked = check(source, SCOPE)

    if not checked.mistakes:
        expression = Expression(source=source, place=PLACE, reads=checked.reads)
        with suppress(ExpressionError):
            evaluate(expression, {"event": {}, "ref": "x"})


def test_time_is_given_as_text() -> None:
    """`now` is compared with times; as a value it is a text again."""
    now = datetime(2026, 11, 23, 9, tzinfo=UTC).isoformat()

    assert value_of("now", (("now", "timestamp"),), now=now) == "2026-11-23T09:00:00Z"


def test_an_age_is_given_as_text() -> None:
    """`orchestration.age` is compared with durations; a text that is none is an error."""
    age: Reads = (("orchestration.age", "duration"),)

    assert value_of('orchestration.age > duration("12h")', age, orchestration__age="46800s")
    assert value_of("string(orchestration.age)", age, orchestration__age="90s") == "90s"
    with pytest.raises(ExpressionError):
        value_of('orchestration.age > duration("1s")', age, orchestration__age="long")
    with pytest.raises(ExpressionError):
        value_of('orchestration.age > duration("1s")', age, orchestration__age="1e999s")


@given(text=st.text())
@example(text="")
@example(text="a\0b")
@example(text="caf\N{LATIN SMALL LETTER E WITH ACUTE}")
@example(text="\ud800")
def test_a_name_alone_says_what_the_language_says(text: str) -> None:
    """A text that is only named is not worked out; it comes to the same."""
    reads = (("inputs.x", NameType.STRING.value),)
    worked_out = outcome('inputs.x + ""', reads, text)

    assert outcome("inputs.x", reads, text) == worked_out


def outcome(source: str, reads: Reads, text: str) -> Json:
    """Evaluate a source on one input, or tell that it has no value."""
    try:
        return value_of(source, reads, inputs__x=text)
    except ExpressionError:
        return None


def test_a_name_alone_is_bounded_and_must_be_there() -> None:
    """What is only named is held to the same limits as what is worked out."""
    reads = (("inputs.x", NameType.STRING.value),)

    assert value_of("inputs.x", reads, inputs__x="a" * TEXT_LENGTH_MAX)
    with pytest.raises(ExpressionError, match="more than 262144 characters"):
        value_of("inputs.x", reads, inputs__x="a" * (TEXT_LENGTH_MAX + 1))
    with pytest.raises(ExpressionError, match="has no value"):
        value_of("inputs.x", reads)
    with pytest.raises(ExpressionError):
        value_of("inputs.x", reads, inputs__x=1)
