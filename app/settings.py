"""The settings: read once from the environment, checked whole, handed down from there.

Nothing else reads the environment. What is wrong is said all at once, each with its remedy.
Whether a private key really is one is for `github.auth` to say, which has the library.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Final, Self, TypeVar
from urllib.parse import SplitResult, parse_qs, urlsplit

DATABASE_URL_DEFAULT: Final = "sqlite:///signalbox.db"
API_URL_DEFAULT: Final = "https://api.github.com"
HOST_DEFAULT: Final = "127.0.0.1"
PORT_DEFAULT: Final = 8000
KEEP_DELIVERIES_DAYS_DEFAULT: Final = 14
DAYS_MAX: Final = 36_500
KEY_BYTES_MAX: Final = 64 * 1024
SECRET_LENGTH_MIN: Final = 16
TOKEN_LENGTH_MIN: Final = 32

_Value = TypeVar("_Value")

# The number of an App, or its client id: both are taken as the issuer of its JWT.
_APP_ID = re.compile(r"[1-9][0-9]{0,18}|Iv[0-9A-Za-z.]{4,60}")
_CLIENT_ID = re.compile(r"Iv[0-9A-Za-z.]{4,60}")
_PEM = re.compile(
    r"-----BEGIN (?:RSA )?PRIVATE KEY-----\s.+\s-----END (?:RSA )?PRIVATE KEY-----", re.DOTALL
)
_POSTGRES_OPTIONS = frozenset({"host", "port", "sslmode"})
# Whom a notice is for: a person, a team, or everybody else.
_NOTIFIED = re.compile(r"[A-Za-z0-9-]+(/[A-Za-z0-9._-]+)?|\*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One setting that is missing or wrong, and what to do about it."""

    name: str
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.name} {self.message}: {self.remedy}"


class SettingsError(Exception):
    """Some settings are missing or wrong; `faults` names all of them."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        self.faults = faults
        super().__init__("; ".join(map(str, faults)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All that an operator decides.

    URLs have no slash at the end. `keep_ended_days` 0 keeps journals for ever. Client id and
    client secret come together, or nobody can sign in and no pages are shown.
    """

    app_id: str
    private_key: str = field(repr=False)
    webhook_secret: str = field(repr=False)
    url: str
    api_url: str = API_URL_DEFAULT
    server_url: str = "https://github.com"
    oidc_issuer: str = "https://token.actions.githubusercontent.com"
    database_url: str = DATABASE_URL_DEFAULT
    host: str = HOST_DEFAULT
    port: int = PORT_DEFAULT
    notify_urls: Mapping[str, str] = field(default_factory=dict, repr=False)
    notify_secret: str = field(default="", repr=False)
    api_token: str = field(default="", repr=False)
    metrics_token: str = field(default="", repr=False)
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    traces_url: str = ""
    keep_deliveries_days: int = KEEP_DELIVERIES_DAYS_DEFAULT
    keep_ended_days: int = 0

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Self:
        """Read every setting, or raise one `SettingsError` that names all that is amiss."""
        given = _Given(environ)
        faults: list[Fault] = []

        def read(setting: Callable[[], _Value], otherwise: _Value) -> _Value:
            try:
                return setting()
            except _Wrong as wrong:
                faults.append(wrong.fault)
                return otherwise

        api_url = read(lambda: given.url("GITHUB_API_URL", API_URL_DEFAULT), API_URL_DEFAULT)
        server_url, issuer = derived(api_url)
        settings = cls(
            app_id=read(given.app_id, ""),
            private_key=read(given.private_key, ""),
            webhook_secret=read(given.webhook_secret, ""),
            url=read(lambda: given.url("SIGNALBOX_URL"), ""),
            api_url=api_url,
            server_url=read(lambda: given.url("GITHUB_SERVER_URL", server_url), ""),
            oidc_issuer=read(lambda: given.url("GITHUB_OIDC_ISSUER", issuer), ""),
            database_url=read(given.database_url, ""),
            host=given.text("HOST") or HOST_DEFAULT,
            port=read(given.port, 0),
            notify_urls=read(given.notify_urls, {}),
            notify_secret=read(given.notify_secret, ""),
            api_token=read(lambda: given.token("API_TOKEN"), ""),
            metrics_token=read(lambda: given.token("METRICS_TOKEN"), ""),
            client_id=read(given.client_id, ""),
            client_secret=read(given.client_secret, ""),
            traces_url=read(given.traces_url, ""),
            keep_deliveries_days=read(
                lambda: given.days(
                    "KEEP_DELIVERIES_DAYS", KEEP_DELIVERIES_DAYS_DEFAULT, least=4
                ),
                KEEP_DELIVERIES_DAYS_DEFAULT,
            ),
            keep_ended_days=read(lambda: given.days("KEEP_ENDED_DAYS", 0, least=0), 0),
        )
        if faults:
            raise SettingsError(tuple(faults))
        return settings


