"""A hundred lives of the whole shell, each with its own troubles and deaths."""

import pytest

from tests.simulation.whole_shell import simulate_shell

SEEDS = 100
AT_ONCE = 5


@pytest.mark.parametrize("first", range(0, SEEDS, AT_ONCE))
def test_what_signalbox_believes_is_what_github_saw(first: int) -> None:
    """Whatever is late, doubled, lost or dies: all ends, nothing is dispatched twice."""
    for seed in range(first, first + AT_ONCE):
        try:
            simulate_shell(seed)
        except Exception as error:
            error.add_note(f"again: python -m tests.simulation --level shell --seed {seed}")
            raise
