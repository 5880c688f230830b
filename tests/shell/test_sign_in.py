"""Stories of people who sign in with GitHub, and of what they may see then."""

from datetime import timedelta

import pytest

from app.github.budget import Urgency
from app.rehearsal.model.faults import CallFault
from tests.kit.lobby import PUBLIC_REPOSITORY, SECRET_REPOSITORY, Lobby, lobby
from tests.kit.town import HOME

pytestmark = pytest.mark.anyio
TOKEN = "/login/oauth/access_token"
ASKED = "^/repositories/.*/permission"


async def sign_out(here: Lobby, csrf: str) -> int:
    """Press the button of a page that carries this token."""
    return (await here.browser.post("/sign-out", data={"csrf": csrf})).status_code


async def test_somebody_signs_in_and_sees_what_github_shows_them() -> None:
    """They come back to where they wanted to go, and see what they may read, and no more."""
    async with lobby() as here:
        before = await here.sees(HOME)
        came = await here.sign_in("eve", to="/me?tab=1")
        seen = [await here.sees(each) for each in (HOME, PUBLIC_REPOSITORY, SECRET_REPOSITORY)]
        unknown = await here.browser.get("/about/4711")

        assert before == 401
        assert (came.url.path, came.url.query) == ("/me", b"tab=1")
        assert came.json()["login"] == "eve"
        assert seen == [200, 200, 404]
        assert unknown.status_code == 404
        here.judge.check()


async def test_a_stranger_sees_what_is_public() -> None:
    """Who is nobody in the organisation may sign in, and sees what everybody may read."""
    async with lobby() as here:
        here.github.world.account("stranger")
        await here.sign_in("stranger")

        assert await here.sees(PUBLIC_REPOSITORY) == 200
        assert await here.sees(HOME) == 404


async def test_no_token_is_kept() -> None:
    """GitHub is asked who it is, once, and has its token back; no cookie holds one."""
    async with lobby() as here:
        calls = here.github.world.calls
        calls.clear()
        await here.sign_in("eve")
        made = [each.path for each in calls if not each.path.endswith("/versions")]
        client = here.github.client_id

        assert made == [
            "/login/oauth/authorize",
            TOKEN,
            "/user",
            f"/applications/{client}/token",
        ]
        assert here.github.service.sign_ins.tokens == {}


async def test_a_token_that_is_not_taken_back_is_forgotten_all_the_same() -> None:
    """That GitHub does not take its token back holds nobody up."""
    async with lobby() as here:
        path = f"/applications/{here.github.client_id}/token"
        here.github.faults.plan_call(CallFault.ERROR_BEFORE, method="DELETE", path=path)

        assert (await here.sign_in("eve")).json()["login"] == "eve"


@pytest.mark.parametrize(
    ("url", "name", "is_secure"),
    [
        ("https://signalbox.test", "__Host-signalbox-session", True),
        ("http://signalbox.test", "signalbox-session", False),
    ],
)
async def test_a_browser_guards_the_cookie(url: str, name: str, is_secure: bool) -> None:
    """No script reads it, no other site's form sends it, and https keeps it to itself."""
    async with lobby(url=url) as here:
        state, code = await here.code(here.browser, "eve")
        back = await here.browser.get(f"/sign-in/back?state={state}&code={code}")
        told = {each.partition("=")[0]: each for each in back.headers.get_list("set-cookie")}
        flags = told[name].lower().replace(" ", "").split(";")

        assert ("secure" in flags) is is_secure
        assert {"httponly", "samesite=lax", "path=/", "max-age=28800"} <= set(flags)
        assert not any(each.startswith("domain") for each in flags)
        assert back.headers["location"] == f"{url}/"


