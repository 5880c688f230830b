"""Expressions: typed when a definition is read, evaluated on values, and helpful when wrong."""

from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.core.definition import Expression, Place, Reads, Template
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
from app.core.parse import parse
from app.core.tokens import Hole, UnclosedError, chains, split
from app.core.values import Json, JsonObject

PLACE = Place(line=1, column=1)
DEFINITION = """version: 1
on: push
inputs:
  train: {{type: string}}
  dry_run: {{type: boolean}}
  share: {{type: number}}
  count: {{type: integer}}
  list: {{type: array}}
  map: {{type: object}}
  broken: {{type: nothing}}
tasks:
  build:
    dispatch: a/b/.github/workflows/c.yml@main
    outputs: {{image: {{type: string}}, size: {{type: integer}}, all: {{type: array}}}}
  legs:
    dispatch: a/b/.github/workflows/c.yml@main
    strategy: {{matrix: {{os: [x]}}}}
    outputs: {{image: {{type: string}}, found: {{type: object}}, odd: {{type: nothing}}}}
  silent: {{dispatch: a/b/.github/workflows/c.yml@main}}
  other: {{dispatch: a/b/.github/workflows/c.yml@main}}
  task:
    dispatch: a/b/.github/workflows/c.yml@main
    needs: [build, legs, silent, missing]
    if: |-
      {}
"""
LINE = 25


def mistakes(source: str) -> list[str]:
    """Say what is wrong with a condition: code, column and message with the hint."""
    _, problems = parse(DEFINITION.format(source), "x.yml")
    return [
        f"{each.code} {each.column - 6}: {each.message} | {each.hint}"
        for each in problems
        if each.line >= LINE - 1
    ]


def value_of(source: str, reads: Reads = (), **values: Json) -> Json:
    """Evaluate a source on values; `__` stands for the dot in their names."""
    named: JsonObject = {name.replace("__", "."): value for name, value in values.items()}
    return evaluate(Expression(source=source, place=PLACE, reads=reads), named)


@pytest.mark.parametrize(
    "source",
    [
        'needs.build.result == "success"',
        'needs . build . result == "success" // spaces and comments do not matter',
        'needs.legs.outputs["x"].image != "" && needs.legs.outputs["x"].found.deep == 1',
        'needs.legs.outputs["x"].odd == 1',
        'needs.legs.outputs.all(leg, needs.legs.outputs[leg].image != "")',
        "needs.missing.outputs.anything > 1",
        "inputs.broken > 1",
        "event.flag",
        "has(event.a.b)",
        'inputs.map.x == 1 && inputs.list[0] == "two"',
        'now > timestamp("2020-01-01T00:00:00Z")',
        "event.x.exists(needs, needs == 1)",
        "ref.matches(r\"^refs/heads/\\w+$\") && ref.contains('/') && size(ref) > 1",
        "double(inputs.count) < inputs.share",
        'orchestration.number > 3 && orchestration.id + orchestration.name != ""',
    ],
)
def test_what_the_definition_declares_may_be_read(source: str) -> None:
    """Names and their types come from the definition; a broken declaration is one mistake only."""
    assert mistakes(source) == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            'needs.buidl.result == ""',
            "unknown-name 1: there is no need `buidl`; did you mean `build`?",
        ),
        (
            'needs.build.reslt == ""',
            "unknown-name 1: a need has `result` and `outputs`; did you mean",
        ),
        ('needs.build == ""', "unknown-name 1: a need has `result` and `outputs` |"),
        ('needs["build"] == ""', "unknown-name 1: `needs` is read by the names of tasks only"),
        (
            'needs.build.outputs.imge == ""',
            "unknown-name 1: `build` has no output `imge`; did you",
        ),
        (
            'needs.build.outputs == ""',
            "unknown-name 1: name one output | it has `all`, `image`",
        ),
        ('needs.silent.outputs.a == ""', "unknown-name 1: `silent` declares no outputs"),
        (
            'needs.other.result == ""',
            "not-in-needs 1: `other` is a task, but this one does not need",
        ),
        (
            'needs.legs.outputs["x"].imge == ""',
            "unknown-name 24: `needs.legs.outputs` has no output",
        ),
        (
            'needs.legs.outputs["x"].image > 1',
            "expression-type 31: `>` does not go with a text and",
        ),
        (
            'needs.build.outputs.size == "1"',
            "expression-type 26: `==` does not go with an integer",
        ),
        (
            'inputs.trian == ""',
            "unknown-name 1: there is no `inputs.trian`; did you mean `train`?",
        ),
        ("inputs == 1", "unknown-name 1: `inputs` is read by its members only"),
        (
            'matrix.os == "x"',
            "unknown-name 1: there is no `matrix` here | `strategy.matrix` declares",
        ),
        (
            "orchestration.nmber == 1",
            "unknown-name 1: there is no `orchestration.nmber`; did you",
        ),
        ("ref == main", "unknown-name 8: there is no `main` | there are `actor`, `event`"),
        (
            'ref.lower() == ""',
            "unknown-name 5: there is no function `lower` | functions are those",
        ),
        ('event.a[0].low() == ""', "unknown-name 15: there is no `low` | functions are those"),
        ("size(ref, 1) > 0", "expression-type 1: `size` does not take these arguments"),
        ("ref", "expression-type 1: `if` gives a text instead of true or false"),
        ("inputs.train.length > 1", "expression-type 13: a text has no members"),
        ("has(inputs.train)", "expression-type 1: `has(inputs.train)` cannot be asked"),
        ("inputs.dry_run && ref", "expression-type 16: `&&` takes true or false on each side"),
        ("!ref", "expression-type 1: `!` takes true or false on each side, not a text"),
        (
            'inputs.dry_run ? 1 : "a"',
            "expression-type 16: the choices of `? :` differ: an integer",
        ),
        ("inputs.share < 1", "expression-type 14: an integer and a number do not mix"),
        ('-ref == ""', "expression-type 1: `-` does not go with a text"),
        ("ref in 3", "expression-type 5: `in` does not go with a text and an integer"),
        (
            "ref.matches(1)",
            "expression-type 12: `matches` does not go with a text and an integer",
        ),
        ("inputs.list > 1", "expression-type 13: `>` does not go with a list and an integer"),
        ("now > 1", "expression-type 5: `>` does not go with a time and an integer"),
        ("vars.A == 1", "not-built-yet 1: `vars` belongs to the language but is not built yet"),
        ('ref = ""', "expression-syntax 5: `=` is no operator | write `==` to compare"),
        ('ref == "x', "expression-syntax 8: a text is not closed"),
        ("event.a and event.b", "expression-syntax 9: `and` is no operator | write `&&`"),
        ("not inputs.dry_run", "expression-syntax 5: `not` is no operator | write `!`"),
        ("ref ==", "expression-syntax 7: the expression ends too early"),
        ("ref == ref)", "expression-syntax 11: `)` does not belong here"),
        ("event.?a == 1", "expression-syntax 1: `event.?a == ` does not belong here"),
        (
            "(" * 40 + "true" + ")" * 40,
            "expression-limit 1: the expression is nested too deeply",
        ),
        (
            "true" + " && true" * 600,
            "expression-limit 1: an expression has at most 4096 characters",
        ),
    ],
)
def test_a_mistake_is_explained_where_it_stands(source: str, expected: str) -> None:
    """Code, column and the first words of what is said; the nearest name is offered."""
    (found,) = mistakes(source)

    assert found.startswith(expected)


