"""One process of the fuzzing: many mutations for one reader, guided if atheris is there.

With atheris (https://github.com/google/atheris) those mutations are kept that reach code which
none before has reached; without it they all start from the examples.
"""

import random
import sys
import tempfile
import time
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

SLOW_SECONDS: Final = 5.0
"""Of the processor: whoever takes longer for one text of 64 KB hangs, as far as people see."""
STUCK_SECONDS: Final = 120
"""Of the clock on the wall, which a busy machine may well let pass."""


def blindly(name: str, runs: int, seed: int) -> None:
    """Mutate without looking."""
    from tests.fuzz.readers import READERS

    reader = READERS[name]
    corpus, chance = reader.corpus(), random.Random(seed)
    for _ in range(runs):
        data = reader.mutate(chance, chance.choice(corpus), corpus)
        _read(reader, data)


def guided(atheris: Any, name: str, runs: int, seed: int) -> None:
    """Mutate what reached something new. Ends the process."""
    with atheris.instrument_imports(include=["app"]):
        from tests.fuzz.readers import READERS

    reader = READERS[name]
    corpus = reader.corpus()

    def mutate(data: bytes, size_max: int, number: int) -> bytes:
        return reader.mutate(random.Random(number), data, corpus)[:size_max]

    folder = Path(tempfile.mkdtemp(prefix=f"fuzz-{name}-"))
    for number, data in enumerate(corpus):
        (folder / str(number)).write_bytes(data)
    told = [
        sys.argv[0],
        f"-runs={runs}",
        f"-seed={seed}",
        f"-timeout={STUCK_SECONDS}",
        "-max_len=65536",
        "-verbosity=0",
        f"-artifact_prefix={folder}/found-",
        str(folder),
    ]
    atheris.Setup(told, lambda data: _read(reader, data), custom_mutator=mutate)
    atheris.Fuzz()


def _read(reader: Any, data: bytes) -> None:
    begun = time.process_time()
    try:
        reader.read(data)
    except Exception as error:
        raise AssertionError(f"this broke it: {data!r}") from error
    took = time.process_time() - begun
    assert took < SLOW_SECONDS, f"this took {took:.1f} s: {data!r}"


def main() -> None:
    """Fuzz one reader, as the arguments say."""
    name, runs, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    if find_spec("atheris") is None:
        blindly(name, runs, seed)
    else:
        guided(import_module("atheris"), name, runs, seed)


if __name__ == "__main__":
    main()
