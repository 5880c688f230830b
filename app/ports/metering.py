"""What the shell counts for those who watch. Where nobody does, it is counted by nobody."""

from typing import Final, Protocol


class Meter(Protocol):
    """Counts what happens. Nothing here may fail or wait."""

    def took_in(self, event: str, outcome: str) -> None:
        """A webhook was answered: it was accepted, a duplicate, ignored, or not saved."""
        ...

    def refused(self, code: str) -> None:
        """A webhook call was not GitHub's, or could not be read."""
        ...

    def worked_off(self, event: str, outcome: str, lag: float) -> None:
        """A delivery was worked off, so many seconds after it came in."""
        ...

    def decided(self, events: int) -> None:
        """So many events were decided and saved."""
        ...

    def carried(self, kind: str, outcome: str, seconds: float) -> None:
        """A command was carried, and this came of it."""
        ...

    def called(self, family: str, status: str, seconds: float) -> None:
        """GitHub was called, and answered with this status, or not at all."""
        ...

    def limited(self, kind: str) -> None:
        """A call was not made, or refused, because of a rate limit."""
        ...


class Unmetered:
    """A meter that counts nothing."""

    def took_in(self, event: str, outcome: str) -> None:
        """Count nothing."""

    def refused(self, code: str) -> None:
        """Count nothing."""

    def worked_off(self, event: str, outcome: str, lag: float) -> None:
        """Count nothing."""

    def decided(self, events: int) -> None:
        """Count nothing."""

    def carried(self, kind: str, outcome: str, seconds: float) -> None:
        """Count nothing."""

    def called(self, family: str, status: str, seconds: float) -> None:
        """Count nothing."""

    def limited(self, kind: str) -> None:
        """Count nothing."""


UNMETERED: Final[Meter] = Unmetered()
