"""What GitHub knows of the App, judged by what Signalbox needs. Pure: facts in, findings out.

What is not as it should be is named with the page on which it is changed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import SplitResult, quote, urlsplit

from app.cli.findings import Finding, not_asked, note, ok, problem, warning
from app.github.needs import EVENTS, PERMISSIONS, Permission, Subscription, is_granted
from app.github.registration import App, Hook, Installed
from app.web.hooks import PATH

CLOCKS_APART_MAX: Final = timedelta(seconds=30)
"""GitHub refuses an App whose clock is a minute ahead."""
NAMES_MAX: Final = 5
# As GitHub's pages call them.
_LEVELS: Final[Mapping[str, str]] = {
    "read": "Read-only",
    "write": "Read and write",
    "admin": "Admin",
}
# "GitHub Apps that have write-level access for the Checks repository permission are
# automatically subscribed to this webhook event": whether they stand in the list says nothing.
# https://docs.github.com/en/webhooks/webhook-events-and-payloads#check_run
_BY_THEMSELVES: Final = frozenset({"check_run", "check_suite"})
_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the settings say; `web` is where people see GitHub."""

    app_id: str
    client_id: str
    url: str
    web: str

    @property
    def webhook_url(self) -> str:
        """Where GitHub is to deliver."""
        return self.url + PATH


def settings_page(app: App, web: str, part: str = "") -> str:
    """Return the page on which its owner changes the App, or the one that everybody sees.

    https://docs.github.com/en/apps/maintaining-github-apps/modifying-a-github-app-registration
    """
    slug, owner = quote(app.slug, safe=""), quote(app.owner, safe="")
    tail = f"settings/apps/{slug}/{part}".rstrip("/")
    if slug and owner and app.owner_type == "Organization":
        return f"{web}/organizations/{owner}/{tail}"
    if slug and app.owner_type == "User":
        return f"{web}/{tail}"
    return app.page or web


def judge_clock(answered_at: datetime | None, now: datetime) -> Finding:
    """Compare our clock with GitHub's."""
    if answered_at is None:
        return not_asked("clock", "GitHub's answer does not tell the time")
    apart = now - answered_at
    if abs(apart) <= CLOCKS_APART_MAX:
        return ok("clock", "it shows what GitHub's does")
    side = "ahead of" if apart > timedelta() else "behind"
    return problem(
        "clock",
        f"this machine's clock is {abs(round(apart.total_seconds()))} seconds {side} GitHub's",
        "set it by a time server (NTP): GitHub refuses an App whose clock is a minute ahead "
        "or nine behind",
    )


def judge_app(app: App, wanted: Wanted) -> list[Finding]:
    """Judge whether it is the App that the settings speak of."""
    found = []
    page = settings_page(app, wanted.web)
    if wanted.app_id not in (str(app.id), app.client_id):
        found.append(
            problem(
                "App",
                f"GITHUB_APP_ID is {wanted.app_id}, and the key is that of the App {app.id}",
                f"set GITHUB_APP_ID to {app.id}, or give the key of the App that you mean; "
                f"both stand at {page}",
            )
        )
    if wanted.client_id and wanted.client_id != app.client_id:
        found.append(
            problem(
                "App",
                f"GITHUB_CLIENT_ID is {wanted.client_id}, and the App's is {app.client_id}: "
                "nobody can sign in",
                f"set GITHUB_CLIENT_ID, and with it GITHUB_CLIENT_SECRET, by {page}",
            )
        )
    return found or [ok("App", f"GitHub knows us as {app.slug} of {app.owner} ({app.id})")]


def judge_permissions(app: App, wanted: Wanted) -> list[Finding]:
    """Judge what the App may do."""
    page = settings_page(app, wanted.web, "permissions")
    missing = [each for each in PERMISSIONS if not is_granted(each, app.permissions)]
    found = [
        problem(
            "permissions",
            f"{each.title} is {_level_of(each, app.permissions)}, and {_LEVELS[each.level]} is "
            f"needed for: {each.why}",
            f"choose {_LEVELS[each.level]} for {each.title} at {page}; where the App is "
            "installed its owner has to accept that then",
        )
        for each in missing
        if not each.optional
    ]
    return _with_optional("permissions", found, missing, len(PERMISSIONS), "has")


def judge_events(app: App, wanted: Wanted) -> list[Finding]:
    """Judge what the App hears of."""
    page = settings_page(app, wanted.web, "permissions")
    heard = set(app.events)
    if app.permissions.get("checks") == "write":
        heard |= _BY_THEMSELVES
    missing = [each for each in EVENTS if each.name not in heard]
    found = [
        problem(
            "events",
            f"the App does not hear of {each.title}, which is needed for: {each.why}",
            f"tick {each.title} under Subscribe to events at {page}; it can be ticked once "
            "the App has the permission for it",
        )
        for each in missing
        if not each.optional
    ]
    return _with_optional("events", found, missing, len(EVENTS), "hears of")


