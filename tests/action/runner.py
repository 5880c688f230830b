"""The part of a runner that the Action leans on: its environment, its files and its log."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.action.server import REQUEST_TOKEN, Servers

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a step ended, and what it left behind."""

    status: int
    log: str
    summary: str
    outputs: str

    @property
    def errors(self) -> list[str]:
        """The annotations, as people read them."""
        lines = [line for line in self.log.splitlines() if line.startswith("::error ")]
        return [_unescaped(line.removeprefix("::error title=")) for line in lines]


def inputs(**given: str) -> dict[str, str]:
    """Return the environment that `action.yml` makes of the Action's inputs."""
    return {f"SIGNALBOX_{name.upper()}": value for name, value in given.items()}


def identity(servers: Servers) -> dict[str, str]:
    """Return what a job with `id-token: write` has in its environment."""
    return {
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"{servers.url}/oidc?api-version=2.0",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": REQUEST_TOKEN,
    }


def report(
    servers: Servers, environ: Mapping[str, str] | None = None, /, **given: str
) -> Ended:
    """Run the program as the Action does, in a job that may have a token."""
    wanted = inputs(server=servers.url) | inputs(**given) | identity(servers)
    command = [sys.executable, "-I", str(ROOT / "action")]
    return run(command, {**wanted, **(environ or {})})


def run(command: Sequence[str], environ: Mapping[str, str]) -> Ended:
    """Run a step's command in an empty workspace, with only this environment."""
    with tempfile.TemporaryDirectory() as workspace:
        summary, outputs = Path(workspace, "summary"), Path(workspace, "outputs")
        files = {"GITHUB_STEP_SUMMARY": str(summary), "GITHUB_OUTPUT": str(outputs)}
        done = subprocess.run(
            command,
            cwd=workspace,
            env={"PATH": os.environ["PATH"], **files, **environ},
            capture_output=True,
            timeout=60,
        )
        assert done.stderr == b"", done.stderr.decode()
        return Ended(
            status=done.returncode,
            log=done.stdout.decode(),
            summary=summary.read_text() if summary.exists() else "",
            outputs=outputs.read_text() if outputs.exists() else "",
        )


def _unescaped(text: str) -> str:
    for code, character in (
        ("%3A", ":"),
        ("%2C", ","),
        ("%0D", "\r"),
        ("%0A", "\n"),
        ("%25", "%"),
    ):
        text = text.replace(code, character)
    return text
