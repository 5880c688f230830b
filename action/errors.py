"""What can go wrong, told apart by what to do about it, and how the runner is told.

* ReportError           the workflow's author must change something: asking again is useless.
  + UnavailableError    no answer, or one that says "not now": asking again may help.
"""

from __future__ import annotations

import json


class ReportError(Exception):
    """Say what is wrong and what to do about it, in words for the author of the workflow."""

    def __init__(self, title: str, message: str, remedy: str) -> None:
        super().__init__(message)
        self.title, self.message, self.remedy = title, message, remedy


class UnavailableError(ReportError):
    """Say who did not answer, and how long they asked us to wait."""

    def __init__(self, title: str, message: str, remedy: str, wait: float = 0.0) -> None:
        super().__init__(title, message, remedy)
        self.wait = wait


def annotation(error: ReportError) -> str:
    """Write an error as the runner shows it on the workflow run's page.

    https://docs.github.com/actions/reference/workflow-commands-for-github-actions
    """
    title = escape(error.title).replace(":", "%3A").replace(",", "%2C")
    return f"::error title={title}::{escape(error.message)}%0A{escape(error.remedy)}"


def escape(text: str) -> str:
    """Keep text from ending the line and so beginning a workflow command of its own."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def shown(text: str) -> str:
    """Quote a piece of the author's text, cut to what a message can bear."""
    return json.dumps(text if len(text) <= 60 else text[:60] + "…", ensure_ascii=False)
