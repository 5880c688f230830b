"""Definitions: what is right becomes values, every mistake a problem in its place."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.core.definition import Definition, ReportTo, Strategy
from app.core.parse import ALIASES_MAX, DEPTH_MAX, FILE_BYTES_MAX, NODES_MAX, parse
from app.core.problems import Code, Problem
from app.core.reading.reader import NAME_LENGTH_MAX, PROBLEMS_MAX
from app.core.values import TaskName

DEFINITIONS = Path(__file__).parents[1] / "definitions"
EXAMPLES = sorted((DEFINITIONS / "examples").glob("*.yml"))
TASK = "tasks: {a: {dispatch: acme/api/.github/workflows/a.yml@main}}\n"
START = "version: 1\non: push\n"


def wrong() -> Iterator[tuple[str, list[str], str]]:
    """Read the table of wrong definitions: what is wrong, the problems, the text."""
    table = (DEFINITIONS / "wrong.txt").read_text(encoding="utf-8")
    for case in re.split(r"^=== ", table, flags=re.MULTILINE)[1:]:
        head, _, text = case.partition("---\n")
        title, *problems = head.splitlines()
        yield title, problems, text


def read(text: str) -> Definition:
    """Parse what is right."""
    definition, problems = parse(text, ".github/orchestrations/train.yml")
    assert problems == ()
    assert definition is not None
    return definition


def problems_of(text: str) -> tuple[Problem, ...]:
    """Parse what is wrong."""
    definition, problems = parse(text, "train.yml")
    assert definition is None
    return problems


def only_problem(text: str) -> Problem:
    """Parse what has one mistake."""
    (problem,) = problems_of(text)
    return problem


def test_every_word_that_is_built_is_read() -> None:
    """Every word of the language becomes a value, with the defaults filled in."""
    definition = read((DEFINITIONS / "good.yml").read_text(encoding="utf-8"))

    assert (definition.id, definition.name) == ("train", "Ship")
    assert definition.timeout == timedelta(minutes=6000)
    assert (definition.report_to.check, definition.report_to.comment) == (True, "never")
    assert [listen.event for listen in definition.on][:6] == [
        "push",
        "pull_request",
        "workflow_run",
        "repository_dispatch",
        "release",
        "manual",
    ]
    push, pull_request, workflow_run, dispatched, *_ = definition.on
    assert push.branches == ("main", "release/**", "!release/old")
    assert push.condition is not None
    assert push.condition.source == "event.forced == false"
    assert pull_request.types == ("opened", "synchronize", "reopened")
    assert (workflow_run.workflows, workflow_run.branches_ignore) == (("ci",), ("wip",))
    assert dispatched.repositories == ("acme/*",)
    build, regions, ship, last, *_ = definition.tasks.values()
    assert isinstance(build.strategy, Strategy)
    assert (build.strategy.max_parallel, build.strategy.fail_fast) == (2, False)
    assert regions.condition is not None
    assert ship.needs == ("build", "regions")
    assert ship.timeout == timedelta(minutes=30)
    assert ship.continue_on_error.value == "${{ inputs.share > 0.5 }}"
    assert last.timeout == timedelta(minutes=45)
    assert last.continue_on_error.value is True


def test_an_expression_knows_what_it_reads() -> None:
    """The check leaves the names and their types with the expression, for its evaluation."""
    ship = read((DEFINITIONS / "good.yml").read_text(encoding="utf-8")).tasks[TaskName("ship")]

    assert ship.condition is not None
    assert ship.condition.reads == (
        ("needs.build.outputs", "legs:score"),
        ("needs.regions.result", "string"),
    )
    assert (ship.condition.place.line, ship.condition.place.column) == (49, 13)


def test_the_shortest_definition() -> None:
    """A version, an event and a task are enough; the file's stem is id and name."""
    definition = read(START + TASK)

    assert (definition.id, definition.name) == ("train", "train")
    assert definition.timeout == timedelta(days=7)
    assert definition.report_to == ReportTo(check=True, comment="changed")
    assert definition.tasks[TaskName("a")].strategy is None
    assert definition.tasks[TaskName("a")].timeout == timedelta(minutes=360)


