"""`signalbox doctor`: asks GitHub, the database and the server, and says what is amiss.

What the answers mean stands in `diagnosing`. Nothing is changed anywhere.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Final, TypeVar

from app.cli.calling import judge_server
from app.cli.database import database_file
from app.cli.diagnosing import (
    Wanted,
    judge_app,
    judge_clock,
    judge_events,
    judge_hook,
    judge_permissions,
    judge_places,
    settings_page,
)
from app.cli.diagnosing_deliveries import judge_deliveries
from app.cli.findings import (
    Finding,
    Mark,
    count_of,
    exit_code,
    not_asked,
    ok,
    problem,
    unanswered,
    warning,
)
from app.cli.saying import console, print_json, printable, refusal_of
from app.clock import SystemClock
from app.github.client import Client
from app.github.errors import (
    GitHubError,
    RateLimitedError,
    UnauthorizedError,
    UnavailableError,
)
from app.github.registration import App, places, recent_deliveries, registered_app, webhook
from app.parts import client_of, exporter_of, verifier_of, web_flow_of
from app.ports import StoreUnavailable
from app.ports.metering import UNMETERED
from app.settings import Settings, SettingsError
from app.store.schema import REVISION
from app.store.sql.examining import Seen, examine

T = TypeVar("T")

SAID_MAX: Final = 400
"""Of what others say; more helps nobody."""
_ONE_OF: Final[Mapping[str, str]] = {"deliveries": "delivery", "commands": "command"}
_OF_GITHUB: Final = (
    "clock", "App", "permissions", "events", "webhook", "deliveries", "installations",
)  # fmt: skip
_STYLES: Final[Mapping[Mark, str]] = {
    Mark.OK: "green",
    Mark.NOTE: "dim",
    Mark.WARNING: "yellow",
    Mark.PROBLEM: "bold red",
    Mark.NOT_ASKED: "dim",
}


def examine_with(environ: Mapping[str, str], *, as_json: bool) -> int:
    """Print what is found, and return the exit code. Raises `Refused` for wrong settings."""
    # What the log would say of a call is part of what is found.
    logging.getLogger("app").addHandler(logging.NullHandler())
    try:
        settings = Settings.from_environ(environ)
        findings = asyncio.run(_examine(settings))
    except SettingsError as error:
        raise refusal_of(error) from error
    if as_json:
        _print_as_json(findings)
    else:
        _print(findings)
    return exit_code(findings)


async def _examine(settings: Settings) -> list[Finding]:
    async with AsyncExitStack() as closing:
        # All that `serve` makes of the settings, since each part may find them unusable.
        client = client_of(settings, SystemClock(), None, UNMETERED)
        closing.push_async_callback(client.aclose)
        verifier = verifier_of(settings, SystemClock(), None)
        closing.push_async_callback(verifier.aclose)
        flow = web_flow_of(settings, SystemClock(), None, UNMETERED)
        if flow is not None:
            closing.push_async_callback(flow.aclose)
        if (exporter := exporter_of(settings)) is not None:
            closing.callback(exporter.shutdown)
        return [
            ok("settings", "all that is needed is set"),
            *await _ask_github(client, settings),
            *await _look_into_database(settings),
            *await judge_server(settings.url),
        ]


# --- GitHub ---------------------------------------------------------------------------


async def _ask_github(client: Client, settings: Settings) -> list[Finding]:
    try:
        app = await registered_app(client)
    except GitHubError as error:
        said = _why_unknown(client, error, settings)
        is_away = any(each.is_unanswered for each in said)
        why = "GitHub does not answer" if is_away else "GitHub does not know us"
        asked = {each.check for each in said}
        return [*said, *(not_asked(each, why) for each in _OF_GITHUB if each not in asked)]
    wanted = Wanted(
        app_id=settings.app_id,
        client_id=settings.client_id,
        url=settings.url,
        web=settings.server_url,
    )
    return [
        ok("GitHub", f"{settings.api_url} answers"),
        judge_clock(app.answered_at, client.clock.now()),
        *judge_app(app, wanted),
        *judge_permissions(app, wanted),
        *judge_events(app, wanted),
        *await _ask_for_more(client, app, wanted),
    ]


async def _ask_for_more(client: Client, app: App, wanted: Wanted) -> list[Finding]:
    page = settings_page(app, wanted.web)
    listed = settings_page(app, wanted.web, "advanced")
    return [
        *await _asked(
            "webhook", page, webhook(client), lambda hook: judge_hook(hook, app, wanted)
        ),
        *await _asked(
            "deliveries",
            page,
            recent_deliveries(client),
            lambda found: judge_deliveries(found, listed, page, wanted),
        ),
        *await _asked(
            "installations",
            page,
            places(client),
            lambda found: judge_places(found, app, wanted),
        ),
    ]


async def _asked(
    check: str, page: str, question: Awaitable[T], judge: Callable[[T], list[Finding]]
) -> list[Finding]:
    """Judge an answer of GitHub's, or say that there is none; `page` is that of the App."""
    try:
        return judge(await question)
    except UnavailableError as error:
        return [unanswered(check, _said(error), "ask again later")]
    except RateLimitedError as error:
        return [_told_to_wait(check, error)]
    except GitHubError as error:
        remedy = f"ask again later; if it stays so, see {page}"
        return [problem(check, f"GitHub does not tell: {error}", remedy)]


