"""Stories about single calls: versions, redirects, retries, refusals, pages and ETags."""

from datetime import timedelta

import httpx
import pytest

from app.core.values import RepositoryName
from app.github import repositories
from app.github.client import Access
from app.github.errors import (
    AwayError,
    ConflictError,
    ForbiddenError,
    GitHubError,
    GoneError,
    NotFoundError,
    PermissionMissingError,
    RefusedError,
    UnauthorizedError,
    UnavailableError,
    UnprocessableError,
)
from app.github.transport import RunDetails
from tests.github.wire import ACCESS, API, Wire, minted, wire

pytestmark = pytest.mark.anyio

HERE = f"{API}/repos/acme/api"
READ = {"contents": "read"}
WRITE = {"actions": "write"}


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
        await github.get()

    assert len(github.sent("GET", "/repos/acme/api")) == 1


async def test_redirects_come_to_an_end(github: Wire) -> None:
    """A thing that has moved to where it was is given up."""
    github.router.get(HERE).respond(301, headers={"location": HERE})
    with pytest.raises(RefusedError):
        await github.get()

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

    assert await github.get() == 1
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
        await github.post()

    assert caught.value.effect_unknown is effect_unknown
    assert len(github.sent("POST", "/repos/acme/api/x")) == 1


async def test_why_github_was_not_reached_is_in_the_log(
    github: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    """A certificate that is not trusted is the operator's to know of; people read the kind."""
    why = "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed"
    github.router.post(f"{HERE}/x").mock(side_effect=[httpx.ConnectError(why)])
    with pytest.raises(UnavailableError) as caught:
        await github.post()

    assert why in caplog.text
    assert why not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
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
        await github.post()

    assert type(caught.value) is kind
    told = f"POST /repos/acme/api/x: {status} {body['message']} (request ABCD:1)"
    assert str(caught.value) == told


NOT_OURS = {"message": "Resource not accessible by integration"}
INSTALLATION = f"{API}/app/installations/7"
WHERE = "https://github.com/organizations/acme/settings/installations/7"


async def test_a_missing_permission_is_named_with_the_place_to_grant_it(github: Wire) -> None:
    """What the call needs and the installation does not grant; who asks again is told so."""
    github.router.post(f"{HERE}/x").respond(403, json=NOT_OURS)
    github.router.get(INSTALLATION).respond(
        json={
            "account": {"login": "acme"},
            "html_url": WHERE,
            "permissions": {"actions": "read", "metadata": "read"},
        }
    )
    for _ in range(3):
        with pytest.raises(PermissionMissingError) as caught:
            await github.post()
    asked = len(github.sent("POST", "/repos/acme/api/x"))
    github.client.forget_grants(7)
    with pytest.raises(PermissionMissingError):
        await github.post()

    assert caught.value.until == github.clock.now() + timedelta(minutes=10)
    assert caught.value.message == (
        "the installation of acme does not grant Actions: write: let the App ask for it in its "
        f"settings, and accept that at {WHERE}"
    )
    assert (asked, len(github.sent("POST", "/repos/acme/api/x"))) == (1, 2)


async def test_a_no_where_all_is_granted_is_a_plain_no(github: Wire) -> None:
    """GitHub says the same where no permission would help."""
    github.router.post(f"{HERE}/x").respond(403, json=NOT_OURS)
    github.router.get(INSTALLATION).respond(json={"permissions": {"actions": "write"}})
    with pytest.raises(ForbiddenError) as caught:
        await github.post()

    assert type(caught.value) is ForbiddenError
    assert "Resource not accessible by integration" in str(caught.value)


async def test_a_no_of_an_installation_that_is_gone_is_that(github: Wire) -> None:
    """Nothing is granted by what is not there: all of it waits for it to be back."""
    github.router.post(f"{HERE}/x").respond(403, json=NOT_OURS)
    github.router.get(INSTALLATION).respond(404)
    with pytest.raises(AwayError) as caught:
        await github.post()

    assert caught.value.until == github.clock.now() + timedelta(minutes=10)


async def test_what_github_says_of_an_installation_is_read_leniently(github: Wire) -> None:
    """Without names and addresses it still says which permission, and that it is missing."""
    github.router.post(f"{HERE}/x").respond(403, json=NOT_OURS)
    github.router.get(INSTALLATION).respond(json=["?"])
    with pytest.raises(PermissionMissingError) as caught:
        await github.post()

    assert caught.value.message == (
        "the installation does not grant Actions: write: let the App ask for it in its "
        "settings, and accept that where it is installed"
    )


async def test_a_422_tells_every_fault(github: Wire) -> None:
    """GitHub lists faults in several forms, and all of them are told."""
    errors = ["plain", {"message": "worded"}, {"resource": "R", "field": "f", "code": "c"}, 7]
    github.router.post(f"{HERE}/x").respond(
        422, json={"message": "Validation Failed", "errors": errors}
    )
    with pytest.raises(UnprocessableError) as caught:
        await github.post()

    assert caught.value.messages == ("Validation Failed", "plain", "worded", "R f c")


async def test_an_app_without_its_key_is_not_minted_for(github: Wire) -> None:
    """If GitHub does not know the App, calls in its own name say so, and where to look."""
    github.router.get(f"{API}/app").respond(401, json={"message": "A JSON web token ..."})
    with pytest.raises(UnauthorizedError, match="see whether GITHUB_PRIVATE_KEY is of the App"):
        await repositories.app_id(github.client)


async def test_an_endless_answer_is_given_up(github: Wire) -> None:
    """An answer larger than any we expect is not held in memory."""
    github.router.get(HERE).respond(200, content=b" " * (16 * 1024 * 1024 + 1))
    with pytest.raises(RefusedError, match="bytes"):
        await github.get()


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

    assert [await github.get() for _ in range(2)] == [{"id": 1}, {"id": 1}]
    assert known.call_count == 1


async def test_an_answer_is_remembered_for_its_own_installation_only(github: Wire) -> None:
    """What one installation may see is not shown to another."""
    github.router.get(HERE).respond(json={"id": 1}, headers={"etag": '"e1"'})
    github.router.post(f"{API}/app/installations/8/access_tokens").mock(
        return_value=minted("ghs_other", github.clock)
    )
    await github.get()
    await github.get(access=Access(installation_id=8, repository=ACCESS.repository))

    requests = github.sent("GET", "/repos/acme/api")
    assert [request.headers.get("if-none-match") for request in requests] == [None, None]


@pytest.mark.parametrize("name", ["acme", "acme/api/x", "../api", "acme/..", "acme/a b", "a/é"])
async def test_a_name_cannot_lead_a_call_astray(github: Wire, name: str) -> None:
    """What is not the name of a repository never becomes a part of an address."""
    access = Access(installation_id=7, repository=RepositoryName(name))
    with pytest.raises(GitHubError, match="not the name"):
        await repositories.read_file(github.client, access, "a.yml", "main")

    assert not github.router.calls