def database_url(environ: Mapping[str, str]) -> str:
    """Read DATABASE_URL alone, for commands that only look into the database."""
    try:
        return _Given(environ).database_url()
    except _Wrong as wrong:
        raise SettingsError((wrong.fault,)) from wrong


def address(given: Mapping[str, str], name: str, default: str = "") -> str:
    """Read one address as the settings read theirs, from the environment or options.

    Raises `SettingsError`, which calls it by that name.
    """
    try:
        return _Given(given).url(name, default)
    except _Wrong as wrong:
        raise SettingsError((wrong.fault,)) from wrong


def derived(api_url: str) -> tuple[str, str]:
    """Return GitHub's web address and the issuer of its OIDC tokens, given that of its API.

    https://docs.github.com/en/enterprise-cloud@latest/admin/data-residency/network-details-for-ghecom
    https://docs.github.com/en/enterprise-server@latest/actions/reference/security/oidc
    """
    parts = urlsplit(api_url)
    host = parts.hostname or ""
    if host == "api.github.com":
        return "https://github.com", "https://token.actions.githubusercontent.com"
    if host.startswith("api.") and host.endswith(".ghe.com"):
        tenant = host.removeprefix("api.")
        return f"https://{tenant}", f"https://token.actions.{tenant}"
    server = f"{parts.scheme}://{parts.netloc}"
    return server, f"{server}/_services/token"


def api_url_of(server_url: str) -> str:
    """Return where GitHub's API is, given its web address: the way back of `derived`."""
    host = urlsplit(server_url).hostname or ""
    if host == "github.com":
        return API_URL_DEFAULT
    if host.endswith(".ghe.com"):
        return f"https://api.{host}"
    return f"{server_url}/api/v3"


class _Wrong(Exception):
    """One setting is missing or wrong."""

    def __init__(self, name: str, message: str, remedy: str) -> None:
        self.fault = Fault(name=name, message=message, remedy=remedy)


