"""The pages behind the links of the demo: what a browser finds at the rehearsed GitHub."""

import httpx
import pytest

from app.clock import SystemClock
from app.demo.pages import Pages
from app.demo.stage import ACTOR, HOME, set_stage
from app.rehearsal import Rehearsal
from app.rehearsal.model import checks, runs

pytestmark = pytest.mark.anyio

BROWSER = {"accept": "text/html,application/xhtml+xml"}


@pytest.fixture
def github() -> Rehearsal:
    """Return the stage of the demo, with a pull request that somebody talks about."""
    rehearsal = Rehearsal(
        SystemClock(), webhook_url="http://127.0.0.1:9", webhook_secret="a webhook secret"
    )
    set_stage(rehearsal)
    pull = rehearsal.open_pull_request(HOME, {"a.txt": "1"}, author=ACTOR, title="<b>Ship</b>")
    rehearsal.review(HOME, pull.number, "hubot")
    rehearsal.comment(HOME, pull.number, "| a |\n| --- |\n| `b` |", "ada")
    return rehearsal


def test_every_link_leads_somewhere(github: Rehearsal) -> None:
    """From the first page to repositories and their pull requests."""
    pages = Pages(github)

    assert f'href="/{HOME}"' in str(pages.page("/"))
    assert f'href="/{HOME}/pull/1"' in str(pages.page(f"/{HOME}"))
    assert f'href="/{HOME}"' in str(pages.page(f"/{HOME}/pull/1"))


def test_a_pull_request_shows_what_was_said(github: Rehearsal) -> None:
    """Comments as they read, reviews with who gave them; a title is words and nothing else."""
    page = str(Pages(github).page(f"/{HOME}/pull/1"))

    assert "<td><code>b</code></td>" in page
    assert "hubot: approved" in page
    assert "&lt;b&gt;Ship&lt;/b&gt; #1" in page


def test_a_workflow_run_says_how_it_stands(github: Rehearsal) -> None:
    """With the inputs that it was given."""
    world = github.world
    home, mona = world.repositories[world.names[HOME]], world.accounts[ACTOR]
    given = {"api": "x:1", "web": "y:2"}
    run = runs.dispatch(world, home, "contract.yml", "main", given, mona)
    page = str(Pages(github).page(f"/{HOME}/actions/runs/{run.id}"))

    assert "contract.yml" in page
    assert "<code>x:1</code>" in page
    assert f'href="/{HOME}/actions/runs/{run.id}"' in str(Pages(github).page(f"/{HOME}"))


def test_a_check_reads_as_on_github(github: Rehearsal) -> None:
    """With its title, its buttons and its text; it is found from its pull request."""
    world = github.world
    home = world.repositories[world.names[HOME]]
    output = {"title": "waiting for people", "summary": "**first**", "text": "### Graph"}
    button = {"label": "Approve", "description": "Approve it", "identifier": "approve"}
    given = {"name": "Ship", "head_sha": home.pulls[1].head_sha, "output": output}
    check = checks.create(world, home, {**given, "actions": [button]})
    page = str(Pages(github).page(f"/{HOME}/runs/{check.id}"))

    for shown in ("<strong>first</strong>", "<h3>Graph</h3>", ">Approve</span>"):
        assert shown in page
    for where in (f"/{HOME}", f"/{HOME}/pull/1"):
        assert f'href="/{HOME}/runs/{check.id}"' in str(Pages(github).page(where))


@pytest.mark.parametrize(
    "path", [f"/{HOME}/pull/9", f"/{HOME}/actions/runs/x", "/acme/nothing", f"/{HOME}/wiki"]
)
def test_what_is_not_there_has_no_page(github: Rehearsal, path: str) -> None:
    """The API behind it answers then."""
    assert Pages(github).page(path) is None


async def test_a_browser_gets_pages_and_a_program_the_api(github: Rehearsal) -> None:
    """They share an address, and tell themselves apart by what they accept."""
    transport = httpx.ASGITransport(app=Pages(github))
    async with httpx.AsyncClient(transport=transport, base_url="http://github") as client:
        seen = await client.get("/", headers=BROWSER)
        meta = await client.get("/meta")

    assert seen.headers["content-security-policy"].startswith("default-src 'none'")
    assert "acme/release" in seen.text
    assert meta.json() == {"verifiable_password_authentication": False}
