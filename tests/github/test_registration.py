"""What GitHub tells of the App itself is read as GitHub describes it."""

from datetime import timedelta

import pytest

from app.github.client import Client
from app.github.errors import RefusedError, UnauthorizedError
from app.github.registration import (
    Delivered,
    Hook,
    places,
    recent_deliveries,
    registered_app,
    webhook,
)
from app.rehearsal import EVENTS, PERMISSIONS, Flavour, RehearsalTransport
from tests.github.house import House, house
from tests.github.wire import API, Wire

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("flavour", list(Flavour))
async def test_the_app_is_read_as_it_is_registered(flavour: Flavour) -> None:
    """Who owns it, what it may do and hear, and what time it is on GitHub."""
    async with house(flavour) as here:
        app = await registered_app(here.client)

        assert (app.id, app.client_id) == (here.github.app_id, here.github.client_id)
        assert (app.slug, app.owner, app.owner_type) == (
            "signalbox",
            "signalbox-makers",
            "Organization",
        )
        assert app.page.endswith("/apps/signalbox")
        assert (app.permissions, app.events) == (PERMISSIONS, frozenset(EVENTS))
        assert app.answered_at == here.github.clock.now()


@pytest.mark.parametrize("flavour", list(Flavour))
async def test_the_webhook_is_read_with_how_it_is_delivered(flavour: Flavour) -> None:
    """Whether it is JSON, signed, and to somebody whose certificate was verified."""
    async with house(flavour) as here:
        before = await webhook(here.client)
        here.github.set_webhook(
            url="https://x.test/h", content_type="form", insecure_ssl="1", has_secret=False
        )
        after = await webhook(here.client)

        assert before == Hook(
            url="http://signalbox.test/webhooks/github",
            content_type="json",
            is_verified=True,
            has_secret=True,
        )
        assert after == Hook(
            url="https://x.test/h", content_type="form", is_verified=False, has_secret=False
        )


@pytest.mark.parametrize("flavour", list(Flavour))
async def test_deliveries_are_listed_the_newest_first(flavour: Flavour) -> None:
    """With the status of the answer, or the reason why there is none."""
    async with house(flavour) as here:
        await here.wait(seconds=1)
        [failed] = await recent_deliveries(here.client)

        assert failed == Delivered(status="failed to connect to host", code=0)
        assert not failed.has_arrived
        assert Delivered(status="OK", code=202).has_arrived


async def test_installations_are_listed_with_what_they_grant(here: House) -> None:
    """And with the page where that is changed, and whether they are suspended."""
    here.github.set_permissions(here.installation, {"metadata": "read"})
    here.github.suspend(here.installation)
    [found] = await places(here.client)

    assert (found.account, found.account_type) == ("acme", "Organization")
    assert found.is_suspended
    assert found.permissions == {"metadata": "read"}
    assert found.page.endswith(
        f"/organizations/acme/settings/installations/{here.installation.id}"
    )


async def test_a_refused_key_is_told_with_the_time_on_github(here: House) -> None:
    """So that a clock that differs is known for the reason."""
    client = Client(
        api_url=here.github.api_url,
        app_id="4711",
        private_key=here.github.app_private_key_pem,
        clock=here.github.clock,
        http=RehearsalTransport(here.github.asgi),
    )
    await here.wait(seconds=5)
    async with client:
        with pytest.raises(UnauthorizedError) as raised:
            await registered_app(client)

    assert raised.value.answered_at is not None
    assert here.github.clock.now() - raised.value.answered_at < timedelta(seconds=1)


@pytest.mark.parametrize("answer", ["<html>", '{"id": 0, "events": []}', '{"id": 7}', "[]"])
async def test_what_is_no_api_of_github_is_not_taken_for_one(github: Wire, answer: str) -> None:
    """A front, or the pages of an Enterprise Server, answer 200 to whatever is asked."""
    github.router.get(f"{API}/app").respond(200, text=answer)

    with pytest.raises(RefusedError, match="not the API of GitHub"):
        await registered_app(github.client)
