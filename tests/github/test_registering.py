"""What GitHub is asked to register, and the one call that hands the secrets out."""

import pytest
import respx

from app.github.errors import NotFoundError, UnavailableError
from app.github.needs import EVENTS, PERMISSIONS
from app.github.registering import (
    SIGN_IN_PATH,
    WEBHOOK_PATH,
    exchange,
    form_address,
    is_code,
    manifest,
    settings_address,
)
from app.web import hooks, sign_in
from tests.github.wire import API, Clock
from tests.kit.judge import CLOUD, ENTERPRISE_SERVER, description

pytestmark = pytest.mark.anyio

URL = "https://signalbox.acme.example"
BACK = "http://127.0.0.1:4711/registered"
CODE = "a180b1a3d263c81bc6441d7b990bae27d4c10679"
APP = {
    "id": 7,
    "slug": "signalbox",
    "owner": {"login": "acme", "type": "Organization"},
    "html_url": "https://github.com/apps/signalbox",
    "client_id": "Iv23li00000000000007",
    "client_secret": "a client secret",
    "webhook_secret": "a webhook secret",
    "pem": "a private key",
}


def test_what_is_registered_is_where_the_server_listens() -> None:
    """An App that delivers elsewhere would be deaf."""
    assert (WEBHOOK_PATH, SIGN_IN_PATH) == (hooks.PATH, sign_in.BACK)


def test_the_manifest_names_what_signalbox_needs_and_where_it_is() -> None:
    """Every field is one of GitHub's, and permissions and events are all of `needs`."""
    wanted = manifest(url=URL, name="Signalbox", redirect_url=BACK, is_public=False)

    assert wanted == {
        "name": "Signalbox",
        "url": URL,
        "hook_attributes": {"url": f"{URL}/webhooks/github", "active": True},
        "redirect_url": BACK,
        "callback_urls": [f"{URL}/sign-in/back"],
        "public": False,
        "default_permissions": {each.name: each.level for each in PERMISSIONS},
        "default_events": [each.name for each in EVENTS],
        "request_oauth_on_install": False,
        "setup_on_update": False,
    }


def test_what_a_github_does_not_know_is_left_out() -> None:
    """A manifest is refused as a whole, so one name that is unknown must not spoil it."""
    left_out = ("merge_group", "merge_queues")

    wanted = manifest(
        url=URL, name="Signalbox", redirect_url=BACK, is_public=False, without=left_out
    )

    names = {each.name for each in (*PERMISSIONS, *EVENTS)}
    kept = {*wanted["default_permissions"], *wanted["default_events"]}
    assert kept == names - set(left_out)


@pytest.mark.parametrize("host", [CLOUD, ENTERPRISE_SERVER])
def test_each_permission_and_event_is_one_that_github_has(host: str) -> None:
    """Names and levels stand in GitHub's description; what comes by itself is not listed."""
    known = description(host)
    wanted = manifest(url=URL, name="Signalbox", redirect_url=BACK, is_public=False)
    _, described = known.resolve("components/schemas/app-permissions")
    levels = described["properties"]
    webhooks = {name.replace("-", "_") for name in known.document["x-webhooks"]}

    for name, level in wanted["default_permissions"].items():
        assert level in levels[name]["enum"]
    # Each action of an event stands for itself there.
    unknown = {
        event
        for event in wanted["default_events"]
        if not any(each == event or each.startswith(f"{event}_") for each in webhooks)
    }
    # An Enterprise Server has merge queues; that it sends this event it does not describe.
    assert unknown == ({"merge_group"} if host == ENTERPRISE_SERVER else set())
    assert not [each for each in wanted["default_events"] if each.startswith("installation")]


@pytest.mark.parametrize(
    ("organization", "form", "settings"),
    [
        ("", "/settings/apps/new?state=a%2Bb", "/settings/apps/signalbox"),
        (
            "acme",
            "/organizations/acme/settings/apps/new?state=a%2Bb",
            "/organizations/acme/settings/apps/signalbox",
        ),
    ],
)
def test_an_app_is_registered_for_an_organization_or_for_oneself(
    organization: str, form: str, settings: str
) -> None:
    """The addresses are those of GitHub's documentation."""
    github = "https://github.com"

    asked = form_address(server_url=github, organization=organization, state="a+b")
    found = settings_address(server_url=github, organization=organization, slug="signalbox")

    assert (asked, found) == (github + form, github + settings)


@pytest.mark.parametrize("text", ["", "a/b", "..", "a b", "a?b", "a%2fb", "a\n", "x" * 101])
def test_what_would_lead_a_path_elsewhere_is_no_code(text: str) -> None:
    """A code goes into a path, so it has letters and digits only."""
    assert is_code(CODE)
    assert not is_code(text)


@respx.mock
async def test_a_code_is_changed_in_nobodys_name() -> None:
    """The call carries no token, is made once, and what it hands out is in no repr."""
    respx.get(f"{API}/versions").respond(json=["2022-11-28"])
    route = respx.post(f"{API}/app-manifests/{CODE}/conversions").respond(201, json=APP)

    found = await exchange(CODE, api_url=API, clock=Clock())

    assert route.call_count == 1
    assert "authorization" not in route.calls.last.request.headers
    assert (found.id, found.slug, found.owner) == (7, "signalbox", "acme")
    assert found.is_of_organization
    assert found.private_key.value == "a private key"
    assert not [each for each in ("secret", "private key") if f"a {each}" in repr(found)]
    assert "a webhook secret" not in repr(found)


@pytest.mark.parametrize(
    "missing", ["id", "client_id", "client_secret", "webhook_secret", "pem"]
)
@respx.mock
async def test_an_answer_without_its_secrets_is_none(missing: str) -> None:
    """Half an App is of no use, and is not taken for one."""
    respx.get(f"{API}/versions").respond(json=["2022-11-28"])
    given = {name: value for name, value in APP.items() if name != missing}
    respx.post(f"{API}/app-manifests/{CODE}/conversions").respond(201, json=given)

    with pytest.raises(UnavailableError) as raised:
        await exchange(CODE, api_url=API, clock=Clock())

    assert raised.value.effect_unknown


@respx.mock
async def test_a_failed_change_is_not_tried_again_by_itself() -> None:
    """A code is good once: whether to try it again is for people to say."""
    respx.get(f"{API}/versions").respond(json=["2022-11-28"])
    route = respx.post(f"{API}/app-manifests/{CODE}/conversions")
    for status, error in ((404, NotFoundError), (502, UnavailableError)):
        route.respond(status)
        with pytest.raises(error):
            await exchange(CODE, api_url=API, clock=Clock())

    assert route.call_count == 2
