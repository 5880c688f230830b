"""docs/definitions.md: every word of the language is explained, and its examples are right."""

import re
import textwrap

import pytest

from app.core.parse import parse
from app.core.policy import read_policy
from app.core.reading import words
from app.core.reading.actions.operation import OPERATIONS
from app.core.reading.happenings import ALL_FILTERS, FILTERS
from tests.core.reading.shipped import DISPATCH, HEAD
from tests.kit import tree

PAGE = (tree.ROOT / "docs" / "definitions.md").read_text(encoding="utf-8")
EXAMPLES = [
    each
    for each in re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    if not each.startswith("#")
]
SHIP = """version: 1
inputs: {component: {type: string}, share: {type: number}}
tasks: {ship: {dispatch: 'acme/${{ inputs.component }}/.github/workflows/ship.yml@main'}}
"""
# What the examples of single tasks need, and what their conditions read.
AROUND = f"""inputs: {{train: {{type: string}}, feedback: {{type: string}}}}
tasks:
  build: {{{DISPATCH}, outputs: {{image: {{type: string}}}}}}
  contract: {{{DISPATCH}, outputs: {{breaking: {{type: integer}}}}}}
  targets: {{{DISPATCH}, outputs: {{regions: {{type: array}}}}}}
"""


def whole(example: str) -> str:
    """Complete an example to a definition."""
    first = example.partition(":")[0]
    if first == "version":
        return example
    if first == "on":
        inputs = "inputs: {train: {type: string}}"
        return f"version: 1\n{example}{inputs}\ntasks: {{a: {{{DISPATCH}}}}}\n"
    if first == "initial":
        return f"{HEAD}{example}"
    if first == "inputs":
        return f"{HEAD}{example}tasks: {{a: {{{DISPATCH}}}}}\n"
    if first in words.TASK.known:
        example = f"a:\n  {DISPATCH}\n" + textwrap.indent(example, "  ")
    if "needs:" not in example:
        example += "  needs: [build, contract, targets]\n"
    return f"{HEAD}{AROUND}{textwrap.indent(example, '  ')}"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda each: str(each).partition("\n")[0])
def test_an_example_of_the_page_is_right(example: str) -> None:
    """Whoever copies it has no problem."""
    name = "acme/templates/.github/orchestrations/ship.yml@v3"
    definition, problems = parse(whole(example), "a.yml", {name: SHIP})

    assert problems == ()
    assert definition is not None


def test_every_word_is_on_the_page() -> None:
    """Each key, event, filter and call is named."""
    vocabularies = [each for each in vars(words).values() if isinstance(each, words.Vocabulary)]
    keys = frozenset().union(*(each.known for each in vocabularies))
    wanted = keys | FILTERS.keys() | ALL_FILTERS | OPERATIONS.keys()

    named = set(re.findall(r"[a-z][a-z0-9_.-]*[a-z0-9]", PAGE))
    assert sorted(wanted - named) == []


def test_the_first_definition_of_the_readme_is_right() -> None:
    """What a newcomer copies first has no problem, and a policy that lets it in."""
    readme = (tree.ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```yaml\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)
    definition, problems = parse(blocks[0], ".github/orchestrations/release.yml")
    policy, wrong = read_policy(blocks[1])

    assert (problems, wrong) == ((), ())
    assert definition is not None
    assert policy is not None
