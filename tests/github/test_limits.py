"""Stories about the limits that GitHub sets, and how they are kept."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from app.github.errors import RateLimitedError
from tests.github.wire import API, NOON, Wire

pytestmark = pytest.mark.anyio

HERE = f"{API}/repos/acme/api"


RESET = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "headers", "message", "until", "kind"),
    [
        (429, {"retry-after": "90"}, "slow", NOON + timedelta(seconds=90), "secondary"),
        (403, {"retry-after": "90"}, "slow", NOON + timedelta(seconds=90), "secondary"),
        (
            403,
            {"retry-after": "Mon, 23 Nov 2026 12:05:00 GMT"},
            "slow",
            NOON + timedelta(minutes=5),
            "secondary",
        ),
        (
            403,
            {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(RESET.timestamp()))},
            "API rate limit exceeded",
            RESET,
            "primary",
        ),
        (429, {}, "slow", NOON + timedelta(minutes=1), "secondary"),
        (
            403,
            {},
            "You have exceeded a secondary rate limit.",
            NOON + timedelta(minutes=1),
            "secondary",
        ),
        (429, {"retry-after": "999999"}, "slow", NOON + timedelta(hours=1), "secondary"),
        (429, {"retry-after": "soon"}, "slow", NOON + timedelta(minutes=1), "secondary"),
    ],
)
async def test_a_limit_tells_when_to_come_back(
    github: Wire,
    status: int,
    headers: dict[str, str],
    message: str,
    until: datetime,
    kind: str,
) -> None:
    """GitHub's advice is followed, in the order that its documentation gives."""
    github.router.post(f"{HERE}/x").respond(status, headers=headers, json={"message": message})
    with pytest.raises(RateLimitedError) as caught:
        await github.post()

    assert (caught.value.until, caught.value.kind) == (until, kind)


async def test_after_a_limit_nothing_is_asked_until_then(github: Wire) -> None:
    """While GitHub wants us to wait, not even a decision is sent; afterwards all goes on."""
    github.router.get(HERE).mock(
        side_effect=[
            httpx.Response(429, headers={"retry-after": "60"}),
            httpx.Response(200, json=1),
        ]
    )
    for _ in range(3):
        with pytest.raises(RateLimitedError):
            await github.get()
    github.clock.go(seconds=61)

    assert await github.get() == 1
    assert len(github.sent("GET", "/repos/acme/api")) == 2
