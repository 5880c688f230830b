"""How GitHub's last deliveries went, and what the status of those that failed tells. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from app.cli.diagnosing import Wanted
from app.cli.findings import Finding, ok, problem, warning
from app.github.registration import Delivered


def judge_deliveries(
    deliveries: Sequence[Delivered], page: str, settings: str, wanted: Wanted
) -> list[Finding]:
    """Judge the last tries, the newest first.

    `page` is the one that lists them, `settings` that of the App. If the newest arrived the
    others are past: a running Signalbox takes in by itself what it missed.
    """
    if not deliveries:
        return [
            warning(
                "deliveries",
                "GitHub has not tried to deliver anything these days",
                "push something to a repository that has the App, or redeliver the ping at "
                f"{page}",
            )
        ]
    failed = [each for each in deliveries if not each.has_arrived]
    if not failed:
        return [ok("deliveries", f"all of the last {len(deliveries)} arrived")]
    counts = Counter(_status(each) for each in failed)
    newest, of_status = deliveries[0], {_status(each): each for each in failed}
    found = []
    for status, count in counts.items():
        why, remedy = _meaning(of_status[status], settings, wanted)
        said = f"{count} of the last {len(deliveries)} failed ({status}): {why}"
        if not newest.has_arrived and _status(newest) == status:
            found.append(problem("deliveries", f"{said}; so did the newest", remedy))
        else:
            after = "; what was missed is taken in by itself while Signalbox runs"
            found.append(warning("deliveries", said, f"if it comes again: {remedy}{after}"))
    return found


def _status(each: Delivered) -> str:
    return str(each.code) if each.code else (each.status or "no answer")


def _meaning(each: Delivered, settings: str, wanted: Wanted) -> tuple[str, str]:
    """Return what a status tells, by what Signalbox answers and what fronts do."""
    otherwise = _LEADS_ELSEWHERE if 300 <= each.code < 400 else _UNEXPECTED
    why, remedy = _MEANINGS.get(each.code, otherwise)
    return why, remedy.format(where=wanted.webhook_url, settings=settings)


_NO_PATH: Final = (
    "there is nothing at that path",
    "let the webhook URL be {where} at {settings}, and the front pass paths on",
)
_NO_SIGNALBOX: Final = (
    "Signalbox, or its database, does not answer the front",
    "see below for database and server, and the log of either",
)
_LEADS_ELSEWHERE: Final = (
    "what answers there leads elsewhere",
    "let the webhook URL be {where} at {settings}, and lead nowhere else",
)
_UNEXPECTED: Final = (
    "that is not expected",
    "see the log of Signalbox, and of what is before it",
)
# What Signalbox itself answers is said by `github.webhooks.receive` and `web.hooks`.
_MEANINGS: Final[Mapping[int, tuple[str, str]]] = {
    0: (
        "GitHub reaches nobody there",
        "see whether {where} is open to the world, with a certificate that is known, and "
        "answers within ten seconds",
    ),
    400: (
        "headers of GitHub's are missing",
        "let what stands before Signalbox pass all headers on",
    ),
    401: (
        "so Signalbox answers a wrong signature, and the secrets differ",
        "enter the secret of GITHUB_WEBHOOK_SECRET at {settings}, or a new one at both, and "
        "restart",
    ),
    403: (
        "so Signalbox never answers, but something before it",
        "let that pass POST {where}; if it checks signatures its secret differs",
    ),
    404: _NO_PATH,
    405: _NO_PATH,
    413: (
        "it is too large for something before Signalbox",
        "let that take the 25 MB that GitHub may send",
    ),
    415: ("it is no JSON", "choose application/json as content type at {settings}"),
    502: _NO_SIGNALBOX,
    503: _NO_SIGNALBOX,
    504: _NO_SIGNALBOX,
}
