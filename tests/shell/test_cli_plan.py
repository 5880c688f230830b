"""`signalbox plan` and `schema`: every kind of task, states of machines, and the language."""

import json
from pathlib import Path

import pytest

from app.core.reading.schema import ADDRESS
from tests.kit import tree
from tests.shell.cli_kit import Terminal

DEFINITIONS = tree.ROOT / "tests" / "definitions"
PULL_REQUEST = {
    "action": "opened",
    "number": 7,
    "pull_request": {
        "number": 7,
        "state": "open",
        "head": {"sha": "c" * 40, "ref": "topic", "repo": {"id": 1}},
        "base": {"sha": "d" * 40, "ref": "main", "repo": {"id": 1}},
        "labels": [{"name": "change/big"}],
    },
    "repository": {"id": 1, "full_name": "acme/infra", "default_branch": "main"},
    "sender": {"id": 2, "login": "mona", "type": "User"},
}
TEMPLATE = """\
version: 1
inputs: {who: {type: string}}
tasks:
  greet:
    github: comment.create
    with: {repository: a/b, number: 1, body: '${{ inputs.who }}'}
"""
USER = """\
version: 1
on: manual
uses: ./template.yml
with: {who: mona}
"""


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(capsys)


def test_a_plan_shows_every_kind_of_task(terminal: Terminal) -> None:
    """Workflows, agents, people, waits, children, calls and reports, with how they go on."""
    said = terminal.run("plan", DEFINITIONS / "good.yml", "--input", "train=2026")

    assert said.code == 0
    for line in (
        "  at most 4d4h",
        "  one of 2 places in the repository's group ship-refs/heads/main",
        "  events join it by owner/repository-test",
        "  dispatches only while open: production-freeze",
        '  if orchestration.age > duration("12h"): acme/sre is told by webhook',
        "  [api] dispatch acme/api/.github/workflows/build.yml@main",
        "  counts only if deploy, smoke succeeded",
        "  counts only if it took 1m30s",
        "  given up when it has not started after 15m",
        "  at most 30m, then it is skipped",
        '  up to 3 attempts if last.conclusion in ["timed_out", "startup_failure"]',
        "  up to 2 attempts, failed jobs only",
        "  undone by acme/ops/.github/workflows/undo.yml",
        "  begins once none of them failed",
        '  wave canary: matrix.region == "eu", holds for 30m, at most 0 may fail',
        "  wave half: 50 %, at most 0 may fail, after an approval",
        "    asks: Go on with test?",
        "  checked every 10m by acme/ops/.github/workflows/check.yml@main:"
        " outputs.errors < 0.01",
        "  a failed wave rolls all waves back by acme/ops/.github/workflows/back.yml@main",
        "  on failure: ask",
        "  on warning: fail",
        "  agent acme/ai/.github/workflows/propose.yml@main",
        "  its branch changes at most 10 files",
        "  its branch changes at most 400 lines",
        "  its branch changes nothing in .github/**",
        "  tried again 2 times if its outputs do not fit, then people are asked",
        "  review: 1 of mona or helper[bot]",
        "  1 of code owners",
        "  if size(needs.propose.outputs.files) > 1: 2 of acme/sre and 1 of people with"
        " maintain permission",
        "  chooses hold by itself if inputs.dry_run",
        "  at most 10h, then hold is chosen",
        "  waits until 2026-11-23T22:00:00+01:00, at most 2d",
        "  waits for pull_request.closed with event.pull_request.merged, at most 1d",
        "  waits for 1h30m",
        "  orchestrate acme/other/.github/orchestrations/other.yml",
        "  undone by comment.create",
        "  github refs.resolve",
        "  writes a report as markdown, json with definition, approvals, attempts, journal",
    ):
        assert f"\n{line}\n" in said.out, line


def test_a_plan_of_a_machine_shows_its_states(terminal: Terminal, tmp_path: Path) -> None:
    """What each state does, how it is bounded, where it leads, and what is not known yet."""
    event = tmp_path / "event.json"
    event.write_text(json.dumps(PULL_REQUEST), encoding="utf-8")
    file = DEFINITIONS / "examples" / "change-approval.yml"

    said = terminal.run("plan", file, "--event", event, "--changed", "prod/main.tf")

    assert said.code == 0
    for line in (
        "  at most 8 visits",
        f"    dispatch acme/infra/.github/workflows/plan.yml, ref {'c' * 40}",
        '    if data.risk == "low": 1 of acme/infra',
        "    waits until infra-windows, at most 7d",
        "  one of 1 place in the organization's group terraform-prod",
        "  after 1d: acme/infra-leads is told by comment",
        "    approval.approved if data.rounds < 6 → scheduled",
        "done  ends: success",
        "flowchart LR",
    ):
        assert f"\n{line}\n" in said.out, line


def test_programs_read_states_and_facts(terminal: Terminal, tmp_path: Path) -> None:
    """With --json each task says its state, its calls and what else is known."""
    event = tmp_path / "event.json"
    event.write_text(json.dumps(PULL_REQUEST), encoding="utf-8")
    file = DEFINITIONS / "machine.yml"

    plan = terminal.run("plan", "--json", file, "--event", event).json

    assert [(each["state"], each["name"]) for each in plan["tasks"]] == [
        ("building", "build"),
        ("building", "gate"),
        ("in_review", "approval"),
        ("waiting", "wait"),
    ]
    (call,) = plan["tasks"][0]["dispatches"]
    assert (call["verb"], call["inputs"]["share"]["unknown"]) == (
        "dispatch",
        "known once what it needs has ended",
    )
    assert "choices: ship, hold" in plan["tasks"][1]["facts"]


