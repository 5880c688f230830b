"""What is of the wrong kind or without a bound is refused, and never raises."""

import pytest

from app.core.parse import parse
from app.core.reading.actions.json_schema import DEPTH_MAX
from tests.core.reading.shipped import DISPATCH, HEAD, codes

AGENT = "agent: acme/api/.github/workflows/a.yml@main"
FOLDER = ".github/orchestrations"
BAKING = "{name: x, percent: 100, bake: 1h}"
MATRIX = f"{DISPATCH}, strategy: {{matrix: {{x: [1]}}, waves: "


def of_task(text: str) -> list[str]:
    """Say what is wrong with one task."""
    return codes(f"{HEAD}tasks:\n  a: {{{text}}}\n")


def of_whole(text: str) -> list[str]:
    """Say what is wrong with a key of the whole."""
    return codes(f"{HEAD}{text}\ntasks:\n  a: {{{DISPATCH}}}\n")


def schema(text: str) -> str:
    """Write an agent with a schema for its one output."""
    return f"{AGENT}, outputs: {{schema: {{type: object, properties: {{a: {text}}}}}}}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("report: 3", ["wrong-type"]),
        ("wait: 3", ["wrong-type"]),
        ("wait: {until: 3}", ["wrong-type"]),
        ("wait: {until: 2026 x}", ["wrong-value"]),
        ("approval: {rules: [3]}", ["wrong-type"]),
        ("approval: {rules: [{require: [3]}]}", ["wrong-type"]),
        ("approval: {rules: [{require: [{code-owners: false}]}]}", ["missing-key"]),
        ("approval: {auto: 3, break-glass: 3}", ["wrong-type", "wrong-type"]),
        ("approval: {auto: {}, break-glass: {}}", ["missing-key"] * 3),
        ("approval: {auto: {when: ref, choose: 3}}", ["expression-type", "wrong-type"]),
        ("approval: {title: 3, inputs: 3}", ["wrong-type", "wrong-type"]),
        (f"{DISPATCH}, retry: 3", ["wrong-type"]),
        (f"{DISPATCH}, retry: {{max-attempts: 2, backoff: 3}}", ["wrong-type"]),
        (f"{DISPATCH}, retry: {{max-attempts: 2, backoff: {{factor: x}}}}", ["wrong-type"]),
        (f"{DISPATCH}, retry: {{max-attempts: 2, backoff: {{factor: true}}}}", ["wrong-type"]),
        (f"{DISPATCH}, escalate: [3]", ["wrong-type"]),
        (f"{DISPATCH}, escalate: [{{after: 1h, notify: '@sre', via: [issue]}}]", ["bad-party"]),
        (f"{DISPATCH}, concurrency: [3]", ["wrong-type"]),
        (f"{DISPATCH}, concurrency: {{group: 3}}", ["wrong-type"]),
        (f"{DISPATCH}, concurrency: {'g' * 201}", ["out-of-range"]),
        (f"{DISPATCH}, compensate: 3", ["wrong-type"]),
        (
            f"{DISPATCH}, compensate: {{{DISPATCH}, orchestrate: a/b/{FOLDER}/c.yml}}",
            ["conflicting-keys"],
        ),
        (f"{DISPATCH}, require-jobs: [{', '.join(f'j{n}' for n in range(51))}]", ["too-many"]),
        ("approval: {}, on-timeout: {}", ["missing-key"]),
        ("approval: {}, on-timeout: [3]", ["wrong-type"]),
        (f"{MATRIX}[{{percent: 100}}]}}", ["missing-key"]),
        (f"{MATRIX}[{{name: [x], percent: 100}}]}}", ["wrong-type"]),
        (f"{MATRIX}[{{name: X, percent: 100}}]}}", ["bad-name"]),
        (f"{MATRIX}[3]}}", ["wrong-type"]),
        (f"{MATRIX}[{BAKING}], bake-check: 3}}", ["wrong-type"]),
        (
            f"{MATRIX}[{{name: x, percent: 100}}], rollback: 3}}",
            ["wrong-type"],
        ),
        (f"{MATRIX}[{{name: x, percent: 100}}], rollback: {{dispatch: x}}}}", ["bad-target"]),
        (
            f"{MATRIX}[{{name: x, percent: 100, bake: 1h}}],"
            " bake-check: {dispatch: x, every: 1m, pass-when: 'true'}}",
            ["bad-target"],
        ),
        ("github: 3", ["wrong-type"]),
        ("github: refs.resolve, with: {refs: 3}", ["wrong-type"]),
        ("orchestrate: 3", ["wrong-type"]),
    ],
)
def test_a_task_of_the_wrong_kind(text: str, expected: list[str]) -> None:
    """Each mistake is told by itself, and what stands around it is still read."""
    assert sorted(of_task(text)) == sorted(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{AGENT}, outputs: 3", ["wrong-type"]),
        (f"{AGENT}, outputs: {{}}", ["missing-key"]),
        (f"{AGENT}, outputs: {{schema: 3}}", ["wrong-type"]),
        (f"{AGENT}, outputs: {{schema: {{type: object, properties: 3}}}}",
         ["bad-schema", "wrong-type"]),
        (schema("3"), ["wrong-type"]),
        (schema("{type: word}"), ["bad-schema"]),
        (schema("{type: [string, 3]}"), ["bad-schema"]),
        (schema("{maxLength: -1}"), ["bad-schema"]),
        (schema("{maximum: x}"), ["bad-schema"]),
        (schema("{enum: 3}"), ["bad-schema"]),
        (schema("{type: object, required: 3}"), ["bad-schema"]),
        (schema("{pattern: 3}"), ["bad-schema"]),
        (schema("{pattern: '(?=a)'}"), ["bad-schema"]),
        (schema("{dependentRequired: 3}"), ["bad-schema"]),
        (schema("{allOf: []}"), ["out-of-range"]),
        (schema("{anyOf: [{type: word}]}"), ["bad-schema"]),
        (schema("{not: {type: word}}"), ["bad-schema"]),
        (schema("{items: " * DEPTH_MAX + "{}" + "}" * DEPTH_MAX), ["bad-schema"]),
        (
            f"{AGENT}, outputs: {{schema: {{type: object, properties: {{"
            + ", ".join(f"a{n}: {{type: string}}" for n in range(101)) + "}}}",
            ["too-many"],
        ),
        (f"{schema('{}')}, limits: 3", ["wrong-type"]),
        (f"{schema('{}')}, limits: {{deny-paths: ['[a']}}", ["bad-filter", "bad-schema"]),
        (f"{schema('{}')}, on-invalid-output: 3", ["wrong-type"]),
        (f"{schema('{}')}, review: {{rules: 3}}", ["wrong-type"]),
    ],
)  # fmt: skip
def test_an_agent_of_the_wrong_kind(text: str, expected: list[str]) -> None:
    """A schema is checked as deep as it goes, and it goes only so deep."""
    assert sorted(of_task(text)) == sorted(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("alerts: [3]", ["wrong-type"]),
        ("alerts: [" + "3, " * 21 + "]", ["too-many"] + ["wrong-type"] * 20),
        ("outputs: 3", ["wrong-type"]),
        ("outputs: {" + ", ".join(f"a{n}: 1" for n in range(101)) + "}", ["too-many"]),
        ("outputs: {A: 1, b: '${{ x }}'}", ["bad-name", "unknown-name"]),
        ("defaults: 3", ["wrong-type"]),
        ("freeze: [" + ", ".join(f"c{n}" for n in range(21)) + "]", ["too-many"]),
        ("correlate: 3", ["wrong-type"]),
        ("report-to: {issue: x}", ["wrong-type"]),
        ("concurrency: {group: a, priority: x}", ["wrong-type"]),
    ],
)
def test_a_whole_of_the_wrong_kind(text: str, expected: list[str]) -> None:
    """The same for what stands at the top."""
    assert sorted(of_whole(text)) == sorted(expected)


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("[3]", ["wrong-type"]),
        ("[{}]", ["missing-key"]),
        ("[{cron: 3, timezone: 3, with: 3}]", ["wrong-type"] * 3),
        ("[{cron: 0 6 * * *, with: {train: '${{ ref }}'}}]", ["wrong-value"]),
        ("[{cron: 0 6 * * *, with: {train: 3}}]", ["bad-default"]),
    ],
)
def test_a_schedule_of_the_wrong_kind(schedule: str, expected: list[str]) -> None:
    """Its inputs are plain values of the declared types."""
    text = f"version: 1\non: {{schedule: {schedule}}}\ninputs: {{train: {{type: string}}}}\n"

    assert codes(f"{text}tasks: {{a: {{{DISPATCH}}}}}\n") == expected


def test_what_a_file_gives_is_not_known_before() -> None:
    """Any outputs may be declared of `file.read`, and a child's are its own business."""
    text = "github: file.read, with: {repository: a/b, path: x}, outputs: {y: {type: array}}"
    definition, problems = parse(f"{HEAD}tasks:\n  a: {{{text}}}\n", "a.yml")

    assert problems == ()
    assert definition is not None


def test_a_broken_declaration_of_a_calls_output_is_one_mistake() -> None:
    """Its type is not blamed as well."""
    call = "github: refs.resolve, with: {refs: {a: b/c@main}}"

    assert of_task(f"{call}, outputs: {{shas: {{type: thing}}}}") == ["wrong-value"]
    assert of_task(f"{call}, outputs: 3") == ["wrong-type"]
