"""Templates: the body of one definition used by another, with its inputs filled."""

import pytest

from app.core.actions import Dispatch
from app.core.definition import Definition
from app.core.parse import join_templates, parse, templates_of
from app.core.problems import Problem
from app.core.values import TaskName

NAME = "acme/templates/.github/orchestrations/ship.yml@v1"
TEMPLATE = """version: 1
on: manual
inputs:
  train: {type: string, pattern: '^[a-z0-9 -]+$'}
  share: {type: number, default: 1}
  count: {type: integer, default: 3}
  list: {type: array, default: [eu]}
timeout-minutes: 90
tasks:
  build:
    strategy: {matrix: {region: '${{ inputs.list }}'}}
    dispatch: acme/api/.github/workflows/build.yml@main
    if: inputs.train != "none" && inputs.share < 2.5
    with:
      train: v${{ inputs.train }}
      nested: [{count: '${{ inputs.count + 1 }}'}]
      plain: 3
    outputs: {image: {type: string}}
outputs: {image: '${{ tasks.build.outputs["eu"].image }}', train: '${{ inputs.train }}'}
"""


def user(with_: str, uses: str = NAME, more: str = "") -> str:
    """Write a definition that uses a template."""
    inputs = "inputs: {train: {type: string}, dry: {type: boolean}, n: {type: integer}}\n"
    return f"version: 1\non: manual\n{inputs}uses: {uses}\nwith: {with_}\n{more}"


def read(with_: str, template: str = TEMPLATE, more: str = "") -> Definition:
    """Read what is right."""
    definition, problems = parse(user(with_, more=more), "a.yml", {NAME: template})
    assert definition is not None, problems
    return definition


def wrong(with_: str, template: str = TEMPLATE) -> list[Problem]:
    """Read what is wrong."""
    definition, problems = parse(user(with_), "a.yml", {NAME: template})
    assert definition is None
    return list(problems)


def test_the_tasks_of_a_template_read_what_with_gives() -> None:
    """Values and expressions stand in place of the template's inputs, typed as those are."""
    found = read("{train: '${{ inputs.train }}', share: '${{ inputs.n }}', list: [eu, us]}")
    build = found.tasks[TaskName("build")]

    assert list(found.inputs) == ["train", "dry", "n"]
    assert build.condition is not None
    assert build.condition.source == '(inputs.train) != "none" && (double(inputs.n)) < 2.5'
    assert build.condition.reads == (("inputs.n", "integer"), ("inputs.train", "string"))
    assert build.strategy is not None
    assert build.strategy.matrix["region"].value == '${{ ([dyn("eu"), dyn("us")]) }}'
    assert isinstance(build.action, Dispatch)
    assert build.action.inputs["train"].value == "v${{ (inputs.train) }}"
    assert build.action.inputs["nested"].value == [{"count": "${{ (3) + 1 }}"}]
    assert build.action.inputs["plain"].value == 3


def test_a_text_around_expressions_becomes_one_expression() -> None:
    """`v${{ inputs.n }}-x` is joined as text."""
    found = read("{train: 'v${{ inputs.n }}-x', share: 2}")
    condition = found.tasks[TaskName("build")].condition

    assert condition is not None
    assert condition.source.startswith('("v" + string(inputs.n) + "-x") != "none"')
    assert condition.source.endswith("(2.0) < 2.5")


def test_what_the_template_says_counts_unless_the_definition_says_it() -> None:
    """Outputs and the time-out are the template's, or the definition's own."""
    plain, own = (
        read("{train: x}"),
        read(
            "{train: x}",
            more="timeout-minutes: 5\noutputs: {n: '${{ tasks.build.result }}'}\n",
        ),
    )

    assert plain.timeout.total_seconds() == 5400
    assert plain.outputs["train"].value == '${{ ("x") }}'
    assert (own.timeout.total_seconds(), list(own.outputs)) == (300, ["n"])


def test_a_machine_may_be_a_template() -> None:
    """Its states are read with the inputs filled, plain values of transitions as well."""
    template = """version: 1
inputs: {limit: {type: integer}}
data: {rounds: {type: integer, default: 0}}
initial: open
states:
  open:
    transitions:
      - on: push
        when: data.rounds < inputs.limit
        set: {rounds: data.rounds + inputs.limit}
        to: done
      - {on: command.end, to: done}
  done: {final: true, conclusion: success}
"""
    machine = read("{limit: 3}", template).machine

    assert machine is not None
    first = machine.states["open"].transitions[0]
    assert first.when is not None
    assert first.when.source == "data.rounds < (3)"
    assert first.set["rounds"].source == "data.rounds + (3)"


def test_members_and_texts_are_not_mistaken_for_inputs() -> None:
    """Only names are replaced, with what follows them left as it is."""
    template = """version: 1
inputs: {map: {type: object}, train: {type: string, default: 'x'}}
tasks:
  a:
    dispatch: acme/api/.github/workflows/build.yml@main
    if: inputs.map.train == "inputs.train" && event.inputs.train == inputs.train
"""
    condition = read("{map: {train: 1}}", template).tasks[TaskName("a")].condition

    assert condition is not None
    assert condition.source == (
        '({"train": dyn(1)}).train == "inputs.train" && event.inputs.train == ("x")'
    )


