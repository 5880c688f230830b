"""Lengths of time in words, as people say them."""

from datetime import timedelta

UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60))


def in_words(span: timedelta) -> str:
    """Say how long something is: `7 days`, `1 hour 30 minutes`; at least `a minute`."""
    seconds = max(0, int(span.total_seconds()))
    parts: list[str] = []
    for unit, length in UNITS:
        count, seconds = divmod(seconds, length)
        if count:
            parts.append(f"{count} {unit}{'' if count == 1 else 's'}")
    return " ".join(parts) or "a minute"
