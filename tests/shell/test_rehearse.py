"""`signalbox rehearse`: what people read, what programs read, and the exit codes for CI."""

import json
import re
from pathlib import Path

import pytest

from tests.kit import tree
from tests.shell.cli_kit import Terminal

EXAMPLES = tree.ROOT / "tests" / "definitions" / "examples"
SCENARIOS = tree.ROOT / "tests" / "scenarios"
SMALL = """\
version: 1
on: {push: {branches: [main]}, manual: {}}
inputs: {fast: {type: boolean, default: false}}
tasks:
  build:
    dispatch: acme/api/.github/workflows/build.yml@main
    outputs: {image: {type: string, required: true, pattern: '^ghcr\\.io/'}}
  deploy:
    needs: [build]
    dispatch: acme/api/.github/workflows/deploy.yml@main
    with: {image: '${{ needs.build.outputs.image }}'}
"""
PARENT = """\
version: 1
on: {manual: {}}
tasks:
  child:
    orchestrate: acme/api/.github/orchestrations/child.yml@main
    with: {part: api}
    outputs: {image: {type: string}}
"""
CHILD = """\
version: 1
on: {manual: {}}
inputs: {part: {type: string, required: true}}
tasks:
  build:
    dispatch: acme/api/.github/workflows/build.yml@main
    outputs: {image: {type: string}}
outputs: {image: '${{ tasks.build.outputs.image }}'}
"""


PLACES = """\
version: 1
on: push
initial: lab
states:
  lab:
    concurrency: {group: lab, scope: organization}
    max-visits: 1
    on-max-visits: {to: again}
    tasks: {a: {dispatch: acme/api/.github/workflows/a.yml@main, outputs: {n: {type: object}}}}
    transitions: [{on: tasks.succeeded, to: lab}, {on: tasks.failed, to: done}]
  again:
    approval: {}
    transitions: [{on: approval.approved, to: done}, {on: approval.rejected, to: done}]
  done: {final: true, conclusion: neutral}
"""
BUSY = """\
runs: {a: {outputs: {n: {x: true}}}}
people: [{choose: again, option: approve, by: grace}]
locks: [{group: lab, scope: organization, until: 2h}]
expect: {conclusion: neutral}
"""


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(capsys)


def write(folder: Path, name: str, text: str) -> Path:
    """Write a file."""
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def test_a_definition_alone_goes_well(terminal: Terminal, tmp_path: Path) -> None:
    """All that it names is made up, and the exit code is 0."""
    said = terminal.run("rehearse", write(tmp_path, "small.yml", SMALL))

    assert said.code == 0, said.out
    assert "deploy" in said.out
    assert "all is as expected" in said.out
    assert said.err == ""


def test_what_does_not_end_well_is_1(terminal: Terminal, tmp_path: Path) -> None:
    """Without expectations it has to end well."""
    file = write(tmp_path, "small.yml", SMALL)
    scenario = write(tmp_path, "s.yaml", "runs: {deploy: failure}\n")
    said = terminal.run("rehearse", file, "--scenario", scenario)

    assert said.code == 1
    assert "it ended in failure" in said.out


def test_what_is_not_as_expected_is_1_and_has_its_line(
    terminal: Terminal, tmp_path: Path
) -> None:
    """Editors and annotations need the line."""
    file = write(tmp_path, "small.yml", SMALL)
    text = "expect:\n  conclusion: success\n  tasks: {deploy: failed}\n"
    scenario = write(tmp_path, "s.yaml", text)
    said = terminal.run("rehearse", file, "--scenario", scenario)

    assert said.code == 1
    assert f"{scenario}:3: deploy is succeeded, not failed" in said.out


def test_a_failure_that_is_expected_is_0(terminal: Terminal, tmp_path: Path) -> None:
    """That is what most scenarios are for."""
    file = write(tmp_path, "small.yml", SMALL)
    text = "runs: {build: {outputs: {image: null}}}\nexpect: {conclusion: failure}\n"
    said = terminal.run("rehearse", file, "--scenario", write(tmp_path, "s.yaml", text))

    assert said.code == 0, said.out


