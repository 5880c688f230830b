"""What keeps `signalbox templates` from its work, and what to do about it. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from app.cli.saying import Refused, refusal_of
from app.settings import API_URL_DEFAULT, SettingsError, address

SAID_MAX: Final = 400
"""Of what others say; more helps nobody."""
NOT_GITHUB: Final = "see whether GITHUB_API_URL is right; for GitHub itself leave it unset"
_AGAIN: Final = "call it again: it goes on with the branch that it has begun"
_WITH_ANOTHER: Final = (
    "set GITHUB_TOKEN to a token of yours that may write contents and pull requests there, for "
    "one GITHUB_TOKEN=$(gh auth token)"
)
# What a header can carry. It is looked at here, since others would repeat it in an error.
_TOKEN: Final = re.compile(r"[\x21-\x7e]+")
_OWNER: Final = re.compile(r"[\w-]+", re.ASCII)
_NAME: Final = re.compile(r"(?!\.{1,2}$)[\w.-]+", re.ASCII)
_ACTION: Final = re.compile(r"[\w-]+/[\w.-]+@[\w./-]+", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferSettings:
    """What the environment says: who we are to GitHub, where it is, and where Signalbox is."""

    token: str = field(repr=False)
    api_url: str
    server_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Which repository of which GitHub; the token is here that it may be kept out of sight."""

    repository: str
    api_url: str
    token: str = field(repr=False)


def settings_of(
    environ: Mapping[str, str],
    *,
    organization: str,
    repository: str,
    server_url: str,
    action: str,
) -> OfferSettings:
    """Read the settings and check what was given. Raises `Refused`."""
    if not _OWNER.fullmatch(organization):
        raise Refused(f"{organization!r} is no organization", "write --organization acme")
    if not _NAME.fullmatch(repository):
        raise Refused(f"{repository!r} is no repository", "write its name alone: .github")
    if action and not _ACTION.fullmatch(action):
        raise Refused(f"{action!r} is no Action", "write --action acme/signalbox@SHA")
    token = environ.get("GITHUB_TOKEN", "").strip()
    if not token:
        raise Refused("GITHUB_TOKEN is missing", _WITH_ANOTHER)
    if not _TOKEN.fullmatch(token):
        raise Refused("GITHUB_TOKEN is not a token", _WITH_ANOTHER)
    try:
        api_url = address(environ, "GITHUB_API_URL", API_URL_DEFAULT)
        if server_url:
            server_url = address({"--server-url": server_url}, "--server-url")
        elif environ.get("SIGNALBOX_URL", "").strip():
            server_url = address(environ, "SIGNALBOX_URL")
    except SettingsError as error:
        raise refusal_of(error) from error
    return OfferSettings(token=token, api_url=api_url, server_url=server_url)


def refusal(
    place: Place,
    status: int,
    answer: object,
    headers: Mapping[str, str],
    *,
    is_writing: bool,
) -> Refused:
    """Say what an answer of GitHub's means. GitHub says no to an unseen write by 404, too.

    https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api
    """
    where, said = place.repository, _said(place, answer)
    if status == 429 or (status == 403 and "rate limit" in said.lower()):
        return Refused(f"GitHub asks us to wait: {said}", _when(headers), code=3)
    if status == 401:
        return Refused(f"GitHub does not take GITHUB_TOKEN: {said}", _WITH_ANOTHER)
    if status >= 500:
        return unanswered(place, f"{status} {said}", is_writing=is_writing)
    if status == 409 and "empty" in said.lower():
        remedy = "give it a first commit, for one a README on its page, and call it again"
        return Refused(f"{where} is empty, and so has no branch yet", remedy, code=1)
    if status == 404 and not is_writing:
        remedy = (
            f"see that GITHUB_TOKEN may read it, or make it: `gh repo create {where} --public "
            "--add-readme`; a private one serves private repositories only"
        )
        return Refused(f"there is no repository {where}, or you may not see it", remedy, code=1)
    if status in {403, 404}:
        verb = "write to" if is_writing else "read"
        return Refused(f"you may not {verb} {where}: {said}", _WITH_ANOTHER, code=1)
    remedy = f"if somebody changed it just now, {_AGAIN}"
    return Refused(f"{where}: GitHub says no ({status}): {said}", remedy, code=1)


def unanswered(place: Place, why: str, *, is_writing: bool) -> Refused:
    """Say that no answer came, or none that helps."""
    remedy = (
        _AGAIN
        if is_writing
        else "see whether GITHUB_API_URL is right, and whether this machine gets there (name "
        "server, proxy, certificates)"
    )
    return Refused(f"{place.api_url} does not answer: {_shown(place, why)}", remedy, code=3)


def _said(place: Place, answer: object) -> str:
    """Return what GitHub says, with the reasons that some refusals list."""
    if not isinstance(answer, Mapping):
        return "no reason given"
    errors = answer.get("errors")
    reasons = [
        str(each.get("message") or each.get("field") or "")
        for each in (errors if isinstance(errors, list) else [])
        if isinstance(each, Mapping)
    ]
    parts = [str(answer.get("message") or ""), *reasons]
    return _shown(place, ": ".join(filter(None, parts))) or "no reason given"


def _shown(place: Place, text: str) -> str:
    """Return what others say on one line, without the token, should they have repeated it."""
    return " ".join(text.replace(place.token, "***").split())[:SAID_MAX]


def _when(headers: Mapping[str, str]) -> str:
    """Say when to ask again: https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api"""
    after, reset = headers.get("retry-after", ""), headers.get("x-ratelimit-reset", "")
    if after.isdigit():
        return f"call it again in {after} seconds"
    if headers.get("x-ratelimit-remaining") == "0" and reset.isdigit():
        return f"call it again after {datetime.fromtimestamp(int(reset), UTC):%H:%M:%S} UTC"
    return "call it again in a few minutes"
