"""The JSON Schema of the language: what is right fits, what is wrongly shaped does not."""

import json
from pathlib import Path

import jsonschema_rs
import pytest
from hypothesis import given, settings

from app.core.parse import parse, read_document
from app.core.reading import words
from app.core.reading.document import plain
from app.core.reading.happenings import ALL_FILTERS
from app.core.reading.meanings import MEANINGS
from app.core.reading.reader import Reader
from app.core.reading.schema import ADDRESS, schema
from app.core.values import Json
from tests.core.reading.shipped import DEFINITIONS, DISPATCH, HEAD
from tests.core.test_parse import mutated, wrong

SCHEMA = json.loads(json.dumps(schema()))
VALIDATOR = jsonschema_rs.Draft202012Validator(SCHEMA)
GOOD = sorted([*(DEFINITIONS / "examples").glob("*.yml"), *DEFINITIONS.glob("*.yml")])
TASK = f"tasks: {{a: {{{DISPATCH}}}}}\n"
DONE = "done: {final: true, conclusion: success}"


def value(text: str) -> Json:
    """Read a document without its places, as an editor does."""
    node = read_document(text, Reader())
    assert node is not None
    return plain(node)


def test_it_is_a_schema() -> None:
    """Its dialect knows every word of it."""
    jsonschema_rs.meta.validate(SCHEMA)

    assert SCHEMA["$schema"] == ADDRESS


@pytest.mark.parametrize("path", GOOD, ids=lambda path: str(path.stem))
def test_what_is_right_fits(path: Path) -> None:
    """Every example and the definitions with every word fit."""
    errors = VALIDATOR.iter_errors(value(path.read_text(encoding="utf-8")))

    assert [f"{each.instance_path}: {each.message}" for each in errors] == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "version: 2\non: push\n" + TASK,
        "version: 1\n" + TASK,
        HEAD,
        f"{HEAD}{TASK}initial: done\nstates: {{{DONE}}}\n",
        f"{HEAD}{TASK}taks: 1\n",
        f"{HEAD}tasks: {{}}\n",
        f"{HEAD}tasks: {{a-b: {{{DISPATCH}}}}}\n",
        f"{HEAD}tasks: {{a: {{}}}}\n",
        f"{HEAD}tasks: {{a: {{{DISPATCH}, approval: {{}}}}}}\n",
        f"{HEAD}tasks: {{a: {{approval: {{}}, retry: {{max-attempts: 2}}}}}}\n",
        f"{HEAD}tasks: {{a: {{dispatch: acme/api}}}}\n",
        f"{HEAD}tasks: {{a: {{{DISPATCH}, timeout-minutes: 0}}}}\n",
        f"{HEAD}tasks: {{a: {{{DISPATCH}, join: some}}}}\n",
        f"{HEAD}tasks: {{a: {{{DISPATCH}, retry: {{}}}}}}\n",
        f"{HEAD}tasks: {{a: {{wait: {{for: 3 days}}}}}}\n",
        f"{HEAD}tasks: {{a: {{wait: {{for: 1h, until: x}}}}}}\n",
        f"{HEAD}tasks: {{a: {{github: issue.create, with: {{repository: a/b}}}}}}\n",
        f"{HEAD}tasks: {{a: {{github: issue.open}}}}\n",
        f"{HEAD}tasks: {{a: {{approval: {{options: [ship]}}}}}}\n",
        f"{HEAD}tasks: {{a: {{approval: {{rules: [{{}}]}}}}}}\n",
        f"{HEAD}tasks: {{a: {{{DISPATCH}, concurrency: {{limit: 1}}}}}}\n",
        "version: 1\non: pushed\n" + TASK,
        "version: 1\non: {push: {branch: main}}\n" + TASK,
        "version: 1\non: {pull_request: {types: [merged]}}\n" + TASK,
        "version: 1\non: {schedule: [{timezone: UTC}]}\n" + TASK,
        f"{HEAD}initial: done\nstates: {{done: {{final: true}}}}\n",
        f"{HEAD}initial: one\nstates: {{one: {{}}, {DONE}}}\n",
        f"{HEAD}initial: one\nstates: {{one: {{transitions: [{{on: push}}]}}, {DONE}}}\n",
        f"{HEAD}uses: acme/api\n",
        f"{HEAD}{TASK}inputs: {{a: {{type: text}}}}\n",
    ],
)
def test_what_is_wrongly_shaped_does_not_fit(text: str) -> None:
    """An editor marks it, and so does the reader."""
    _, problems = parse(text, "a.yml")

    assert problems
    assert not VALIDATOR.is_valid(value(text) if text else None)


def test_the_schema_refuses_much_of_what_is_wrong() -> None:
    """Much of what the reader refuses is refused by its shape alone."""
    readable = [value(text) for _, _, text in wrong() if read_document(text, Reader())]

    refused = [each for each in readable if not VALIDATOR.is_valid(each)]
    assert len(refused) > 100


@settings(max_examples=150, deadline=None)
@given(mutated())
def test_the_schema_is_never_stricter_than_the_reader(text: str) -> None:
    """Whatever the reader takes, an editor takes as well."""
    definition, _ = parse(text, "a.yml")

    assert definition is None or VALIDATOR.is_valid(value(text))


def test_every_key_is_in_the_schema() -> None:
    """Each vocabulary has its place, with every key and no other."""
    places = [set(each) for each in _properties(SCHEMA)]

    assert len(_vocabularies()) > 25
    assert [each.of for each in _vocabularies() if set(each.known) not in places] == []


def test_every_key_says_what_it_means() -> None:
    """An editor shows a sentence for each, and each sentence is shown somewhere."""
    keys = {key for each in _vocabularies() for key in each.known} | ALL_FILTERS
    places = {each.of for each in _vocabularies()}
    at_places = [each.partition(" in ") for each in MEANINGS if " in " in each]

    assert {each for each in MEANINGS if " in " not in each} == keys
    assert {place for _, _, place in at_places} <= places
    assert all(each.endswith(".") for each in MEANINGS.values())
    task = SCHEMA["$defs"]["task"]["properties"]
    assert task["needs"]["description"] == "The tasks that come before."
    backoff = SCHEMA["$defs"]["retry"]["properties"]["backoff"]["properties"]
    assert backoff["initial"]["description"].startswith("The first pause. A length of time")


def _vocabularies() -> list[words.Vocabulary]:
    return [each for each in vars(words).values() if isinstance(each, words.Vocabulary)]


def _properties(node: Json) -> list[dict[str, Json]]:
    if isinstance(node, list):
        return [found for each in node for found in _properties(each)]
    if not isinstance(node, dict):
        return []
    own = [node["properties"]] if isinstance(node.get("properties"), dict) else []
    inner = [found for each in node.values() for found in _properties(each)]
    return [*own, *inner]