class _Given:
    """Reads one setting at a time. Raises `_Wrong`."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def text(self, name: str) -> str:
        return self._environ.get(name, "").strip()

    def app_id(self) -> str:
        remedy = "give the App ID, which stands on the App's settings page"
        anew = "; `signalbox setup` registers an App, and writes all that a server needs of it"
        app_id = self._required("GITHUB_APP_ID", remedy + anew)
        if not _APP_ID.fullmatch(app_id):
            raise _Wrong("GITHUB_APP_ID", "is neither an App ID nor a client ID", remedy)
        return app_id

    def webhook_secret(self) -> str:
        name = "GITHUB_WEBHOOK_SECRET"
        remedy = "make a long random text, give it here and in the App's webhook settings"
        return self._long_enough(name, self._required(name, remedy), remedy)

    def client_id(self) -> str:
        name, remedy = "GITHUB_CLIENT_ID", "give the client ID from the App's settings page"
        given = self.text(name)
        if self.text("GITHUB_CLIENT_SECRET"):
            given = self._required(name, f"{remedy}, or unset GITHUB_CLIENT_SECRET")
        if given and not _CLIENT_ID.fullmatch(given):
            raise _Wrong(name, "is not the client ID of a GitHub App", remedy)
        return given

    def client_secret(self) -> str:
        name, remedy = "GITHUB_CLIENT_SECRET", "generate one on the App's settings page"
        if not self.text("GITHUB_CLIENT_ID"):
            return self.text(name)
        secret = self._required(name, f"{remedy}, or unset GITHUB_CLIENT_ID")
        if len(secret) < TOKEN_LENGTH_MIN:
            message = f"has fewer than {TOKEN_LENGTH_MIN} characters"
            raise _Wrong(name, message, remedy)
        return secret

    def private_key(self) -> str:
        text, file = self.text("GITHUB_PRIVATE_KEY"), self.text("GITHUB_PRIVATE_KEY_FILE")
        remedy = "generate one on the App's settings page and give the whole .pem file"
        if text and file:
            message = "and GITHUB_PRIVATE_KEY_FILE are both set"
            raise _Wrong("GITHUB_PRIVATE_KEY", message, "unset one of them")
        if not text and not file:
            message = "and GITHUB_PRIVATE_KEY_FILE are both missing"
            raise _Wrong("GITHUB_PRIVATE_KEY", message, remedy)
        name = "GITHUB_PRIVATE_KEY" if text else "GITHUB_PRIVATE_KEY_FILE"
        text = text or _content(name, file)
        key = text.replace("\\n", "\n").replace("\r\n", "\n").strip()
        if "ENCRYPTED" in key:
            raise _Wrong(name, "has a password", "give the key without a password")
        if not _PEM.fullmatch(key):
            raise _Wrong(name, "holds no private key in PEM form", remedy)
        return f"{key}\n"

    def url(self, name: str, default: str = "") -> str:
        remedy = "give the address at which GitHub's runners reach Signalbox, https://..."
        url = self.text(name) or default or self._required(name, remedy)
        parts = _split(url)
        if parts is None or parts.scheme not in ("http", "https"):
            raise _Wrong(name, "is not a URL", "write it as https://host")
        if parts.username or parts.password or parts.query or parts.fragment:
            message = "holds more than scheme, host, port and path"
            raise _Wrong(name, message, "leave out users, `?` and `#`")
        if parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
            message = "is not https, and tokens travel there"
            raise _Wrong(name, message, "use https; http is for this machine only")
        return url.rstrip("/")

    def database_url(self) -> str:
        name, url = "DATABASE_URL", self.text("DATABASE_URL") or DATABASE_URL_DEFAULT
        remedy = (
            "write sqlite:///file.db, sqlite:////path/file.db with four slashes, or"
            " postgresql://USER:PASSWORD@HOST/DATABASE"
        )
        # What is wrong is not repeated, since it may hold a password.
        scheme, separator, rest = url.partition("://")
        if scheme in ("postgresql", "postgres") and separator:
            return self._postgres_url(url)
        if scheme != "sqlite" or not separator:
            raise _Wrong(name, "is not the URL of a database", remedy)
        if not rest.startswith("/") or rest == "/" or ":memory:" in rest or "\0" in rest:
            raise _Wrong(name, "names no file", remedy)
        return url

    def _postgres_url(self, url: str) -> str:
        name, remedy = "DATABASE_URL", "write postgresql://USER:PASSWORD@HOST:5432/DATABASE"
        try:
            parts = urlsplit(url)
            given = parse_qs(parts.query, strict_parsing=True) if parts.query else {}
            # Reading the port is what checks it.
            is_whole = len(parts.path) > 1 and parts.port != 0
        except ValueError as error:
            raise _Wrong(name, "is not the URL of a database", remedy) from error
        if not is_whole or not (parts.hostname or "host" in given):
            raise _Wrong(name, "names no host or no database", remedy)
        if unknown := sorted(given.keys() - _POSTGRES_OPTIONS):
            message = f"has an option that is not known ({unknown[0]})"
            raise _Wrong(name, message, f"known are {', '.join(sorted(_POSTGRES_OPTIONS))}")
        return url

    def port(self) -> int:
        text = self.text("PORT") or str(PORT_DEFAULT)
        if text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= 65_535:
            return int(text)
        raise _Wrong("PORT", "is not a port", "give a number from 1 to 65535")

    def days(self, name: str, default: int, *, least: int) -> int:
        text = self.text(name) or str(default)
        if text.isascii() and text.isdigit() and least <= int(text[:9]) <= DAYS_MAX:
            return int(text)
        message = "is not a number of days"
        raise _Wrong(name, message, f"give a whole number from {least} to {DAYS_MAX}")

    def notify_urls(self) -> Mapping[str, str]:
        name, found = "NOTIFY_URLS", dict[str, str]()
        for entry in filter(None, (each.strip() for each in self.text(name).split(","))):
            whom, _, url = (part.strip() for part in entry.partition("="))
            parts = _split(url)
            if not _NOTIFIED.fullmatch(whom) or parts is None:
                # What is wrong is not repeated: such addresses are secrets.
                message = f"has an entry that is no name=url (number {len(found) + 1})"
                raise _Wrong(name, message, "write acme/sre=https://...,*=https://...")
            is_safe = parts.scheme == "https" or (
                parts.scheme == "http" and _is_loopback(parts.hostname or "")
            )
            if not is_safe or parts.username or parts.password or parts.fragment:
                message = f"has an address for {whom} that is not plain https"
                raise _Wrong(name, message, "use https, without users and `#`")
            if whom in found:
                raise _Wrong(name, f"names {whom} twice", "leave one of them out")
            found[whom] = url
        return found

    def traces_url(self) -> str:
        # The name that OpenTelemetry has for it everywhere.
        name, url = "OTEL_EXPORTER_OTLP_ENDPOINT", self.text("OTEL_EXPORTER_OTLP_ENDPOINT")
        parts = _split(url) if url else None
        if url and (parts is None or parts.scheme not in ("http", "https")):
            raise _Wrong(name, "is not a URL", "write it as http://collector:4318")
        return url

    def token(self, name: str) -> str:
        token = self.text(name)
        if token and len(token) < TOKEN_LENGTH_MIN:
            message = f"has fewer than {TOKEN_LENGTH_MIN} characters"
            raise _Wrong(name, message, "make a long random text, or unset it")
        return token

    def notify_secret(self) -> str:
        name, remedy = "NOTIFY_SECRET", "make a long random text; whoever listens needs it, too"
        if not self.text("NOTIFY_URLS"):
            return ""
        return self._long_enough(name, self._required(name, remedy), remedy)

    def _long_enough(self, name: str, secret: str, remedy: str) -> str:
        if len(secret) < SECRET_LENGTH_MIN:
            raise _Wrong(name, f"has fewer than {SECRET_LENGTH_MIN} characters", remedy)
        return secret

    def _required(self, name: str, remedy: str) -> str:
        if text := self.text(name):
            return text
        raise _Wrong(name, "is missing", remedy)


def _content(name: str, file: str) -> str:
    try:
        with Path(file).open("rb") as opened:
            return opened.read(KEY_BYTES_MAX).decode("utf-8", "replace")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "not a path"
        message = f"cannot be read ({file}: {why})"
        raise _Wrong(name, message, "name a file that this user may read") from error


def _split(url: str) -> SplitResult | None:
    """Return the parts of a URL that has a host and a port that can be one."""
    try:
        parts = urlsplit(url)
        # Reading the port is what checks it.
        is_whole = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return parts if is_whole and not re.search(r"\s", url) else None


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
