"""Five hundred orchestrations of the core alone, each with its own troubles."""

import pytest

from tests.simulation.core_alone import CoreAlone

SEEDS = 500
AT_ONCE = 25


@pytest.mark.parametrize("first", range(0, SEEDS, AT_ONCE))
def test_every_orchestration_comes_to_an_end(first: int) -> None:
    """Whatever is late, doubled, lost or dies, the work ends, and is believed as it ended."""
    for seed in range(first, first + AT_ONCE):
        try:
            CoreAlone(seed).run()
        except Exception as error:
            error.add_note(f"again: python -m tests.simulation --level core --seed {seed}")
            raise
