"""How many payloads are dealt with together: GitHub's may be 25 MB each."""

from collections.abc import Iterable
from typing import Final

TAKEN_BYTES_MAX: Final = 32 * 1024 * 1024
"""Of deliveries that are worked off together. Taken apart they take several times as much."""


def fitting(sizes: Iterable[int], most: int = TAKEN_BYTES_MAX) -> int:
    """Return how many of the first are no more than this together: one in any case."""
    count = total = 0
    for size in sizes:
        total += size
        if count and total > most:
            break
        count += 1
    return count
