"""Reports of the companion Action: who may tell what, and what is kept of it."""

import json

import pytest

from tests.shell.web_kit import FullDisk, Server, error_of

pytestmark = pytest.mark.anyio
REPORT = {"outputs": {"image": "acme/web:1", "tests": {"passed": 12}}, "summary": "# Built"}


async def test_a_report_is_kept_under_the_proven_attempt() -> None:
    """What is kept names the attempt that the token proves, and what was told."""
    server = Server()

    response = await server.report(REPORT)

    assert (response.status_code, response.json()) == (202, {"status": "accepted"})
    (delivery,) = await server.store.new_deliveries(10)
    assert delivery.event == "signalbox/report"
    assert json.loads(delivery.body) == {
        "repository_id": 1,
        "run_id": 2,
        "run_attempt": 1,
        **REPORT,
    }
    assert server.woken == [True]


async def test_the_same_report_again_is_one() -> None:
    """An Action that was not answered and tells again changes nothing."""
    server = Server()
    await server.report(REPORT)

    response = await server.report({"summary": "# Built", "outputs": REPORT["outputs"]})

    assert (response.status_code, response.json()) == (202, {"status": "duplicate"})
    assert len(await server.deliveries()) == 1


async def test_outputs_and_summary_may_be_left_out() -> None:
    """An empty report is a report."""
    server = Server()

    response = await server.report({})

    assert response.status_code == 202
    (delivery,) = await server.store.new_deliveries(10)
    assert json.loads(delivery.body)["outputs"] == {}
    assert json.loads(delivery.body)["summary"] == ""


@pytest.mark.parametrize(("token", "code"), [("", "missing-token"), ("forged", "bad-token")])
async def test_without_proof_nothing_is_kept(token: str, code: str) -> None:
    """No token or a bad one is answered 401 with what to do about it."""
    server = Server()

    response = await server.report(REPORT, token=token)

    assert (response.status_code, error_of(response)) == (401, code)
    assert "id-token: write" in response.json()["error"]["remedy"]
    assert await server.deliveries() == []


async def test_a_token_that_cannot_be_judged_now_may_come_again() -> None:
    """While GitHub's keys cannot be had, the Action is asked to try again."""
    response = await Server().report(REPORT, token="early")

    assert (response.status_code, error_of(response)) == (503, "issuer-unavailable")
    assert response.headers["retry-after"] == "10"


async def test_a_stranger_with_a_good_token_is_refused() -> None:
    """Any workflow on GitHub gets a token; only those of covered repositories may report."""
    server = Server(known=frozenset())

    response = await server.report(REPORT)

    assert (response.status_code, error_of(response)) == (403, "unknown-repository")
    assert await server.deliveries() == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b'{"outputs": []}',
        b'{"summary": 1}',
        b'{"outputs": {}, "output": {}}',
        b'{"outputs": {"a": NaN}}',
        b"\xff",
        b"[" * 100_000,
    ],
)
async def test_a_malformed_report_is_refused(body: bytes) -> None:
    """What is not a report is refused with what a report looks like."""
    server = Server()

    response = await server.report(body)

    assert (response.status_code, error_of(response)) == (400, "malformed")
    assert await server.deliveries() == []


async def test_a_report_has_a_limit() -> None:
    """256 KiB are enough for a report."""
    server = Server()
    frame = len(json.dumps({"summary": ""}))

    fits = await server.report({"summary": "x" * (256 * 1024 - frame)})
    too_large = await server.report({"summary": "x" * (256 * 1024 - frame + 1)})

    assert fits.status_code == 202
    assert (too_large.status_code, error_of(too_large)) == (413, "too-large")


async def test_without_a_disk_the_action_is_told_to_come_again() -> None:
    """A report that cannot be kept is not answered as if it were."""
    response = await Server(inbox=FullDisk()).report(REPORT)

    assert (response.status_code, error_of(response)) == (503, "not-saved")
