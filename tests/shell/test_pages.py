"""Pages in a browser that signed in with GitHub: what is shown, to whom, and what is not."""

from collections.abc import Collection
from html.parser import HTMLParser

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from app.core.copying import replace
from app.core.replay import replay
from app.main import build
from app.ports import Batch, Saved, StoreUnavailable
from app.ports.visiting import Visitor
from app.rehearsal import CallFault
from app.store.journals import read_journal
from app.store.memory import MemoryStore
from app.web.answers import SecurityHeaders
from app.web.live import Changes
from app.web.pages import Pages
from app.web.sessions import Cookies, Sessions
from app.web.statics import KEPT, address_of
from tests.journals.recorded import file_of
from tests.kit.lobby import Lobby, lobby
from tests.kit.town import HOME
from tests.shell.test_serving import _settings
from tests.shell.web_kit import Noon

pytestmark = pytest.mark.anyio
SHIP = """
version: 1
name: Ship <script>alert(1)</script>
on:
  push: {branches: [main]}
tasks:
  deploy:
    dispatch: acme/api/.github/workflows/deploy.yml@main
  sign_off:
    approval: {rules: [{require: [{teams: [acme/sre], count: 1}]}]}
"""
BROWSER = {"accept": "text/html,*/*"}
MONA = Visitor(id=7, login="mona")


