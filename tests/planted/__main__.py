"""Plants known bugs, one at a time, in a copy of the tree, and shows which test catches each.

`python -m tests.planted`. A test suite that lets one of these live is not worth its green.
Each bug is a piece of text that must stand in a file exactly once, and what replaces it.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from rich.console import Console
from rich.table import Table

from tests.kit import tree
from tests.planted import asking, core, gates, shell
from tests.planted.bug import Bug

STORIES = (
    "rules", "record", "decide", "outcomes", "policy", "organization", "calendars", "observing",
    "routing", "joining", "retrying", "reopening", "control", "places", "compensating",
    "children", "operations", "gates", "asking", "waits", "waves", "machine", "votes_late",
    "carrying", "carrying_gates", "pulls", "votes", "differences", "questions",
)  # fmt: skip
QUICK = {
    "stories": (
        *(f"tests/core/test_{name}.py" for name in STORIES),
        "tests/core/approvals",
    ),
    "properties": ("tests/core/test_properties.py",),
    "simulation": ("tests/simulation/test_core_alone.py",),
}
SHELL = {
    "stories": (
        "tests/github",
        "tests/shell/test_absence.py",
        "tests/shell/test_permissions.py",
        "tests/shell/test_repair_histories.py",
        "tests/shell/test_patience.py",
        "tests/shell/test_orphans.py",
        "tests/shell/test_engine.py",
        "tests/shell/test_payloads.py",
        "tests/shell/test_web.py",
        "tests/shell/test_store.py",
        "tests/shell/test_store_commands.py",
    ),
    "simulation": ("tests/simulation/test_whole_shell.py",),
}
SECONDS_MAX = 300
COPIED = ("app", "action", "tests", "pyproject.toml", "action.yml", "docs")
BUGS = (*core.BUGS, *gates.BUGS, *asking.BUGS, *shell.BUGS)


def main() -> int:
    """Plant every bug in turn. Return 1 if any was caught by no test."""
    console = Console(width=None if Console().is_terminal else 150)
    table = Table("bug", "stories", "properties", "simulation")
    survivors, began = 0, perf_counter()
    with tempfile.TemporaryDirectory(prefix="planted-") as folder:
        for bug in BUGS:
            caught = plant(bug, Path(folder) / "tree")
            survivors += not caught
            kinds = ("stories", "properties", "simulation")
            table.add_row(bug.name, *(_short(caught.get(kind, "")) for kind in kinds))
            verdict = f"caught by {', '.join(caught)}" if caught else "NOT CAUGHT"
            console.print(f"{verdict}: {bug.name}")
    console.print(table)
    console.print(f"{len(BUGS)} bugs, {survivors} survived, {perf_counter() - began:.0f} s")
    return 1 if survivors else 0


def _short(test: str) -> str:
    return test.rpartition("::")[2].removeprefix("test_").replace("_", " ")


def plant(bug: Bug, copy: Path) -> dict[str, str]:
    """Plant one bug in a fresh copy of the tree; return by kind the tests that fail."""
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir(parents=True)
    for name in COPIED:
        source = tree.ROOT / name
        if source.is_dir():
            skipped = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, copy / name, ignore=skipped)
        elif source.exists():
            shutil.copy(source, copy / name)
    (copy / ".cache").symlink_to(tree.ROOT / ".cache")
    path = copy / bug.file
    text = path.read_text(encoding="utf-8")
    if text.count(bug.right) != 1:
        raise SystemExit(f"{bug.file} does not hold once what is to be replaced: {bug.name}")
    path.write_text(text.replace(bug.right, bug.wrong), encoding="utf-8")
    return catchers(bug, copy)


def catchers(bug: Bug, folder: Path) -> dict[str, str]:
    """Return the first test of each kind that fails.

    What is wrong in the core is shown to every kind of quick test; the slow ones are asked
    only as long as nobody has caught it.
    """
    caught: dict[str, str] = {}
    if bug.file.startswith("app/core/"):
        for kind, suite in QUICK.items():
            if failed := first_failure(folder, suite):
                caught[kind] = failed
    for kind, suite in SHELL.items():
        if not caught and (failed := first_failure(folder, suite)):
            caught[kind] = failed
    return caught


def first_failure(folder: Path, suite: tuple[str, ...]) -> str | None:
    """Run a suite until something fails there, and name it."""
    present = [each for each in suite if (folder / each).exists()]
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--maxfail=1"]
    quickly = ["-p", "no:cacheprovider", "--hypothesis-profile=planted"]
    try:
        done = subprocess.run(
            [*command, *quickly, *present],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
        )
    except subprocess.TimeoutExpired:
        return f"(a test that never ends, in {suite[0]})"
    if failed := re.search(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE):
        return failed[1]
    if done.returncode != 0:
        raise SystemExit(f"{suite} did not run:\n{done.stdout[-2_000:]}{done.stderr}")
    return None


if __name__ == "__main__":
    raise SystemExit(main())
