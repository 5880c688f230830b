"""The program as a runner runs it, from its inputs to what Signalbox hears and the log says."""

import ast
import os
import sys
from pathlib import Path

import pytest

from tests.action.runner import ROOT, identity, inputs, report, run
from tests.action.server import REQUEST_TOKEN, TOKEN, Servers, problem, reply, serving


def test_a_report_arrives() -> None:
    """Outputs and summary reach Signalbox with a token made out to it."""
    with serving() as servers:
        ended = report(servers, outputs="image=api:1\ncount=3\n", summary="## Built ✓\n")

    assert (ended.status, ended.errors) == (0, [])
    assert ended.outputs == "accepted=true\n"
    assert "Signalbox accepted the report. Outputs: image, count." in ended.log
    [asked], [sent] = servers.asked, servers.reports
    assert asked.headers["Authorization"] == f"bearer {REQUEST_TOKEN}"
    audience = servers.url.replace(":", "%3A").replace("/", "%2F")
    assert asked.path == f"/oidc?api-version=2.0&audience={audience}"
    assert (sent.method, sent.path) == ("POST", "/reports")
    assert sent.headers["Authorization"] == f"Bearer {TOKEN}"
    assert sent.headers["Content-Type"].startswith("application/json")
    assert sent.json == {
        "outputs": {"image": "api:1", "count": "3"},
        "summary": "## Built ✓\n",
    }


def test_the_summary_also_stands_on_the_workflow_run() -> None:
    """The summary is shown on the workflow run's page too, even if Signalbox refuses it."""
    with serving() as servers:
        servers.answers.append(problem(401, "unknown_run", "Not ours.", "Start it."))
        ended = report(servers, summary="**done**")

    assert (ended.status, ended.summary) == (1, "**done**\n")


def test_nothing_to_report_is_a_report() -> None:
    """A workflow that gives neither outputs nor a summary reports that."""
    with serving() as servers:
        ended = report(servers)

    assert ended.status == 0
    assert servers.reports[0].json == {"outputs": {}, "summary": ""}


def test_tokens_stay_out_of_the_log() -> None:
    """The token appears only in the line that has it masked; the runner's own never."""
    with serving() as servers:
        servers.answers.append(problem(401, "token", "No.", "Look."))
        ended = report(servers, outputs="a=1")

    named = [line for line in ended.log.splitlines() if TOKEN in line]
    assert named == [f"::add-mask::{TOKEN}"]
    assert REQUEST_TOKEN not in ended.log


def test_json_keeps_its_types() -> None:
    """In JSON a number is a number; in a line it is text, for Signalbox to convert."""
    with serving() as servers:
        report(servers, outputs='{"count": 3, "files": ["ä", null]}')

    assert servers.reports[0].json["outputs"] == {"count": 3, "files": ["ä", None]}


def test_a_large_report_comes_from_a_file(tmp_path: Path) -> None:
    """A file carries what the environment cannot: 200 KiB, with Windows line endings."""
    large = "ä" * 100_000
    (tmp_path / "outputs").write_bytes(f"log<<END\r\n{large}\r\nEND\r\n".encode())
    (tmp_path / "summary").write_bytes("Größe".encode("utf-16"))

    with serving() as servers:
        ended = report(
            servers,
            outputs_file=str(tmp_path / "outputs"),
            summary_file=str(tmp_path / "summary"),
        )

    assert ended.status == 0
    assert servers.reports[0].json == {"outputs": {"log": large}, "summary": "Größe"}


def test_too_large_a_report_is_not_sent(tmp_path: Path) -> None:
    """The limit is Signalbox's, and is known before anything is sent."""
    (tmp_path / "large").write_text("log=" + "x" * 300_000)
    (tmp_path / "huge").write_text("log=" + "x" * 2_000_000)

    with serving() as servers:
        for name in ("large", "huge"):
            ended = report(servers, outputs_file=str(tmp_path / name))
            assert ended.status == 1
            assert ended.errors[0].startswith("Signalbox: the report is too large::")
        assert servers.asked == servers.reports == []


