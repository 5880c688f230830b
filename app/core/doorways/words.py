"""The words of requests and of the answers to them."""

from app.core.approvals.requests import (
    CancelRequest,
    RetryRequest,
    Spoken,
    VoteRequest,
    read_requests,
)
from app.core.approvals.visible import said_lines
from app.core.gate_commands import AnswerVote
from app.core.plan import Cause
from app.core.telling.markdown import code, plain, prose
from app.core.values import Json

ANSWER_LENGTH_MAX = 20_000
"""Characters of an answer; whoever wants to know more asks about one task."""


def words_of(text: str) -> str:
    """Return the lines of a comment that ask for something, and nothing else of it."""
    lines = dict(said_lines(text))
    return "\n".join(lines[spoken.line].strip() for spoken in read_requests(text))


def spoken_words(requests: tuple[Spoken, ...]) -> str:
    """Return the line that a button stands for."""
    lines: list[str] = []
    for spoken in requests:
        match spoken.request:
            case VoteRequest(words=words):
                lines.append(" ".join(("/approve", *words)))
            case RetryRequest(task=task):
                lines.append(f"/retry {task}".strip())
            case CancelRequest():
                lines.append("/cancel")
            case _:
                continue
    return "\n".join(lines)


def number_of(cause: Cause) -> int | None:
    """Return the pull request or the issue on which people speak of what was caused."""
    if cause.pull_request is not None:
        return cause.pull_request
    issue: Json = cause.event.get("issue")
    number = issue.get("number") if isinstance(issue, dict) else None
    return number if isinstance(number, int) else None


def marked(key: str, text: str) -> str:
    """Put the hidden mark before an answer by which it is found again."""
    shown = "".join(each if each.isalnum() or each in "-_./" else "_" for each in key)
    return f"<!-- signalbox answer {shown} -->\n{text[:ANSWER_LENGTH_MAX]}"


def answer_to_vote(command: AnswerVote) -> str:
    """Say why a vote does not count, and who could."""
    task = code(str(command.gate))
    text = f"At {task} this does not count: {prose(command.sentence)} (`{command.code}`)."
    if command.could:
        text += f" Who could: {plain(', '.join(command.could))}."
    return text
