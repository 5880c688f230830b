"""Lengths of time as people say them."""

from datetime import timedelta

import pytest

from app.core.spans import in_words


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(days=7), "7 days"),
        (timedelta(days=1, hours=2, minutes=3), "1 day 2 hours 3 minutes"),
        (timedelta(minutes=90), "1 hour 30 minutes"),
        (timedelta(minutes=1, seconds=59), "1 minute"),
        (timedelta(seconds=5), "a minute"),
        (timedelta(seconds=-5), "a minute"),
    ],
)
def test_a_span_is_said_in_the_largest_units_that_fit(span: timedelta, words: str) -> None:
    """Nobody has to count how many days 10080 minutes are; seconds are left out."""
    assert in_words(span) == words
