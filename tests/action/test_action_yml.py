"""`action.yml` itself, step by step, and the workflow template that uses it."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.action.runner import ROOT, Ended, identity, run
from tests.action.server import Servers, serving

ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())
POSIX, WINDOWS = ACTION["runs"]["steps"]
TEMPLATE = ROOT / "app" / "workflow-templates" / "orchestrated.yml"


def expand(text: str, inputs: dict[str, str]) -> str:
    """Put inputs where the runner would."""
    return re.sub(r"\$\{\{ inputs\.([a-z-]+) \}\}", lambda m: inputs[m[1]], text)


def perform(servers: Servers, workspace: Path, *, path: str = "", **given: str) -> Ended:
    """Run the step for Linux and macOS with `sh -e`, as the runner does."""
    defaults = {name: spec.get("default", "") for name, spec in ACTION["inputs"].items()}
    inputs = defaults | {"server": servers.url} | given
    script = workspace / "step.sh"
    script.write_text(POSIX["run"])
    environ = {name: expand(text, inputs) for name, text in POSIX["env"].items()}
    environ |= identity(servers) | {"GITHUB_ACTION_PATH": str(ROOT)}
    return run(["/bin/sh", "-e", str(script)], environ | ({"PATH": path} if path else {}))


def test_the_step_reports(tmp_path: Path) -> None:
    """Inputs reach the program by the environment and the report reaches Signalbox."""
    with serving() as servers:
        ended = perform(servers, tmp_path, outputs="a=1\nb=2", summary="done")

    assert (ended.status, ended.outputs) == (0, "accepted=true\n")
    assert servers.reports[0].json == {"outputs": {"a": "1", "b": "2"}, "summary": "done"}


@pytest.mark.parametrize(
    "text", ["$(touch pwned)", "`id`", "';exit 0;'", '"; exit 0; "', "$HOME"]
)
def test_an_input_is_never_run(tmp_path: Path, text: str) -> None:
    """What looks like a program in an input is an output like any other."""
    with serving() as servers:
        ended = perform(servers, tmp_path, outputs=f"a={text}")

    assert ended.status == 0
    assert servers.reports[0].json["outputs"] == {"a": text}


@pytest.mark.parametrize("names", [["python3"], ["python"], ["python3", "python"]])
def test_python_is_found_by_either_name(tmp_path: Path, names: list[str]) -> None:
    """A runner has python3, or python, or an old one beside a good one."""
    for name in names[:-1]:
        _program(tmp_path / name, "exit 1")
    _program(tmp_path / names[-1], f'exec "{sys.executable}" "$@"')

    with serving() as servers:
        ended = perform(servers, tmp_path, path=str(tmp_path), outputs="a=1")

    assert ended.status == 0


def test_a_runner_without_python_is_told_of(tmp_path: Path) -> None:
    """Where no Python is new enough, the message names the version and the remedy."""
    _program(tmp_path / "python3", "exit 1")

    with serving() as servers:
        ended = perform(servers, tmp_path, path=str(tmp_path), outputs="a=1")

    assert ended.status == 1
    [told] = ended.errors
    assert told.startswith("Signalbox: no Python::This runner has no Python 3.8 or newer.")
    assert "actions/setup-python" in told


def test_both_steps_do_the_same() -> None:
    """One step runs on Windows and the other elsewhere, with the same inputs and program."""
    assert (POSIX["if"], WINDOWS["if"]) == ("runner.os != 'Windows'", "runner.os == 'Windows'")
    assert POSIX["env"] == WINDOWS["env"]
    for step in (POSIX, WINDOWS):
        assert "sys.version_info < (3, 8)" in step["run"]
        assert "-I" in step["run"]
        assert "${{" not in step["run"]


def test_every_input_is_handed_over() -> None:
    """No input is declared and then forgotten, and each is named as the program reads it."""
    handed = {f"SIGNALBOX_{n.upper().replace('-', '_')}": n for n in ACTION["inputs"]}

    assert POSIX["env"] == {
        variable: f"${{{{ inputs.{name} }}}}" for variable, name in handed.items()
    }


def test_the_template_is_a_complete_target() -> None:
    """The template declares the marker's input, shows it in run-name, and may get a token."""
    template = yaml.safe_load(TEMPLATE.read_text())
    [job] = template["jobs"].values()
    step = job["steps"][-1]

    # YAML 1.1 reads the key `on` as true.
    assert template[True]["workflow_dispatch"]["inputs"]["signalbox"]["required"] is False
    assert "[${{ inputs.signalbox }}]" in template["run-name"]
    assert job["permissions"] == {"contents": "read", "id-token": "write"}
    assert step["with"].keys() <= ACTION["inputs"].keys()
    assert all("${{" not in step.get("run", "") for step in job["steps"])


def test_the_template_has_its_properties() -> None:
    """GitHub offers a template only with a name and a description beside it."""
    properties = json.loads(TEMPLATE.with_suffix(".properties.json").read_text())

    assert properties["name"]
    assert properties["description"]
    assert properties["iconName"].startswith("octicon ")
    assert properties["categories"]


def test_the_guide_shows_the_template_as_it_is() -> None:
    """The workflow in docs/action.md is the template, so that the two cannot drift apart."""
    guide = (ROOT / "docs" / "action.md").read_text()

    assert f"```yaml\n{TEMPLATE.read_text()}```" in guide
    for name in ACTION["inputs"]:
        assert f"| `{name}` |" in guide


def _program(path: Path, line: str) -> None:
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)