async def test_a_session_ends_after_eight_hours() -> None:
    """Whatever the browser does with its cookie, nobody is signed in any longer."""
    async with lobby() as here:
        await here.sign_in("eve")
        kept = dict(here.browser.cookies)
        here.pass_time(hours=7, minutes=59)
        before = await here.browser.get("/me")
        here.pass_time(minutes=1)
        after = await here.browser.get("/me", headers={"cookie": _header(kept)})

        assert (before.status_code, after.status_code) == (200, 401)


def _header(cookies: dict[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


async def test_what_is_taken_away_is_gone_within_a_minute() -> None:
    """A session shows nothing by itself: what GitHub lets somebody read is asked again."""
    async with lobby() as here:
        await here.sign_in("mona")
        before = await here.sees(HOME)
        here.github.world.repository(HOME).roles["mona"] = "none"
        here.pass_time(seconds=61)
        after = await here.sees(HOME)

        assert (before, after) == (200, 404)


async def test_within_a_minute_github_is_asked_once() -> None:
    """A page that is looked at again and again costs one call a minute."""
    async with lobby() as here:
        await here.sign_in("mona")
        here.github.world.calls.clear()
        for _ in range(5):
            await here.sees(HOME)

        [asked] = [each for each in here.github.calls if each.path.endswith("/permission")]
        id_ = here.github.world.repository(HOME).id
        assert asked.path == f"/repositories/{id_}/collaborators/mona/permission"


async def test_somebody_who_looks_on_costs_next_to_nothing() -> None:
    """Asked again, GitHub says that nothing has changed, which it does not count."""
    async with lobby() as here:
        await here.sign_in("mona")
        await here.sees(HOME)
        [installation] = here.github.world.installations
        limits, now = here.github.world.limits, here.github.clock.now
        before = limits.window(installation, now()).used
        seen = set()
        for _ in range(10):
            here.pass_time(seconds=61)
            seen.add(await here.sees(HOME))

        asked = [each for each in here.github.calls if each.path.endswith("/permission")]
        assert (seen, len(asked)) == ({200}, 11)
        assert limits.window(installation, now()).used == before


async def test_a_yes_stands_while_the_rate_limit_lets_nobody_ask() -> None:
    """Who has just read a page comes to see until when it is held up; an hour later no more."""
    async with lobby() as here:
        await here.sign_in("mona")
        asked_once = await here.sees(HOME)
        here.pass_time(minutes=59)
        here.github.faults.plan_call(CallFault.TOO_MANY, path=ASKED, retry_after=600)
        limited = await here.sees(HOME)
        here.pass_time(minutes=2)
        after_an_hour = await here.sees(HOME)
        here.pass_time(minutes=10)

        assert (asked_once, limited, after_an_hour) == (200, 200, 503)
        assert await here.sees(HOME) == 200


async def test_a_no_never_becomes_a_yes_again_by_a_rate_limit() -> None:
    """The last that GitHub said counts."""
    async with lobby() as here:
        await here.sign_in("mona")
        before = await here.sees(HOME)
        here.github.world.repository(HOME).roles["mona"] = "none"
        here.pass_time(minutes=2)
        taken_away = await here.sees(HOME)
        here.pass_time(minutes=2)
        here.github.faults.plan_call(CallFault.TOO_MANY, path=ASKED, retry_after=90)

        assert (before, taken_away, await here.sees(HOME)) == (200, 404, 503)


async def test_a_rate_limit_shows_nothing_that_was_never_seen_and_says_until_when() -> None:
    """Nothing is shown that is not known; the page says when to come again."""
    async with lobby() as here:
        await here.sign_in("mona")
        here.github.faults.plan_call(CallFault.TOO_MANY, path=ASKED, retry_after=90)
        id_ = here.github.world.repository(HOME).id
        until = here.github.clock.now() + timedelta(seconds=90)
        limited = await here.browser.get(f"/about/{id_}")
        here.pass_time(seconds=91)

        assert limited.status_code == 503
        assert limited.headers["retry-after"] == "90"
        assert f"{until:%H:%M:%S} UTC" in limited.text
        assert await here.sees(HOME) == 200


async def test_a_github_that_does_not_answer_shows_nothing() -> None:
    """It fails shut: what cannot be found out is not shown."""
    async with lobby() as here:
        await here.sign_in("mona")
        here.github.faults.plan_call(CallFault.ERROR_BEFORE, path=ASKED, times=3)
        id_ = here.github.world.repository(HOME).id
        away = await here.browser.get(f"/about/{id_}")

        assert (away.status_code, away.headers["retry-after"]) == (503, "10")


async def test_where_the_app_has_left_nothing_is_shown() -> None:
    """A suspended installation tells nobody's rights, and takes nothing else with it."""
    async with lobby() as here:
        await here.sign_in("mona")
        [installation] = here.github.world.installations.values()
        here.github.suspend(installation)

        assert await here.sees(HOME) == 404


async def test_looking_never_takes_what_deciding_needs() -> None:
    """With less than half of the calls left, pages wait; all else goes on."""
    async with lobby() as here:
        await here.sign_in("mona")
        headers = {"x-ratelimit-limit": "100", "x-ratelimit-remaining": "50"}
        reset = int(here.github.clock.now().timestamp()) + 600
        [installation] = here.github.world.installations
        budget = here.town.client.budget
        budget.answered(installation, {**headers, "x-ratelimit-reset": str(reset)})
        await budget.admit(installation, Urgency.SWEEP, is_write=False)

        assert await here.sees(HOME) == 503


async def test_somebody_changes_their_mind() -> None:
    """Who tells GitHub no is told so, and what to do."""
    async with lobby() as here:
        begun = await here.browser.get("/sign-in")
        address = begun.headers["location"] + "&cancel=1"
        told = await here.browser.get(address, follow_redirects=True)

        assert told.status_code == 403
        assert "You told GitHub not to sign you in." in told.text


async def test_a_sign_in_that_takes_too_long_is_over() -> None:
    """After ten minutes the browser has to begin anew."""
    async with lobby() as here:
        state, code = await here.code(here.browser, "eve")
        here.pass_time(minutes=10)
        late = await here.browser.get(f"/sign-in/back?state={state}&code={code}")

        assert late.status_code == 400
        assert "longer than ten minutes" in late.text


@pytest.mark.parametrize(
    ("method", "path", "kind", "status"),
    [
        ("POST", TOKEN, CallFault.ERROR_BEFORE, 503),
        ("POST", TOKEN, CallFault.DROP_AFTER, 503),
        ("GET", "/user", CallFault.TOO_MANY, 503),
        ("GET", "/user", CallFault.FORBIDDEN, 503),
    ],
)
async def test_github_is_in_trouble(
    method: str, path: str, kind: CallFault, status: int
) -> None:
    """Nobody is signed in, and the page says to come again."""
    async with lobby() as here:
        here.github.faults.plan_call(kind, method=method, path=path, times=3)
        told = await here.sign_in("eve")

        assert (told.status_code, "retry-after" in told.headers) == (status, True)
        assert (await here.browser.get("/me")).status_code == 401


async def test_a_wrong_secret_is_the_operators_to_mend() -> None:
    """The page says which setting is wrong, and nothing of what it is."""
    async with lobby(client_secret="s3cret" * 8) as here:
        told = await here.sign_in("eve")

        assert told.status_code == 403
        assert "GITHUB_CLIENT_SECRET" in told.text
        assert "s3cret" not in told.text


async def test_somebody_signs_out() -> None:
    """The button of their own page ends the session; without one there is nothing to end."""
    async with lobby() as here:
        csrf = (await here.sign_in("eve")).json()["csrf"]
        done = await here.browser.post("/sign-out", data={"csrf": csrf})
        after = await here.browser.get("/me")

        assert (done.status_code, done.headers["location"]) == (303, "https://signalbox.test/")
        assert after.status_code == 401
        assert await sign_out(here, "") == 303
