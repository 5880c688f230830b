"""Stories about the language of scenarios: what is wrong has a code, a line and a remedy."""

from pathlib import Path

import pytest

from app.core.problems import Problem
from app.scenario import Scenario, Subject, read_scenario, subject_of
from app.scenario.invention import instance_of, text_for
from app.scenario.language import Verb
from app.scenario.reading.names import is_meant

DEFINITION = """\
version: 1
on: {push: {branches: [main]}, manual: {}}
tasks:
  build:
    strategy: {matrix: {part: [a, b]}}
    dispatch: acme/api/.github/workflows/build.yml@main
    outputs: {image: {type: string}}
  agree:
    needs: [build]
    approval: {rules: [{require: [{teams: [acme/sre], count: 1}]}], options: [ship, hold]}
  ship:
    needs: [agree]
    dispatch: acme/api/.github/workflows/ship.yml@main
    compensate: {dispatch: acme/api/.github/workflows/unship.yml@main}
"""


def subject(tmp_path: Path) -> Subject:
    """Return the definition above, alone in its folder."""
    found, problems = subject_of(tmp_path / "train.yml", DEFINITION)
    assert found is not None, problems
    return found


def read(text: str, folder: Path) -> tuple[Scenario | None, tuple[Problem, ...]]:
    """Read a scenario for it."""
    return read_scenario(text, subject(folder))


WRONG = [
    ("runs: {biuld: failure}", "unknown-task", 1, "build"),
    ("runs: {build: exploded}", "wrong-value", 1, "failure"),
    ("runs: {build: {conclusion: failure, afer: 1m}}", "unknown-key", 1, "after"),
    ("runs: {build: {after: soon}}", "bad-duration", 1, "30s"),
    ("runs: {build: []}", "out-of-range", 1, "1 to 50"),
    ("runs: {build: {jobs: {test: maybe}}}", "wrong-value", 1, "success"),
    ("run: {build: failure}", "unknown-key", 1, "runs"),
    ("people:\n  - {aprove: agree}", "unknown-key", 2, "approve"),
    ("people:\n  - {by: mona, at: 1h}", "conflicting-keys", 2, "approve"),
    ("people:\n  - {approve: agree, cancel: no}", "conflicting-keys", 2, "approve"),
    ("people:\n  - {approve: sign}", "unknown-task", 2, "agree"),
    ("people:\n  - {choose: agree}", "missing-key", 2, "option"),
    ("people:\n  - {choose: agree, option: shipp}", "unknown-option", 2, "ship"),
    ("people:\n  - {skip: ship}", "missing-key", 2, "why"),
    ("people:\n  - {freeze: nights}", "missing-key", 2, "until"),
    ("people:\n  - {approve: agree, at: 1h, once: build}", "conflicting-keys", 2, "after"),
    ("people:\n  - {approve: ''}", "wrong-value", 2, "approve"),
    ("people:\n  - {approve: agree, door: window}", "wrong-value", 2, "comment"),
    ("people:\n  - {retry: all, door: comment}", "conflicting-keys", 2, "leave"),
    ("permissions: {mallory: god}", "wrong-value", 1, "admin"),
    ("trigger: {event: pushed}", "unknown-event", 1, "push"),
    ("trigger: {event: pull_request.openned}", "unknown-activity", 1, "opened"),
    ("trigger: {starts: tomorrow}", "wrong-value", 1, "2026"),
    ("events:\n  - {event: manual, at: 1h}", "unknown-event", 2, "push"),
    ("events:\n  - {at: 1h}", "missing-key", 2, "event"),
    ("calendars: {nights: {why: dark}}", "missing-key", 1, "until"),
    ("locks:\n  - {group: prod}", "missing-key", 2, "until"),
    ("locks:\n  - {group: prod, from: 2h, until: 1h}", "wrong-value", 2, "until"),
    ("locks:\n  - {group: prod, until: 1h, scope: world}", "wrong-value", 2, "organization"),
    ("faults:\n  - {times: 3}", "conflicting-keys", 2, "lose"),
    ("faults:\n  - {fail: POST, status: 404}", "out-of-range", 2, "500"),
    ("files: {fleet: {a.json: {}}}", "wrong-value", 1, "acme/fleet"),
    ("expect: {conclusion: good}", "wrong-value", 1, "success"),
    ("expect: {tasks: {build: green}}", "wrong-value", 1, "succeeded"),
    ("expect: {tasks: {test: failed}}", "unknown-task", 1, "build"),
    ("expect: {state: done}", "unknown-state", 1, "tasks"),
    ("expect: {dispatched: [build, nothing]}", "unknown-task", 1, "deploy.yml"),
    ("- a list", "wrong-type", 1, "trigger"),
    ("a: b: c", "yaml-syntax", 1, "quotes"),
]


