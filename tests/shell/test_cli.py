"""`signalbox check` and `plan`: what people and programs read of a definition."""

import contextlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit import tree
from tests.shell.cli_kit import RELEASE, Terminal

WRONG = """\
version: 1
on: {push: {branch: main}}
tasks:
  build:
    dispatch: acme/api/.github/workflows/build.yml@main
    need: [x]
"""
PUSH = {
    "ref": "refs/heads/main",
    "before": "0" * 40,
    "after": "c" * 40,
    "created": False,
    "deleted": False,
    "forced": False,
    "commits": [{"added": ["README.md"], "modified": [], "removed": []}],
    "pusher": {"name": "mona"},
    "repository": {"id": 1, "full_name": "acme/release", "default_branch": "main"},
    "sender": {"id": 2, "login": "mona", "type": "User"},
}


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(capsys)


@pytest.fixture
def release(tmp_path: Path) -> Path:
    return _file(tmp_path, "release.yml", RELEASE)


def _file(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def _event(folder: Path, **changed: object) -> Path:
    return _file(folder, "event.json", json.dumps({**PUSH, **changed}))


def test_help_names_every_command(terminal: Terminal) -> None:
    """Whoever asks for help learns the commands and the exit codes."""
    said = terminal.run("--help")

    assert said.code == 0
    for name in (
        "serve",
        "demo",
        "check",
        "plan",
        "rehearse",
        "replay",
        "list",
        "show",
        "start",
        "Exit codes",
    ):
        assert name in said.out


def test_a_good_file_is_called_good(terminal: Terminal, release: Path) -> None:
    """A file without problems is worth one line and the exit code 0."""
    said = terminal.run("check", release)

    assert (said.code, said.out) == (0, f"{release}: good, 3 tasks\n")


def test_problems_are_said_as_compilers_do(terminal: Terminal, tmp_path: Path) -> None:
    """Each problem has its place, its code, the line with a caret under it, and a hint."""
    file = _file(tmp_path, "wrong.yml", WRONG)

    said = terminal.run("check", file)

    assert said.code == 1
    assert f"{file}:6:5: error[unknown-key]: a task has no key `need`" in said.out
    assert "  6 |     need: [x]\n    |     ^\n    = hint: " in said.out
    assert said.out.endswith("2 problems in 1 file\n")


def test_problems_can_be_read_by_programs(terminal: Terminal, tmp_path: Path) -> None:
    """With --json the same problems come as a list."""
    file = _file(tmp_path, "wrong.yml", WRONG)

    said = terminal.run("check", "--json", file)

    assert said.code == 1
    assert [(each["line"], each["column"], each["code"]) for each in said.json] == [
        (2, 13, "unknown-key"),
        (6, 5, "unknown-key"),
    ]
    assert {each["file"] for each in said.json} == {str(file)}


def test_a_folder_stands_for_its_definitions(
    terminal: Terminal, tmp_path: Path, release: Path
) -> None:
    """A folder is checked file by file, and other files in it are left alone."""
    _file(tmp_path, "wrong.yml", WRONG)
    _file(tmp_path, "notes.txt", "nothing")

    said = terminal.run("check", tmp_path)

    assert said.code == 1
    assert f"{release}: good" in said.out
    assert "notes.txt" not in said.out


def test_a_file_that_is_no_text_has_a_problem(terminal: Terminal, tmp_path: Path) -> None:
    """A file in another encoding is a problem with its line, not a crash."""
    file = tmp_path / "latin.yml"
    file.write_bytes(b"version: 1\nname: caf\xe9\n")

    said = terminal.run("check", file)

    assert said.code == 1
    assert f"{file}:2:1: error[yaml-syntax]: the file is not UTF-8" in said.out


def test_a_file_cannot_make_the_terminal_do_things(terminal: Terminal, tmp_path: Path) -> None:
    """Control characters of a file are not sent to the terminal."""
    file = _file(tmp_path, "evil.yml", 'version: 1\n"\\e]0;owned\\a": 1\nx\x7f: 1\n')

    said = terminal.run("check", file)

    assert said.code == 1
    assert not {"\x1b", "\x07", "\x7f"} & set(said.out)


def test_a_missing_file_is_said_in_one_line(terminal: Terminal, tmp_path: Path) -> None:
    """What cannot be read is no problem of a definition: one line, the remedy, exit code 2."""
    said = terminal.run("check", tmp_path / "nowhere.yml")

    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("error: ")
    assert "No such file" in said.err
    assert len(said.err.splitlines()) == 2


def test_a_repository_is_checked_by_its_folder_alone(
    terminal: Terminal, tmp_path: Path
) -> None:
    """Of a repository the definitions are meant, and not what else ends like them."""
    folder = tmp_path / ".github" / "orchestrations"
    folder.mkdir(parents=True)
    _file(folder, "release.yml", RELEASE)
    _file(tmp_path, "compose.yml", "services: {}\n")

    with contextlib.chdir(tmp_path):
        here = terminal.run("check")
    named = terminal.run("check", tmp_path)

    assert here.out == ".github/orchestrations/release.yml: good, 3 tasks\n"
    assert named.out == f"{folder}/release.yml: good, 3 tasks\n"


def test_where_there_are_no_definitions_a_file_must_be_named(
    terminal: Terminal, tmp_path: Path
) -> None:
    """Whoever names nothing, where nothing is, learns where it was looked for."""
    with contextlib.chdir(tmp_path):
        said = terminal.run("check")

    assert said.code == 2
    assert "there is no folder .github/orchestrations here" in said.err


def test_of_a_long_line_only_the_part_in_question_is_shown(
    terminal: Terminal, tmp_path: Path
) -> None:
    """A line of thousands of letters is cut around the place, and the caret stays below it."""
    inputs = ", ".join(f"k{number}: v" for number in range(20))
    task = f"{{dispatch: acme/a/.github/workflows/b.yml@main, with: {{{inputs}}}, need: [x]}}"
    file = _file(tmp_path, "long.yml", f"version: 1\non: push\ntasks:\n  a: {task}\n")

    said = terminal.run("check", file)

    _, line, caret, *_ = said.out.splitlines()
    assert len(line) < 180
    assert line[caret.index("^") :].startswith("need: [x]")


@pytest.mark.parametrize("arguments", [["plan"], ["bogus"], ["list", "--limit", "no"]])
def test_wrong_arguments_are_no_tracebacks(terminal: Terminal, arguments: list[str]) -> None:
    """Wrong arguments end with 2 and a hint."""
    said = terminal.run(*arguments)

    assert said.code == 2
    assert "Traceback" not in said.err
    assert "Usage" in said.err


def test_a_plan_shows_what_would_be_dispatched(
    terminal: Terminal, tmp_path: Path, release: Path
) -> None:
    """Legs, targets and inputs are filled in; what comes later is shown as it is written."""
    said = terminal.run("plan", release, "--event", _event(tmp_path))

    assert said.code == 0
    assert said.out.startswith("release would start on `push` at refs/heads/main\n")
    assert "`on` at line 4: yes" in said.out
    assert "[api] dispatch acme/api/.github/workflows/build.yml@main" in said.out
    assert f"      sha = {'c' * 40}" in said.out
    assert '${{ needs.build.outputs["api"].image }}  (known once' in said.out
    assert "└─ build" in said.out
    assert "```mermaid\nflowchart LR" in said.out


def test_a_plan_can_be_read_by_programs(
    terminal: Terminal, tmp_path: Path, release: Path
) -> None:
    """The same comes as JSON, unknown values marked as such."""
    plan = terminal.run("plan", "--json", release, "--event", _event(tmp_path)).json

    build, contract, deploy = plan["tasks"]
    assert (plan["starts"], plan["event"], plan["inputs"]["train"]) == (True, "push", "2026.01")
    assert [leg["leg"] for leg in build["dispatches"]] == ["api", "web"]
    assert build["dispatches"][0]["inputs"]["version"] == {"value": "2026.01", "unknown": None}
    assert contract["dispatches"][0]["inputs"]["api"]["unknown"] is not None
    assert deploy["if"] == {"value": True, "unknown": None}
    assert plan["mermaid"].startswith("flowchart LR")


def test_a_condition_that_is_known_to_fail_shows_a_skip(
    terminal: Terminal, tmp_path: Path, release: Path
) -> None:
    """A task whose `if` does not hold for this event is shown as skipped."""
    sender = {"id": 3, "login": "robot", "type": "User"}

    said = terminal.run("plan", release, "--event", _event(tmp_path, sender=sender))

    assert "deploy  after contract\n  skipped: its `if` does not hold\n" in said.out


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"ref": "refs/heads/topic"}, "does not pass its filters"),
        ({"deleted": True}, "the ref was deleted"),
    ],
)
def test_a_plan_says_why_nothing_starts(
    terminal: Terminal, tmp_path: Path, release: Path, changed: dict[str, object], why: str
) -> None:
    """What an event does not start is said with its reason, and ends with 1."""
    said = terminal.run("plan", release, "--event", _event(tmp_path, **changed))

    assert said.code == 1
    assert "would not start" in said.out
    assert why in said.out


