"""The real clock: what `ports.Clock` is outside of tests and rehearsals."""

from datetime import UTC, datetime


class SystemClock:
    """Tells the machine's time in UTC."""

    def now(self) -> datetime:
        """Return the present moment."""
        return datetime.now(UTC)  # noqa: TID251  # the one place where the time comes from
