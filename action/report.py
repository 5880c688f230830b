"""Report a task's outputs and summary to Signalbox: the program behind `action.yml`.

It runs in other people's repositories, on any runner: so the standard library only, and
Python 3.8 or newer. It checks its inputs, has GitHub vouch for this workflow run, and sends
one report. What an output means, and which type it has, is left to Signalbox.
"""

from __future__ import annotations

import io
import os
import sys

from action.errors import ReportError, annotation
from action.inputs import read_report
from action.network import deliver, read_identity


def main() -> int:
    """Report, and return the exit status of the step."""
    # A Windows runner's console may not know UTF-8, and a message may quote anything.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        report = read_report(os.environ)
        append(os.environ.get("GITHUB_STEP_SUMMARY"), report.summary)
        deliver(report, read_identity(os.environ))
    except ReportError as error:
        print(annotation(error))
        return 1
    append(os.environ.get("GITHUB_OUTPUT"), "accepted=true")
    print(f"Signalbox accepted the report. Outputs: {', '.join(report.outputs) or 'none'}.")
    return 0


def append(path: str | None, text: str) -> None:
    """Append a line to one of the files through which a step talks to the runner."""
    if path and text:
        with open(path, "a", encoding="utf-8") as file:
            file.write(text + "\n")
