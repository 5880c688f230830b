"""What the Action does when GitHub or Signalbox do not answer, or answer something else."""

import datetime
import ipaddress
import re
import socket
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.action.runner import report
from tests.action.server import HANG_UP, Reply, problem, reply, serving


@pytest.mark.parametrize(
    "trouble",
    [HANG_UP, reply(503), Reply(status=502, body=b"<html>"), reply(429), reply(408)],
    ids=["hang-up", "503", "502-html", "429", "408"],
)
def test_a_passing_trouble_is_outlasted(trouble: Reply) -> None:
    """No answer and "not now" are asked again, each time with a new token."""
    with serving() as servers:
        servers.answers.append(trouble)
        ended = report(servers, outputs="a=1")

    assert (ended.status, ended.errors) == (0, [])
    assert [len(servers.asked), len(servers.reports)] == [2, 2]
    assert servers.reports[0].body == servers.reports[1].body
    assert "Trying again in " in ended.log


def test_github_s_trouble_is_outlasted_too() -> None:
    """The token is asked for again, and the report is sent once."""
    with serving() as servers:
        servers.tokens.extend([HANG_UP, reply(500)])
        ended = report(servers, outputs="a=1")

    assert ended.status == 0
    assert [len(servers.asked), len(servers.reports)] == [3, 1]
    waits = [float(wait) for wait in re.findall(r"again in ([0-9.]+) seconds", ended.log)]
    assert 0.2 <= waits[0] <= 0.5 <= waits[1] <= 1.0


def test_patience_ends() -> None:
    """After timeout-seconds the step fails with the last answer and the number of tries."""
    with serving() as servers:
        down = problem(503, "not_saved", "The report was not saved.", "Try again later.")
        servers.answers.extend([down] * 50)
        ended = report(servers, timeout_seconds="1")

    assert ended.status == 1
    assert 1 <= len(servers.reports) <= 4
    [told] = ended.errors
    assert told.startswith(
        f"Signalbox: not now::Signalbox at {servers.url} answered 503 not_saved:"
        f" The report was not saved. Tries: {len(servers.reports)}, in "
    )
    assert told.endswith("\nTry again later.")


def test_a_wait_that_is_asked_for_is_kept() -> None:
    """`Retry-After` beyond the time that is left ends the tries at once."""
    with serving() as servers:
        servers.answers.append(reply(429, None, Retry_After="3600"))
        ended = report(servers, timeout_seconds="20")

    assert ended.status == 1
    assert len(servers.reports) == 1
    assert "answered 429" in ended.errors[0]


@pytest.mark.parametrize("status", [400, 401, 413])
def test_a_refusal_is_final_and_shown(status: int) -> None:
    """What Signalbox says is wrong, and its remedy, stand in the annotation; once is enough."""
    with serving() as servers:
        servers.answers.append(
            problem(status, "unknown_run", "No task waits for this run.", "Start it anew.")
        )
        ended = report(servers, outputs="a=1")

    assert ended.status == 1
    assert len(servers.reports) == 1
    assert ended.errors == [
        f"Signalbox: the report was refused::Signalbox at {servers.url} answered {status}"
        " unknown_run: No task waits for this run.\nStart it anew."
    ]


@pytest.mark.parametrize(
    "answer",
    [
        Reply(status=200, body=b"<html>Welcome</html>"),
        Reply(status=404, body=b"\xff\xfe"),
        Reply(status=404, body=b"[" * 60_000),
        reply(405, {"error": "text"}),
        reply(204),
    ],
)
def test_another_server_is_recognized(answer: Reply) -> None:
    """An answer that Signalbox would not give points at the address."""
    with serving() as servers:
        servers.answers.append(answer)
        ended = report(servers, outputs="a=1")

    assert ended.status == 1
    assert f"answered {answer.status}: no explanation." in ended.errors[0]
    assert "Check that the input server is your Signalbox." in ended.errors[0]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    """The token goes to the server the author named and nowhere else."""
    with serving() as servers, serving() as elsewhere:
        servers.answers.append(reply(status, None, Location=f"{elsewhere.url}/reports"))
        ended = report(servers, outputs="a=1")

    assert ended.status == 1
    assert f'it is at "{elsewhere.url}/reports"' in ended.errors[0]
    assert elsewhere.reports == elsewhere.asked == []


@pytest.mark.parametrize(
    "answer",
    [
        reply(403, {"message": "no"}),
        reply(200, {}),
        reply(200, {"value": "a b\nc"}),
        Reply(status=200, body=b"not json"),
    ],
)
def test_no_token_no_report(answer: Reply) -> None:
    """If GitHub gives no token, the message says whose answer that was and what to check."""
    with serving() as servers:
        servers.tokens.append(answer)
        ended = report(servers, outputs="a=1")

    assert (ended.status, servers.reports) == (1, [])
    assert ended.errors[0].startswith("Signalbox: GitHub gave no OIDC token::")
    assert f"answered {answer.status} without a token" in ended.errors[0]


def test_a_server_that_is_not_there_is_named() -> None:
    """A refused connection is tried again, and then told of with the address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{free.getsockname()[1]}"
    with serving() as servers:
        ended = report(servers, server=closed, timeout_seconds="1")

    assert ended.status == 1
    assert ended.errors[0].startswith(
        f"Signalbox: no answer::Signalbox at {closed} cannot be reached: "
    )
    assert "https_proxy" in ended.errors[0]


def test_a_server_that_says_nothing_is_not_waited_for_long() -> None:
    """A server that takes the request and stays silent is given up when the time is up."""
    with socket.create_server(("127.0.0.1", 0)) as silent, serving() as servers:
        server = f"http://127.0.0.1:{silent.getsockname()[1]}"
        ended = report(servers, server=server, timeout_seconds="1")

    assert ended.status == 1
    assert "timed out" in ended.errors[0]


def test_a_host_name_that_cannot_exist_is_told_of() -> None:
    """A label of more than 63 letters fails before any look-up, and without a traceback."""
    with serving() as servers:
        ended = report(servers, server=f"https://{'x' * 70}.example.com", timeout_seconds="1")

    assert ended.status == 1
    assert "cannot be reached" in ended.errors[0]


def test_a_certificate_of_one_s_own_is_told_of_and_can_be_trusted(tmp_path: Path) -> None:
    """An unknown authority ends the tries, and SSL_CERT_FILE helps, as the message says."""
    certificate = _certificate(tmp_path / "signalbox.pem")
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate)

    with serving() as github, serving(tls) as signalbox:
        refused = report(github, server=signalbox.url, outputs="a=1")
        environ = {"SSL_CERT_FILE": str(certificate)}
        accepted = report(github, environ, server=signalbox.url, outputs="a=1")

    assert refused.status == 1
    assert refused.errors[0].startswith("Signalbox: the server is not trusted::")
    assert "SSL_CERT_FILE" in refused.errors[0]
    assert "Trying again" not in refused.log
    assert (accepted.status, len(signalbox.reports)) == (0, 1)


def _certificate(path: Path) -> Path:
    """Write a key and a certificate for 127.0.0.1 that it has signed itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "signalbox")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC))
        .not_valid_after(datetime.datetime(2100, 1, 1, tzinfo=datetime.UTC))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path
