"""Wrong expressions: each mistake is explained where it stands, with what to write instead."""

import pytest

from app.core.parse import parse

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
        'orchestration.age > duration("12h") && now - orchestration.age < now',
        'orchestration.number > 3 && orchestration.id + orchestration.name != ""',
    ],
)
def test_what_the_definition_declares_may_be_read(source: str) -> None:
    """Names and types come from the definition; a broken declaration is one mistake."""
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
        ("data.a == 1", "unknown-name 1: there is no `data` here | the `data` of a state"),
        (
            "tasks.build.result == ref",
            "unknown-name 1: there is no `tasks` here | a task reads",
        ),
        (
            "last.conclusion == ref",
            "unknown-name 1: there is no `last` here | `last.conclusion`",
        ),
        ("outputs.a == 1", "unknown-name 1: there is no `outputs` here | `outputs.<name>` is"),
        ("orchestration.age > 3", "expression-type 19: `>` does not go with a duration and an"),
        ('ref = ""', "expression-syntax 5: `=` is no operator | write `==` to compare"),
        ('ref == "x', "expression-syntax 8: a text is not closed"),
        ("event.a and event.b", "expression-syntax 9: `and` is no operator | write `&&`"),
        ("not inputs.dry_run", "expression-syntax 5: `not` is no operator | write `!`"),
        ("vars.A == '1'", "actions-expression 1: `vars` is of GitHub Actions"),
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