@pytest.mark.parametrize(("title", "expected", "text"), tuple(wrong()))
def test_wrong_definitions(title: str, expected: list[str], text: str) -> None:
    """Each mistake has its code and its place; all of them are found at once, in order."""
    problems = problems_of(text)

    found = [f"{problem.code} {problem.line}:{problem.column}" for problem in problems]
    assert found == [each.partition(" | ")[0] for each in expected], title
    remedies = [each.partition(" | ")[2] for each in expected]
    pairs = zip(problems, remedies, strict=True)
    assert all(problem.message and problem.hint for problem in problems)
    assert [problem.hint[: len(remedy)] for problem, remedy in pairs] == remedies, title


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: str(path.stem))
def test_the_examples_are_right(path: Path) -> None:
    """Each of the complete examples is read without a problem."""
    definition = read(path.read_text(encoding="utf-8"))

    assert bool(definition.tasks) != bool(definition.machine)


def test_scalars_are_those_of_yaml_1_2() -> None:
    """Numbers are read as YAML 1.2 writes them; yes, no and times are texts."""
    text = "[0o17, 0x1F, 1_000, 12:30, yes, Off, 2026-01-01, ~, TRUE, -1.5e3, 017, .5, '', 0x]"
    definition = read(
        f"{START}tasks: {{a: {{dispatch: acme/api/.github/workflows/a.yml@main,"
        f" with: {{list: {text}}}}}}}\n"
    )

    given_ = definition.tasks[TaskName("a")].action.inputs["list"].value
    assert given_ == [
        *(15, 31, "1_000", "12:30", "yes", "Off", "2026-01-01"),
        *(None, True, -1500.0, 17, 0.5, "", "0x"),
    ]


def test_a_condition_may_be_plain_truth() -> None:
    """`if: false` switches a task off; in `${{ }}` or not is the same."""
    definition = read(
        f"{START}tasks:\n  a: {{dispatch: acme/api/.github/workflows/a.yml@main, if: false}}\n"
        "  b: {dispatch: acme/api/.github/workflows/a.yml@main, if: true}\n"
        "  c: {dispatch: acme/api/.github/workflows/a.yml@main, if: '${{ false }}'}\n"
    )

    conditions = [task.condition for task in definition.tasks.values()]
    assert [each.source for each in conditions if each] == ["false", "true", "false"]


def test_an_alias_repeats_a_value() -> None:
    """Aliases are read, within limits."""
    definition = read(
        f"{START}tasks:\n  a: &a {{dispatch: acme/api/.github/workflows/a.yml@main}}\n  b: *a\n"
    )

    assert list(definition.tasks) == ["a", "b"]


def test_a_mark_at_the_start_is_ignored() -> None:
    """A byte order mark, as some editors write it, does not move any place."""
    assert only_problem("\ufeffversion: 2\non: push\n" + TASK).column == 10


def test_the_digest_is_that_of_the_text() -> None:
    """Two texts with the same meaning are two definitions."""
    assert read(START + TASK).digest != read(START + TASK + "# more\n").digest


@pytest.mark.parametrize(
    "text",
    [
        "a" * (FILE_BYTES_MAX + 1),
        "[" * (DEPTH_MAX + 1),
        "- &a b\n" + "- *a\n" * (ALIASES_MAX + 1),
        "- &a [" + "1, " * 3000 + "]\n" + "- *a\n" * (NODES_MAX // 3000 + 1),
        "- &a [x, x, x, x, x, x, x, x, x]\n"
        + "".join(
            f"- &{next_} [{', '.join(['*' + this] * 9)}]\n"
            for this, next_ in zip("abcdefgh", "bcdefghi", strict=True)
        ),
    ],
    ids=["large", "deep", "aliases", "values", "laughs"],
)
def test_the_file_has_limits(text: str) -> None:
    """A file that is too large, too deep or grows by its aliases is refused."""
    assert only_problem(text).code is Code.YAML_LIMIT


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ('version: 1\nname: "a\x07"\n', 2, 9),
        ("é: \x00", 1, 4),
        ("a\nb\ud800", 2, 2),
        ("a: &x b\nc: %d", 2, 4),
    ],
)
def test_characters_that_no_text_has(text: str, line: int, column: int) -> None:
    """Control characters and broken Unicode have a place, too."""
    problem = only_problem(text)

    assert (problem.code, problem.line, problem.column) == (Code.YAML_SYNTAX, line, column)


@pytest.mark.parametrize(
    "number", ["9" * 100, "1e999", "-9223372036854775809", "0x" + "f" * 17]
)
def test_numbers_are_those_of_json_and_cel(number: str) -> None:
    """A number that does not fit is not quietly made to fit."""
    assert only_problem(f"version: {number}").code is Code.OUT_OF_RANGE