def _why_unknown(client: Client, error: GitHubError, settings: Settings) -> list[Finding]:
    """Say why GitHub did not tell who we are."""
    match error:
        case UnauthorizedError():
            clock = judge_clock(error.answered_at, client.clock.now())
            is_off = clock.mark is Mark.PROBLEM
            remedy = "set the clock right first" if is_off else _KEY_REMEDY
            return [problem("GitHub", _refused(error), remedy), clock]
        case UnavailableError():
            remedy = (
                "see whether GITHUB_API_URL is right, and whether this machine gets there "
                "(name server, proxy, certificates)"
            )
            found = f"{settings.api_url} does not answer: {_said(error)}"
            return [unanswered("GitHub", found, remedy)]
        case RateLimitedError():
            return [_told_to_wait("GitHub", error)]
        case _:
            found = f"{settings.api_url} does not know the App: {error}"
            remedy = "see whether GITHUB_API_URL is where the App GITHUB_APP_ID lives"
            return [problem("GitHub", found, remedy)]


_KEY_REMEDY: Final = (
    "see whether GITHUB_PRIVATE_KEY is of the App GITHUB_APP_ID, and GITHUB_API_URL is where "
    "that App lives; a new key is generated on the App's settings page"
)


def _told_to_wait(check: str, error: RateLimitedError) -> Finding:
    remedy = f"ask again after {error.until:%H:%M:%S} UTC"
    return unanswered(check, f"GitHub asks us to wait: {error}", remedy)


def _refused(error: UnauthorizedError) -> str:
    # What follows the first part is our own advice, which here stands as the remedy.
    return f"GitHub does not take what the App's key signs ({error.message.partition(';')[0]})"


def _said(error: UnavailableError) -> str:
    """Return what happened, with what the network said, which names the reason."""
    why = str(error.__cause__ or "").strip()
    return f"{error.message} ({why[:SAID_MAX]})" if why else error.message


# --- the database ---------------------------------------------------------------------


async def _look_into_database(settings: Settings) -> list[Finding]:
    # SQLite says file by file which it is, PostgreSQL is what DATABASE_URL names: it may hold
    # a password, and is not repeated.
    file = database_file(settings.database_url)
    name = str(file) if file is not None else "the database of DATABASE_URL"
    if file is not None and not file.is_file():
        remedy = "see DATABASE_URL; `signalbox serve` or `signalbox migrate` makes it"
        return [
            unanswered("database", f"there is no database {name}", remedy),
            not_asked("set aside", "there is no database"),
        ]
    try:
        seen = await examine(settings.database_url)
    except StoreUnavailable as error:
        remedy = "see whether its server runs or its file is whole, and this user may read it"
        return [
            unanswered("database", f"{name} does not answer: {error}", remedy),
            not_asked("set aside", "the database does not answer"),
        ]
    return _judge_database(name, seen)


def _judge_database(name: str, seen: Seen) -> list[Finding]:
    if seen.revision != REVISION:
        if seen.revision > REVISION:
            remedy = "run the version of Signalbox that wrote it, or a newer one"
        else:
            remedy = "run `signalbox migrate`; `signalbox serve` does so, too"
        is_at = f"is at revision {seen.revision}" if seen.revision else "has no tables of ours"
        return [
            problem("database", f"{name} {is_at}, and {REVISION} is needed", remedy),
            not_asked("set aside", "the database is of another version"),
        ]
    found = [ok("database", f"{name} is at revision {REVISION}")]
    aside = ", ".join(
        f"{count} {kind if count > 1 else _ONE_OF[kind]}"
        for kind, count in seen.set_aside.items()
        if count
    )
    if aside:
        remedy = "see `signalbox inbox list`, and try again or drop what is there"
        found.append(warning("set aside", f"{aside} could not be worked off", remedy))
    else:
        found.append(ok("set aside", "nothing"))
    return found


# --- telling --------------------------------------------------------------------------


def _print(findings: Sequence[Finding]) -> None:
    out = console()
    for each in findings:
        out.print(f"{each.mark:<10}", style=_STYLES[each.mark], end="")
        out.print(f"{each.check:<14} {_on_a_line(each.found)}", soft_wrap=True)
        if each.remedy:
            out.print(f"{'':25}{_on_a_line(each.remedy)}", soft_wrap=True)
    out.print(f"\n{count_of(findings)}", style="bold")


def _on_a_line(text: str) -> str:
    """Return what others say on one line, so that it cannot look like a line of ours."""
    return " ".join(printable(text).split())


def _print_as_json(findings: Sequence[Finding]) -> None:
    told = [
        {
            "check": each.check,
            "mark": each.mark.value,
            "found": each.found,
            "remedy": each.remedy or None,
        }
        for each in findings
    ]
    print_json({"is_well": exit_code(findings) == 0, "findings": told})
