"""Signing in at the whole server, which speaks with GitHub over real connections."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from app.clock import SystemClock
from app.main import build
from app.rehearsal import Rehearsal
from app.rehearsal.wire.server import serve
from app.settings import Settings

pytestmark = pytest.mark.anyio
URL = "http://localhost:8000"
HTML = {"accept": "text/html", "user-agent": "a browser"}


@asynccontextmanager
async def served(folder: Path, *, is_set: bool = True) -> AsyncIterator[httpx.AsyncClient]:
    """Open a server with a GitHub of its own, and return a browser before it."""
    github = Rehearsal(SystemClock(), webhook_url=f"{URL}/webhooks/github")
    github.add_organization("acme", ["mona"])
    github.add_repository("acme/release")
    github.install_app("acme")
    async with serve(github):
        client = {
            "GITHUB_CLIENT_ID": github.client_id,
            "GITHUB_CLIENT_SECRET": github.client_secret,
        }
        environ = {
            "GITHUB_APP_ID": str(github.app_id),
            "GITHUB_PRIVATE_KEY": github.app_private_key_pem,
            "GITHUB_WEBHOOK_SECRET": "a webhook secret",
            "GITHUB_API_URL": github.api_url,
            "SIGNALBOX_URL": URL,
            "DATABASE_URL": f"sqlite:///{folder / 'signalbox.db'}",
            **(client if is_set else {}),
        }
        app = build(Settings.from_environ(environ))
        mounts = {URL: httpx.ASGITransport(app)}
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(mounts=mounts, base_url=URL, headers=HTML) as browser,
        ):
            yield browser


async def test_somebody_is_led_to_github_and_back(tmp_path: Path) -> None:
    """From the page they wanted to GitHub, back to that page, and out again."""
    async with served(tmp_path) as browser:
        asked = await browser.get("/orchestrations/none")
        begun = await browser.get(asked.headers["location"])
        page = await browser.get(begun.headers["location"])
        [chosen] = re.findall(r'href="([^"]*login=mona)"', page.text)
        address = page.url.join(chosen.replace("&amp;", "&"))
        back = await browser.get(address, follow_redirects=True)
        home = await browser.get("/")
        [csrf] = set(re.findall(r'name="csrf" value="([^"]+)"', home.text))
        out = await browser.post("/sign-out", data={"csrf": csrf})
        again = await browser.get("/orchestrations/none")

    assert asked.headers["location"] == "/sign-in?to=/orchestrations/none"
    assert (str(back.url), back.status_code) == (f"{URL}/orchestrations/none", 404)
    assert "mona" in home.text
    assert (out.status_code, again.status_code) == (303, 303)


async def test_without_a_client_secret_nothing_is_shown(tmp_path: Path) -> None:
    """Whoever comes to a page is told which settings it takes, and nothing else."""
    async with served(tmp_path, is_set=False) as browser:
        pages = [await browser.get(path) for path in ("/sign-in", "/orchestrations/a", "/")]
        out = await browser.post("/sign-out")

    assert [each.status_code for each in pages] == [404, 404, 200]
    assert all("GITHUB_CLIENT_SECRET" in each.text for each in pages)
    assert out.status_code == 404
