"""Looks at the pages: `python -m tests.browser` takes pictures, and complains of what is wrong.

In light and dark, on a wide screen and on small ones. Complaints are what no picture shows:
something that the policy of the page stops, a word that does not stand out from its ground, a
page that is wider than the screen, something that the keyboard does not reach, a page that
loses its place when it is renewed.
"""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import BrowserContext, Page, sync_playwright

from app.core.values import OrchestrationId
from tests.browser.gallery import SCENES, Gallery, opened
from tests.browser.wrong import NARROW_ENOUGH, OPERABLE, READABLE

FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDTHS: Final = {"wide": 1280, "phone": 360, "small": 320}
OUT: Final = Path(".cache/look/pictures")
GOES_ON: Final = OrchestrationId(f"{2:016x}")


def main() -> int:
    """Look at everything. Return 0 if there is nothing to complain of."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        print("there is no chromium; on Debian: apt-get install chromium")
        return 2
    OUT.mkdir(parents=True, exist_ok=True)
    wrong: list[str] = []
    with (
        opened() as gallery,
        tempfile.TemporaryDirectory() as folder,
        sync_playwright() as play,
    ):
        for scheme in ("light", "dark"):
            context = play.chromium.launch_persistent_context(
                f"{folder}/{scheme}",
                executable_path=chromium,
                args=list(FLAGS),
                color_scheme=scheme,  # type: ignore[arg-type]
                reduced_motion="reduce",
            )
            enter(context, gallery)
            for name, width in WIDTHS.items():
                wrong += look(context, gallery, f"{scheme}-{name}", width)
            if scheme == "light":
                wrong += renewed(context, gallery)
            context.close()
    for each in wrong:
        print(each)
    print(f"pictures: {OUT}; {len(wrong)} complaints")
    return 1 if wrong else 0


def enter(context: BrowserContext, gallery: Gallery) -> None:
    """Sign in."""
    name, _, value = gallery.cookie().partition("=")
    context.add_cookies([{"name": name, "value": value, "url": gallery.url}])


def look(context: BrowserContext, gallery: Gallery, look: str, width: int) -> Iterator[str]:
    """Take a picture of every page, and look for what is wrong there."""
    page = context.new_page()
    page.set_viewport_size({"width": width, "height": 900})
    said: list[str] = []
    page.on("console", lambda it: said.append(f"{it.type}: {it.text}"))
    page.on("pageerror", lambda it: said.append(str(it)))
    for number in range(len(SCENES) + 1):
        where = f"/orchestrations/{number:016x}" if number else "/"
        page.goto(gallery.url + where, wait_until="load")
        page.screenshot(path=OUT / f"{look}-{number:02}.png", full_page=True)
        for script in (READABLE, NARROW_ENOUGH, OPERABLE):
            yield from (f"{look} {where}: {each}" for each in page.evaluate(script))
        yield from (f"{look} {where}: {each}" for each in said)
        said.clear()
    page.close()


def renewed(context: BrowserContext, gallery: Gallery) -> Iterator[str]:
    """Let things happen while a page is open, and see that it follows and keeps its place."""
    page = context.new_page()
    page.goto(f"{gallery.url}/orchestrations/{GOES_ON}")
    page.wait_for_timeout(500)
    page.locator("#journal summary").click()
    page.locator("#journal summary").focus()
    page.evaluate("scrollTo(0, 300)")
    before = _seen(page)
    gallery.go_on(GOES_ON)
    try:
        page.wait_for_function(
            "mark => document.getElementById('main').dataset.mark !== mark",
            arg=before["mark"],
            timeout=5_000,
        )
    except Exception:
        yield "an open page does not follow what happens"
        return
    after = _seen(page)
    for what in ("focus", "open", "scroll"):
        if before[what] != after[what]:
            yield f"renewing loses {what}: {before[what]} became {after[what]}"
    if before["events"] == after["events"]:
        yield "renewing shows nothing new"
    page.close()


def _seen(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate(
        """() => ({
            mark: document.getElementById('main').dataset.mark,
            focus: document.activeElement.closest('[id]').id + document.activeElement.tagName,
            open: document.getElementById('journal').open,
            scroll: Math.round(scrollY),
            events: document.querySelectorAll('#journal li').length,
        })"""
    )
    return found


if __name__ == "__main__":
    sys.exit(main())
