"""The catalogue of problems: what the documentation shows is what the code says."""

import re
from pathlib import Path

from app.core.parse import parse
from app.core.problems import Code, Problem, in_order

PAGE = (Path(__file__).parents[2] / "docs" / "problems.md").read_text(encoding="utf-8")
TEMPLATES = {"./broken.yml": "version: 1\ntasks: {}\n"}
SECTIONS = re.findall(r"^## (\S+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)


def test_every_code_has_its_section() -> None:
    """docs/problems.md explains each code, in the order of the catalogue, and no other."""
    assert [code for code, _ in SECTIONS] == [code.value for code in Code]


def test_every_example_has_its_problem() -> None:
    """Each section has an example with that problem, a remedy, and nothing is out of date."""
    for code, section in SECTIONS:
        (example,) = re.findall(r"^```yaml\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
        _, problems = parse(example, "example.yml", TEMPLATES)

        assert code in {problem.code for problem in problems}, code
        assert re.search(r"\*\*\w+\*\*", section), f"{code}: the remedy is marked by its verb"


def test_problems_stand_in_the_order_of_the_file() -> None:
    """Each is told once, from the top."""
    first = Problem(code=Code.CYCLE, message="m", hint="h", line=2, column=9)
    second = Problem(code=Code.BAD_NAME, message="m", hint="h", line=10, column=1)

    assert in_order([second, first, second]) == (first, second)