def test_a_definition_with_problems_is_2(terminal: Terminal, tmp_path: Path) -> None:
    """They are said as `signalbox check` says them."""
    said = terminal.run("rehearse", write(tmp_path, "bad.yml", "version: 1\non: pish\n"))

    assert said.code == 2
    assert "bad.yml:2:5: error[unknown-event]" in said.err


def test_a_scenario_with_problems_is_2(terminal: Terminal, tmp_path: Path) -> None:
    """And so are those of a scenario, for programs, too."""
    file = write(tmp_path, "small.yml", SMALL)
    scenario = write(tmp_path, "s.yaml", "runs:\n  biuld: failure\n")
    said = terminal.run("rehearse", file, "--scenario", scenario)
    as_json = terminal.run("rehearse", file, "--scenario", scenario, "--json")

    assert (said.code, as_json.code) == (2, 2)
    assert "s.yaml:2:3: error[unknown-task]" in said.err
    assert as_json.json["problems"][0]["code"] == "unknown-task"


def test_a_file_that_is_not_there_is_2(terminal: Terminal, tmp_path: Path) -> None:
    """With what to do about it."""
    said = terminal.run("rehearse", tmp_path / "no.yml")

    assert said.code == 2
    assert "cannot be read" in said.err


def test_programs_read_how_it_went(terminal: Terminal) -> None:
    """The same as people, as one JSON value."""
    said = terminal.run(
        "rehearse",
        EXAMPLES / "release-train.yml",
        "--scenario",
        SCENARIOS / "release-train" / "rolled-back.yml",
        "--json",
    )

    assert said.code == 0
    assert said.json["as_expected"] is True
    assert said.json["end"]["status"] == "failed"
    assert said.json["end"]["tasks"]["deploy_api~undo"] == "succeeded"
    assert said.json["dispatched"][-1] == "deploy_api~undo"
    assert {"at", "about", "what", "why"} == said.json["timeline"][0].keys()


def test_children_are_rehearsed_with_their_parents(terminal: Terminal, tmp_path: Path) -> None:
    """They stand in the same folder, and their outputs come back."""
    write(tmp_path, "child.yml", CHILD)
    file = write(tmp_path, "parent.yml", PARENT)
    text = (
        "repository: acme/release\n"
        "runs: {build: {outputs: {image: x}}}\n"
        "expect: {conclusion: success, dispatched: [build]}\n"
    )
    said = terminal.run("rehearse", file, "--scenario", write(tmp_path, "s.yaml", text))

    assert said.code == 0, said.out
    assert "image = x" in said.out


@pytest.mark.parametrize(
    ("on", "starts"),
    [
        ("{push: {tags: ['v*']}}", True),
        ("{pull_request: {types: [labeled], labels: [ship]}}", True),
        ("{pull_request: {types: [closed]}}", True),
        ("{pull_request: {types: [ready_for_review], paths: ['src/**']}}", True),
        ("pull_request_review", True),
        ("merge_group", True),
        ("issue_comment", True),
        ("{issue_comment: {labels: [ship]}}", True),
        ("{pull_request: {types: [opened], labels: ['change/*']}}", True),
        ("{release: {types: [published]}}", True),
        ("create", True),
        ("{deployment_status: {environments: [production]}}", True),
        ("{workflow_run: {workflows: [ci], types: [completed]}}", True),
        ("check_suite", True),
        ("{deployment_protection_rule: {environments: [production]}}", True),
        ("{orchestration: {workflows: [other]}, command: {}}", True),
        ("{orchestration: {repositories: [acme/*], types: [failure]}}", True),
        ("{repository_dispatch: {types: [go]}}", True),
        ("{code_scanning_alert: {types: [created]}}", True),
        ("dependabot_alert", True),
        ("{secret_scanning_alert: {repositories: ['acme/*']}}", True),
        ("{schedule: [{cron: '0 7 * * 1', timezone: Europe/Berlin}]}", True),
        ("{push: {branches: [main], if: 'false'}}", False),
    ],
)
def test_the_trigger_is_derived_from_on(
    terminal: Terminal, tmp_path: Path, on: str, starts: bool
) -> None:
    """What a definition listens to happens, unless a scenario says otherwise."""
    task = "tasks: {work: {dispatch: acme/api/.github/workflows/work.yml@main}}\n"
    file = write(tmp_path, "small.yml", f"version: 1\non: {on}\n{task}")
    said = terminal.run("rehearse", file, "--json")

    assert (said.code == 0) is starts, json.dumps(said.json, indent=1)