def test_a_plan_names_the_events_that_are_heard(
    terminal: Terminal, tmp_path: Path, release: Path
) -> None:
    """An event that the definition does not listen to is answered with those that it does."""
    said = terminal.run("plan", release, "--event", _event(tmp_path), "--event-name", "release")

    assert said.code == 1
    assert "it does not listen to `release`, only to `push`, `manual`" in said.out


def test_files_that_nobody_told_can_be_named(terminal: Terminal, tmp_path: Path) -> None:
    """Where the payload hides the changed files, the plan asks for them and takes them."""
    text = RELEASE.replace("[main]}", "[main], paths: ['api/**']}")
    file, event = _file(tmp_path, "release.yml", text), _event(tmp_path, forced=True)

    unknown = terminal.run("plan", file, "--event", event)
    named = terminal.run("plan", file, "--event", event, "--changed", "api/main.py")

    assert unknown.code == 1
    assert "--changed PATH" in unknown.out
    assert named.code == 0


def test_a_start_by_hand_is_planned_with_inputs(terminal: Terminal, release: Path) -> None:
    """Without an event it is a start by hand, with inputs of the declared types."""
    good = terminal.run("plan", release, "--input", "train=2026.02")
    bad = terminal.run("plan", release, "--input", "train=next", "--input", "x=1")

    assert good.code == 0
    assert "      version = 2026.02" in good.out
    assert bad.code == 1
    assert "`x` is not an input" in bad.out
    assert "does not match the pattern" in bad.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--event", "nowhere.json"], "cannot be read"),
        (["--event-name", "push"], "there is no payload"),
        (["--input", "train"], "is not an input"),
        (["--input", "a=1", "--input", "a=2"], "given twice"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(
    terminal: Terminal, release: Path, arguments: list[str], said: str
) -> None:
    """Questions that cannot be answered end with 2, one line and the remedy."""
    answer = terminal.run("plan", release, *arguments)

    assert answer.code == 2
    assert said in answer.err
    assert len(answer.err.splitlines()) == 2


def test_a_payload_that_tells_nothing_needs_the_name_of_its_event(
    terminal: Terminal, tmp_path: Path, release: Path
) -> None:
    """A payload of which nobody can see what it is is not guessed at."""
    event = _file(tmp_path, "event.json", '{"action": "created"}')

    said = terminal.run("plan", release, "--event", event)

    assert said.code == 2
    assert "--event-name" in said.err


def test_a_definition_with_problems_has_no_plan(terminal: Terminal, tmp_path: Path) -> None:
    """Its problems are said instead."""
    said = terminal.run("plan", _file(tmp_path, "wrong.yml", WRONG))

    assert said.code == 1
    assert "error[unknown-key]" in said.err


def test_the_module_runs_as_a_program() -> None:
    """`python -m app` is the command line."""
    done = subprocess.run(
        [sys.executable, "-m", "app", "--version"],
        cwd=tree.ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.count(".") == 2
