"""Plants known bugs, one at a time, in a copy of the tree, and shows which test catches each.

`python -m tests.planted`. A test suite that lets one of these live is not worth its green.
Each bug is a piece of text that must stand in a file exactly once, and what replaces it. The
first test that fails is enough, and that which failed the last time (`caught.json`) is asked
first; `--kinds` shows the first of the stories, properties and the simulation.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from time import perf_counter

from rich.console import Console
from rich.table import Table

from tests.kit import tree
from tests.planted import asking, beside, calendars, core, gates, shell, shown, visits
from tests.planted.bug import Bug

STORIES = (
    "rules", "record", "decide", "outcomes", "policy", "organization", "calendars", "observing",
    "routing", "joining", "retrying", "reopening", "control", "places", "compensating",
    "children", "operations", "gates", "asking", "waits", "waves", "machine", "votes_late",
    "carrying", "carrying_gates", "pulls", "votes", "votes_crowded", "differences",
    "questions", "environments", "environments_frozen", "environments_found", "page",
    "page_parts", "page_drawn", "unread",
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
        "tests/shell/test_sweeping.py",
        "tests/shell/test_patience.py",
        "tests/shell/test_orphans.py",
        "tests/shell/test_engine.py",
        "tests/shell/test_environments_there.py",
        "tests/shell/test_payloads.py",
        "tests/shell/test_web.py",
        "tests/shell/test_attacks_names.py",
        "tests/shell/test_attacks_pages.py",
        "tests/shell/test_sign_in.py",
        "tests/shell/test_pages.py",
        "tests/shell/test_live.py",
        "tests/shell/test_store.py",
        "tests/shell/test_store_commands.py",
        "tests/shell/test_store_holding.py",
        "tests/shell/test_store_waiting.py",
        "tests/shell/test_store_retention.py",
        "tests/shell/test_plans_of_queries.py",
        "tests/shell/test_direct.py",
        "tests/shell/test_lists.py",
        "tests/shell/test_replicas_join.py",
        "tests/shell/test_parking.py",
        "tests/shell/test_flights.py",
        "tests/shell/test_checks_again.py",
        "tests/shell/test_leases.py",
        "tests/shell/test_packing.py",
        "tests/shell/test_frozen.py",
        "tests/shell/test_inbox.py",
        "tests/shell/test_courier.py",
        "tests/shell/test_interpreter.py",
        "tests/shell/test_doctor.py",
        "tests/shell/test_doctor_judging.py",
        "tests/shell/test_setup.py",
        "tests/shell/test_setup_refused.py",
        "tests/shell/test_cli_templates_refused.py",
    ),
    "simulation": ("tests/simulation/test_whole_shell.py",),
}
CAUGHT = Path(__file__).parent / "caught.json"
_WRITING = Lock()
KINDS = ("stories", "properties", "simulation")
SECONDS_MAX = 1_200
LEFT_OUT = (".git", ".venv", ".cache", ".hypothesis", ".*_cache")
GONE = 4
"""What pytest says where it was asked for a test that is there no more."""
BUGS = (
    *core.BUGS,
    *gates.BUGS,
    *asking.BUGS,
    *calendars.BUGS,
    *shell.BUGS,
    *visits.BUGS,
    *shown.BUGS,
    *beside.BUGS,
)


class NotPlanted(Exception):
    """A bug has lost its place, or the tests do not run at all."""


def main() -> int:
    """Plant every bug in turn, some at a time. Return 1 if any was caught by no test."""
    parser = argparse.ArgumentParser(prog="python -m tests.planted", description=__doc__)
    parser.add_argument("--at-once", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--kinds", action="store_true", help="show each kind that catches")
    parser.add_argument("names", nargs="*", help="words of the bugs' names; all, if none is")
    given = parser.parse_args()
    bugs = [bug for bug in BUGS if all(word in bug.name for word in given.names)]
    console = Console(width=None if Console().is_terminal else 150)
    table, began = Table("bug", *KINDS), perf_counter()

    def plant_one(bug: Bug) -> dict[str, str]:
        try:
            with tempfile.TemporaryDirectory(prefix="planted-") as folder:
                caught = plant(bug, Path(folder) / "tree", is_first_enough=not given.kinds)
            verdict = f"caught by {', '.join(caught)}" if caught else "NOT CAUGHT"
            _remember(bug, caught)
        except NotPlanted as error:
            caught, verdict = {}, f"NOT PLANTED, {error}"
        console.print(f"{verdict}: {bug.name}")
        return caught

    with ThreadPoolExecutor(given.at_once) as places:
        found = list(places.map(plant_one, bugs))
    for bug, caught in zip(bugs, found, strict=True):
        table.add_row(bug.name, *(_short(caught.get(kind, "")) for kind in KINDS))
    survivors = sum(not caught for caught in found)
    console.print(table)
    console.print(f"{len(bugs)} bugs, {survivors} survived, {perf_counter() - began:.0f} s")
    return 1 if survivors else 0


def _remember(bug: Bug, caught: dict[str, str]) -> None:
    """Write down what caught a bug: without parameters, which may have spaces."""
    kind, test = next(iter(caught.items()), ("", "("))
    if test.startswith("("):
        return
    with _WRITING:
        known = {**_remembered(), bug.name: [kind, test.partition("[")[0]]}
        text = json.dumps(known, indent=1, sort_keys=True) + "\n"
        CAUGHT.write_text(text, encoding="utf-8")


def _remembered() -> dict[str, list[str]]:
    known: dict[str, list[str]] = json.loads(CAUGHT.read_text(encoding="utf-8"))
    names = {bug.name for bug in BUGS}
    return {name: each for name, each in known.items() if name in names}


def _short(test: str) -> str:
    return test.rpartition("::")[2].removeprefix("test_").replace("_", " ")


def plant(bug: Bug, copy: Path, *, is_first_enough: bool) -> dict[str, str]:
    """Plant one bug in a fresh copy of the tree; return by kind the tests that fail."""
    shutil.copytree(tree.ROOT, copy, ignore=shutil.ignore_patterns("__pycache__", *LEFT_OUT))
    (copy / ".cache").symlink_to(tree.ROOT / ".cache")
    path = copy / bug.file
    text = path.read_text(encoding="utf-8")
    if text.count(bug.right) != 1:
        raise NotPlanted(f"{bug.file} does not hold once what is to be replaced")
    path.write_text(text.replace(bug.right, bug.wrong), encoding="utf-8")
    caught = catchers(bug, copy, is_first_enough=is_first_enough)
    path.write_text(text, encoding="utf-8")
    for kind, test in caught.items():
        is_known = _remembered().get(bug.name) == [kind, test.partition("[")[0]]
        if not is_known and "::" in test and first_failure(copy, (test.partition("[")[0],)):
            raise NotPlanted(f"{test} fails without it, too")
    return caught


def catchers(bug: Bug, folder: Path, *, is_first_enough: bool) -> dict[str, str]:
    """Return the first test that fails, or the first of each kind.

    What is wrong in the core is shown to the quick tests; the slow ones are asked only as long
    as nobody has caught it.
    """
    caught: dict[str, str] = {}
    with _WRITING:
        known = _remembered()
    if is_first_enough and bug.name in known:
        kind, test = known[bug.name]
        if failed := first_failure(folder, (test,)):
            return {kind: failed}
    if bug.file.startswith("app/core/"):
        for kind, suite in QUICK.items():
            is_asked = not (caught and is_first_enough)
            if is_asked and (failed := first_failure(folder, suite)):
                caught[kind] = failed
    for kind, suite in SHELL.items():
        if not caught and (failed := first_failure(folder, suite)):
            caught[kind] = failed
    return caught


def first_failure(folder: Path, suite: tuple[str, ...]) -> str | None:
    """Run a suite until something fails there, and name it."""
    present = [each for each in suite if (folder / each.partition("::")[0]).exists()]
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
    quickly = ["-p", "no:xdist", "-p", "no:cov", "--hypothesis-profile=planted"]
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
    # A file that cannot even be read has caught nothing: then something is missing here.
    if failed := re.search(r"^(?:FAILED|ERROR) (\S+::\S+)", done.stdout, re.MULTILINE):
        return failed[1]
    is_gone = done.returncode == GONE and "ImportError" not in done.stdout + done.stderr
    if done.returncode != 0 and not is_gone:
        raise NotPlanted(f"{suite} did not run:\n{done.stdout[-2_000:]}{done.stderr}")
    return None


if __name__ == "__main__":
    raise SystemExit(main())
