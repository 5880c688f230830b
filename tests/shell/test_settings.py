"""Settings are read once and checked whole; what is wrong is said all at once."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from app.settings import Settings, SettingsError, database_url

KEY = (
    rsa.generate_private_key(public_exponent=65537, key_size=2048)
    .private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    .decode()
)
WHOLE = {
    "GITHUB_APP_ID": "12345",
    "GITHUB_PRIVATE_KEY": KEY,
    "GITHUB_WEBHOOK_SECRET": "a long random text",
    "SIGNALBOX_URL": "https://signalbox.acme.example/",
}


def faults(environ: Mapping[str, str]) -> dict[str, str]:
    with pytest.raises(SettingsError) as raised:
        Settings.from_environ(environ)
    return {fault.name: fault.message for fault in raised.value.faults}


def fault_of(**changed: str) -> dict[str, str]:
    return faults({**WHOLE, **changed})


def test_four_settings_are_enough() -> None:
    """With the four that have no default, all others fall into place for github.com."""
    settings = Settings.from_environ(WHOLE)

    assert settings == Settings(
        app_id="12345",
        private_key=KEY,
        webhook_secret="a long random text",
        url="https://signalbox.acme.example",
        api_url="https://api.github.com",
        server_url="https://github.com",
        oidc_issuer="https://token.actions.githubusercontent.com",
        database_url="sqlite:///signalbox.db",
        host="127.0.0.1",
        port=8000,
    )


def test_all_that_is_missing_is_named_at_once() -> None:
    """One error names every setting that is missing, each with its remedy."""
    with pytest.raises(SettingsError) as raised:
        Settings.from_environ({})

    assert [fault.name for fault in raised.value.faults] == [
        "GITHUB_APP_ID",
        "GITHUB_PRIVATE_KEY",
        "GITHUB_WEBHOOK_SECRET",
        "SIGNALBOX_URL",
    ]
    assert all(fault.remedy for fault in raised.value.faults)


def test_what_is_wrong_is_named_beside_what_is_missing() -> None:
    """Missing and wrong settings stand in the same error."""
    found = faults(
        {
            "GITHUB_APP_ID": "my app",
            "GITHUB_PRIVATE_KEY": "secret!",
            "GITHUB_API_URL": "github.com",
            "SIGNALBOX_URL": "http://signalbox.acme.example",
            "DATABASE_URL": "mysql://root:hunter2@db/signalbox",
            "PORT": "eighty",
        }
    )

    assert found == {
        "GITHUB_API_URL": "is not a URL",
        "GITHUB_APP_ID": "is neither an App ID nor a client ID",
        "GITHUB_PRIVATE_KEY": "holds no private key in PEM form",
        "GITHUB_WEBHOOK_SECRET": "is missing",
        "SIGNALBOX_URL": "is not https, and tokens travel there",
        "DATABASE_URL": "is not the URL of a database",
        "PORT": "is not a port",
    }


def test_an_empty_setting_is_a_missing_one() -> None:
    """A variable that is set to nothing counts as not set."""
    assert fault_of(GITHUB_WEBHOOK_SECRET="  ") == {"GITHUB_WEBHOOK_SECRET": "is missing"}


def test_a_secret_that_can_be_guessed_is_refused() -> None:
    """Whoever knows the secret can send deliveries, so a short one is none."""
    assert fault_of(GITHUB_WEBHOOK_SECRET="hunter2") == {
        "GITHUB_WEBHOOK_SECRET": "has fewer than 16 characters"
    }


def test_secrets_are_in_no_repr_and_no_error() -> None:
    """Neither the settings nor an error about them tell a secret."""
    settings = Settings.from_environ(WHOLE)
    with pytest.raises(SettingsError) as raised:
        Settings.from_environ(
            {**WHOLE, "GITHUB_PRIVATE_KEY": "hunter2", "DATABASE_URL": "mysql://u:hunter2@db/s"}
        )

    for text in (repr(settings), str(raised.value), repr(raised.value)):
        assert "hunter2" not in text
        assert "PRIVATE KEY--" not in text
        assert "a long random text" not in text


def test_a_key_may_be_written_in_one_line() -> None:
    """Line ends of the key may be written as a backslash and an n."""
    settings = Settings.from_environ({**WHOLE, "GITHUB_PRIVATE_KEY": KEY.replace("\n", "\\n")})

    assert settings.private_key == KEY


def test_a_key_may_be_in_a_file(tmp_path: Path) -> None:
    """The key may be read from a file instead."""
    file = tmp_path / "app.pem"
    file.write_text(KEY)
    environ = {**WHOLE, "GITHUB_PRIVATE_KEY": "", "GITHUB_PRIVATE_KEY_FILE": str(file)}

    assert Settings.from_environ(environ).private_key == KEY


def test_a_key_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """The error says which file, and why."""
    file = tmp_path / "nowhere.pem"

    assert fault_of(GITHUB_PRIVATE_KEY="", GITHUB_PRIVATE_KEY_FILE=str(file)) == {
        "GITHUB_PRIVATE_KEY_FILE": f"cannot be read ({file}: No such file or directory)"
    }


def test_two_keys_are_one_too_many(tmp_path: Path) -> None:
    """Nobody has to guess which of two keys is taken."""
    assert fault_of(GITHUB_PRIVATE_KEY_FILE=str(tmp_path)) == {
        "GITHUB_PRIVATE_KEY": "and GITHUB_PRIVATE_KEY_FILE are both set"
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (KEY.replace("RSA PRIVATE", "ENCRYPTED PRIVATE"), "has a password"),
        (KEY.replace("RSA PRIVATE", "PUBLIC"), "holds no private key in PEM form"),
        ("-----BEGIN RSA PRIVATE KEY-----", "holds no private key in PEM form"),
    ],
)
def test_a_key_of_another_kind_is_refused(text: str, message: str) -> None:
    """A public key, half a key, or one with a password is refused at once."""
    assert fault_of(GITHUB_PRIVATE_KEY=text) == {"GITHUB_PRIVATE_KEY": message}


@pytest.mark.parametrize(
    ("api_url", "server_url", "issuer"),
    [
        (
            "https://ghe.acme.example/api/v3/",
            "https://ghe.acme.example",
            "https://ghe.acme.example/_services/token",
        ),
        (
            "https://api.acme.ghe.com",
            "https://acme.ghe.com",
            "https://token.actions.acme.ghe.com",
        ),
        (
            "http://127.0.0.1:9000",
            "http://127.0.0.1:9000",
            "http://127.0.0.1:9000/_services/token",
        ),
    ],
)
def test_other_hosts_follow_from_the_api(api_url: str, server_url: str, issuer: str) -> None:
    """One URL is enough for a GitHub Enterprise Server or a tenant of ghe.com."""
    settings = Settings.from_environ({**WHOLE, "GITHUB_API_URL": api_url})

    assert (settings.server_url, settings.oidc_issuer) == (server_url, issuer)


def test_hosts_may_be_named_one_by_one() -> None:
    """What is named is not derived."""
    settings = Settings.from_environ(
        {
            **WHOLE,
            "GITHUB_SERVER_URL": "https://web.acme.example",
            "GITHUB_OIDC_ISSUER": "https://tokens.acme.example/acme",
        }
    )

    assert settings.server_url == "https://web.acme.example"
    assert settings.oidc_issuer == "https://tokens.acme.example/acme"


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1:8000", "[::1]:8000"])
def test_plain_http_is_for_this_machine(host: str) -> None:
    """Only this machine itself may be reached without encryption."""
    settings = Settings.from_environ({**WHOLE, "SIGNALBOX_URL": f"http://{host}"})

    assert settings.url == f"http://{host}"


@pytest.mark.parametrize(
    "url",
    [
        "https://",
        "https://acme.example:99999",
        "https://acme.example:port",
        "https://acme .example",
        "ftp://acme.example",
        "https://[acme",
    ],
)
def test_what_is_no_url_is_refused(url: str) -> None:
    """An address nobody could reach is refused before anybody tries."""
    assert fault_of(SIGNALBOX_URL=url) == {"SIGNALBOX_URL": "is not a URL"}


@pytest.mark.parametrize("tail", ["?a=b", "#a"])
def test_a_url_is_an_address_and_no_more(tail: str) -> None:
    """A query or a fragment would be lost without a word, so it is refused."""
    message = "holds more than scheme, host, port and path"

    assert fault_of(SIGNALBOX_URL=f"https://acme.example/{tail}") == {"SIGNALBOX_URL": message}


@pytest.mark.parametrize("port", ["0", "65536", "-1", "80.0", "²", "9" * 5000])
def test_a_port_has_its_range(port: str) -> None:
    """A port is a whole number from 1 to 65535."""
    assert fault_of(PORT=port) == {"PORT": "is not a port"}


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite:///:memory:"])
def test_a_database_is_a_file(url: str) -> None:
    """A database in memory would forget what was promised, so it is refused."""
    assert fault_of(DATABASE_URL=url) == {"DATABASE_URL": "names no file"}


def test_what_is_old_goes_when_the_operator_says() -> None:
    """Deliveries are kept as long as GitHub delivers again at least, journals for ever."""
    settings = Settings.from_environ({**WHOLE, "KEEP_ENDED_DAYS": "400"})

    assert (settings.keep_deliveries_days, settings.keep_ended_days) == (14, 400)
    assert fault_of(KEEP_DELIVERIES_DAYS="3") == {
        "KEEP_DELIVERIES_DAYS": "is not a number of days"
    }
    assert fault_of(KEEP_ENDED_DAYS="a year") == {"KEEP_ENDED_DAYS": "is not a number of days"}


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:p@db/s",
        "postgres://u@db:5432/s?sslmode=require",
        "postgresql://u:p@/s?host=/run/postgresql",
    ],
)
def test_postgresql_is_named_as_other_tools_do(url: str) -> None:
    """The URL alone chooses PostgreSQL, with its usual options."""
    assert database_url({"DATABASE_URL": url}) == url


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("postgresql://u:hunter2@db", "names no host or no database"),
        ("postgresql:///s", "names no host or no database"),
        ("postgresql://u:hunter2@db:port/s", "is not the URL of a database"),
        ("postgresql://u:hunter2@db/s?target=1", "has an option that is not known (target)"),
    ],
)
def test_a_postgresql_that_cannot_be_is_refused(url: str, why: str) -> None:
    """What is missing is named, and the password is not."""
    assert fault_of(DATABASE_URL=url) == {"DATABASE_URL": why}


def test_the_database_can_be_read_alone() -> None:
    """Commands that only look into the database need no App."""
    assert database_url({"DATABASE_URL": "sqlite:////srv/signalbox.db"}) == (
        "sqlite:////srv/signalbox.db"
    )
    assert database_url({}) == "sqlite:///signalbox.db"
    with pytest.raises(SettingsError):
        database_url({"DATABASE_URL": "signalbox.db"})


NOTIFY = {"NOTIFY_SECRET": "a long random text"}
SRE = "https://hooks.acme.example/a=b?c"


def test_notices_go_to_addresses_by_name() -> None:
    """People, teams, and a star for everybody else; the addresses are secrets."""
    settings = Settings.from_environ(
        {**WHOLE, **NOTIFY, "NOTIFY_URLS": f"acme/sre={SRE}, mona=http://localhost:1, *={SRE},"}
    )

    assert settings.notify_urls == {"acme/sre": SRE, "mona": "http://localhost:1", "*": SRE}
    assert settings.notify_secret == "a long random text"
    assert "hooks" not in repr(settings)


@pytest.mark.parametrize(
    ("urls", "message"),
    [
        ("acme/sre", "no name=url"),
        ("acme/sre=hooks", "no name=url"),
        (f"a b={SRE}", "no name=url"),
        ("acme/sre=http://hooks.acme.example", "not plain https"),
        ("acme/sre=https://me:hunter2@hooks.acme.example", "not plain https"),
        ("acme/sre=https://hooks.acme.example/#x", "not plain https"),
        (f"acme/sre={SRE},acme/sre={SRE}", "twice"),
    ],
)
def test_an_address_for_notices_that_is_wrong_is_refused(urls: str, message: str) -> None:
    """Without being repeated, since it may hold a secret."""
    found = fault_of(NOTIFY_URLS=urls, **NOTIFY)

    assert message in found["NOTIFY_URLS"]
    assert "hunter2" not in str(found)


def test_notices_are_signed() -> None:
    """With addresses there must be a secret, and a long one."""
    missing = fault_of(NOTIFY_URLS=f"*={SRE}")
    short = fault_of(NOTIFY_URLS=f"*={SRE}", NOTIFY_SECRET="short")

    assert "missing" in missing["NOTIFY_SECRET"]
    assert "fewer than 16" in short["NOTIFY_SECRET"]


def test_the_api_s_token_is_long_or_not_there() -> None:
    """Without it there is no such door; a short one could be guessed; it is not shown."""
    token = "t0ken" * 8
    settings = Settings.from_environ({**WHOLE, "API_TOKEN": token})

    assert (settings.api_token, Settings.from_environ(WHOLE).api_token) == (token, "")
    assert token not in repr(settings)
    assert "fewer than 32" in fault_of(API_TOKEN="short")["API_TOKEN"]


CLIENT = {"GITHUB_CLIENT_ID": "Iv23liAbCdEf", "GITHUB_CLIENT_SECRET": "5ec4e7" * 7}


def test_people_sign_in_where_the_app_has_a_client_secret() -> None:
    """Without it there are no pages; it is not shown."""
    settings = Settings.from_environ({**WHOLE, **CLIENT})

    assert settings.client_id == "Iv23liAbCdEf"
    assert settings.client_secret == CLIENT["GITHUB_CLIENT_SECRET"]
    assert Settings.from_environ(WHOLE).client_secret == ""
    assert "5ec4e7" not in repr(settings)


@pytest.mark.parametrize(
    ("changed", "name", "message"),
    [
        ({"GITHUB_CLIENT_ID": ""}, "GITHUB_CLIENT_ID", "is missing"),
        ({"GITHUB_CLIENT_ID": "12345"}, "GITHUB_CLIENT_ID", "is not the client ID"),
        ({"GITHUB_CLIENT_SECRET": ""}, "GITHUB_CLIENT_SECRET", "is missing"),
        ({"GITHUB_CLIENT_SECRET": "hunter2"}, "GITHUB_CLIENT_SECRET", "fewer than 32"),
    ],
)
def test_client_id_and_client_secret_come_together(
    changed: dict[str, str], name: str, message: str
) -> None:
    """One without the other, or one that cannot be right, is refused before anything starts."""
    found = fault_of(**{**CLIENT, **changed})

    assert list(found) == [name]
    assert message in found[name]
    assert "hunter2" not in str(found)