def test_with_faults_it_ends_the_same_way(terminal: Terminal) -> None:
    """Late, lost and double webhooks, and calls that fail, change nothing."""
    name = "change-approval"
    said = terminal.run(
        "rehearse",
        EXAMPLES / f"{name}.yml",
        "--scenario",
        SCENARIOS / name / "applied.yml",
        "--faults",
        "--seed",
        "3",
    )

    assert said.code == 0, said.out


def test_its_own_comments_start_nothing(terminal: Terminal, tmp_path: Path) -> None:
    """What listens to comments does not hear the one that tells how it goes."""
    text = SMALL.replace("{push: {branches: [main]}, manual: {}}", "issue_comment")
    said = terminal.run("rehearse", write(tmp_path, "release.yml", text), "--json")

    assert said.code == 0, said.err
    assert said.json["dispatched"] == ["build", "deploy"]


def test_the_timeline_says_what_is_waited_for(terminal: Terminal, tmp_path: Path) -> None:
    """Places and calendars have their reason; what people do stands where they did it."""
    definition = write(tmp_path, "release.yml", PLACES)
    scenario = write(tmp_path, "busy.yml", BUSY)
    said = terminal.run("rehearse", definition, "--scenario", scenario, "--json")

    told = [(line["about"], line["what"], line["why"]) for line in said.json["timeline"]]
    assert said.code == 0, said.err
    assert told[:3] == [
        ("", "running", ""),
        ("lab", "entered", ""),
        ("lab", "blocked", "waits for a place in the concurrency group `lab`, place 1, "
         "behind others-1 #1"),
    ]  # fmt: skip
    assert told[-7:] == [
        ("lab · a", "succeeded", 'n = {"x": true}'),
        ("again", "entered", "in place of lab, which has had its 1 visit (max-visits)"),
        ("again", "awaiting", "waits for a person, until 2026-11-30 09:00 UTC"),
        ("", "grace decides about again: approve", ""),
        ("again", "succeeded", "`approve` by operator grace: so the scenario"),
        ("done", "entered", ""),
        ("", "succeeded, neutral", ""),
    ]


def test_what_follows_an_orchestration_reads_its_outputs(
    terminal: Terminal, tmp_path: Path
) -> None:
    """The scenario says how the other one ended and what it gave."""
    text = """\
version: 1
on: {orchestration: {workflows: [train], types: [neutral]}}
tasks:
  a:
    dispatch: acme/api/.github/workflows/a.yml@main
    with: {image: '${{ event.orchestration.outputs.image }}'}
outputs: {image: '${{ event.orchestration.outputs.image }}'}
"""
    trigger = "trigger: {event: orchestration.neutral, payload: {orchestration: {outputs: %s}}}"
    expected = "\nexpect: {conclusion: success, outputs: {image: x}}\n"
    scenario = write(tmp_path, "after.yaml", trigger % "{image: x}" + expected)
    file = write(tmp_path, "after-train.yml", text)
    said = terminal.run("rehearse", file, "--scenario", scenario)

    assert said.code == 0, said.out


def test_without_a_scenario_it_is_said_what_one_is_for(
    terminal: Terminal, tmp_path: Path
) -> None:
    """Nobody approves by himself, and whoever reads so knows what to write."""
    text = "version: 1\non: manual\ntasks: {sign_off: {approval: {}, timeout-minutes: 5}}\n"
    said = terminal.run("rehearse", write(tmp_path, "release.yml", text))

    assert said.code == 1
    assert "people: [{approve: TASK, by: mona}]" in said.out


def test_the_scenario_of_the_readme_ends_as_it_says(terminal: Terminal, tmp_path: Path) -> None:
    """What a newcomer copies first is right, together with the definition above it."""
    readme = (tree.ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```yaml\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)
    (shipped,) = [block for block in blocks if block.startswith("title:")]
    release = write(tmp_path, "release.yml", blocks[0])
    said = terminal.run("rehearse", release, "--scenario", write(tmp_path, "s.yml", shipped))

    assert said.code == 0, said.out