def judge_hook(hook: Hook, app: App, wanted: Wanted) -> list[Finding]:
    """Judge where GitHub delivers, and how."""
    page = settings_page(app, wanted.web)
    found = _judge_address(hook, page, wanted)
    if hook.content_type != "json":
        found.append(
            problem(
                "webhook",
                f"the content type is {hook.content_type}, and Signalbox reads JSON",
                f"choose application/json as content type at {page}",
            )
        )
    if not hook.is_verified:
        found.append(
            problem(
                "webhook",
                "GitHub does not verify whom it delivers to",
                f"enable SSL verification at {page}",
            )
        )
    if not hook.has_secret:
        found.append(
            problem(
                "webhook",
                "the App has no webhook secret: nothing is signed, and all of it is refused",
                f"enter the secret of GITHUB_WEBHOOK_SECRET at {page}",
            )
        )
    return found or [ok("webhook", f"GitHub delivers to {hook.url}, as JSON and signed")]


def judge_places(places: Sequence[Installed], app: App, wanted: Wanted) -> list[Finding]:
    """Judge where the App is installed, and what is granted there."""
    if not places:
        # https://docs.github.com/en/apps/sharing-github-apps/sharing-your-github-app
        page = f"{app.page}/installations/new" if app.page else wanted.web
        return [problem("installations", "the App is installed nowhere", f"install it: {page}")]
    found = []
    for each in places:
        if each.is_suspended:
            found.append(
                warning(
                    "installations",
                    f"{each.account} has suspended it: nothing is heard or done there",
                    f"let its owner unsuspend it at {each.page}",
                )
            )
        if (lacking := _lacking(each, app)) is not None:
            found.append(lacking)
    well = [each.account for each in places if not each.is_suspended]
    if well:
        names = ", ".join(well[:NAMES_MAX])
        more = f" and {len(well) - NAMES_MAX} more" if len(well) > NAMES_MAX else ""
        found.insert(0, ok("installations", f"the App is installed on {names}{more}"))
    return found


def _lacking(place: Installed, app: App) -> Finding | None:
    """Say what the App asks for and this installation does not grant.

    https://docs.github.com/en/apps/using-github-apps/approving-updated-permissions-for-a-github-app
    """
    needed = {each.name: each for each in PERMISSIONS}
    asked = [
        each
        for name, level in app.permissions.items()
        if not is_granted(each := _as_asked(name, level, needed), place.permissions)
        and not (each.of_organization and place.account_type == "User")
    ]
    if not asked:
        return None
    titles = ", ".join(f"{each.title} ({_LEVELS[each.level]})" for each in asked)
    remedy = f"let its owner accept the App's new permissions at {place.page}"
    found = f"{place.account} does not grant what the App asks for by now: {titles}"
    is_missed = any(
        each.name in needed
        and not needed[each.name].optional
        and not is_granted(needed[each.name], place.permissions)
        for each in asked
    )
    return (problem if is_missed else warning)("installations", found, remedy)


def _as_asked(name: str, level: str, needed: Mapping[str, Permission]) -> Permission:
    """Return a permission at the level at which the App asks for it."""
    ours = needed.get(name)
    return Permission(
        name=name,
        title=ours.title if ours is not None else name,
        level="write" if level != "read" else "read",
        why="",
        of_organization=ours is not None and ours.of_organization,
    )


def _judge_address(hook: Hook, page: str, wanted: Wanted) -> list[Finding]:
    right = wanted.webhook_url
    if _parts(hook.url) == _parts(right):
        return []
    if _parts(hook.url.rstrip("/")) == _parts(right):
        return [
            warning(
                "webhook",
                f"the URL ends in a slash ({hook.url}), and Signalbox answers 307 to that",
                f"let it be {right} at {page}",
            )
        ]
    ours, theirs = _parts(right), _parts(hook.url)
    if ours[:3] == theirs[:3] and theirs[3].endswith(PATH):
        what = f"GitHub delivers to {hook.url}: a front has to lead that to {right}"
        return [note("webhook", what)]
    return [
        problem(
            "webhook",
            f"GitHub delivers to {hook.url or 'no address'}, and Signalbox is at {right}",
            f"let the webhook URL be {right} at {page}, or mend SIGNALBOX_URL",
        )
    ]


def _parts(url: str) -> tuple[str, str, int | None, str, str]:
    """Return what tells addresses apart; the case of a host and a usual port do not."""
    try:
        split: SplitResult = urlsplit(url)
        port = split.port or _PORTS.get(split.scheme)
    except ValueError:
        return "", "", None, url, ""
    return split.scheme, split.hostname or "", port, split.path, split.query


def _level_of(wanted: Permission, granted: Mapping[str, str]) -> str:
    level = granted.get(wanted.name, "")
    return _LEVELS.get(level, level) or "not granted"


def _with_optional(
    check: str,
    found: list[Finding],
    missing: Sequence[Permission | Subscription],
    count: int,
    verb: str,
) -> list[Finding]:
    """Say that all is well where nothing was found, and which optional ones are left out."""
    optional = [each for each in missing if each.optional]
    if not found:
        found = [ok(check, f"the App {verb} the {count - len(optional)} that it needs")]
    if not optional:
        return found
    why = "; ".join(dict.fromkeys(each.why for each in optional))
    names = ", ".join(each.title for each in optional)
    return [*found, note(check, f"without {names}: needed only for {why}")]