@pytest.mark.parametrize(
    ("with_", "expected"),
    [
        ("{}", "missing-key 5: the template's input `train` is not given"),
        ("{train: x, trian: y}", "unknown-name 5: the template has no input `trian`; did"),
        ("{train: X}", "bad-default 5: the input `train` does not match the pattern"),
        ("{train: 3}", "bad-default 5: the input `train` is a whole number, not a text"),
        ("{train: '${{ inputs.n }}'}", "expression-type 5: `train` gives an integer instead"),
        ("{train: '${{ inputs.trian }}'}", "unknown-name 5: there is no `inputs.trian`; did"),
        ("{train: x, count: 'a${{ inputs.n }}'}", "bad-default 5: `count` is a text, and the"),
        ("{train: x, list: [1, '${{ inputs.n }}']}", "wrong-value 5: `list` mixes values and"),
        ("{train: '${{ needs.a.result }}'}", "unknown-name 5: there is no need `a`"),
        ("3", "wrong-type 5: `with` is the number 3"),
        (
            f"{{train: {'x' * 5000}}}",
            "bad-template 4: line 13, column 9 of the template: with what `with` gives,",
        ),
    ],
)
def test_inputs_are_checked_where_the_template_is_used(with_: str, expected: str) -> None:
    """What does not fit is told with its place in the definition that uses the template."""
    first, *_ = wrong(with_)

    assert f"{first.code} {first.line}: {first.message}".startswith(expected)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("[", "line 2, column 1 of the template: "),
        ("- a", "line 1, column 1 of the template: a template is a list"),
        ("version: 1\n", "line 1, column 1 of the template: there are no `tasks`"),
        ("version: 1\ntasks: {a: {}}\n", "line 2, column 9 of the template: the task `a`"),
        (
            f"version: 1\nuses: {NAME}\n",
            "line 2, column 7 of the template: a template does not use another",
        ),
        ("tasks: {a: {wait: {for: 1h}}}\n", "line 1, column 1 of the template: there is no"),
    ],
)
def test_mistakes_of_a_template_are_told_with_their_place_there(
    template: str, expected: str
) -> None:
    """They stand where `uses` does, and say where to look."""
    first = wrong("{train: x}", template)[0]

    assert (first.code, first.line) == ("bad-template", 4)
    assert first.message.startswith(expected)


def test_what_makes_sense_only_by_itself_is_told() -> None:
    """An input of any type that is filled with what cannot be compared is a problem."""
    template = """version: 1
inputs: {map: {type: object}}
tasks:
  a: {wait: {for: 1h}, if: 'inputs.map == {1: 2}'}
"""
    assert wrong("{map: {a: b}}", template)[0].code == "bad-template"


def test_what_uses_names_is_a_text() -> None:
    """A number is no template."""
    definition, problems = parse(user("{}", uses="3"), "a.yml")

    assert definition is None
    assert [each.code for each in problems] == ["wrong-type"]


def test_which_templates_are_to_be_fetched() -> None:
    """A definition names the one it uses; others, and what is broken, name none."""
    assert templates_of(user("{}")) == (NAME,)
    assert templates_of(user("{}", uses="./own.yml")) == ("./own.yml",)
    assert templates_of(user("{}", uses="acme/x/.github/orchestrations/a.yml")) == ()
    assert templates_of("version: 1\n") == ()
    assert templates_of("[") == ()
    assert templates_of("- uses") == ()


def test_one_text_holds_a_definition_and_its_template() -> None:
    """It is read alone, names the same template, and has the same digest."""
    text = user("{train: x}")
    joined = join_templates(text, {NAME: TEMPLATE, "./other.yml": "unused"})
    alone, _ = parse(joined, "a.yml")
    beside, _ = parse(text, "a.yml", {NAME: TEMPLATE})

    assert alone == beside
    assert alone is not None
    assert templates_of(joined) == (NAME,)
    assert join_templates(joined, {}) == joined
    other, _ = parse(text, "a.yml", {NAME: TEMPLATE + "# more\n"})
    assert other is not None
    assert other.digest != alone.digest


def test_a_definition_without_a_template_stays_as_it_is() -> None:
    """Its text and its digest do not know of templates."""
    text = "version: 1\non: push\ntasks: {a: {wait: {for: 1h}}}\n"

    assert join_templates(text, {NAME: TEMPLATE}) == text


@pytest.mark.parametrize(
    "parts",
    [
        "",
        "[",
        "[]",
        "{}",
        '{"definition": 1, "templates": {}}',
        '{"definition": "", "templates": []}',
        '{"definition": "", "templates": {"a": 1}}',
    ],
)
def test_a_joined_text_that_is_broken_has_a_problem(parts: str) -> None:
    """It is no YAML, and nothing raises."""
    head = join_templates(user("{train: x}"), {NAME: TEMPLATE}).partition("\n")[0]
    definition, problems = parse(f"{head}\n{parts}", "a.yml")

    assert definition is None
    assert problems[0].code == "yaml-syntax"
