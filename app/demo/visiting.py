"""Somebody with a browser: signs in at the rehearsed GitHub, and looks at a page."""

from dataclasses import dataclass

import httpx

TIMEOUT_SECONDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What became of a visit: whether one had to sign in first, and the page then."""

    was_sent_to_sign_in: bool
    status: int
    text: str


async def visit(url: str, path: str, login: str) -> Visit:
    """Go to a page as somebody, by way of GitHub's question who it is."""
    async with httpx.AsyncClient(base_url=url, timeout=TIMEOUT_SECONDS) as browser:
        sent = await browser.get(path)
        asked = await browser.get(sent.headers.get("location", path))
        github = httpx.URL(asked.headers.get("location", url))
        back = await browser.get(github.copy_merge_params({"login": login}))
        page = await browser.get(back.headers.get("location", path), follow_redirects=True)
    return Visit(
        was_sent_to_sign_in=sent.status_code == httpx.codes.SEE_OTHER,
        status=page.status_code,
        text=page.text,
    )
