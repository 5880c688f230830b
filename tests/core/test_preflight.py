"""What keeps a definition's targets from being dispatched, as far as it is known."""

from dataclasses import replace
from typing import Any

import pytest

from app.core.dispatchable import INPUTS_MAX
from app.core.policy import Consent
from app.core.preflight import (
    Concern,
    Facts,
    Target,
    at_the_top,
    judge,
    literal,
    not_looked_at,
    targets_of,
)
from app.core.telling.problem_report import summarise_problems
from app.core.terms import Place, Template
from app.core.values import RepositoryName
from app.core.workflow_file import DeclaredInput, WorkflowFile, read_workflow
from tests.kit.stage import graph, machine

DEPLOY = {"dispatch": "acme/api/.github/workflows/deploy.yml@main"}
CHECK = {"dispatch": "acme/api/.github/workflows/check.yml@main"}
UNDO = {"dispatch": "acme/api/.github/workflows/undo.yml@main"}
AT = Place(line=3, column=5)


def target(**inputs: Any) -> Target:
    return Target(
        task="deploy",
        place=AT,
        repository=RepositoryName("acme/api"),
        workflow="deploy.yml",
        ref="main",
        inputs={key: Template(value=each, place=AT) for key, each in inputs.items()},
        environment=Template(value="production", place=AT),
    )


def codes(facts: Facts, of: Target | None = None) -> list[str]:
    return [each.code for each in judge(of or target(), facts)]


def takes(**inputs: DeclaredInput) -> Facts:
    return Facts(state="active", file=WorkflowFile(is_dispatchable=True, inputs=inputs))


def test_every_workflow_that_may_run_is_found() -> None:
    """Those of tasks, of compensations, checks and roll-backs, in graphs and in machines."""
    waves = {
        "matrix": {"region": ["a", "b"]},
        "waves": [{"name": "all", "percent": 100, "bake": "1h"}],
        "bake-check": {**CHECK, "every": "10m", "pass-when": "outputs.ok",
                       "outputs": {"ok": {"type": "boolean"}}},
        "rollback": UNDO,
    }  # fmt: skip
    plan = graph(
        {
            "roll": {**DEPLOY, "strategy": waves},
            "deploy": {**DEPLOY, "compensate": UNDO},
            "wait": {"wait": {"for": "1h"}},
        }
    )
    found, notes = targets_of(plan.definition)
    states = {
        "go": {"tasks": {"deploy": DEPLOY}, "transitions": [{"on": "timeout", "to": "over"}],
               "timeout-minutes": 5},
        "over": {"final": True, "conclusion": "success"},
    }  # fmt: skip
    of_machine, _ = targets_of(machine(states).definition)

    assert [(each.task, each.workflow) for each in found] == [
        ("roll", "deploy.yml"),
        ("roll (bake-check)", "check.yml"),
        ("roll (rollback)", "undo.yml"),
        ("deploy", "deploy.yml"),
        ("deploy (compensate)", "undo.yml"),
    ]
    assert notes == ()
    assert [each.task for each in of_machine] == ["deploy"]


@pytest.mark.parametrize(
    ("task", "ref"),
    [
        (DEPLOY, "main"),
        ({**DEPLOY, "ref": "next"}, "next"),
        ({**DEPLOY, "ref": "${{ sha }}"}, None),
        ({"dispatch": "${{ repository }}/.github/workflows/deploy.yml@main"}, None),
    ],
)
def test_what_only_an_expression_tells_is_noted(task: Any, ref: str | None) -> None:
    """Nothing is guessed."""
    found, notes = targets_of(graph({"deploy": task}).definition)

    assert [each.ref for each in found] == ([] if ref is None else [ref])
    assert [(each.code, each.level) for each in notes] == (
        [("not-checked", "notice")] if ref is None else []
    )


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        (takes(), []),
        (Facts(is_installed=False), ["app-not-installed"]),
        (Facts(state="", consent=Consent(is_given=True)), ["workflow-not-found"]),
        (Facts(consent=Consent(is_given=False, code="consent-missing"), state=""),
         ["consent-missing", "workflow-not-found"]),
        (Facts(missing_permission="no"), ["permission-missing"]),
        (replace(takes(), missing_for_release="no"), ["permission-missing"]),
        (Facts(), ["not-checked"]),
        (Facts(is_ref_there=False, has_file=False), ["ref-not-found"]),
        (Facts(has_file=False), ["workflow-not-found"]),
        (Facts(file=WorkflowFile(is_dispatchable=False)), ["not-dispatchable"]),
        (Facts(state="disabled_manually", file=WorkflowFile(is_dispatchable=True)),
         ["workflow-disabled"]),
        (Facts(file=WorkflowFile(is_dispatchable=True), has_environment=False),
         ["environment-not-found"]),
        (Facts(file=WorkflowFile(is_dispatchable=True), has_environment=True), []),
    ],
)  # fmt: skip
def test_each_obstacle_has_its_code(facts: Facts, found: list[str]) -> None:
    """The one that a refused dispatch would have."""
    assert codes(facts) == found


