"""How much an installation may ask, by GitHub's primary and secondary rate limits.

https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
# What one call costs of the points per minute.
READ_POINTS = 1
WRITE_POINTS = 5


@dataclass(slots=True)
class Window:
    """What one installation has used in its hour, and lately."""

    resets_at: datetime
    used: int = 0
    points: deque[tuple[datetime, int]] = field(default_factory=deque)


@dataclass(frozen=True, slots=True)
class Excess:
    """Which limit was exceeded, and after how many seconds to come back."""

    is_primary: bool
    retry_after: int


@dataclass(slots=True)
class Limits:
    """The limits in force. `points_per_minute` is the secondary one; None switches it off."""

    per_hour: int = 5000
    points_per_minute: int | None = None
    windows: dict[int, Window] = field(default_factory=dict)

    def window(self, installation_id: int, now: datetime) -> Window:
        """Return the present hour of an installation."""
        found = self.windows.get(installation_id)
        if found is None or found.resets_at <= now:
            found = Window(resets_at=now + HOUR)
            self.windows[installation_id] = found
        return found

    def take(self, installation_id: int, method: str, now: datetime) -> Excess | None:
        """Count one call, or say which limit forbids it."""
        window = self.window(installation_id, now)
        if window.used >= self.per_hour:
            return Excess(True, int((window.resets_at - now).total_seconds()) + 1)
        window.used += 1
        if self.points_per_minute is None:
            return None
        while window.points and window.points[0][0] <= now - MINUTE:
            window.points.popleft()
        cost = READ_POINTS if method in {"GET", "HEAD", "OPTIONS"} else WRITE_POINTS
        if sum(points for _, points in window.points) + cost > self.points_per_minute:
            return Excess(False, 60)
        window.points.append((now, cost))
        return None

    def give_back(self, installation_id: int) -> None:
        """Uncount one call: an answer of 304 costs nothing."""
        self.windows[installation_id].used -= 1

    def headers(self, installation_id: int, now: datetime) -> dict[str, str]:
        """Return the rate-limit headers of an answer."""
        window = self.window(installation_id, now)
        return {
            "x-ratelimit-limit": str(self.per_hour),
            "x-ratelimit-remaining": str(max(0, self.per_hour - window.used)),
            "x-ratelimit-used": str(window.used),
            "x-ratelimit-reset": str(int(window.resets_at.timestamp())),
            "x-ratelimit-resource": "core",
        }