@pytest.mark.parametrize(
    ("given", "title", "says"),
    [
        ({"server": ""}, "no server", "The input server is empty."),
        ({"server": "http://example.com"}, "no server", "over https only"),
        ({"outputs": "a=1\nb"}, "outputs cannot be read", "line 2: "),
        ({"outputs": "a=1", "outputs_file": "x"}, "outputs is given twice", "outputs-file"),
        ({"summary_file": "no-such.md"}, "summary-file cannot be read", "No such file"),
        ({"timeout_seconds": "soon"}, "timeout-seconds cannot be read", '"soon"'),
        ({"timeout_seconds": "601"}, "timeout-seconds cannot be read", "1 to 600"),
        ({"timeout_seconds": "0"}, "timeout-seconds cannot be read", '"0"'),
    ],
)
def test_a_wrong_input_is_named(given: dict[str, str], title: str, says: str) -> None:
    """Each mistake in an input is an annotation with its remedy, and nothing is sent."""
    with serving() as servers:
        ended = report(servers, **given)

    assert ended.status == 1
    assert ended.errors[0].startswith(f"Signalbox: {title}::")
    assert says in ended.errors[0]
    assert (servers.asked, servers.reports, ended.outputs) == ([], [], "")


def test_a_job_without_the_permission_is_told_what_to_add() -> None:
    """Without `id-token: write` there is no token to ask for: the message shows the lines."""
    with serving() as servers:
        command = [sys.executable, "-I", str(ROOT / "action")]
        ended = run(command, inputs(server=servers.url, outputs="a=1"))

    assert ended.status == 1
    [told] = ended.errors
    assert told.startswith("Signalbox: permission id-token is missing::")
    assert "permissions:\n    id-token: write" in told
    assert "from a fork never gets it" in told


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    """A binary file as outputs is told of, with the byte that gave it away."""
    (tmp_path / "binary").write_bytes(b"a=\xff\xfe")

    with serving() as servers:
        ended = report(servers, outputs_file=str(tmp_path / "binary"))
        inline = report(servers, outputs=os.fsdecode(b"a=\xff"))

    assert ended.errors[0].startswith("Signalbox: the report is not text::")
    assert "The input outputs is not UTF-8 at byte 2." in inline.errors[0]
    assert "The outputs-file is not UTF-8 at byte 2." in ended.errors[0]


@pytest.mark.parametrize("locale", ["C", "POSIX", "C.UTF-8"])
def test_the_runner_s_locale_does_not_matter(locale: str) -> None:
    """Text is UTF-8 in the report and in the log, whatever the runner calls its own."""
    with serving() as servers:
        environ = {"LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
        ended = report(servers, environ, outputs="a=ünï", summary="→ done")
        refused = report(servers, environ, outputs="Ü=1")

    assert servers.reports[0].json == {"outputs": {"a": "ünï"}, "summary": "→ done"}
    assert ended.summary == "→ done\n"
    assert '"Ü" is not a name' in refused.errors[0]


def test_modules_of_the_job_are_not_imported(tmp_path: Path) -> None:
    """A `json.py` on the job's PYTHONPATH is not the one the Action reads with."""
    (tmp_path / "json.py").write_text("raise SystemExit('not yours')")

    with serving() as servers:
        ended = report(servers, {"PYTHONPATH": str(tmp_path)}, outputs="a=1")

    assert ended.status == 0


def test_an_answer_cannot_speak_to_the_runner() -> None:
    """A line break in a message stays inside the annotation and begins no command."""
    with serving() as servers:
        wicked = "x\n::set-output name=a::b\r\n::stop-commands::c"
        servers.answers.append(problem(400, "bad", wicked, "100%0A done"))
        ended = report(servers)

    commands = [line for line in ended.log.splitlines() if line.startswith("::")]
    assert [line.split("::")[1].split(" ")[0] for line in commands] == ["add-mask", "error"]
    assert wicked in ended.errors[0]
    assert ended.errors[0].endswith("\n100%0A done")


def test_python_3_8_can_read_every_file() -> None:
    """Runners of one's own may be old: no syntax is newer than Python 3.8."""
    for path in (ROOT / "action").glob("*.py"):
        ast.parse(path.read_text(), feature_version=(3, 8))


def test_only_the_standard_library_is_imported() -> None:
    """Nothing has to be installed on anybody's runner."""
    allowed = sys.stdlib_module_names | {"action"}
    for path in (ROOT / "action").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Import(names=names):
                    imported = {alias.name for alias in names}
                case ast.ImportFrom(module=str(module)):
                    imported = {module}
                case _:
                    imported = set()
            assert {name.partition(".")[0] for name in imported} <= allowed, path


def _answered(servers: Servers) -> list[int]:
    return [len(servers.asked), len(servers.reports)]


def test_reporting_again_asks_for_a_new_token() -> None:
    """A second step of the same job reports by itself, with a token of its own."""
    with serving() as servers:
        servers.tokens.append(reply(200, {"value": "first.token.x"}))
        report(servers, outputs="a=1")
        report(servers, identity(servers), outputs="a=1")

    assert _answered(servers) == [2, 2]
    assert [sent.headers["Authorization"] for sent in servers.reports] == [
        "Bearer first.token.x",
        f"Bearer {TOKEN}",
    ]
