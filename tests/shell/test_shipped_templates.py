"""The workflow templates that are shipped: found wherever Signalbox is, and filled in."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from app.cli.shipped_templates import FOLDER, Template, filled, fillings, left_open, shipped
from app.rehearsal import Flavour
from tests.kit import tree
from tests.shell.templates_kit import HOME, PROPERTIES, WORKFLOW, Desk, desk, files

SERVER, ACTION = "https://signalbox.acme.example", "acme/signalbox"


@pytest.fixture
def here(capsys: pytest.CaptureFixture[str]) -> Iterator[Desk]:
    with desk(capsys) as made:
        yield made


def call(code: Path, desk: Desk, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Call the command as a process whose code stands in a folder, and nowhere else."""
    environ = {**os.environ, **desk.environ, "PYTHONPATH": str(code)}
    environ.pop("SIGNALBOX_URL", None)
    command = [sys.executable, "-m", "app", "templates", "--organization", "acme", *arguments]
    return subprocess.run(command, cwd=code, env=environ, capture_output=True, text=True)


def test_a_wheel_has_them(here: Desk, tmp_path: Path) -> None:
    """What is built from pyproject.toml offers what the checkout offers."""
    source, built, installed = tmp_path / "source", tmp_path / "built", tmp_path / "installed"
    source.mkdir()
    shutil.copy(tree.ROOT / "pyproject.toml", source)
    leave_out = shutil.ignore_patterns("__pycache__")
    for folder in ("app", FOLDER):
        shutil.copytree(tree.ROOT / folder, source / folder, ignore=leave_out)
    build = (
        "from setuptools.build_meta import build_wheel; import sys; build_wheel(sys.argv[1])"
    )
    built.mkdir()
    subprocess.run(
        [sys.executable, "-c", build, str(built)], cwd=source, check=True, capture_output=True
    )
    pip = [sys.executable, "-m", "pip", "install", "--no-index", "--no-deps", "--quiet"]
    wheel = next(built.glob("*.whl"))
    subprocess.run([*pip, "--ignore-installed", "--prefix", installed, wheel], check=True)
    [code] = installed.glob("lib*/python*/site-packages")
    said = call(code, here, "--json")

    assert (said.returncode, said.stderr) == (0, "")
    found = {each["path"]: each["state"] for each in json.loads(said.stdout)["files"]}
    assert found == {PROPERTIES: "new", WORKFLOW: "new"}
    assert here.text(here.branch, WORKFLOW) == shipped()[1].text


def test_the_container_has_them(here: Desk, tmp_path: Path) -> None:
    """It gets them beside the code."""
    dockerfile = (tree.ROOT / "Dockerfile").read_text(encoding="utf-8")
    for folder in ("app", FOLDER):
        shutil.copytree(tree.ROOT / folder, tmp_path / folder)
        assert f"\nCOPY {folder} {folder}\n" in dockerfile
    said = call(tmp_path, here, "--dry-run")

    assert (said.returncode, said.stderr) == (0, "")
    assert f"new     {WORKFLOW}" in said.stdout
    assert here.environ["GITHUB_TOKEN"] not in said.stdout


def test_without_them_it_says_so(here: Desk, tmp_path: Path) -> None:
    """That nothing is there to offer does not look as if nothing were to be changed."""
    shutil.copytree(tree.ROOT / "app", tmp_path / "app")
    about = tmp_path / "signalbox-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: signalbox\nVersion: 1\n")
    said = call(tmp_path, here)

    assert said.returncode != 0
    assert f"{FOLDER} is missing" in said.stderr


def test_help_does_not_wait_for_pygithub() -> None:
    """Whoever asks for help has no use for it."""
    code = (
        "import sys; from app.cli import run; run(['templates', '--help']);"
        "sys.exit('github' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tree.ROOT, capture_output=True)

    assert done.returncode == 0


def test_enterprise_server_is_offered_them_too(capsys: pytest.CaptureFixture[str]) -> None:
    """Its API stands below a path."""
    with desk(capsys, Flavour.ENTERPRISE_SERVER) as here:
        said = here.offer()

        assert here.environ["GITHUB_API_URL"].endswith("/api/v3")
        assert files(said) == {PROPERTIES: "new", WORKFLOW: "new"}
        assert said.json["pull_request"]["url"] == f"{here.github.web_url}/{HOME}/pull/1"


def test_each_template_has_its_properties() -> None:
    """GitHub offers a workflow only with the file of that name beside it."""
    names = {each.path.removeprefix(f"{FOLDER}/") for each in shipped()}
    workflows = {name.removesuffix(".yml") for name in names if name.endswith(".yml")}

    assert names == {
        f"{name}{end}" for name in workflows for end in (".yml", ".properties.json")
    }


@pytest.mark.parametrize("old", [old for old, _ in fillings(server=SERVER, action=ACTION)])
def test_what_is_filled_in_is_there(old: str) -> None:
    """A place that is renamed in a template would be left open without a word."""
    assert "".join(each.text for each in shipped()).count(old) == 1


def test_what_is_filled_in_changes_nothing_else() -> None:
    """The workflow is the same but for where Signalbox and its Action are."""
    workflow = shipped()[1]
    [made] = filled([workflow], server=SERVER, action=f"{ACTION}@v2")
    was, now = yaml.safe_load(workflow.text), yaml.safe_load(made.text)

    last = now["jobs"]["build"]["steps"][-1]
    assert (last["uses"], last["with"]["server"]) == (f"{ACTION}@v2", SERVER)
    was["jobs"]["build"]["steps"][-1]["uses"] = last["uses"]
    was["jobs"]["build"]["steps"][-1]["with"]["server"] = SERVER
    assert now == was
    assert "your-organization" not in made.text
    assert "SIGNALBOX_URL" not in made.text
    assert "# zizmor: ignore[unpinned-uses] pin the SHA you reviewed" in made.text


def test_an_action_that_is_pinned_needs_no_excuse() -> None:
    """A SHA is what the comment beside it asks for."""
    [made] = filled([shipped()[1]], server="", action=f"{ACTION}@{'a' * 40}")

    assert "zizmor" not in made.text
    [left] = left_open([made])
    assert "SIGNALBOX_URL" in left


def test_a_template_has_the_sha_that_git_gives_it() -> None:
    """By it what is there is compared; `git hash-object` says the same."""
    template = Template(path="hello.txt", text="hello world\n")

    assert template.sha == "3b18e512dba79e4c8300dd08aeb37f8e728b8dad"
    assert len(template.sha) == hashlib.sha1().digest_size * 2
