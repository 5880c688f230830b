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
from time import perf_counter

from rich.console import Console
from rich.table import Table

from tests.kit import tree

STORIES = (
    "rules", "record", "decide", "outcome", "policy", "organization", "calendars", "observing",
    "routing", "wanted",
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
        file="app/core/legs/outcome.py",
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
        file="app/core/legs/outcome.py",
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
        name="a duplicate delivery counts as new",
        file="app/store/sql/save.py",
        right='upsert_into(connection, deliveries, ("id",), ())',
        wrong='upsert_into(connection, deliveries, ("id",), ("received_at",))',
    ),
    Bug(
        name="a lease never expires",
        file="app/store/sql/commands.py",
        right="where(is_held(), commands.c.lease_until <= _MOMENT)",
        wrong="where(is_held(), commands.c.lease_until <= 0 * _MOMENT)",
    ),
    Bug(
        name="outputs that waited parked are not waited for",
        file="app/core/legs/outcome.py",
        right="    return is_lacking and now < attempt.known_at + OUTPUTS_GRACE\n",
        wrong="    return is_lacking and now < attempt.known_at\n",
    ),
    Bug(
        name="a silent workflow run is never looked up",
        file="app/core/rules.py",
        right="        if (due := due_look_up(leg.attempt)) is None or due > now:\n",
        wrong="        if (due := due_look_up(leg.attempt)) is None or due != now:\n",
    ),
    Bug(
        name="the signature is not looked at",
        file="app/github/webhooks.py",
        right="    return hmac.compare_digest(expected, found[1].lower())\n",
        wrong="    return hmac.compare_digest(expected, expected)\n",
    ),
    Bug(
        name="a marker in any workflow run's title is believed",
        file="app/core/hearing/observing.py",
        right='    if facts.event != "workflow_dispatch":\n        return None\n    found = ',
        wrong='    if facts.event == "":\n        return None\n    found = ',
    ),
    Bug(
        name="whoever votes first keeps the first place that fits",
        file="app/core/approvals/matching.py",
        right="            if place not in holder or seat(holder[place], seen):\n",
        wrong="            if place not in holder:\n",
    ),
    Bug(
        name="who is excluded may approve",
        file="app/core/approvals/votes.py",
        right="    if exclusion is not None:\n",
        wrong="    if exclusion is not None and voter.is_bot:\n",
    ),
    Bug(
        name="a vote about an old commit counts",
        file="app/core/approvals/votes.py",
        right="    return is_digest and (not vote.sha or vote.sha in question.shas)\n",
        wrong="    return is_digest\n",
    ),
    Bug(
        name="an account that took over a name has its vote",
        file="app/core/approvals/votes.py",
        right="vote.user_id and voter.id and vote.user_id != voter.id:\n",
        wrong="vote.user_id and voter.id and vote.user_id < 0:\n",
    ),
    Bug(
        name="a condition that fails opens the gate",
        file="app/core/approvals/weighing.py",
        right="            code, is_met = ReasonCode.RULE_ERROR, not rule.is_enforced\n",
        wrong="            code, is_met = ReasonCode.RULE_ERROR, True\n",
    ),
    Bug(
        name="a break-glass sets the organisation's policy aside",
        file="app/core/approvals/weighing.py",
        right="        rules = tuple(rule for rule in rules if rule.policy)\n",
        wrong="        rules = ()\n",
    ),
    Bug(
        name="an edited comment goes on counting",
        file="app/core/approvals/doors.py",
        right='    if heard.action in ("edited", "deleted"):\n',
        wrong='    if heard.action in ("deleted",):\n',
    ),
    Bug(
        name="a command in a code block is carried out",
        file="app/core/approvals/visible.py",
        right="        fence = _opened(line)\n",
        wrong="        fence = _opened(line) if line == line.lstrip() else None\n",
    ),
    Bug(
        name="a CODEOWNERS rule without owners is passed over",
        file="app/core/approvals/codeowners.py",
        right="(rule for rule in reversed(known.rules) if _matches(rule.pattern, parts))",
        wrong=(
            "(rule for rule in reversed(known.rules)"
            " if rule.owners and _matches(rule.pattern, parts))"
        ),
    ),
    Bug(
        name="a policy in trial is enforced",
        file="app/core/policies/organization.py",
        right="            is_enforced = Mode.EVALUATE not in (organization.mode, rule.mode)\n",
        wrong="            is_enforced = Mode.EVALUATE is not rule.mode\n",
    ),
    Bug(
        name="a calendar opens at the first of two half past twos",
        file="app/core/calendars.py",
        right="            moment(start, zone, is_late=not is_closing),\n",
        wrong="            moment(start, zone, is_late=is_closing),\n",
    ),
)


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