def test_many_problems_are_not_all_told() -> None:
    """What is wholly wrong is told up to a bound."""
    text = START + "tasks:\n" + "".join(f"  A{n}: 1\n" for n in range(PROBLEMS_MAX))

    assert len(problems_of(text)) == PROBLEMS_MAX


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (f"{START}tasks: {{{'a' * (NAME_LENGTH_MAX + 1)}: {{}}}}", Code.BAD_NAME),
        (f"{START}tasks: {{ü: {{}}}}", Code.BAD_NAME),
        (f"on:\n  push: {{paths: [{'a, ' * 101}]}}\nversion: 1\n{TASK}", Code.TOO_MANY),
        (f"on: {{push: {{tags: [{'a' * 1025}]}}}}\nversion: 1\n{TASK}", Code.BAD_FILTER),
        (
            f"on: {{repository_dispatch: {{types: {'a' * 101}}}}}\nversion: 1\n{TASK}",
            Code.OUT_OF_RANGE,
        ),
        (
            f"{START}{TASK}inputs:\n"
            + "".join(f"  a{n}: {{type: array}}\n" for n in range(101)),
            Code.TOO_MANY,
        ),
        (
            f"{START}{TASK}inputs: {{a: {{type: string, pattern: {'a' * 1001}}}}}",
            Code.BAD_PATTERN,
        ),
        (
            f"{START}{TASK}inputs: {{a: {{type: string, default: {'a' * 65_536}}}}}",
            Code.BAD_DEFAULT,
        ),
        (
            f"{START}tasks: {{a: {{dispatch: a/b/.github/workflows/a.yml@main,"
            f" with: {{a: {'a' * 65_536}}}}}}}",
            Code.OUT_OF_RANGE,
        ),
        (
            f"{START}tasks: {{a: {{dispatch: a/b/.github/workflows/a.yml@main,"
            f" with: {{a: '{'${{ 1 }}' * 65}'}}}}}}",
            Code.EXPRESSION_LIMIT,
        ),
        (
            f"{START}tasks: {{a: {{dispatch: a/b/.github/workflows/a.yml@main,"
            f" strategy: {{matrix: {{x: [{','.join(map(str, range(257)))}]}}}}}}}}",
            Code.BAD_MATRIX,
        ),
    ],
)
def test_everything_has_a_limit(text: str, code: Code) -> None:
    """Names, lists, patterns, texts and matrices are bounded."""
    assert code in {problem.code for problem in problems_of(text)}


def test_a_file_of_forty_tasks_is_read() -> None:
    """A chain of tasks that read each other's outputs is typed from end to end."""
    tasks = [
        f"  t{n}:\n    needs: [t{n - 1}]\n    if: needs.t{n - 1}.outputs.image != ''\n"
        f"    dispatch: acme/api/.github/workflows/a.yml@main\n"
        f"    with: {{image: '${{{{ needs.t{n - 1}.outputs.image }}}}'}}\n"
        "    outputs: {image: {type: string}}\n"
        for n in range(1, 40)
    ]
    first = (
        "  t0: {dispatch: acme/api/.github/workflows/a.yml@main,"
        " outputs: {image: {type: string}}}\n"
    )

    assert len(read(START + "tasks:\n" + first + "".join(tasks)).tasks) == 40


SOURCES = [
    path.read_text(encoding="utf-8") for path in [*EXAMPLES, *sorted(DEFINITIONS.glob("*.yml"))]
]


@settings(max_examples=300, deadline=None)
@example("? a\n: b")
@example("&a *a")
@given(st.one_of(st.text(), st.text(alphabet="abc{}[]:,-&*!|>'\"#%@`? \n\t$<~01")))
def test_no_text_makes_it_raise(text: str) -> None:
    """Any text has problems or is a definition."""
    definition, problems = parse(text, "x.yml")

    assert (definition is None) == bool(problems)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """Draw a definition with a few wrong strokes."""
    text = draw(st.sampled_from(SOURCES))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 12)))
        piece = draw(
            st.sampled_from(
                ["", " ", "\n", "  ", ":", "- ", "{", "}", "[", "'", "${{", "1", "=="]
            )
        )
        text = text[:start] + piece + text[end:]
    return text


@settings(max_examples=200, deadline=None)
@given(mutated())
def test_no_mistake_makes_it_raise(text: str) -> None:
    """A few wrong strokes give problems at places that the file has, or none."""
    definition, problems = parse(text, "x.yml")

    assert (definition is None) == bool(problems)
    lines = len(text.splitlines()) + 1
    assert all(1 <= problem.line <= lines and problem.column >= 1 for problem in problems)
