"""Stories about single calls: tokens, versions, redirects, retries, pages and limits."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import jwt
import pytest

from app.core.values import RepositoryName
from app.github import repositories
from app.github.auth import AppKey
from app.github.client import Access
from app.github.errors import (
    ConflictError,
    ForbiddenError,
    GitHubError,
    GoneError,
    NotFoundError,
    PermissionMissingError,
    RateLimitedError,
    RefusedError,
    UnauthorizedError,
    UnavailableError,
    UnprocessableError,
)
from app.github.transport import RunDetails
from tests.github.wire import ACCESS, API, NOON, Clock, Wire, minted, pem, rsa_key, wire

pytestmark = pytest.mark.anyio

HERE = f"{API}/repos/acme/api"
READ = {"contents": "read"}
WRITE = {"actions": "write"}


@pytest.fixture
async def github() -> AsyncIterator[Wire]:
    """A github.com that lists its versions and mints tokens."""
    made = wire()
    made.grants()
    async with made.client:
        yield made


async def get(github: Wire, path: str = "/repos/acme/api", access: Access = ACCESS) -> object:
    answer = await github.client.call(access, "GET", path, permissions=READ)
    return answer.json()


async def post(github: Wire) -> None:
    await github.client.call(
        ACCESS, "POST", "/repos/acme/api/x", permissions=WRITE, body={"a": 1}
    )


# --- tokens -----------------------------------------------------------------------------------


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
    await get(github)

    [asked] = github.sent("POST", "/app/installations/7/access_tokens")
    assert asked.read() == b'{"permissions": {"contents": "read"}, "repositories": ["api"]}'
    assert github.sent("GET", "/repos/acme/api")[0].headers["authorization"] == "Bearer ghs_1"


async def test_many_who_need_the_same_token_share_one_mint(github: Wire) -> None:
    """Ten calls at once mint one token."""
    github.router.get(HERE).respond(json={})
    await asyncio.gather(*(get(github) for _ in range(10)))

    assert len(github.sent("POST", "/app/installations/7/access_tokens")) == 1


async def test_a_token_is_renewed_before_it_ends(github: Wire) -> None:
    """Five minutes before its end a token is replaced, and not before."""
    github.router.get(HERE).respond(json={})
    for minutes in (0, 54, 2):
        github.clock.go(minutes=minutes)
        await get(github)

    used = [r.headers["authorization"] for r in github.sent("GET", "/repos/acme/api")]
    assert used == ["Bearer ghs_1", "Bearer ghs_1", "Bearer ghs_2"]


async def test_a_token_that_is_not_accepted_is_minted_anew_once(github: Wire) -> None:
    """After a 401 the call is made once more with a new token, even if it is a write."""
    github.router.post(f"{HERE}/x").mock(
        side_effect=[httpx.Response(401, json={}), httpx.Response(201, json={})]
    )
    await post(github)

    used = [r.headers["authorization"] for r in github.sent("POST", "/repos/acme/api/x")]
    assert used == ["Bearer ghs_1", "Bearer ghs_2"]


async def test_there_is_no_loop_of_401(github: Wire) -> None:
    """If a new token is not accepted either, it is trouble that may pass, without effect."""
    github.router.get(HERE).respond(401, json={"message": "Bad credentials"})
    with pytest.raises(UnavailableError) as caught:
        await get(github)

    assert not caught.value.effect_unknown
    assert len(github.sent("GET", "/repos/acme/api")) == 2


async def test_a_new_token_has_a_new_form(github: Wire) -> None:
    """A token is of any length: GitHub changed its form in 2026."""
    long = "ghs_4711_" + "e" * 900
    github.router.post(f"{API}/app/installations/8/access_tokens").mock(
        return_value=minted(long, github.clock)
    )
    github.router.get(HERE).respond(json={})
    await get(github, access=Access(installation_id=8, repository=ACCESS.repository))

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
        await get(github)

    shown = repr([vars(github.client.tokens), vars(github.client), caught.value])
    assert "ghs_1" not in shown
    assert "BEGIN" not in shown


# --- versions ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("api_url", "versions", "version", "details", "inputs_max"),
    [
        (API, ["2022-11-28", "2026-03-10"], "2026-03-10", RunDetails.ALWAYS, 25),
        (API, ["2022-11-28"], "2022-11-28", RunDetails.ON_REQUEST, 25),
        (API, None, "2022-11-28", RunDetails.ON_REQUEST, 25),
        ("https://ghe.test/api/v3", None, None, RunDetails.NEVER, 10),
    ],
)
async def test_a_host_is_spoken_to_in_the_newest_version_it_has(
    api_url: str,
    versions: list[str] | None,
    version: str | None,
    details: RunDetails,
    inputs_max: int,
) -> None:
    """The versions are asked for once; GitHub Enterprise Server lists none, and has one."""
    host = wire(api_url)
    probe = host.router.get(f"{api_url}/versions")
    probe.respond(json=versions) if versions is not None else probe.respond(404)
    host.router.get(f"{api_url}/app").respond(json={"id": 1})
    async with host.client as client:
        for _ in range(2):
            await repositories.app_id(client)
        capabilities = await client.capabilities()

    path = httpx.URL(f"{api_url}/app").path
    sent = host.sent("GET", path)
    assert {request.headers.get("x-github-api-version") for request in sent} == {version}
    assert (capabilities.run_details, capabilities.dispatch_inputs_max) == (details, inputs_max)
    assert probe.call_count == (1 if api_url == API else 0)


# --- redirects --------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_renamed_repository_is_followed(github: Wire, method: str, status: int) -> None:
    """Wherever GitHub says that it has moved, the same call is made again, body and all."""
    github.router.route(method=method, url=HERE).respond(
        status, headers={"location": f"{API}/repositories/1"}
    )
    moved = github.router.route(method=method, url=f"{API}/repositories/1").respond(json=[1])
    body = {"a": 1} if method == "POST" else None
    answer = await github.client.call(
        ACCESS, method, "/repos/acme/api", permissions=WRITE, body=body
    )

    assert answer.json() == [1]
    assert moved.calls[0].request.headers["authorization"] == "Bearer ghs_1"
    assert moved.calls[0].request.read() == (b'{"a": 1}' if body else b"")


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.test/", "http://api.github.com/", "//evil.test/", "https://x:1/"],
)
async def test_a_token_goes_to_no_other_host(github: Wire, elsewhere: str) -> None:
    """A redirect to another host, port or scheme is not followed."""
    github.router.get(HERE).respond(301, headers={"location": elsewhere})
    with pytest.raises(RefusedError, match="another host"):
        await get(github)

    assert len(github.sent("GET", "/repos/acme/api")) == 1


async def test_redirects_come_to_an_end(github: Wire) -> None:
    """A thing that has moved to where it was is given up."""
    github.router.get(HERE).respond(301, headers={"location": HERE})
    with pytest.raises(RefusedError):
        await get(github)

    assert len(github.sent("GET", "/repos/acme/api")) == 4


# --- trouble ----------------------------------------------------------------------------------


async def test_a_read_is_tried_three_times(github: Wire) -> None:
    """A read that meets trouble is made again, after a growing pause."""
    github.router.get(HERE).mock(
        side_effect=[
            httpx.Response(502),
            httpx.ReadTimeout("slow"),
            httpx.Response(200, json=1),
        ]
    )

    assert await get(github) == 1
    assert github.pauses == [0.2, 0.4]


@pytest.mark.parametrize(
    ("trouble", "effect_unknown"),
    [
        (httpx.Response(500), True),
        (httpx.Response(502), True),
        (httpx.Response(503), True),
        (httpx.ReadTimeout("slow"), True),
        (httpx.WriteError("broken"), True),
        (httpx.RemoteProtocolError("cut off"), True),
        (httpx.ConnectError("refused"), False),
        (httpx.ConnectTimeout("slow"), False),
        (httpx.PoolTimeout("busy"), False),
    ],
)
async def test_a_write_is_tried_once(
    github: Wire, trouble: httpx.Response | Exception, effect_unknown: bool
) -> None:
    """A write that meets trouble is not repeated, and tells whether it may have been done."""
    github.router.post(f"{HERE}/x").mock(side_effect=[trouble])
    with pytest.raises(UnavailableError) as caught:
        await post(github)

    assert caught.value.effect_unknown is effect_unknown
    assert len(github.sent("POST", "/repos/acme/api/x")) == 1


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (403, {"message": "Resource not accessible by integration"}, PermissionMissingError),
        (403, {"message": "Repository was archived so is read-only."}, ForbiddenError),
        (404, {"message": "Not Found"}, NotFoundError),
        (409, {"message": "Cannot cancel a workflow run that is completed."}, ConflictError),
        (410, {"message": "Gone"}, GoneError),
        (451, {"message": "Repository access blocked"}, RefusedError),
        (422, {"message": "Validation Failed"}, UnprocessableError),
    ],
)
async def test_a_no_is_told_apart_by_what_to_do(
    github: Wire, status: int, body: dict[str, str], kind: type[RefusedError]
) -> None:
    """Each refusal is an error of its own kind, in GitHub's words, with its request's id."""
    github.router.post(f"{HERE}/x").respond(
        status, json=body, headers={"x-github-request-id": "ABCD:1"}
    )
    with pytest.raises(RefusedError) as caught:
        await post(github)

    assert type(caught.value) is kind
    told = f"POST /repos/acme/api/x: {status} {body['message']} (request ABCD:1)"
    assert str(caught.value) == told


async def test_a_422_tells_every_fault(github: Wire) -> None:
    """GitHub lists faults in several forms, and all of them are told."""
    errors = ["plain", {"message": "worded"}, {"resource": "R", "field": "f", "code": "c"}, 7]
    github.router.post(f"{HERE}/x").respond(
        422, json={"message": "Validation Failed", "errors": errors}
    )
    with pytest.raises(UnprocessableError) as caught:
        await post(github)

    assert caught.value.messages == ("Validation Failed", "plain", "worded", "R f c")


async def test_an_app_without_its_key_is_not_minted_for(github: Wire) -> None:
    """If GitHub does not know the App, calls in its own name say so."""
    github.router.get(f"{API}/app").respond(401, json={"message": "A JSON web token ..."})
    with pytest.raises(UnauthorizedError):
        await repositories.app_id(github.client)


async def test_an_endless_answer_is_given_up(github: Wire) -> None:
    """An answer larger than any we expect is not held in memory."""
    github.router.get(HERE).respond(200, content=b" " * (16 * 1024 * 1024 + 1))
    with pytest.raises(RefusedError, match="bytes"):
        await get(github)


# --- limits -----------------------------------------------------------------------------------

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
        await post(github)

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
            await get(github)
    github.clock.go(seconds=61)

    assert await get(github) == 1
    assert len(github.sent("GET", "/repos/acme/api")) == 2


# --- pages and ETags --------------------------------------------------------------------------


async def test_a_list_is_read_to_its_end(github: Wire) -> None:
    """Every page is read, wherever GitHub says that the next one is."""
    github.router.get(f"{API}/list", params={"cursor": "b"}).respond(json={"all": [{"n": 2}]})
    github.router.get(f"{API}/list").respond(
        json={"all": [{"n": 1}, "odd"]},
        headers={"link": f'<{API}/list?a=1>; rel="prev", <{API}/list?cursor=b>; rel="next"'},
    )
    listing = await github.client.pages(ACCESS, "/list", permissions=READ, key="all")

    assert (listing.items, listing.is_complete) == (({"n": 1}, {"n": 2}), True)


async def test_a_list_without_end_is_cut_and_says_so(github: Wire) -> None:
    """No more pages are read than asked for, and the listing tells that there are more."""
    github.router.get(f"{API}/list").respond(
        json=[{}], headers={"link": f'<{API}/list>; rel="next"'}
    )
    listing = await github.client.pages(ACCESS, "/list", permissions=READ, pages_max=3)

    assert (len(listing.items), listing.is_complete) == (3, False)


async def test_what_has_not_changed_is_not_read_again(github: Wire) -> None:
    """A known ETag is sent along, and a 304 stands for the answer that came with it."""
    known = github.router.get(HERE, headers={"if-none-match": '"e1"'}).respond(304)
    github.router.get(HERE).respond(json={"id": 1}, headers={"etag": '"e1"'})

    assert [await get(github) for _ in range(2)] == [{"id": 1}, {"id": 1}]
    assert known.call_count == 1


async def test_an_answer_is_remembered_for_its_own_installation_only(github: Wire) -> None:
    """What one installation may see is not shown to another."""
    github.router.get(HERE).respond(json={"id": 1}, headers={"etag": '"e1"'})
    github.router.post(f"{API}/app/installations/8/access_tokens").mock(
        return_value=minted("ghs_other", github.clock)
    )
    await get(github)
    await get(github, access=Access(installation_id=8, repository=ACCESS.repository))

    requests = github.sent("GET", "/repos/acme/api")
    assert [request.headers.get("if-none-match") for request in requests] == [None, None]


@pytest.mark.parametrize("name", ["acme", "acme/api/x", "../api", "acme/..", "acme/a b", "a/é"])
async def test_a_name_cannot_lead_a_call_astray(github: Wire, name: str) -> None:
    """What is not the name of a repository never becomes a part of an address."""
    access = Access(installation_id=7, repository=RepositoryName(name))
    with pytest.raises(GitHubError, match="not the name"):
        await repositories.read_file(github.client, access, "a.yml", "main")

    assert not github.router.calls
