"""An App registered from a manifest: the page, the code, and what it is changed for."""

import hashlib
import hmac
import html
import json
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest

from app.rehearsal import Rehearsal, RehearsalTransport
from app.rehearsal.model.registering import PERMISSIONS_KNOWN
from tests.kit.judge import Judge, description
from tests.rehearsal.stage import Receiver

pytestmark = pytest.mark.anyio

BACK = "http://127.0.0.1:4711/registered"
WANTED: Mapping[str, Any] = {
    "name": "Signals",
    "url": "https://signals.acme.example",
    "hook_attributes": {"url": "https://signals.acme.example/webhooks/github"},
    "redirect_url": BACK,
    "callback_urls": ["https://signals.acme.example/sign-in/back"],
    "public": False,
    "default_permissions": {"contents": "read", "checks": "write"},
    "default_events": ["push", "check_run"],
}
FOR_ACME = "/organizations/acme/settings/apps/new"


class Scene:
    """A GitHub without any App, with a browser and a judge before it."""

    def __init__(self) -> None:
        self.github = Rehearsal()
        self.github.add_organization("acme", ["mona"])
        self.receiver = Receiver()
        transport = httpx.ASGITransport(app=self.receiver)
        self.github.connect(httpx.AsyncClient(transport=transport))
        self.judge = Judge(self.github.asgi)
        self.browser = httpx.AsyncClient(
            transport=RehearsalTransport(self.judge), base_url=self.github.api_url
        )

    async def bring(self, path: str = FOR_ACME, **changed: Any) -> httpx.Response:
        """Bring a manifest; what is None is left out."""
        wanted = {name: it for name, it in {**WANTED, **changed}.items() if it is not None}
        return await self.browser.post(
            path, params={"state": "s 1"}, data={"manifest": json.dumps(wanted)}
        )

    async def agree(self, page: httpx.Response, **typed: str) -> httpx.Response:
        """Press the button of a page."""
        form = re.findall(r'name="(\w+)" value="([^"]*)"', page.text)
        data = {name: html.unescape(value) for name, value in form} | typed
        return await self.browser.post(page.url, data=data)

    async def code(self) -> str:
        """Go all the way, and return the code at its end."""
        back = await self.agree(await self.bring())
        return parse_qs(urlsplit(back.headers["location"]).query)["code"][0]

    async def convert(self, code: str) -> httpx.Response:
        """Change a code for an App."""
        return await self.browser.post(f"/app-manifests/{code}/conversions")


async def test_a_browser_goes_back_with_a_code_and_its_state() -> None:
    """The page shows what is asked for, and only its button sends the browser back."""
    scene = Scene()

    page = await scene.bring()
    back = await scene.agree(page)

    location = urlsplit(back.headers["location"])
    assert (page.status_code, back.status_code) == (200, 302)
    assert "acme will own this App" in page.text
    assert f"{location.scheme}://{location.netloc}{location.path}" == BACK
    assert parse_qs(location.query)["state"] == ["s 1"]
    assert len(parse_qs(location.query)["code"][0]) == 40


async def test_a_code_becomes_the_app_that_was_asked_for() -> None:
    """The answer is as GitHub describes it, and its key opens what is the App's."""
    scene = Scene()

    made = await scene.convert(await scene.code())

    given = made.json()
    now = int(scene.github.clock.now().timestamp())
    claims = {"iat": now - 60, "exp": now + 540, "iss": given["client_id"]}
    token = jwt.encode(claims, given["pem"], algorithm="RS256")
    headers = {"authorization": f"Bearer {token}"}
    app = await scene.browser.get("/app", headers=headers)
    scene.judge.check()
    assert made.status_code == 201
    assert (given["slug"], given["owner"]["login"]) == ("signals", "acme")
    assert given["permissions"] == {"metadata": "read", **WANTED["default_permissions"]}
    assert given["events"] == WANTED["default_events"]
    assert (app.status_code, app.json()["id"]) == (200, given["id"])


async def test_deliveries_go_where_the_manifest_says_under_the_new_secret() -> None:
    """Whoever registers an App hears of it at its own address, signed with its own secret."""
    scene = Scene()
    given = (await scene.convert(await scene.code())).json()

    scene.github.install_app("acme")
    await scene.github.advance(1)

    [(path, headers, body)] = scene.receiver.heard
    secret = given["webhook_secret"].encode()
    signed = hmac.new(secret, body, hashlib.sha256).hexdigest()
    assert scene.github.world.webhook_url == WANTED["hook_attributes"]["url"]
    assert path == "/webhooks/github"
    assert headers["x-hub-signature-256"] == f"sha256={signed}"


async def test_a_code_is_good_once_and_for_an_hour() -> None:
    """What was used, has grown old or was made up is not found."""
    scene = Scene()
    used, old = await scene.code(), await scene.code()
    await scene.convert(used)
    again = await scene.convert(used)
    await scene.github.advance(timedelta(hours=1))

    late, unknown = await scene.convert(old), await scene.convert("0" * 40)

    scene.judge.check()
    assert [each.status_code for each in (again, late, unknown)] == [404, 404, 404]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"url": None}, "Url must be a valid URL"),
        ({"url": "signals.acme.example"}, "Url must be a valid URL"),
        ({"hook_attributes": {"active": True}}, "Hook url must be a valid URL"),
        ({"redirect_url": None}, "Redirect url must be a valid URL"),
        ({"name": "x" * 35}, "Name is too long (maximum is 34 characters)"),
        ({"callback_urls": [BACK] * 11}, "Callback urls are no list of at most 10"),
        ({"default_permissions": {"contents": "all"}}, "records are invalid: contents: all"),
        ({"default_permissions": {"content": "read"}}, "records are invalid: content: read"),
        ({"default_events": ["installation"]}, "Default events unsupported: installation"),
        ({"default_events": ["issues"]}, "not supported by permissions: issues"),
    ],
)
async def test_a_manifest_is_refused_as_github_refuses_it(
    changed: Mapping[str, Any], said: str
) -> None:
    """What GitHub would not register gets no code, and a page that says why."""
    scene = Scene()

    page = await scene.bring(**changed)

    assert page.status_code == 422
    assert said in html.unescape(page.text)
    assert not scene.github.service.registrations.codes


async def test_a_name_is_typed_in_or_refused() -> None:
    """Without a name in the manifest GitHub asks for one, and it takes none twice."""
    scene = Scene()
    page = await scene.bring(name=None)
    blank = await scene.agree(page, name="")
    back = await scene.agree(page, name="Typed in")
    code = parse_qs(urlsplit(back.headers["location"]).query)["code"][0]

    made = await scene.convert(code)
    taken = await scene.bring(name="Typed in")

    assert (page.status_code, blank.status_code, taken.status_code) == (200, 422, 422)
    assert made.json()["slug"] == "typed-in"
    assert "Name is already taken" in taken.text


async def test_an_app_belongs_to_whoever_registers_it() -> None:
    """Without an organisation it is its maker's; an unknown organisation has no page."""
    scene = Scene()
    scene.github.sit_down("hubot")
    scene.github.world.account("hubot")

    own = await scene.bring("/settings/apps/new")
    unknown = await scene.bring("/organizations/globex/settings/apps/new")

    assert "hubot will own this App" in own.text
    assert unknown.status_code == 404


def test_every_permission_is_one_of_githubs() -> None:
    """What the page takes for a permission is one in GitHub's description."""
    _, described = description().resolve("components/schemas/app-permissions")

    assert set(described["properties"]) >= PERMISSIONS_KNOWN
