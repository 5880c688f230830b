"""Attacks on pages: forged cookies, stolen codes, links that mislead, names that changed."""

from urllib.parse import quote

import pytest
from starlette.requests import Request

from app.web.sessions import Cookies
from tests.kit.lobby import SECRET_REPOSITORY, URL, Lobby, lobby
from tests.kit.town import HOME

pytestmark = pytest.mark.anyio
SESSION = "__Host-signalbox-session"
ATTEMPT = "__Host-signalbox-sign-in"


async def told_with(here: Lobby, cookie: str) -> int:
    """Return what a stranger is answered who brings this as the cookie of a session."""
    headers = {b"cookie": f"{SESSION}={cookie}".encode()}
    return (await here.another_browser().get("/me", headers=headers)).status_code


async def test_a_cookie_is_changed() -> None:
    """Not one of its characters may be another, and none may be missing."""
    async with lobby() as here:
        await here.sign_in("eve")
        ours = here.browser.cookies[SESSION]
        changed = [
            f"{ours[:place]}{'B' if ours[place] == 'A' else 'A'}{ours[place + 1 :]}"
            for place in range(0, len(ours) - 1, 7)
        ]

        assert await told_with(here, ours) == 200
        assert {await told_with(here, each) for each in changed} == {401}
        assert await told_with(here, ours[:-8]) == 401


async def test_a_cookie_is_made_up() -> None:
    """What was never ours is nobody's, and breaks nothing."""
    made_up = ["", "A", "AAAA", "A" * 50, "A" * 5_000, "ä", "%00", "=", "....", "AA=AA"]
    async with lobby() as here:
        assert {await told_with(here, each) for each in made_up} == {401}


async def test_a_cookie_of_one_kind_is_no_other() -> None:
    """What a browser carries while somebody signs in signs nobody in."""
    async with lobby() as here:
        await here.browser.get("/sign-in")

        assert await told_with(here, here.browser.cookies[ATTEMPT]) == 401


async def test_a_new_secret_signs_everybody_out() -> None:
    """Cookies are sealed under a key that comes of the App's client secret."""
    async with lobby() as here:
        await here.sign_in("eve")
        cookie = f"{SESSION}={here.browser.cookies[SESSION]}".encode()
        request = Request({"type": "http", "headers": [(b"cookie", cookie)]})
        changed = Cookies(secret="x" * 40, clock=here.github.clock, is_secure=True)

        assert here.cookies.read(request, "session") is not None
        assert changed.read(request, "session") is None


async def test_somebody_is_led_into_a_strangers_session() -> None:
    """A link that ends a sign-in which began elsewhere signs nobody in."""
    async with lobby() as here:
        state, code = await here.code(here.another_browser(), "mona")
        address = f"/sign-in/back?state={state}&code={code}"
        without = await here.browser.get(address)
        await here.browser.get("/sign-in")
        within = await here.browser.get(address)

        assert (without.status_code, within.status_code) == (400, 400)
        assert SESSION not in here.browser.cookies


async def test_a_code_is_put_into_another_sign_in() -> None:
    """Even with the right state: GitHub gives nothing for it to who did not ask for it."""
    async with lobby() as here:
        _, stolen = await here.code(here.another_browser(), "mona")
        state, _ = await here.code(here.browser, "eve")
        told = await here.browser.get(f"/sign-in/back?state={state}&code={stolen}")

        assert told.status_code == 403
        assert SESSION not in here.browser.cookies


async def test_a_way_back_is_gone_twice() -> None:
    """What the history of a browser holds is worth nothing any more."""
    async with lobby() as here:
        state, code = await here.code(here.browser, "eve")
        address = f"/sign-in/back?state={state}&code={code}"
        attempt = here.browser.cookies[ATTEMPT]
        first = await here.browser.get(address)
        again = await here.browser.get(address)
        thief = here.another_browser()
        headers = {"cookie": f"{ATTEMPT}={attempt}"}
        stolen = await thief.get(address, headers=headers)

        assert (first.status_code, again.status_code, stolen.status_code) == (303, 400, 403)
        assert first.headers["cache-control"] == "no-store"
        assert first.headers["referrer-policy"] == "no-referrer"


async def test_a_way_back_is_made_up() -> None:
    """Without the state of this browser, and what may be a code, GitHub is not even asked."""
    made_up = ["", "?state=", "?code=x", "?state=x&code=x", "?state=ä"]
    statuses = []
    async with lobby() as here:
        for query in (*made_up, "?state={}&code=", "?state={}&code=" + "x" * 201):
            state, _ = await here.code(here.browser, "eve")
            here.github.world.calls.clear()
            told = await here.browser.get("/sign-in/back" + query.format(state))
            statuses.append((told.status_code, len(here.github.calls)))

    assert statuses == [(400, 0)] * 7


