"""House rules that no linter knows: each is one test and one sentence."""

import ast
import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from tests.kit import tree
from tests.planted import asking, beside, calendars, core, gates, shell, shown, visits

_LINES_MAX = 400
_FUNCTION_MAX = 50

# Put together here, so that this file does not break its own rules.
_UNFINISHED = re.compile(
    "|".join((rf"\bTO{''}DO\b", rf"\bFIX{''}ME\b", rf"NotImplemented{''}Error"))
)
_MACHINE = re.compile(
    rf"(?<![\w.}}])/(?:wo{''}rk|ro{''}ot|fa{''}rm|home/\w+)/|(?<!\w)\.lib{''}rary\b"
)
_INDEX = re.compile(
    "|".join(
        re.escape(host)
        for host in (
            "py" + "pi.org",
            "python" + "hosted",
            "registry." + "npmjs",
            "deb.debian" + ".org",
        )
    )
)
_PATCHING = re.compile(rf"\bunittest\.mo{''}ck\b|\bmonkey{''}patch\b|\bMagic{''}Mock\b")
_PRINTING = ("app/cli", "app/demo", "app/__main__.py")
_VAGUE = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}


def test_a_file_is_short_enough_to_read() -> None:
    """No Python file has more than 400 lines."""
    long = [
        f"{name}: {source.count(chr(10))} lines"
        for name, source in tree.python()
        if source.count("\n") > _LINES_MAX
    ]

    _none(long)


def test_a_function_fits_a_screen() -> None:
    """No function of the product has more than 50 lines."""
    long = [
        f"{name}:{node.lineno}: {node.name} has {length} lines"
        for name, source in tree.python("app/", "action/")
        for node in tree.functions(source)
        if (length := (node.end_lineno or node.lineno) - node.lineno + 1) > _FUNCTION_MAX
    ]

    _none(long)


def test_a_module_says_what_it_is_for() -> None:
    """Every module begins with a docstring."""
    _none(name for name, source in tree.python() if not ast.get_docstring(ast.parse(source)))


def test_a_test_says_what_is_true() -> None:
    """Every test has a docstring of one sentence."""
    silent = [
        f"{name}:{node.lineno}: {node.name}"
        for name, source in tree.python("tests/")
        for node in tree.functions(source)
        if node.name.startswith("test_") and not ast.get_docstring(node)
    ]

    _none(silent)


def test_nothing_is_left_for_later() -> None:
    """No tracked file holds a note to finish it some day."""
    _none(_lines(_UNFINISHED, tree.text()))


def test_the_product_prints_only_at_the_command_line() -> None:
    """Only the command line and the demo print; all else logs."""
    printing = [
        f"{name}:{node.lineno}"
        for name, source in tree.python("app/")
        if not name.startswith(_PRINTING)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
    ]

    _none(printing)


def test_no_file_knows_the_machine_it_was_written_on() -> None:
    """No tracked file holds a path of one machine."""
    _none(_lines(_MACHINE, tree.text()))


def test_no_file_knows_a_package_index() -> None:
    """No tracked file holds the address of a package index: that is the machine's business."""
    _none(_lines(_INDEX, tree.text()))


def test_a_test_hands_values_in() -> None:
    """No test replaces a part of the product while it runs."""
    _none(_lines(_PATCHING, tree.python("tests/", "app/", "action/")))


def test_a_file_is_named_after_what_it_holds() -> None:
    """No file has a name that would fit any other file as well."""
    _none(name for name, _ in tree.python() if PurePosixPath(name).stem in _VAGUE)


def _lines(pattern: re.Pattern[str], sources: Iterable[tuple[str, str]]) -> list[str]:
    return [
        f"{name}:{number}: {line.strip()[:80]}"
        for name, source in sources
        for number, line in enumerate(source.splitlines(), 1)
        if pattern.search(line)
    ]


def _none(found: Iterable[str]) -> None:
    assert "\n".join(found) == ""


def test_a_planted_bug_finds_its_place() -> None:
    """What a planted bug replaces stands in its file exactly once."""
    lost = [
        f"{bug.file}: {bug.name}"
        for bugs in (core, gates, asking, beside, calendars, shell, visits, shown)
        for bug in bugs.BUGS
        if (tree.ROOT / bug.file).read_text(encoding="utf-8").count(bug.right) != 1
    ]

    _none(lost)
