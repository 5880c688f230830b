"""People who prove to the App who they are: pages, codes and tokens, as GitHub has them."""

import base64
import hashlib
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.rehearsal.stage import Stage

pytestmark = pytest.mark.anyio

BACK = "http://signalbox.test/sign-in/back"
VERIFIER = "a verifier that only the asker knows"
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
)


async def authorize(stage: Stage, **changed: str) -> httpx.Response:
    """Go to GitHub's page, as the App sends somebody there."""
    query = {
        "client_id": stage.github.client_id,
        "redirect_uri": BACK,
        "state": "s",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **changed,
    }
    given = {name: value for name, value in query.items() if value}
    return await stage.client.get("/login/oauth/authorize", params=given)


def brought(response: httpx.Response) -> dict[str, str]:
    """Return what somebody brings back from GitHub."""
    query = parse_qs(urlsplit(response.headers["location"]).query)
    return {name: values[0] for name, values in query.items()}


async def exchange(stage: Stage, code: str, **changed: str) -> dict[str, str]:
    """Change a code as the App does."""
    form = {
        "client_id": stage.github.client_id,
        "client_secret": stage.github.client_secret,
        "code": code,
        "redirect_uri": BACK,
        "code_verifier": VERIFIER,
        **changed,
    }
    answer = await stage.client.post("/login/oauth/access_token", data=form)
    assert answer.status_code == 200
    return dict(answer.json())


async def test_a_code_becomes_the_token_of_a_person() -> None:
    """Who chose an account on the page is told by the token, until the App gives it back."""
    stage = Stage()
    page = await authorize(stage)
    said = brought(await authorize(stage, login="mona"))
    token = (await exchange(stage, said["code"]))["access_token"]
    headers = {"authorization": f"Bearer {token}"}
    user = await stage.client.get("/user", headers=headers)
    path = f"/applications/{stage.github.client_id}/token"
    pair = (stage.github.client_id, stage.github.client_secret)
    deleted = await stage.client.request(
        "DELETE", path, json={"access_token": token}, auth=pair
    )
    after = await stage.client.get("/user", headers=headers)

    assert "login=mona" in page.text
    assert "login=signalbox" not in page.text
    assert said["state"] == "s"
    assert user.json()["login"] == "mona"
    assert (deleted.status_code, after.status_code) == (204, 401)
    stage.judge.check()


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"code_verifier": "another"}, "bad_verification_code"),
        ({"code_verifier": ""}, "bad_verification_code"),
        ({"client_secret": "guessed"}, "incorrect_client_credentials"),
        ({"redirect_uri": "http://evil.test/"}, "redirect_uri_mismatch"),
    ],
)
async def test_a_code_is_good_for_who_asked_for_it(changed: dict[str, str], error: str) -> None:
    """Whoever took a code away cannot change it: neither verifier nor secret is theirs."""
    stage = Stage()
    code = brought(await authorize(stage, login="mona"))["code"]

    assert (await exchange(stage, code, **changed))["error"] == error


async def test_a_code_is_good_once_and_for_ten_minutes() -> None:
    """A code that was used, or is too old, is no code."""
    stage = Stage()
    used = brought(await authorize(stage, login="mona"))["code"]
    await exchange(stage, used)
    old = brought(await authorize(stage, login="mona"))["code"]
    await stage.github.advance(601)

    for code in (used, old, "made-up"):
        assert (await exchange(stage, code))["error"] == "bad_verification_code"


async def test_people_come_back_to_the_app_only() -> None:
    """GitHub sends nobody to an address that the App has not registered."""
    stage = Stage()
    elsewhere = await authorize(stage, login="mona", redirect_uri="http://evil.test/")
    plain = await authorize(stage, login="mona", code_challenge_method="plain")
    cancelled = await authorize(stage, cancel="1")
    unknown = await authorize(stage, client_id="Iv1.unknown")

    assert elsewhere.headers["location"].startswith(BACK)
    assert brought(elsewhere)["error"] == "redirect_uri_mismatch"
    assert brought(plain)["error"] == "invalid_request"
    assert brought(cancelled)["error"] == "access_denied"
    assert unknown.status_code == 404


async def test_whoever_sits_at_the_browser_is_not_asked_again() -> None:
    """GitHub knows who is signed in there; a bot cannot be."""
    stage = Stage()
    stage.github.sit_down("hubot")
    said = brought(await authorize(stage))
    as_bot = await authorize(stage, login="signalbox[bot]")
    token = (await exchange(stage, said["code"]))["access_token"]
    user = await stage.client.get("/user", headers={"authorization": f"Bearer {token}"})

    assert user.json()["login"] == "hubot"
    assert as_bot.status_code == 200


async def test_a_renamed_account_keeps_what_it_may() -> None:
    """The same person has another login; the old one may be somebody else's."""
    stage = Stage()
    before = stage.github.world.account("mona").id
    renamed = stage.github.rename_account("mona", "lisa")
    after = stage.github.world.account("mona").id
    teams = stage.github.world.teams["acme", "release"].members

    assert (renamed.id, renamed.login) == (before, "lisa")
    assert after != before
    assert list(teams) == ["lisa"]