LINKS = (
    "https://evil.test/",
    "//evil.test/",
    "/\\evil.test",
    "\\\\evil.test",
    "/\t/evil.test",
    "/ /evil.test",
    "/\r\nset-cookie: a=b",
    "javascript:alert(1)",
    "evil.test",
    "@evil.test",
    "/sign-in?to=/",
    "/sign-out",
    "/ä",
    "/" + "x" * 1_000,
)


async def test_a_link_misleads() -> None:
    """After signing in nobody is anywhere but on a page of ours."""
    ends = set()
    async with lobby() as here:
        for to in LINKS:
            begun = await here.browser.get(f"/sign-in?to={quote(to)}")
            back = await here.browser.get(begun.headers["location"] + "&login=eve")
            end = await here.browser.get(back.headers["location"])
            ends.add(end.headers["location"])

    assert ends == {f"{URL}/"}


async def test_an_error_brings_its_own_words() -> None:
    """What stands in the address is nobody's word but the sender's, and is not shown."""
    async with lobby() as here:
        state, _ = await here.code(here.browser, "eve")
        words = "error=%3Cb%3Ehunter2&error_description=call+hunter2"
        told = await here.browser.get(f"/sign-in/back?state={state}&{words}")

        assert told.status_code == 403
        assert "hunter2" not in told.text
        assert "default-src 'none'" in told.headers["content-security-policy"]


async def test_another_site_signs_somebody_out() -> None:
    """Only a page of this very session knows its token."""
    async with lobby() as here:
        ours = (await here.sign_in("eve")).json()["csrf"]
        other = here.another_browser()
        begun = await other.get("/sign-in")
        back = await other.get(begun.headers["location"] + "&login=mona")
        await other.get(back.headers["location"])
        theirs = (await other.get("/me")).json()["csrf"]
        tries = [{}, {"csrf": ""}, {"csrf": theirs}, {"csrf": "ä"}, {"csrf": ours[:-1]}]
        answers = [await here.browser.post("/sign-out", data=each) for each in tries]
        large = await here.browser.post("/sign-out", data={"csrf": "x" * 5_000})
        by_link = await here.browser.get("/sign-out")

        assert {each.status_code for each in answers} == {403}
        assert (large.status_code, by_link.status_code) == (413, 405)
        assert (await here.browser.get("/me")).status_code == 200


async def test_a_login_changes_hands() -> None:
    """Who takes over a login has another id: the old session shows nothing of theirs."""
    async with lobby() as here:
        await here.sign_in("eve")
        here.github.rename_account("eve", "adam")
        world = here.github.world
        world.account("eve")
        world.repository(HOME).roles["eve"] = "admin"
        world.repository(SECRET_REPOSITORY).roles["eve"] = "admin"
        here.pass_time(seconds=61)

        assert await here.sees(HOME) == 404
        assert await here.sees(SECRET_REPOSITORY) == 404


async def test_a_repository_s_name_changes_hands() -> None:
    """A public repository under the old name of a private one opens nothing of that one."""
    async with lobby() as here:
        await here.sign_in("carl")
        secret = here.github.world.repository(SECRET_REPOSITORY)
        here.github.rename_repository(SECRET_REPOSITORY, "hidden")
        here.github.add_repository(SECRET_REPOSITORY, is_private=False)
        answer = await here.browser.get(f"/about/{secret.id}")

        assert answer.status_code == 404


LISTENS = """
version: 1
name: Mirror
on:
  push: {repositories: [acme/*], branches: [main]}
tasks:
  sign_off:
    approval: {rules: [{require: [{teams: [acme/sre], count: 1}]}]}
"""


async def test_a_definition_tells_of_a_repository_that_is_secret() -> None:
    """Who reads the definition, but not the repository that began it, sees nothing of that."""
    async with lobby(ship=LISTENS) as here:
        here.github.push(SECRET_REPOSITORY, {"README.md": "secret\n"})
        await here.town.wait(minutes=1)
        address = f"/orchestrations/{(await here.town.state()).id}"
        listed, seen = [], []
        for login in ("eve", "mona"):
            await here.sign_in(login)
            home = await here.browser.get("/", headers={"accept": "text/html"})
            listed.append(address in home.text)
            seen.append((await here.browser.get(address)).status_code)

        assert (listed, seen) == ([False, True], [404, 200])
