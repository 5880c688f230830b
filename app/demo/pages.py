"""What a browser finds at the rehearsed GitHub of the demo: pages behind the links.

A check, a comment and a workflow run are there to be looked at, and so is what each links to.
Nothing can be done on these pages, and they are no part of the API: they stand before it.
"""

from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from html import escape
from typing import Any, Final, TypeAlias

from markdown_it import MarkdownIt

from app.rehearsal import Rehearsal
from app.rehearsal.model.state import CheckRun, PullRequest, Repository, WorkflowRun

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Asgi: TypeAlias = Callable[[Message, Receive, Send], Awaitable[None]]

STYLE: Final = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto;
  padding: 0 1rem; color: #1f2328; background: #fff }
a { color: #0969da } code, pre { background: #f6f8fa; padding: .1em .3em; border-radius: 4px }
pre { padding: .8em; overflow: auto } table { border-collapse: collapse; margin: .8em 0 }
th, td { border: 1px solid #d0d7de; padding: .35em .7em; text-align: left; vertical-align: top }
article { border: 1px solid #d0d7de; border-radius: 6px; padding: 0 1.2em; margin: 1em 0 }
small { color: #59636e }
.button { border: 1px solid #d0d7de; border-radius: 6px; padding: .2em .7em }
"""
POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
_MARKDOWN: Final = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


class Pages:
    """Answers a browser, and hands everything else to the API behind it."""

    def __init__(self, rehearsal: Rehearsal) -> None:
        self._rehearsal = rehearsal

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        page = self.page(scope["path"]) if _is_browser(scope) else None
        if page is None:
            await self._rehearsal.asgi(scope, receive, send)
            return
        headers = [
            (b"content-type", b"text/html; charset=utf-8"),
            (b"content-security-policy", POLICY.encode()),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": page.encode()})

    def page(self, path: str) -> str | None:
        """Return the page at a path, if there is one."""
        parts = [part for part in path.split("/") if part]
        if not parts:
            return _page("GitHub, rehearsed", self._repositories())
        found = self._repository("/".join(parts[:2]))
        if found is None:
            return None
        match parts[2:]:
            case []:
                return _page(found.full_name, _repository(found))
            case ["actions", "runs", number, *_] if _at(found.runs, number):
                run = found.runs[int(number)]
                return _page(f"{run.name} #{run.number}", _run(found, run))
            case ["runs", number] if _at(found.check_runs, number):
                check = found.check_runs[int(number)]
                return _page(check.name, _check(found, check))
            case ["pull", number] if _at(found.pulls, number):
                pull = found.pulls[int(number)]
                return _page(f"{pull.title} #{pull.number}", _pull(found, pull))
            case _:
                return None

    def _repository(self, name: str) -> Repository | None:
        world = self._rehearsal.world
        number = world.names.get(name.lower())
        return world.repositories[number] if number is not None else None

    def _repositories(self) -> Iterator[str]:
        yield "<p>Workflow runs and people are made up; what Signalbox wrote is not.</p><ul>"
        for each in self._rehearsal.world.repositories.values():
            yield f"<li>{_link(f'/{each.full_name}', each.full_name)}</li>"
        yield "</ul>"


def _is_browser(scope: Message) -> bool:
    accepts = dict(scope.get("headers", ())).get(b"accept", b"")
    return scope["type"] == "http" and scope["method"] == "GET" and b"text/html" in accepts


def _at(things: MutableMapping[int, Any], number: str) -> bool:
    return number.isdigit() and int(number) in things


def _page(title: str, parts: Iterator[str]) -> str:
    head = f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(title)}</title>"
    body = (
        f"<style>{STYLE}</style><p><a href=/>all repositories</a></p><h1>{escape(title)}</h1>"
    )
    return f"{head}{body}{''.join(parts)}</html>"


def _repository(found: Repository) -> Iterator[str]:
    yield "<h2>Pull requests</h2><ul>"
    for pull in found.pulls.values():
        to = f"/{found.full_name}/pull/{pull.number}"
        shown = _link(to, f"#{pull.number} {pull.title}")
        yield f"<li>{shown} <small>{pull.state}</small></li>"
    yield "</ul><h2>Checks</h2><ul>"
    for check in reversed(found.check_runs.values()):
        yield f"<li>{_check_link(found, check)}</li>"
    yield "</ul><h2>Workflow runs</h2><ul>"
    for run in reversed(found.runs.values()):
        to = f"/{found.full_name}/actions/runs/{run.id}"
        yield f"<li>{_link(to, run.display_title)} <small>{_state(run)}</small></li>"
    yield "</ul>"


def _check_link(found: Repository, check: CheckRun) -> str:
    shown = f"{check.name}: {check.title or check.status}"
    commit = escape(check.head_sha[:12])
    return f"{_link(f'/{found.full_name}/runs/{check.id}', shown)} <small>{commit}</small>"


def _check(found: Repository, check: CheckRun) -> Iterator[str]:
    yield f"<p>{_link(f'/{found.full_name}', found.full_name)} at "
    yield f"<code>{escape(check.head_sha[:12])}</code>, "
    yield f"{escape(check.conclusion or check.status)}</p>"
    if check.details_url:
        yield f"<p>{_link(check.details_url, 'Details')}</p>"
    yield f"<h2>{escape(check.title or '')}</h2><p>"
    for each in check.actions:
        yield f"<span class=button>{escape(str(each['label']))}</span> "
    yield f"</p><article>{_rendered(check.summary)}</article><article>{_rendered(check.text)}"
    yield "</article>"


def _pull(found: Repository, pull: PullRequest) -> Iterator[str]:
    into = f"{escape(pull.head_ref)} into {escape(pull.base_ref)}"
    yield f"<p>{_link(f'/{found.full_name}', found.full_name)}: {pull.state}, {into}, "
    yield f"by {escape(pull.user.login)}</p><h2>Checks</h2><ul>"
    for check in found.check_runs.values():
        if check.head_sha == pull.head_sha:
            yield f"<li>{_check_link(found, check)}</li>"
    yield "</ul><h2>Conversation</h2>"
    for review in pull.reviews:
        said = f"{review.user.login}: {review.state.lower()}"
        yield f"<article><p>{escape(said)}</p>{_rendered(review.body)}</article>"
    for comment in found.comments.values():
        if comment.number == pull.number:
            signs = ", ".join(each.content for each in comment.reactions)
            yield f"<article><p><small>{escape(comment.user.login)}</small></p>"
            yield f"{_rendered(comment.body)}<p><small>{escape(signs)}</small></p></article>"


def _run(found: Repository, run: WorkflowRun) -> Iterator[str]:
    yield f"<p>{_link(f'/{found.full_name}', found.full_name)} · {escape(run.workflow.path)}"
    yield f" at <code>{escape(run.head_branch)}</code>, {_state(run)}</p><table>"
    for name, value in run.inputs.items():
        yield f"<tr><th>{escape(str(name))}<td><code>{escape(str(value))}</code>"
    yield "</table><h2>Jobs</h2><ul>"
    for job in run.last.jobs:
        yield f"<li>{escape(job.name)}: {escape(job.conclusion or job.status)}</li>"
    yield "</ul>"


def _state(run: WorkflowRun) -> str:
    again = f", attempt {run.last.number}" if run.last.number > 1 else ""
    return escape(f"{run.last.conclusion or run.last.status}{again}")


def _link(to: str, shown: str) -> str:
    return f'<a href="{escape(to)}">{escape(shown)}</a>'


def _rendered(markdown: str | None) -> str:
    return str(_MARKDOWN.render(markdown or ""))