class Elements(HTMLParser):
    """Every element of a page with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


async def pushed(here: Lobby) -> str:
    """Push, and return the address of what that began."""
    here.github.push(HOME, {"README.md": "changed\n"})
    await here.town.wait(minutes=1)
    return f"/orchestrations/{(await here.town.state()).id}"


# --- who sees what --------------------------------------------------------------------


async def test_somebody_signs_in_and_comes_to_the_page() -> None:
    """By way of GitHub, back to where they wanted to go; it says what the check says."""
    async with lobby(ship=SHIP) as here:
        address = await pushed(here)
        before = await here.browser.get(address)
        came = await here.sign_in("eve", to=address)

        assert (before.status_code, before.headers["location"]) == (
            303,
            f"/sign-in?to={address}",
        )
        assert (came.status_code, came.url.path) == (200, address)
        assert str((await here.town.check()).title) in came.text
        assert "How sign_off is decided" in came.text
        assert "Sign out" in came.text
        here.judge.check()


async def test_what_is_not_theirs_looks_as_if_it_were_not_there() -> None:
    """The same page, after the same number of questions to GitHub."""
    async with lobby(ship=SHIP) as here:
        address = await pushed(here)
        here.github.world.repository(HOME).roles["stranger"] = "none"
        here.github.world.account("stranger")
        await here.sign_in("stranger")
        found = []
        for path in (address, "/orchestrations/0123456789abcdef"):
            here.pass_time(minutes=2)
            here.github.world.calls.clear()
            answer = await here.browser.get(path)
            asked = [it.path for it in here.github.world.calls if "/permission" in it.path]
            found.append((answer.status_code, answer.text, len(asked)))

        assert found[0] == found[1]
        assert (found[0][0], found[0][2]) == (404, 1)
        assert "Ship" not in found[0][1]


async def test_what_was_taken_away_is_not_shown_any_more() -> None:
    """A minute later at the latest, and neither is the stream."""
    async with lobby(ship=SHIP) as here:
        address = await pushed(here)
        await here.sign_in("eve")
        before = (await here.browser.get(address)).status_code
        here.github.world.repository(HOME).roles["eve"] = "none"
        here.pass_time(minutes=2)

        assert before == 200
        assert (await here.browser.get(address)).status_code == 404
        assert (await here.browser.get(f"{address}/changes")).status_code == 404


async def test_nothing_is_shown_while_github_cannot_be_asked() -> None:
    """It fails shut, and says when to come again."""
    async with lobby(ship=SHIP) as here:
        address = await pushed(here)
        await here.sign_in("eve")
        here.github.faults.plan_call(
            CallFault.TOO_MANY, path="permission", times=1, retry_after=90
        )
        answer = await here.browser.get(address)

        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) >= 60
        assert "Ship" not in answer.text


class Reads:
    """A GitHub on which everybody may read some repositories."""

    def __init__(self, *ids: int) -> None:
        self._ids = frozenset(ids)

    def sign_in_url(self, *, state: str, challenge: str, back: str) -> str:
        return back

    async def visitor(self, *, code: str, verifier: str, back: str) -> Visitor:
        return MONA

    async def readable(
        self, visitor: Visitor, repository_ids: Collection[int]
    ) -> frozenset[int]:
        return self._ids & frozenset(repository_ids)


def site(store: MemoryStore | None, *ids: int) -> httpx.AsyncClient:
    """Return a browser of somebody signed in, who may read repositories of these ids."""

    def opened() -> MemoryStore:
        if store is None:
            raise StoreUnavailable("the server is not open")
        return store

    clock = Noon()
    cookies = Cookies(secret="a client secret", clock=clock, is_secure=False)
    sessions = Sessions(cookies)
    made = Pages(
        visits=Reads(*ids),
        sessions=sessions,
        cookies=cookies,
        store=opened,
        find=lambda _id: None,
        clock=clock,
        changes=Changes(opened),
        github="https://github.com",
    ).site([])
    app = Starlette(routes=[Route("/", made.front), *made.routes])
    app.add_middleware(SecurityHeaders)
    response = Response()
    sessions.begin(response, MONA)
    headers = {**BROWSER, "cookie": response.headers["set-cookie"].partition(";")[0]}
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://signalbox", headers=headers
    )


async def stored(name: str, *, cause: int = 1, count: int | None = None) -> MemoryStore:
    """Return a store with one orchestration as a journal tells it."""
    journal = read_journal(file_of(name).read_text(encoding="utf-8"))
    origin = replace(journal.plan.origin, repository_id=1)
    there = replace(journal.plan.cause, repository_id=cause)
    plan = replace(journal.plan, origin=origin, cause=there)
    state = replay(plan, journal.events[:count]).state
    store = MemoryStore()
    await store.commit(Batch(states=[Saved(state=state, version=1)]))
    return store


@pytest.mark.parametrize(
    ("may_read", "status"), [((1, 2), 200), ((1,), 404), ((2,), 404), ((), 404)]
)
async def test_both_repositories_must_be_readable(
    may_read: tuple[int, ...], status: int
) -> None:
    """That of the definition and the one in which the check stands."""
    store = await stored("release-train/shipped", cause=2)
    [row] = await store.orchestrations(limit=1)

    async with site(store, *may_read) as browser:
        assert (await browser.get(f"/orchestrations/{row.id}")).status_code == status


async def test_a_server_that_is_not_open_says_so() -> None:
    """With when to come again, on each page."""
    async with site(None, 1) as browser:
        answers = [await browser.get(path) for path in ("/", "/orchestrations/ab")]
        stream = await browser.get("/orchestrations/ab/changes")

    assert [each.status_code for each in answers] == [503, 503]
    assert all(each.headers["retry-after"] for each in answers)
    assert stream.status_code == 404


# --- the first page -------------------------------------------------------------------


async def test_the_first_page_lists_what_one_may_read() -> None:
    """What is open with how it stands; nothing of others."""
    store = await stored("release-train/shipped", count=39)
    async with site(store, 1) as browser, site(store, 2) as other:
        mine, theirs = await browser.get("/"), await other.get("/")
    ended = await stored("release-train/rolled-back")
    async with site(ended, 1) as browser:
        over = await browser.get("/")

    assert "Release train #" in mine.text
    assert "of 7 tasks done" in mine.text
    assert "Release train" not in theirs.text
    assert "None of the newest orchestrations" in theirs.text
    assert "took 5 min 25 s" in over.text


async def test_whoever_is_not_signed_in_learns_how_to() -> None:
    """And nothing else."""
    async with lobby(ship=SHIP) as here:
        await pushed(here)
        answer = await here.browser.get("/", headers=BROWSER)

        assert 'href="/sign-in?to=/"' in answer.text
        assert "Ship" not in answer.text


# --- what is shown --------------------------------------------------------------------


async def test_a_delay_by_githubs_rate_limit_is_on_the_page() -> None:
    """Until when, also while the check cannot say so, since its own limit is the one.

    What somebody may see cannot be asked anew meanwhile: whoever just saw it still does, and
    to others the page says until when.
    """
    async with lobby(ship=SHIP) as here:
        await here.sign_in("eve")
        await here.sees(HOME)
        here.github.faults.plan_call(
            CallFault.TOO_MANY, path="dispatches", times=1, retry_after=1_200
        )
        here.github.push(HOME, {"README.md": "changed\n"})
        await here.town.wait(seconds=20)
        address = f"/orchestrations/{(await here.town.state()).id}"
        page = await here.browser.get(address)
        here.pass_time(minutes=2)
        later = await here.browser.get(address)
        await here.sign_in("ada")
        another = await here.browser.get(address)

        assert page.text.count("delayed until 2026-11-23 09:21 UTC") == 4
        assert "<strong>dispatching deploy</strong>" in page.text
        assert "by GitHub&#39;s rate limit" in page.text
        assert later.text.count("delayed until 2026-11-23 09:21 UTC") == 4
        assert another.status_code == 503
        assert "rate limit lets us ask again at" in another.text


async def test_a_page_runs_nothing_but_its_own() -> None:
    """Words of strangers stay words; styles and scripts are files of ours, by policy, too."""
    async with lobby(ship=SHIP) as here:
        address = await pushed(here)
        page = await here.sign_in("eve", to=address)
        policy = page.headers["content-security-policy"]
        found = Elements(page.text).found
        scripts = [attrs for tag, attrs in found if tag == "script"]
        foreign = [
            name
            for _, attrs in found
            for name in attrs
            if name == "style" or name.startswith("on")
        ]

        assert "Ship &lt;script&gt;alert(1)&lt;/script&gt; #1" in page.text
        assert [each["src"] for each in scripts] == [address_of("page.js")]
        assert foreign == []
        assert not [tag for tag, _ in found if tag in ("style", "iframe", "object", "base")]
        assert policy.startswith("default-src 'none'; ")
        assert "unsafe" not in policy
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["x-content-type-options"] == "nosniff"


async def test_files_are_kept_by_their_digest() -> None:
    """What its address names stays; what has not changed is not sent again."""
    async with site(MemoryStore()) as browser:
        named = await browser.get(address_of("page.css"))
        bare = await browser.get("/static/page.css")
        etag = named.headers["etag"]
        again = await browser.get("/static/page.css", headers={"if-none-match": f"W/{etag}"})
        absent = await browser.get("/static/secret.txt")

    assert named.headers["cache-control"] == KEPT
    assert bare.headers["cache-control"] == "no-cache"
    assert (again.status_code, again.content) == (304, b"")
    assert absent.status_code == 404


async def test_without_sign_in_pages_say_how_to_set_it_up(tmp_path: object) -> None:
    """Programs get what they always got; the rest says what is missing."""
    app = build(_settings(tmp_path))  # type: ignore[arg-type]  # a folder, as pytest gives it
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://signalbox") as client:
        program = await client.get("/")
        browser = await client.get("/", headers=BROWSER)
        run = await client.get("/orchestrations/0123456789abcdef", headers=BROWSER)
        style = await client.get("/static/page.css")

    assert program.json()["name"] == "Signalbox"
    assert "GITHUB_CLIENT_SECRET" in browser.text
    assert (run.status_code, style.status_code) == (404, 200)
