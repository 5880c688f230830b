"""Faults on demand and rate limits: what goes wrong does so as it does on GitHub."""

from collections import Counter

import httpx
import pytest

from app.rehearsal import CallFault, DeliveryFault
from tests.rehearsal.stage import API, R, Stage

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("fault", "count"), [(CallFault.ERROR_BEFORE, 0), (CallFault.ERROR_AFTER, 1)]
)
async def test_an_error_before_or_after_the_effect(fault: CallFault, count: int) -> None:
    """Both look the same to the caller; only one has dispatched."""
    stage = Stage()
    stage.github.faults.plan_call(fault, method="POST", path="/dispatches$")
    first = await stage.dispatch()
    call = stage.github.calls[-1]
    second = await stage.dispatch()

    assert (first.status_code, second.status_code) == (502, 200)
    assert (call.status, call.is_done) == (502, count == 1)
    assert len(stage.github.dispatches) == count + 1


@pytest.mark.parametrize(
    ("fault", "count"), [(CallFault.DROP_BEFORE, 0), (CallFault.DROP_AFTER, 1)]
)
async def test_a_connection_dropped_before_or_after_the_effect(
    fault: CallFault, count: int
) -> None:
    """The caller sees a broken connection and cannot tell whether it was done."""
    stage = Stage()
    stage.github.faults.plan_call(fault, path="/dispatches$")
    with pytest.raises(httpx.ReadError):
        await stage.dispatch()

    assert len(stage.github.dispatches) == count


@pytest.mark.parametrize("retry_after", [None, 7])
@pytest.mark.parametrize(
    ("fault", "status"), [(CallFault.FORBIDDEN, 403), (CallFault.TOO_MANY, 429)]
)
async def test_a_rate_limit_with_and_without_retry_after(
    fault: CallFault, status: int, retry_after: int | None
) -> None:
    """A refused call has no effect, and says when to come back only if told to."""
    stage = Stage()
    stage.github.faults.plan_call(fault, path="/dispatches$", retry_after=retry_after)
    response = await stage.dispatch()

    assert response.status_code == status
    assert response.headers.get("retry-after") == (retry_after and str(retry_after))
    assert "secondary rate limit" in response.json()["message"]
    assert stage.github.dispatches == []


async def test_trouble_by_chance_is_the_same_for_the_same_seed() -> None:
    """With chances instead of plans, about so many calls fail, and always the same ones."""
    seen = []
    for _ in range(2):
        stage = Stage(seed=3)
        await stage.ask("GET", R)
        stage.github.faults.call_chances = {CallFault.ERROR_BEFORE: 0.3}
        seen.append([(await stage.ask("GET", R)).status_code for _ in range(50)])

    assert seen[0] == seen[1]
    assert 5 < Counter(seen[0])[502] < 25


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (DeliveryFault.LOST, ["second"]),
        (DeliveryFault.FAILED, ["second"]),
        (DeliveryFault.DOUBLE, ["first", "second", "first"]),
        (DeliveryFault.LATE, ["second", "first"]),
        (DeliveryFault.REORDERED, ["second", "first"]),
    ],
)
async def test_a_delivery_lost_doubled_late_or_overtaken(
    fault: DeliveryFault, expected: list[str]
) -> None:
    """A planned fault befalls the first push, and the second arrives as it should."""
    stage = Stage()
    stage.github.faults.plan_delivery(fault, event="push")
    for message in ("first", "second"):
        stage.github.push(API, {"a": message}, message=message)
        await stage.github.advance(1)
    await stage.github.advance(120)
    heard = [body for name, body in stage.receiver.webhooks if name == "push"]
    guids = {headers["x-github-delivery"] for _, headers, _ in stage.receiver.heard[1:]}

    assert [body["head_commit"]["message"] for body in heard] == expected
    assert len(guids) == len(set(expected))


async def test_a_lost_delivery_is_not_in_the_list_either() -> None:
    """What was never sent cannot be found through the App's deliveries."""
    stage = Stage()
    stage.github.faults.plan_delivery(DeliveryFault.LOST, event="push")
    stage.github.push(API, {"a": "1"})
    await stage.github.advance(1)
    listed = (await stage.ask_as_app("GET", "/app/hook/deliveries")).json()

    assert [delivery["event"] for delivery in listed] == ["installation"]


async def test_a_failed_delivery_is_in_the_list_without_a_status_code() -> None:
    """What nobody received is to be found there, with all that was in it."""
    stage = Stage()
    stage.github.faults.plan_delivery(DeliveryFault.FAILED, event="push")
    stage.github.push(API, {"a": "1"})
    await stage.github.advance(1)
    [failed, _] = (await stage.ask_as_app("GET", "/app/hook/deliveries")).json()
    whole = (await stage.ask_as_app("GET", f"/app/hook/deliveries/{failed['id']}")).json()

    assert (failed["event"], failed["status"], failed["status_code"]) == (
        "push",
        "timed out",
        0,
    )
    assert whole["request"]["payload"]["ref"] == "refs/heads/main"


async def test_the_primary_limit_is_told_and_enforced() -> None:
    """The headers count down; at nothing left it is 403 until the hour is over."""
    stage = Stage()
    stage.github.world.limits.per_hour = 2
    left = [(await stage.ask("GET", R)).headers["x-ratelimit-remaining"] for _ in range(2)]
    refused = await stage.ask("GET", R)
    free = await stage.ask("GET", "/rate_limit")
    await stage.github.advance(3601)
    stage.token = ""

    assert left == ["1", "0"]
    assert refused.status_code == 403
    assert refused.json()["message"].startswith("API rate limit exceeded")
    assert refused.headers["x-ratelimit-remaining"] == "0"
    assert free.json()["resources"]["core"]["remaining"] == 0
    assert (await stage.ask("GET", R)).status_code == 200


async def test_the_secondary_limit_counts_points() -> None:
    """Reads cost one point a minute, writes five; beyond that there is a Retry-After."""
    stage = Stage()
    stage.github.world.limits.points_per_minute = 6
    first = [await stage.ask("GET", R), await stage.dispatch()]
    refused = await stage.ask("GET", R)
    await stage.github.advance(61)

    assert [response.status_code for response in first] == [200, 200]
    assert (refused.status_code, refused.headers["retry-after"]) == (403, "60")
    assert (await stage.ask("GET", R)).status_code == 200


async def test_every_call_is_written_down() -> None:
    """The log of calls says what was asked, how it was answered, and what took effect."""
    stage = Stage()
    await stage.dispatch()
    await stage.ask("GET", f"{R}/contents/absent")

    assert [(call.method, call.status, call.is_done) for call in stage.github.calls] == [
        ("POST", 201, True),
        ("POST", 200, True),
        ("GET", 404, False),
    ]
