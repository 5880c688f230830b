"""Changes a code for the App, keeps what GitHub tells only once, and says what is next."""

from collections.abc import Mapping
from typing import Final

from app.cli.saying import Refused
from app.cli.settings_files import KEY_FILE, SETTINGS_FILE, is_plain, places_in
from app.cli.setup_plan import Plan
from app.clock import SystemClock
from app.github.errors import (
    GitHubError,
    NotFoundError,
    RateLimitedError,
    RefusedError,
    UnavailableError,
    UnprocessableError,
)
from app.github.registering import Registered, exchange, settings_address
from app.settings import API_URL_DEFAULT, Settings, SettingsError

_BY_HAND: Final = (
    "generate a private key and a client secret there, enter a webhook secret of your own, and "
    "write the settings as the README lists them; or delete it there and begin anew"
)


class Lost(Refused):
    """The App is registered, but its secrets could not be kept."""


async def register(plan: Plan, code: str) -> Registered:
    """Change a code for the App, and write both files. Raises `Refused`."""
    with places_in(plan.folder) as places:
        try:
            registered = await exchange(code, api_url=plan.api_url, clock=SystemClock())
        except GitHubError as error:
            raise _refusal(plan, error) from error
        # From here on nothing is waited for: what GitHub told once must not get lost.
        try:
            key = registered.private_key.value
            places.fill(_settings(plan, registered), key)
        except (OSError, ValueError) as error:
            raise _lost(plan, registered, error) from error
    return registered


def next_steps(plan: Plan, registered: Registered) -> tuple[tuple[str, str], ...]:
    """Return what is so now and what to do, as pairs of a sentence and what it is about."""
    settings, key = plan.folder / SETTINGS_FILE, plan.folder / KEY_FILE
    start = f"set -a; . {settings}; set +a; signalbox serve"
    return (
        (f"Registered for {registered.owner}:", registered.html_url),
        ("Written, for you alone to read:", f"{settings}\n{key}"),
        ("1. Install the App where it is to work:", f"{registered.html_url}/installations/new"),
        (f"2. Start the server, which GitHub has to reach at {plan.url}:", start),
        (
            "   Or in a container, whose user must be able to read the key:",
            f"sudo chown 10001 {key}\n"
            f"docker run --env-file {settings} --volume {key}:{key}:ro "
            "--volume signalbox:/data --publish 127.0.0.1:8000:8000 signalbox",
        ),
    )


def _settings(plan: Plan, registered: Registered) -> Mapping[str, str]:
    """Return the settings as the server is to read them. Raises ValueError."""
    found = {
        "GITHUB_APP_ID": str(registered.id),
        "GITHUB_PRIVATE_KEY_FILE": str(plan.folder / KEY_FILE),
        "GITHUB_WEBHOOK_SECRET": registered.webhook_secret.value,
        "GITHUB_CLIENT_ID": registered.client_id,
        "GITHUB_CLIENT_SECRET": registered.client_secret.value,
        "SIGNALBOX_URL": plan.url,
        **({} if plan.api_url == API_URL_DEFAULT else {"GITHUB_API_URL": plan.api_url}),
    }
    if odd := [name for name, value in found.items() if not is_plain(value)]:
        raise ValueError(f"{odd[0]} has characters that a shell and Docker read differently")
    # The file is not there yet, and what it is to hold is at hand.
    read = {name: value for name, value in found.items() if name != "GITHUB_PRIVATE_KEY_FILE"}
    try:
        Settings.from_environ({**read, "GITHUB_PRIVATE_KEY": registered.private_key.value})
    except SettingsError as error:
        fault = error.faults[0]
        raise ValueError(f"{fault.name} {fault.message}") from error
    return found


def _lost(plan: Plan, registered: Registered, error: OSError | ValueError) -> Lost:
    why = error.strerror if isinstance(error, OSError) else str(error)
    page = settings_address(
        server_url=plan.server_url,
        organization=registered.owner if registered.is_of_organization else "",
        slug=registered.slug,
    )
    return Lost(
        f"the App {registered.slug} is registered (App ID {registered.id}, client ID "
        f"{registered.client_id}), but its secrets could not be written: {why}",
        f"open {page}, {_BY_HAND}",
        code=1,
    )


def _refusal(plan: Plan, error: GitHubError) -> Refused:
    """Say why there is no App, or what is not known of it, and what to do."""
    # Before it may stand the call, which names the code: that is not to be shown.
    is_told = isinstance(error, RefusedError)
    why = error.message if is_told else error.message.rpartition(": ")[2]
    there = f"an App that is there already stands at {plan.apps_address}"
    match error:
        case NotFoundError() | UnprocessableError():
            return Refused(
                "GitHub does not take this code: it is good once, and for an hour",
                f"begin anew for another one; {there}: delete it",
                code=1,
            )
        case UnavailableError(effect_unknown=False):
            return Refused(
                f"GitHub cannot be reached ({why})",
                f"see whether this machine reaches {plan.api_url}, and try the same code "
                "again, which is good for an hour",
                code=3,
            )
        case UnavailableError():
            return Refused(
                f"GitHub did not say what became of the code ({why})",
                f"try the same code again; if GitHub does not take it, {there}: {_BY_HAND}",
                code=3,
            )
        case RateLimitedError():
            return Refused(
                f"GitHub takes no more calls until {error.until:%H:%M} UTC",
                "try the same code again then, which is good for an hour",
                code=3,
            )
    return Refused(f"GitHub refuses: {why}", "see what it says, and begin anew", code=1)