@pytest.mark.parametrize(("text", "code", "line", "hint"), WRONG)
def test_what_is_wrong_is_said(
    tmp_path: Path, text: str, code: str, line: int, hint: str
) -> None:
    """With its code, its line, and what to write instead."""
    scenario, problems = read(text, tmp_path)

    assert scenario is None
    found = next((each for each in problems if each.code == code), None)
    assert found is not None, problems
    assert found.line == line
    assert hint in f"{found.message} {found.hint}"


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    """Nobody mends a file problem by problem."""
    text = "runs: {biuld: failure}\npeople: [{approve: sign}]\nexpect: {tasks: {x: failed}}\n"
    _, problems = read(text, tmp_path)

    assert [each.line for each in problems] == [1, 2, 3]


def test_everything_that_can_be_said_is_read(tmp_path: Path) -> None:
    """A scenario that says something of every kind."""
    text = """\
title: all of it
repository: acme/release
trigger: {event: push, by: hubot, payload: {a: 1}, starts: '2026-12-01T08:00:00Z'}
runs:
  build[a]: [failure, {after: 5m, queued: 1m, outputs: {image: x}, jobs: {test: success}}]
  ship.yml: {starts: false, heeds-cancel: false}
people:
  - {choose: agree, option: hold, by: ada, after: 1h, inputs: {note: no}}
  - {pause: lunch, at: 2h}
  - {resume: true, at: 3h}
  - {retry: all, at: 5h}
  - {rerun: 'build[b]', at: 1h}
  - {command: go, at: 1h, inputs: {fast: true}}
  - {freeze: nights, until: 1h, at: 4h}
events: [{event: release.published, once: ship, after: 1h, fork: true}]
calendars: {nights: [{until: 1h}, {from: 2h, until: 3h, why: dark}]}
locks: [{group: prod, scope: organization, places: 2, from: 1h, until: 2h}]
faults: [{lose: push, times: 2}, {fail: POST .*/dispatches, status: 503, done: true}]
files: {acme/fleet: {a.json: {regions: [1]}}}
missing: [acme/none]
refusing: [acme/shut]
teams: {acme/sre: [ada, grace]}
expect: {conclusion: failure, tasks: {'build[a]': failed}, dispatched: [build], outputs: {a: 1}}
"""
    scenario, problems = read(text, tmp_path)

    assert scenario is not None, problems
    assert [deed.verb for deed in scenario.people] == [
        Verb.CHOOSE, Verb.PAUSE, Verb.RESUME, Verb.RETRY, Verb.RERUN, Verb.COMMAND, Verb.FREEZE,
    ]  # fmt: skip
    assert scenario.people[0].when.time.total_seconds() == 3_600
    assert [run.conclusion for run in scenario.runs["build[a]"]] == ["failure", "success"]
    assert len(scenario.closures) == 2


@pytest.mark.parametrize(
    ("reference", "name", "leg", "meant"),
    [
        ("build", "build", "a", True),
        ("build[a]", "build", "a", True),
        ("build[b]", "build", "a", False),
        ("ship~undo", "ship~undo", "", True),
        ("ship", "ship~undo", "", False),
        ("rollout~check", "rollout~check.canary.2", "fra", True),
        ("rollout~check.half", "rollout~check.canary.2", "fra", False),
        ("in_review", "in_review.2.approval", "", True),
        ("in_review.1", "in_review.2.approval", "", False),
        ("plan", "assessing.2.plan", "", True),
        ("assessing.plan", "assessing.2.plan", "", True),
        ("assessing.1.plan", "assessing.2.plan", "", False),
    ],
)
def test_names_mean_tasks(reference: str, name: str, leg: str, meant: bool) -> None:
    """In all their legs and visits, unless the name says which."""
    assert is_meant(reference, name, leg) is meant


@pytest.mark.parametrize(
    "pattern",
    [
        r"^ghcr\.io/acme/",
        r"^CHG-[0-9]+$",
        r"^[0-9]{4}\.[0-9]{2}(\.[0-9]+)?$",
        ".{20,}",
        "^(?:red|green)$",
        r"^\d{3}-\w+\.$",
        "^[^/]+/x$",
    ],
)
def test_texts_are_made_up_for_patterns(pattern: str) -> None:
    """So that nobody has to write outputs that do not matter."""
    assert text_for(pattern) is not None


def test_a_pattern_that_is_too_much_is_left_to_the_writer() -> None:
    """What is not understood is not guessed at."""
    assert text_for("^(?i:a)[[:alpha:]]+$") is None


def test_values_are_made_up_for_schemas() -> None:
    """What is required is there, and nothing else."""
    schema = {
        "type": "object",
        "required": ["name", "kind", "count", "tags", "deep"],
        "properties": {
            "name": {"type": "string", "pattern": "^ai/"},
            "kind": {"enum": ["bug", "infra"]},
            "count": {"type": "integer", "minimum": 3},
            "tags": {"type": "array", "minItems": 1, "items": {"type": "boolean"}},
            "deep": {"type": ["object", "null"], "required": ["x"], "properties": {}},
            "other": {"type": "string"},
        },
    }

    assert instance_of(schema) == {
        "name": "ai/",
        "kind": "bug",
        "count": 3,
        "tags": [False],
        "deep": {"x": None},
    }