def test_an_agent_without_a_review_is_told(terminal: Terminal, tmp_path: Path) -> None:
    """Whoever lets a model go on by itself reads it in the plan."""
    file = tmp_path / "agent.yml"
    schema = "{schema: {type: object, properties: {a: {type: string}}}}"
    file.write_text(
        "version: 1\non: manual\ntasks: {a: {agent: a/b/.github/workflows/c.yml@main,"
        f" review: none, outputs: {schema}}}}}\n",
        encoding="utf-8",
    )

    said = terminal.run("plan", file)

    assert "\n  its result goes on without a review\n" in said.out


def test_a_template_stands_beside_its_user(terminal: Terminal, tmp_path: Path) -> None:
    """A template of the same folder is read; without it the problem says so."""
    user = tmp_path / "user.yml"
    user.write_text(USER, encoding="utf-8")

    missing = terminal.run("check", user)
    (tmp_path / "template.yml").write_text(TEMPLATE, encoding="utf-8")
    said = terminal.run("plan", user)

    assert "error[template-missing]" in missing.out
    assert said.code == 0
    assert "\n      body = mona\n" in said.out


def test_a_machine_is_counted_by_its_states(terminal: Terminal) -> None:
    """A good machine is worth one line, too."""
    said = terminal.run("check", DEFINITIONS / "machine.yml")

    assert said.out.endswith("machine.yml: good, 6 states\n")


def test_the_schema_is_printed(terminal: Terminal) -> None:
    """An editor is given the whole language."""
    said = terminal.run("schema")

    assert said.code == 0
    assert said.json["$schema"] == ADDRESS
    assert "task" in said.json["$defs"]


WAITS = """\
version: 1
on: manual
inputs: {train: {type: string, default: x}}
tasks:
  a: {dispatch: acme/api/.github/workflows/a.yml@main, continue-on-error: true}
  b: {wait: {for: 2h}}
  c: {wait: {event: push, for: 1d}, on-timeout: skip}
"""


def test_a_plan_says_everything_once(terminal: Terminal, tmp_path: Path) -> None:
    """A wait has one length, and what follows of a failure or of no event is said."""
    file = tmp_path / "waits.yml"
    file.write_text(WAITS, encoding="utf-8")
    told = terminal.run("plan", file).out

    assert "  its failure is tolerated: continue-on-error true\n" in told
    assert "b\n  waits for 2h\nc\n" in told
    assert "  waits for push, at most 1d\n  if that does not come, then it is skipped\n" in told


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--input", "tran=1"], 1, "`tran` is not an input; it takes train"),
        (["--repository", "nonsense"], 2, "write --repository owner/name"),
    ],
)
def test_what_is_wrong_with_a_question_has_its_remedy(
    terminal: Terminal, tmp_path: Path, arguments: list[str], code: int, words: str
) -> None:
    """Which inputs there are, and how a repository is named."""
    file = tmp_path / "waits.yml"
    file.write_text(WAITS, encoding="utf-8")
    said = terminal.run("plan", file, *arguments)

    assert said.code == code
    assert words in said.out + said.err


def test_what_is_not_started_by_hand_needs_a_payload(
    terminal: Terminal, tmp_path: Path
) -> None:
    """The answer names the option that takes one."""
    file = tmp_path / "waits.yml"
    file.write_text(WAITS.replace("on: manual", "on: push"), encoding="utf-8")
    said = terminal.run("plan", file)

    assert said.code == 1
    assert "only to `push`; give the payload of one with --event" in said.out


def test_a_required_input_is_asked_for_by_its_option(
    terminal: Terminal, tmp_path: Path
) -> None:
    """What is missing can be given, and the answer names the option."""
    text = "version: 1\non: manual\ninputs: {train: {type: string, required: true}}\n"
    file = tmp_path / "train.yml"
    file.write_text(f"{text}tasks: {{soak: {{wait: {{for: 1h}}}}}}\n", encoding="utf-8")

    without, given = (
        terminal.run("plan", file),
        terminal.run("plan", file, "--input", "train=1"),
    )

    assert without.code == 1
    assert "`train` is required" in without.out
    assert "--input NAME=VALUE" in without.out
    assert given.code == 0


def test_templates_of_other_repositories_are_given_in_a_folder(
    terminal: Terminal, tmp_path: Path
) -> None:
    """By the name of their file, to `check` and to `plan`; without it the hint says so."""
    file, folder = tmp_path / "user.yml", tmp_path / "templates"
    folder.mkdir()
    (folder / "greet.yml").write_text(TEMPLATE.replace("1\n", "1\non: manual\n", 1))
    uses = "acme/templates/.github/orchestrations/greet.yml@v1"
    file.write_text(USER.replace("./template.yml", uses), encoding="utf-8")

    assert "--templates FOLDER" in terminal.run("check", file).out
    assert terminal.run("check", file, "--templates", folder).code == 0
    assert "mona" in terminal.run("plan", file, "--templates", folder).out
    for verb in ("check", "plan", "rehearse"):
        said = terminal.run(verb, file, "--templates", tmp_path / "nowhere")
        assert (said.code, "is no folder" in said.err) == (2, True)
