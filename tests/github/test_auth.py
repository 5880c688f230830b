"""Stories about who we are to GitHub: the App's key and installation tokens."""

import asyncio
from datetime import timedelta

import httpx
import jwt
import pytest

from app.github import repositories
from app.github.auth import AppKey
from app.github.client import Access
from app.github.errors import UnavailableError
from tests.github.wire import ACCESS, API, NOON, Clock, Wire, minted, pem, rsa_key

pytestmark = pytest.mark.anyio

HERE = f"{API}/repos/acme/api"


async def test_the_app_signs_as_github_asks(github: Wire) -> None:
    """The JWT is RS256, predated a minute, lives under ten minutes, and names the App."""
    github.router.get(f"{API}/app").respond(json={"id": 4711})
    await repositories.app_id(github.client)

    token = github.sent("GET", "/app")[0].headers["authorization"].removeprefix("Bearer ")
    own_times = {"verify_exp": False, "verify_iat": False}
    claims = jwt.decode(token, rsa_key().public_key(), algorithms=["RS256"], options=own_times)
    assert claims["iss"] == "4711"
    assert claims["iat"] == (NOON - timedelta(seconds=60)).timestamp()
    assert 0 < claims["exp"] - NOON.timestamp() < 600


def test_a_key_may_be_written_on_one_line() -> None:
    """A PEM whose line ends are written as a backslash and an n is read as well."""
    key = AppKey("4711", pem().replace("\n", "\\n"), clock=Clock())

    assert key.authorization().startswith("Bearer ey")
    assert pem() not in repr(vars(key))


@pytest.mark.parametrize("bad", ["", "secret", "-----BEGIN PRIVATE KEY-----\nAAAA\n"])
def test_a_bad_key_is_refused_without_being_told(bad: str) -> None:
    """What is no key is refused at once, in words that do not hold it."""
    with pytest.raises(ValueError, match="private key of the App") as caught:
        AppKey("4711", bad, clock=Clock())

    assert "secret" not in str(caught.value)


async def test_a_token_is_good_for_one_repository_and_one_permission(github: Wire) -> None:
    """What is asked for is the repository at hand and the permission of the call, no more."""
    github.router.get(HERE).respond(json={})
    await github.get()

    [asked] = github.sent("POST", "/app/installations/7/access_tokens")
    assert asked.read() == b'{"permissions": {"contents": "read"}, "repositories": ["api"]}'
    assert github.sent("GET", "/repos/acme/api")[0].headers["authorization"] == "Bearer ghs_1"


async def test_many_who_need_the_same_token_share_one_mint(github: Wire) -> None:
    """Ten calls at once mint one token."""
    github.router.get(HERE).respond(json={})
    await asyncio.gather(*(github.get() for _ in range(10)))

    assert len(github.sent("POST", "/app/installations/7/access_tokens")) == 1


async def test_a_token_is_renewed_before_it_ends(github: Wire) -> None:
    """Five minutes before its end a token is replaced, and not before."""
    github.router.get(HERE).respond(json={})
    for minutes in (0, 54, 2):
        github.clock.go(minutes=minutes)
        await github.get()

    used = [r.headers["authorization"] for r in github.sent("GET", "/repos/acme/api")]
    assert used == ["Bearer ghs_1", "Bearer ghs_1", "Bearer ghs_2"]


async def test_a_token_that_is_not_accepted_is_minted_anew_once(github: Wire) -> None:
    """After a 401 the call is made once more with a new token, even if it is a write."""
    github.router.post(f"{HERE}/x").mock(
        side_effect=[httpx.Response(401, json={}), httpx.Response(201, json={})]
    )
    await github.post()

    used = [r.headers["authorization"] for r in github.sent("POST", "/repos/acme/api/x")]
    assert used == ["Bearer ghs_1", "Bearer ghs_2"]


async def test_there_is_no_loop_of_401(github: Wire) -> None:
    """If a new token is not accepted either, it is trouble that may pass, without effect."""
    github.router.get(HERE).respond(401, json={"message": "Bad credentials"})
    with pytest.raises(UnavailableError) as caught:
        await github.get()

    assert not caught.value.effect_unknown
    assert len(github.sent("GET", "/repos/acme/api")) == 2


async def test_a_new_token_has_a_new_form(github: Wire) -> None:
    """A token is of any length: GitHub changed its form in 2026."""
    long = "ghs_4711_" + "e" * 900
    github.router.post(f"{API}/app/installations/8/access_tokens").mock(
        return_value=minted(long, github.clock)
    )
    github.router.get(HERE).respond(json={})
    await github.get(access=Access(installation_id=8, repository=ACCESS.repository))

    assert github.sent("GET", "/repos/acme/api")[0].headers["authorization"] == f"Bearer {long}"


async def test_an_installation_is_looked_for_once(github: Wire) -> None:
    """Which installation covers a repository is remembered until it is told to be forgotten."""
    assert ACCESS.repository is not None
    github.router.get(f"{HERE}/installation").respond(json={"id": 7})
    found = [await github.client.tokens.installation_of(ACCESS.repository) for _ in range(2)]
    github.client.tokens.forget_installation(7)
    await github.client.tokens.installation_of(ACCESS.repository)

    assert found == [7, 7]
    assert len(github.sent("GET", "/repos/acme/api/installation")) == 2


async def test_no_secret_shows(github: Wire) -> None:
    """Neither a token nor the key is in the repr of anything that holds them."""
    github.router.get(HERE).respond(500)
    with pytest.raises(UnavailableError) as caught:
        await github.get()

    shown = repr([vars(github.client.tokens), vars(github.client), caught.value])
    assert "ghs_1" not in shown
    assert "BEGIN" not in shown
