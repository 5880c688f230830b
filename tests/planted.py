"""Plants known bugs, one at a time, in a copy of the tree, and shows which test catches each.

`python -m tests.planted`. A test suite that lets one of these live is not worth its green.
Each bug is a piece of text that must stand in a file exactly once, and what replaces it.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.kit import tree

CORE = ("rules", "record", "decide", "policy", "observing", "routing")
SUITES = (
    tuple(f"tests/core/test_{name}.py" for name in CORE),
    ("tests/simulation/test_core_alone.py",),
    ("tests/github",),
    ("tests/shell/test_courier.py", "tests/shell/test_payloads.py", "tests/shell/test_web.py"),
    ("tests/simulation/test_whole_shell.py",),
    ("tests/core", "tests/shell/test_store.py"),
)
"""From the quickest to the slowest; the first that catches a bug ends the search."""
SECONDS_MAX = 300
COPIED = ("app", "action", "tests", "pyproject.toml", "action.yml", "docs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bug:
    """One mistake that somebody might make."""

    name: str
    file: str
    right: str
    wrong: str


BUGS = (
    Bug(
        name="a command is ticked off before it is done",
        file="app/courier.py",
        right="        results = [(each, await self._carry(each)) for each in claimed]\n",
        wrong=(
            "        await self._engine.settle([(each, Carried()) for each in claimed], [])\n"
            "        results = [(each, await self._carry(each)) for each in claimed]\n"
        ),
    ),
    Bug(
        name="a stale attempt is believed",
        file="app/core/record.py",
        right="        return event.run_attempt < attempt.run_attempt\n",
        wrong="        return False\n",
    ),
    Bug(
        name="an unmatched completion is dropped",
        file="app/engine/intake.py",
        right=(
            "                status=DeliveryStatus.PARKED,\n"
            '                note="nobody has claimed the workflow run yet",\n'
            "                workflow_run_id=facts.id,\n"
        ),
        wrong=(
            "                status=DeliveryStatus.DONE,\n"
            '                note="nobody has claimed the workflow run yet",\n'
            "                workflow_run_id=facts.id,\n"
        ),
    ),
    Bug(
        name="a dispatch is retried blindly",
        file="app/github/performer.py",
        right="            known = await self._starter.look(command, errand, access)\n",
        wrong="            known = None\n",
    ),
    Bug(
        name="max-parallel is ignored",
        file="app/core/rules.py",
        right="        if leg.status is not LegStatus.PENDING or places <= 0:\n",
        wrong="        if leg.status is not LegStatus.PENDING:\n",
    ),
    Bug(
        name="fail-fast is ignored",
        file="app/core/rules.py",
        right="    elif failed is not None and strategy is not None and strategy.fail_fast:\n",
        wrong="    elif failed is not None and strategy is None:\n",
    ),
    Bug(
        name="a condition is not looked at",
        file="app/core/rules.py",
        right=(
            "        if definition.condition and not "
            "evaluate_condition(definition.condition, values):\n"
        ),
        wrong=(
            "        if definition.condition and "
            "evaluate_condition(definition.condition, {}):\n"
        ),
    ),
    Bug(
        name="a failed need does not stop what needs it",
        file="app/core/rules.py",
        right='        if needed.has_ended and needed.result != "success":\n',
        wrong='        if needed.has_ended and needed.result == "skipped":\n',
    ),
    Bug(
        name="an older status is believed after a newer one",
        file="app/core/record.py",
        right=(
            "    return status is attempt.run_status or RANK[status] < "
            "RANK[attempt.run_status]\n"
        ),
        wrong="    return status is attempt.run_status\n",
    ),
    Bug(
        name="outputs are not type-checked",
        file="app/core/outcome.py",
        right="        fault = check_value(declaration, value)\n",
        wrong="        fault = None\n",
    ),
    Bug(
        name="a workflow run that takes too long is left alone",
        file="app/core/rules.py",
        right=(
            "        if due <= now:\n"
            "            task = task.with_leg(leg.to(LegStatus.CANCELLING, reason))\n"
        ),
        wrong=(
            "        if due <= now and leg.is_tolerated:\n"
            "            task = task.with_leg(leg.to(LegStatus.CANCELLING, reason))\n"
        ),
    ),
    Bug(
        name="a workflow run at another commit is accepted",
        file="app/core/outcome.py",
        right="    if is_sha(attempt.ref) and attempt.head_sha != attempt.ref:\n",
        wrong="    if is_sha(attempt.ref) and attempt.head_sha is None:\n",
    ),
    Bug(
        name="consent is not asked for",
        file="app/core/policy.py",
        right=(
            "    if target.lower() == origin.repository.lower():\n"
            "        return GIVEN\n"
            "    who = "
        ),
        wrong=(
            "    if target.lower() != origin.repository.lower():\n"
            "        return GIVEN\n"
            "    who = "
        ),
    ),
    Bug(
        name="a dispatch that nobody wants any more leaves",
        file="app/courier.py",
        right="        if is_wanted(state, command):\n",
        wrong="        if is_wanted(state, command) or errand.tries == 1:\n",
    ),
    Bug(
        name="the signature is not looked at",
        file="app/github/webhooks.py",
        right="    return hmac.compare_digest(expected, found[1].lower())\n",
        wrong="    return hmac.compare_digest(expected, expected)\n",
    ),
    Bug(
        name="a marker in any workflow run's title is believed",
        file="app/core/observing.py",
        right='    if facts.event != "workflow_dispatch":\n        return None\n    found = ',
        wrong='    if facts.event == "":\n        return None\n    found = ',
    ),
)


def main() -> int:
    """Plant every bug in turn. Return 1 if any was caught by no test."""
    console = Console()
    table = Table("bug", "caught by", "more")
    survivors = 0
    with tempfile.TemporaryDirectory(prefix="planted-") as folder:
        for bug in BUGS:
            caught = plant(bug, Path(folder) / "tree")
            survivors += not caught
            first = caught[0] if caught else "[red]NOTHING[/]"
            table.add_row(bug.name, first, f"and {len(caught) - 1} more" if caught[1:] else "")
            console.print(f"{'caught' if caught else 'NOT CAUGHT'}: {bug.name}")
    console.print(table)
    return 1 if survivors else 0


def plant(bug: Bug, copy: Path) -> list[str]:
    """Plant one bug in a fresh copy of the tree; return the tests that fail."""
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
    return failing(copy)


def failing(folder: Path) -> list[str]:
    """Run the suites there, one after the other, and return the first tests that fail."""
    for suite in SUITES:
        command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--maxfail=3"]
        try:
            done = subprocess.run(
                [*command, "-p", "no:cacheprovider", *suite],
                cwd=folder,
                capture_output=True,
                text=True,
                timeout=SECONDS_MAX,
            )
        except subprocess.TimeoutExpired:
            return [f"(a test that never ends, in {suite[0]})"]
        failed = re.findall(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE)
        if failed:
            return failed
        if done.returncode != 0:
            raise SystemExit(f"{suite} did not run:\n{done.stdout[-2_000:]}{done.stderr}")
    return []


if __name__ == "__main__":
    raise SystemExit(main())