@pytest.mark.parametrize(
    ("declared", "value", "is_fine"),
    [
        (DeclaredInput(), "x", True),
        (DeclaredInput(type="boolean"), True, True),
        (DeclaredInput(type="boolean"), "yes", False),
        (DeclaredInput(type="number"), 1.5, True),
        (DeclaredInput(type="number"), "one", False),
        (DeclaredInput(type="choice", options=("a", "b")), "a", True),
        (DeclaredInput(type="choice", options=("a", "b")), "c", False),
        (DeclaredInput(type="choice", options=("a", "b")), "${{ sha }}", True),
    ],
)
def test_a_value_that_is_written_out_must_fit(
    declared: DeclaredInput, value: Any, is_fine: bool
) -> None:
    """What an expression gives is not known here."""
    found = codes(takes(image=declared), target(image=value))

    assert found == ([] if is_fine else ["bad-input"])


def test_names_and_sizes_of_inputs_must_fit() -> None:
    """Neither unknown, nor missing, nor too many, nor too long."""
    required = DeclaredInput(is_required=True)
    filled = DeclaredInput(is_required=True, has_default=True)
    many = {f"i{number}": DeclaredInput() for number in range(INPUTS_MAX + 1)}

    assert codes(takes(), target(image="x")) == ["unexpected-inputs"]
    assert codes(takes(image=required)) == ["input-missing"]
    assert codes(takes(image=filled, signalbox=required)) == []
    assert codes(takes(**many)) == ["too-many-inputs"]
    assert codes(takes(image=DeclaredInput()), target(image="x" * 70_000)) == ["bad-input"]


def test_a_value_is_literal_without_expressions() -> None:
    """However deep the expression stands."""
    assert literal(Template(value=["a", 1], place=AT)) == ["a", 1]
    assert literal(Template(value=["a", "x ${{ sha }}"], place=AT)) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("on: push", WorkflowFile(is_dispatchable=False)),
        ("on: workflow_dispatch", WorkflowFile(is_dispatchable=True)),
        ("on: [push, workflow_dispatch]", WorkflowFile(is_dispatchable=True)),
        ("on: {push: {}}", WorkflowFile(is_dispatchable=False)),
        ("on: {workflow_dispatch: }", WorkflowFile(is_dispatchable=True)),
        ("name: x", WorkflowFile(is_dispatchable=False)),
        ("[]", None),
        ("a: {", None),
        (
            "on: {workflow_dispatch: {inputs: {a: , b: {type: choice, options: [x, true, 1],"
            " required: true, default: x}}}}",
            WorkflowFile(
                is_dispatchable=True,
                inputs={
                    "a": DeclaredInput(),
                    "b": DeclaredInput(
                        type="choice",
                        is_required=True,
                        has_default=True,
                        options=("x", "true", "1"),
                    ),
                },
            ),
        ),
    ],
)
def test_a_workflow_file_is_read_leniently(text: str, found: WorkflowFile | None) -> None:
    """Whatever GitHub takes; what is odd declares nothing."""
    assert read_workflow(text) == found


def test_a_notice_fails_nothing() -> None:
    """It stands beside its line all the same, and a failure at the top of a template's user."""
    failure, *_ = judge(target(), Facts(state=""))
    notice = Concern(
        code="not-checked", message="later", hint="", line=2, column=1, level="notice"
    )
    fine = summarise_problems({"a.yml": [notice]})
    bad = summarise_problems({"a.yml": [notice, at_the_top(failure)]})

    assert (fine.conclusion, bad.conclusion) == ("success", "failure")
    assert [(each.level, each.start_line) for each in bad.annotations] == [
        ("notice", 2),
        ("failure", 1),
    ]
    assert "1 problem in 1 definition" in bad.title


def test_targets_beyond_the_most_are_named_and_counted() -> None:
    """At the first of them."""
    one, several = (not_looked_at([target()] * number, 100) for number in (1, 3))

    assert not_looked_at([], 100) == ()
    assert [each.code for each in (*one, *several)] == ["not-checked", "not-checked"]
    assert "` is not checked: of a definition 100 different targets are" in one[0].message
    assert "` and 2 more are not checked: of a definition 100" in several[0].message


def test_a_name_of_an_input_is_known_in_upper_and_lower_case() -> None:
    """GitHub does not say whether it tells them apart."""
    known = takes(Image=DeclaredInput(type="choice", options=("a",), is_required=True))

    assert codes(known, target(image="a")) == []
    assert codes(known, target(image="b")) == ["bad-input"]
    assert codes(known, target(image="")) == []