@pytest.mark.parametrize(
    ("source", "remedy"),
    [
        ("github.ref == 'x'", "write `ref`"),
        (
            "github.token == 'x'",
            "write `event`, `event_name`, `repository`, `actor`, `sha`, `ref`",
        ),
        ("github == 'x'", "write `event`, `event_name`, `repository`, `actor`, `sha`, `ref`"),
        ("secrets.TOKEN == 'x'", "the workflow that is dispatched has its own secrets"),
        ("env.STAGE == 'x'", "declare it in `inputs`"),
        ("steps.a.outputs.b == 'x'", "`needs.<task>.outputs.<name>` is what a task reported"),
        ("always()", "a task runs when all of its needs succeeded"),
        ("success()", "a task runs when all of its needs succeeded"),
        ("failure()", 'their ends are `needs.<task>.result == "..."`'),
        ("contains(ref, 'x')", '`text.contains("part")`, or `"item" in list`'),
        ("startsWith(ref, 'x')", '`text.startsWith("part")`'),
        ("format('{0}', ref) == 'x'", "join texts with `+`"),
        ("toJSON(event) == 'x'", "becomes JSON text by itself"),
        ("fromJSON(ref)", "declare the output as `array` or `object`"),
        ("inputs.dry_run && 'a' || 'b'", "write `a ? b : c`"),
        ("event.labels.*.name == 'x'", "write `list.map(x, x.name)`"),
    ],
)
def test_habits_from_actions_get_a_remedy(source: str, remedy: str) -> None:
    """What is written as in GitHub Actions is refused with what to write instead."""
    (found,) = mistakes(source)

    assert found.startswith("actions-expression ")
    assert remedy in found


def test_several_mistakes_of_one_expression_are_all_told() -> None:
    """Each unknown name has its own place, and each is told once."""
    assert [each.partition(":")[0] for each in mistakes("a.b + c == a.b")] == [
        "unknown-name 1",
        "unknown-name 7",
        "unknown-name 12",
    ]


def test_a_value_keeps_no_type_that_json_lacks() -> None:
    """A duration or bytes in a value are refused before anything runs."""
    text = (
        DEFINITION.format("true")
        + "    with: {a: '${{ duration(\"1h\") }}', b: '${{ null }}'}\n"
    )
    _, problems = parse(text, "x.yml")

    found = [f"{each.code}: {each.message}" for each in problems[-2:]]
    assert found == [
        "expression-type: the expression gives a duration, which JSON cannot say",
        "expression-type: the expression gives null, which JSON cannot say",
    ]


def test_needs_are_not_for_triggers() -> None:
    """The filter of an event reads the event only."""
    text = "version: 1\non: {push: {if: needs.a.result == 'x'}}\n"
    text += "tasks: {a: {dispatch: a/b/.github/workflows/c.yml@main}}\n"
    _, problems = parse(text, "x.yml")

    assert [each.message for each in problems] == ["there is no need `a`"]
    assert problems[0].hint == "there are no needs here"


@pytest.mark.parametrize(
    ("source", "values", "expected"),
    [
        ("1 + 1", {}, 2),
        ("event.a[1].b", {"event": {"a": [0, {"b": "c"}]}}, "c"),
        ('needs.build.result == "success"', {"needs.build.result": "success"}, True),
        ("inputs.x", {"inputs.x": (1, {"a": [2]}, ("b",))}, [1, {"a": [2]}, ["b"]]),
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
        try:
            evaluate(expression, {"event": {}, "ref": "x"})
        except ExpressionError as error:
            assert str(error)


def test_time_is_given_as_text() -> None:
    """`now` is compared with times; as a value it is a text again."""
    now = datetime(2026, 11, 23, 9, tzinfo=UTC).isoformat()

    assert value_of("now", (("now", "timestamp"),), now=now) == "2026-11-23T09:00:00Z"
