"""No reader of strangers' texts breaks: some hundred mutations of each good example."""

import random

import pytest

from tests.fuzz.readers import READERS

RUNS = {"definitions": 300, "scenarios": 300, "policies": 500}


@pytest.mark.parametrize("name", sorted(READERS))
def test_no_text_breaks_a_reader(name: str) -> None:
    """Whatever a stranger writes is an answer, and never an exception."""
    reader = READERS[name]
    corpus, chance = reader.corpus(), random.Random(name)
    for run in range(RUNS.get(name, 2_000)):
        data = reader.mutate(chance, chance.choice(corpus), corpus)
        try:
            reader.read(data)
        except Exception as error:
            raise AssertionError(f"run {run} broke {name}: {data!r}") from error


@pytest.mark.parametrize("name", sorted(READERS))
def test_what_is_mutated_can_be_read(name: str) -> None:
    """Each reader starts from examples that it reads."""
    reader = READERS[name]
    corpus = reader.corpus()
    for data in corpus:
        reader.read(data)

    assert corpus
