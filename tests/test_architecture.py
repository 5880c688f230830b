"""The rooms and who may import whom; pyproject.toml holds the rules for import-linter."""

import subprocess
import sys
import tomllib
from pathlib import Path

from tests.kit import tree

# These join the rooms and may import everything.
_JOINERS = {"app.__main__", "app.cli", "app.demo", "app.main"}


def test_every_import_is_allowed() -> None:
    """No room imports what docs/architecture.md does not allow it."""
    command = [
        sys.executable,
        "-c",
        "from importlinter.cli import lint_imports_command as c; c()",
    ]
    done = subprocess.run(
        [*command, "--no-cache", "--no-logo"], cwd=tree.ROOT, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_every_room_has_a_rule() -> None:
    """A new room or module in app is named in a rule before it is built."""
    settings = tomllib.loads((tree.ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    ruled = {room for contract in contracts for room in contract.get("rooms", ())}
    rooms = {".".join(Path(name).with_suffix("").parts[:2]) for name, _ in tree.python("app/")}

    assert rooms - ruled - _JOINERS - {"app.__init__"} == set()


def test_the_action_needs_only_python() -> None:
    """The companion Action runs in other people's repositories: standard library only."""
    sources = list(tree.python("action/"))
    own = {"action", *(Path(name).stem for name, _ in sources)}
    foreign = [
        f"{name}:{line}: {module}"
        for name, source in sources
        for line, module in tree.imported(source)
        if module not in sys.stdlib_module_names and module not in own
    ]

    assert foreign == []
