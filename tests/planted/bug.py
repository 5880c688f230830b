"""What a planted bug is: a piece of text and what replaces it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Bug:
    """One mistake that somebody might make."""

    name: str
    file: str
    right: str
    wrong: str
